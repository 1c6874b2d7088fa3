"""One sync of the customer master: checked, compared, looked at, applied or put before a steward."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import polars as pl

from accounts.models import MASTER_LOOK_UPS, Account, MasterConflict
from accounts.selectors import astray, rules_in_force
from accounts.survivorship import FieldRule
from core import clock
from core.models import JobRun
from integration import customer_apply, customer_diff, selectors
from integration.choices import Mode, Origin, What
from integration.customer_conflicts import conflicts
from integration.customer_diff import CustomerDiff, Inputs, Person
from integration.look_ups import LookUps
from integration.models import CUSTOMER_SYNC, Intake, ProposedChange, RowDecision
from integration.profiles import Layout
from integration.reading import Table
from integration.report import CUSTOMER_COUNTS
from integration.services.parts import aggregate_in_parts
from integration.validation import HASH_VERSION, check_customers
from users.models import User

NOTHING = dict.fromkeys((*CUSTOMER_COUNTS, "sites_missing"), 0)
"""The counts of a run that changes nothing, but for those that it has in common with the one before."""
KEPT = (
    "rows_read", "rows_ignored", "parents_seen", "conflicts", "inputs", "fields", "complete", "header", "shape", "read_as",
)  # fmt: skip
"""What a run of the same file has in common with the one before."""


class Sync:
    """What is known about a run on its way from a table to the accounts. `begin` starts a phase, `tell` hears how far it is."""

    def __init__(
        self, table: Table, layout: Layout, run_id: int, begin: Callable[[str], None], tell: Callable[[int, int], None]
    ) -> None:
        self.table, self.layout, self.begin, self.tell = table, layout, begin, tell
        self.run = JobRun.objects.select_related("intake").get(pk=run_id)
        self.is_complete = _is_complete(self.run, table, layout)

    def compare(self) -> CustomerDiff:
        self.stored = customer_diff.known()
        decisions = dict(RowDecision.objects.values_list("child_id", "parent_id"))
        self.checked = check_customers(self.table, self.layout, known=self.stored.hashes, decisions=decisions)
        self.inputs, self.digest = _inputs(self.run, self.checked.present, self.is_complete, decisions)
        self.begin("aggregate")
        self.diff = customer_diff.compare(self.checked, self.stored, self.inputs, self._aggregate)
        self.conflicts = conflicts(self.diff)
        self.astray = [] if "of" in self.run.counts else list(astray().values_list("pk", flat=True))
        return self.diff

    def _aggregate(self, rows: pl.DataFrame, rules: list[FieldRule]) -> pl.DataFrame:
        parents = aggregate_in_parts(self.run.pk, rows, rules, tell=self.tell)
        self.begin("diff")
        return parents

    def has_news(self) -> bool:
        return bool(self.conflicts.new or self.conflicts.changed or self.conflicts.settled or self.astray)

    def counts(self) -> dict[str, Any]:
        diff, checked = self.diff, self.checked
        updated = len({*diff.changed["account"], *self.astray})
        open_now = MasterConflict.objects.filter(resolved_at=None).count()
        return {
            "rows_read": len(self.table),
            "rows_applied": len(diff.new_sites) + len(diff.changed_sites),
            "rows_unchanged": diff.rows_unchanged,
            "rows_ignored": len(checked.ignored),
            "rows_quarantined": len(diff.faults),
            "parents_seen": diff.parents_seen,
            "accounts_created": len(diff.created),
            "accounts_updated": updated,
            "accounts_unchanged": max(diff.parents_seen - len(diff.created) - updated, 0),
            "accounts_deactivated": len(diff.deactivated),
            "accounts_reactivated": len(diff.reactivated),
            "sites_created": len(diff.new_sites),
            "sites_updated": len(diff.changed_sites),
            "sites_moved": len(diff.moved),
            "sites_missing": len(diff.missed),
            "sites_ended": len(diff.resting),
            "conflicts": open_now + len(self.conflicts.new) - len(self.conflicts.settled),
            "proposed": len(diff.deactivated) + diff.moved["parent_id"].n_unique() + updated + len(diff.created),
            "inputs": self.digest,
            "fields": sorted(checked.present),
            **({"ignored": checked.ignored["child_id"].to_list()} if "of" in self.run.counts else {}),
        }

    def keys(self) -> pl.Series:
        """The numbers of the rows of which nothing is left to be said: used, or ignored; used, where somebody put them right."""
        checked = self.checked
        parts = [checked.rows, checked.same] if "of" in self.run.counts else [checked.rows, checked.same, checked.ignored]
        return pl.concat([rows["child_id"] for rows in parts])

    def apply(self, run: JobRun) -> None:
        """In the transaction of the run."""
        customer_apply.apply(self.diff, self.conflicts, self.astray, self.inputs, run, clock.now())

    def remember(self) -> None:
        """Many rows that are only written otherwise are known by their new hashes from now on."""
        customer_apply.renew_hashes(self.diff)

    def propose(self, run: JobRun) -> None:
        """Keep for the steward what would happen."""
        ProposedChange.objects.bulk_create(islice(self._proposals(run), selectors.MOST_PROPOSED), batch_size=100)

    def _proposals(self, run: JobRun) -> Iterator[ProposedChange]:
        diff = self.diff
        verbs = selectors.VERBS
        numbers = dict(self.stored.accounts.select("account", "parent_id").iter_rows())
        gone = diff.deactivated.head(selectors.MOST_PROPOSED)
        names = dict(Account.objects.filter(pk__in=gone["account"].to_list()).values_list("pk", "name"))
        for account, number in gone.iter_rows():
            yield ProposedChange(
                run=run,
                account_id=account,
                number=number,
                name=names.get(account, ""),
                verb=verbs[What.DEACTIVATED],
                changes={"status": ["active", "inactive"]},
            )
        for (number,), moved in diff.moved.partition_by("parent_id", as_dict=True).items():
            changes = {child: [before, number] for child, before in moved.select("child_id", "stored_parent").iter_rows()}
            yield ProposedChange(run=run, number=number, verb=verbs[What.MOVED], changes=changes)
        if len(diff.changed):
            told = customer_apply.changes_of(diff, self.inputs).join(diff.changed.select("account", "name before"), on="account")
            renamed = told["changes"].str.contains('"name":', literal=True)
            for account, changes, back, name in pl.concat([told.filter(renamed), told.filter(~renamed)]).iter_rows():
                verb = verbs[What.REACTIVATED if back else What.UPDATED]
                yield ProposedChange(
                    run=run, account_id=account, number=numbers[account], name=name, verb=verb, changes=json.loads(changes)
                )
        for move in customer_apply.moves_of(self.astray):
            yield ProposedChange(
                run=run,
                account_id=move["pk"],
                number=move["parent_customer_id"] or "",
                name=move["name"],
                verb=verbs[What.UPDATED],
                changes={"unit": customer_apply.units_of(move)},
            )
        named = "name" in diff.created.columns
        for row in diff.created.iter_rows(named=True):
            yield ProposedChange(run=run, number=row["parent_id"], name=row["name"] if named else "", verb=verbs[What.CREATED])


def _is_complete(run: JobRun, table: Table, layout: Layout) -> bool:
    """Whether what is missing from the table is missing at the source."""
    intake: Intake = run.intake
    if "of" in run.counts or table.is_returned or table.breaks_off:
        return False
    if intake.origin == Origin.UPLOAD:
        return intake.is_complete
    return intake.origin == Origin.HTTP or intake.is_complete or layout.profile.options.complete


def _inputs(run: JobRun, present: frozenset[str], is_complete: bool, decisions: dict[str, str]) -> tuple[Inputs, str]:
    """What decides besides the rows, and a mark of it. A run of rows that were put right looks at their accounts only."""
    users = User.objects.filter(is_active=True, salesperson_id__isnull=False).exclude(salesperson_id="").select_related("team")
    people = {str(user.salesperson_id): Person(user.pk, user.unit_id, user.display_name) for user in users}
    inputs = Inputs(
        people=people,
        rules=rules_in_force(),
        look_ups=LookUps(MASTER_LOOK_UPS),
        decisions=decisions,
        is_complete=is_complete,
        runs_until_gone=selectors.settings_in_force().runs_until_gone,
    )
    digest = _digest(inputs, present)
    return replace(inputs, everything="of" not in run.counts and digest != _last_digest()), digest


def _digest(inputs: Inputs, present: Iterable[str]) -> str:
    """Another one as soon as a salesperson is somebody else, a rule another one, other fields are decided, or rows are looked at
    in another way."""
    people = sorted((code, person.pk) for code, person in inputs.people.items())
    used = [rule for rule in inputs.rules.values() if rule.column in set(present)]
    rules = sorted((rule.field, rule.rule.value, rule.column, rule.must_agree) for rule in used)
    decisions = sorted(inputs.decisions.items())
    return hashlib.sha256(json.dumps([HASH_VERSION, people, rules, decisions]).encode()).hexdigest()[:16]


def _last_digest() -> str:
    """That of the last run which looked at everything that was to be looked at."""
    done = selectors.runs_come_right(CUSTOMER_SYNC).filter(counts__has_key="inputs").exclude(counts__has_key="of")
    counts = done.values_list("counts", flat=True).first()
    return str((counts or {}).get("inputs", ""))


def repeated(run: JobRun, intake: Intake) -> JobRun | None:
    """The last run, if it did all that this one could do: the same file, read in the same way, of which every row was used and
    no site was missing, and neither salespeople nor rules nor decisions have changed since, nor has an owner gone elsewhere."""
    if intake.mode != Mode.APPLY or intake.released_at or intake.profile.endswith(".toml"):
        return None
    before = selectors.runs_come_right(run.kind).first()
    if not run.source_hash or before is None or before.source_hash != run.source_hash or "of" in before.counts:
        return None
    if before.counts.get("rows_quarantined") or before.counts.get("sites_missing"):
        return None
    earlier = Intake.objects.filter(run=before).values_list("profile", "is_complete", "origin").first()
    if earlier != (intake.profile, intake.is_complete, intake.origin):
        return None
    decisions = dict(RowDecision.objects.values_list("child_id", "parent_id"))
    fields = frozenset(before.counts.get("fields", ()))
    _now, digest = _inputs(run, fields, before.counts.get("complete", False), decisions)
    return before if fields and before.counts.get("inputs") == digest and not astray().exists() else None
