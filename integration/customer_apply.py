"""Write what a plan of a customer master says: look-ups, accounts with history and events, master records, conflicts, sites.

Runs inside the transaction of the service. Bulk statements see neither `save()` nor history, so both are written here in words.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simple_history.utils import bulk_update_with_history

from accounts.models import Account, AccountStatus, MasterConflict, MasterRecord, Site
from core import db, events, histories, versions
from core.models import Event, JobRun
from integration import customer_plan
from integration.aggregation import TIE
from integration.customer_facts import Fact, Parent
from integration.customer_plan import BATCH, LOOK_UPS, AccountChange, CustomerPlan, SiteRow
from users.models import User

CREATED, UPDATED, DEACTIVATED, REACTIVATED = "master_created", "master_updated", "master_deactivated", "master_reactivated"
_HISTORY_BATCH = 20
"""Accounts and their history have some forty columns; SQLite takes 999 parameters a statement."""


@dataclass(frozen=True)
class _Writer:
    """Who writes, in which run, when."""

    plan: CustomerPlan
    run: JobRun
    by: User | None
    at: dt.datetime

    @property
    def reason(self) -> str:
        return f"{self.run.kind} {self.run.pk}"

    def history(self) -> dict[str, Any]:
        return {
            "default_user": self.by,
            "default_change_reason": self.reason,
            "default_date": self.at,
            "batch_size": _HISTORY_BATCH,
        }


def apply_plan(plan: CustomerPlan, run: JobRun, by: User | None, at: dt.datetime) -> None:
    """Write everything the plan holds; a plan that is empty writes nothing."""
    writer = _Writer(plan, run, by, at)
    _create_look_ups(writer)
    created = _create_accounts(writer)
    _update_accounts(writer)
    _deactivate_accounts(writer)
    _write_sites(plan, {account.parent_customer_id or "": account.pk for account in created})


def _create_look_ups(writer: _Writer) -> None:
    """A code that nobody knows gets a row, named as the master names it, in both languages."""
    parents = [*writer.plan.created, *(change.parent for change in writer.plan.changed)]
    for field in LOOK_UPS.keys() & writer.plan.present:
        facts = sorted({(fact.value, fact.label) for parent in parents if (fact := parent.facts[field]).value})
        labels = {code: (label or code, label or code) for code, label in facts}
        writer.plan.look_ups.create(field, labels, by=writer.by, reason=writer.reason)


def _create_accounts(writer: _Writer) -> list[Account]:
    if not writer.plan.created:
        return []
    owners = {user.pk: user for user in writer.plan.people.values()}
    accounts = [_new_account(writer.plan, parent, owners) for parent in writer.plan.created]
    for account, key in zip(accounts, db.new_keys(Account, len(accounts)), strict=True):
        account.pk, account.created_at = key, writer.at
    db.copy_objects(Account, accounts)
    histories.record_created(Account, [account.pk for account in accounts], by=writer.by, at=writer.at, reason=writer.reason)
    pairs = list(zip(accounts, writer.plan.created, strict=True))
    db.copy_objects(MasterRecord, (_record(writer, account, parent, None) for account, parent in pairs))
    db.copy_objects(MasterConflict, (_conflict(writer, account, parent) for account, parent in pairs if parent.conflict))
    db.copy_objects(Event, (_event(writer, account, CREATED, {}) for account in accounts))
    return accounts


def _new_account(plan: CustomerPlan, parent: Parent, owners: dict[int, User]) -> Account:
    account = Account(parent_customer_id=parent.parent_id)
    for field in parent.facts:
        if field in Account.MASTER_FIELDS:
            _set(plan, account, field, parent, owners)
    return account


def _set(plan: CustomerPlan, account: Account, field: str, parent: Parent, owners: dict[int, User]) -> None:
    """Put the master's word into the account, in memory. The account belongs to its owner's business unit."""
    fact = parent.facts[field]
    if field == "owner":
        account.owner = owners[parent.owner_id] if parent.owner_id else None
        account.unit_id = account.owner.unit_id if account.owner else None
    elif field in LOOK_UPS:
        setattr(account, f"{field}_id", plan.look_ups.pk(field, fact.value))
    elif field in ("yearly_revenue", "yearly_volume"):
        setattr(account, field, Decimal(fact.value))
    else:
        setattr(account, field, fact.value)


def _update_accounts(writer: _Writer) -> None:
    owners = {user.pk: user for user in writer.plan.people.values()}
    moved = [change for change in writer.plan.changed if change.changes]
    for change in moved:
        for field in change.changes:
            if field == "status":
                change.account.status = AccountStatus.ACTIVE
            else:
                _set(writer.plan, change.account, field, change.parent, owners)
        versions.bump(change.account)
    _save_accounts(writer, [(change.account, set(change.changes)) for change in moved])
    _save_records(writer, writer.plan.changed)
    _save_conflicts(writer, writer.plan.changed)
    db.copy_objects(Event, (_event(writer, change.account, _verb(change), change.changes) for change in moved))


def _verb(change: AccountChange) -> str:
    return REACTIVATED if "status" in change.changes else UPDATED


def _save_accounts(writer: _Writer, accounts: list[tuple[Account, set[str]]]) -> None:
    """Only the fields that change somewhere are written, with one history row per account."""
    fields = set().union(*(changed for _account, changed in accounts)) | {"version"}
    if "owner" in fields:
        fields.add("unit")
    if accounts:
        bulk_update_with_history([account for account, _changed in accounts], Account, sorted(fields), **writer.history())


def _deactivate_accounts(writer: _Writer) -> None:
    pairs = writer.plan.deactivated
    for account, record in pairs:
        account.status = AccountStatus.INACTIVE
        versions.bump(account)
        if record:
            record.values = {**record.values, "status": _stored(writer, Fact(AccountStatus.INACTIVE.value, "", "no flagged row"))}
    _save_accounts(writer, [(account, {"status"}) for account, _record in pairs])
    MasterRecord.objects.bulk_update([record for _account, record in pairs if record], ["values"], batch_size=BATCH)
    change = {"status": (AccountStatus.ACTIVE.value, AccountStatus.INACTIVE.value)}
    db.copy_objects(Event, (_event(writer, account, DEACTIVATED, change) for account, _record in pairs))


def _record(writer: _Writer, account: Account, parent: Parent, former: MasterRecord | None) -> MasterRecord:
    """The master's word on each field; one that says what it said keeps the run and the time that brought it."""
    values: dict[str, Any] = dict(former.values) if former else {}
    for field, fact in parent.facts.items():
        if _said(values.get(field)) != fact:
            values[field] = _stored(writer, fact)
    if former and customer_plan.was_switched_off(former):
        values["status"] = _stored(writer, Fact(AccountStatus.ACTIVE.value, "", "a flagged row"))
    return MasterRecord(account=account, values=values, row_hash=parent.row_hash, run=writer.run)


def _said(stored: dict[str, Any] | None) -> Fact | None:
    return Fact(stored.get("value", ""), stored.get("label", ""), stored.get("rule", "")) if stored else None


def _stored(writer: _Writer, fact: Fact) -> dict[str, Any]:
    return {"value": fact.value, "label": fact.label, "rule": fact.rule, "run": writer.run.pk, "at": writer.at.isoformat()}


def _save_records(writer: _Writer, changes: list[AccountChange]) -> None:
    records = [(change, _record(writer, change.account, change.parent, change.record)) for change in changes]
    db.copy_objects(MasterRecord, (record for change, record in records if change.record is None))
    known = [record for change, record in records if change.record is not None]
    MasterRecord.objects.bulk_update(known, ["values", "row_hash", "run"], batch_size=BATCH // 4)


def _conflict(writer: _Writer, account: Account, parent: Parent) -> MasterConflict:
    return MasterConflict(account=account, field="owner", kind=parent.conflict, candidates=_candidates(parent), run=writer.run)


def _candidates(parent: Parent) -> list[dict[str, str]]:
    people = [{"value": code, "label": name} for code, name, _cents in parent.candidates]
    if parent.conflict != TIE:
        return people
    return [
        person | {"revenue": str(Decimal(cents).scaleb(-2))}
        for person, (*_, cents) in zip(people, parent.candidates, strict=True)
    ]


def _is_open(change: AccountChange) -> bool:
    """Somebody who set the owner by hand has settled what the master could not."""
    return bool(change.parent.conflict) and not change.owner_is_overridden


def _save_conflicts(writer: _Writer, changes: list[AccountChange]) -> None:
    """Open those that are new, close those that are settled, bring those up to date that stand differently now."""
    if "salesperson_id" not in writer.plan.present:
        return
    kept: list[MasterConflict] = []
    for change in changes:
        conflict, parent = change.conflict, change.parent
        if conflict and not _is_open(change):
            conflict.resolved_at = writer.at
            kept.append(conflict)
        elif conflict and (conflict.kind, conflict.candidates) != (parent.conflict, _candidates(parent)):
            conflict.kind, conflict.candidates, conflict.run = parent.conflict, _candidates(parent), writer.run
            kept.append(conflict)
    MasterConflict.objects.bulk_update(kept, ["kind", "candidates", "run", "resolved_at"], batch_size=BATCH // 4)
    new = (change for change in changes if _is_open(change) and not change.conflict)
    db.copy_objects(MasterConflict, (_conflict(writer, change.account, change.parent) for change in new))


_SITE_FIELDS = {
    "name": "child_name", "sap_code": "sap_code", "street": "street", "postcode": "postcode", "city": "city",
    "country": "country",
}  # fmt: skip


def _write_sites(plan: CustomerPlan, new_accounts: dict[str, int]) -> None:
    wanted = {site.parent_id for site in plan.sites} - new_accounts.keys()
    accounts = dict(new_accounts)
    for batch in customer_plan.batches(sorted(wanted)):
        found = Account.objects.filter(parent_customer_id__in=batch).values_list("parent_customer_id", "pk")
        accounts |= {str(parent_id): pk for parent_id, pk in found}
    rows = [(site.pk, _site(site, accounts[site.parent_id])) for site in plan.sites]
    db.copy_objects(Site, (row for pk, row in rows if pk is None))
    fields = [name for name, column in _SITE_FIELDS.items() if column in plan.present]
    fields += [name for name in ("revenue", "volume") if name in plan.present]
    Site.objects.bulk_update(
        [row for pk, row in rows if pk is not None], [*fields, "account", "row", "row_hash", "is_active"], batch_size=BATCH // 10
    )
    for resting in customer_plan.batches(plan.sites_off):
        Site.objects.filter(pk__in=resting).update(is_active=False)


def _site(site: SiteRow, account_id: int) -> Site:
    texts = {name: site.cells.get(column, "") for name, column in _SITE_FIELDS.items()}
    return Site(
        pk=site.pk, child_id=site.child_id, account_id=account_id, revenue=site.revenue, volume=site.volume,
        row=site.cells, row_hash=site.row_hash, is_active=True, **texts,
    )  # fmt: skip


def _event(writer: _Writer, account: Account, verb: str, changes: dict[str, tuple[str, str]]) -> Event:
    return Event(
        subject_type=events.subject_type(Account),
        subject_id=account.pk,
        verb=verb,
        by=writer.by,
        by_name=writer.by.display_name if writer.by else writer.run.source[:150],
        data={"run": writer.run.pk, "changes": {field: list(pair) for field, pair in changes.items()}},
        at=writer.at,
    )
