"""Whether a run is believable: what stops it until a steward has looked, and what an upload asks about first."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from accounts.models import Account, AccountStatus, Site
from core.languages import Sentence as _
from core.models import JobRun
from integration import selectors
from integration.checks import column_names
from integration.customer_diff import CustomerDiff
from integration.errors import OutOfDate
from integration.models import CUSTOMER_SYNC, SyncSettings
from integration.product_apply import ProductPlan
from integration.reading import Table

_HALF = Decimal("0.5")


def stops(is_complete: bool, rows: int, diff: CustomerDiff) -> list[dict[str, Any]]:
    """The limits of the settings that the run would break: `guard`, `number`, `of`, `allowed`. Small numbers are spared."""
    limits = selectors.settings_in_force()
    active = Account.objects.filter(status=AccountStatus.ACTIVE, parent_customer_id__isnull=False).count()
    found = [
        ("deactivated", len(diff.deactivated), active, limits.most_deactivated),
        ("moved", len(diff.moved), Site.objects.filter(is_active=True).count(), limits.most_moved),
        ("renamed", diff.renamed, diff.parents_seen, limits.most_renamed),
    ]
    if is_complete:
        before = _rows_of_last_complete()
        found.append(("rows_less", max(before - rows, 0), before, limits.most_rows_less))
    return _beyond(limits, found)


def price_stops(plan: ProductPlan) -> list[dict[str, Any]]:
    """The same of a product file: products of which a list price would change by more than half."""
    limits = selectors.settings_in_force()
    repriced = sum(move > _HALF for move in plan.moves.values())
    return _beyond(limits, [("prices", repriced, len(plan.wanted), limits.most_repriced)])


def _beyond(limits: SyncSettings, found: Iterable[tuple[str, int, int, Decimal]]) -> list[dict[str, Any]]:
    stopped = []
    for guard, number, of, percent in found:
        allowed = max(limits.spared, int(of * Decimal(percent) / 100))
        if number > allowed:
            stopped.append({"guard": guard, "number": number, "of": of, "allowed": allowed})
    return stopped


def _rows_of_last_complete() -> int:
    done = selectors.runs_come_right(CUSTOMER_SYNC).filter(counts__complete=True)
    counts = done.values_list("counts", flat=True).first()
    return int((counts or {}).get("rows_read", 0))


def asks(diff: CustomerDiff) -> list[str]:
    """Why an upload should be looked at before it is applied: "deactivated", "many"."""
    reasons = ["deactivated"] if len(diff.deactivated) else []
    accounts = Account.objects.filter(parent_customer_id__isnull=False).count()
    changed = len(diff.created) + diff.updated + len(diff.deactivated)
    if accounts and changed > accounts * Decimal(selectors.settings_in_force().ask_above) / 100:
        reasons.append("many")
    return reasons


def shape_of(header: Sequence[str]) -> str:
    """A short mark of these columns, in whatever order."""
    return hashlib.sha256("\x1f".join(sorted(column_names(header))).encode()).hexdigest()[:16]


def is_known_shape(run: JobRun, header: Sequence[str]) -> bool:
    """Whether a file with these columns was applied before."""
    return selectors.runs_come_right(run.kind).filter(counts__shape=shape_of(header)).exists()


def was_overtaken(run: JobRun) -> bool:
    """Whether the very same file was applied before, and another one since."""
    applied = JobRun.objects.filter(kind=run.kind, status=JobRun.Status.APPLIED, pk__lt=run.pk).exclude(counts__has_key="of")
    last = applied.order_by("-pk").values_list("source_hash", flat=True).first()
    return bool(run.source_hash) and last != run.source_hash and applied.filter(source_hash=run.source_hash).exists()


def as_cut(run: JobRun, table: Table) -> Table:
    """The table; where its text breaks off without the end of a line, which the last one of these columns had, its last row
    counts as cut, whatever there is of it."""
    if not table.ends_open:
        return table
    before = selectors.runs_come_right(run.kind).filter(counts__shape=shape_of(table.header)).exclude(counts__has_key="of")
    counts = before.values_list("counts", flat=True).first()
    return table.cut_off() if counts is not None and counts.get("ends_open") is False else table


def require_newer(run: JobRun, snapshot: str) -> None:
    """Raises OutOfDate when a later snapshot than this one was applied already."""
    done = selectors.runs_come_right(run.kind).filter(counts__has_key="snapshot")
    last = done.values_list("pk", "counts").first()
    if last is None:
        return
    mine, theirs = _order(snapshot), _order(last[1]["snapshot"])
    if mine is not None and theirs is not None and mine < theirs and mine[0] == theirs[0]:
        facts = {"snapshot": snapshot, "run": last[0], "newer": last[1]["snapshot"]}
        raise OutOfDate(_("The snapshot %(snapshot)s is older than %(newer)s, which run %(run)s has applied.") % facts)


def _order(snapshot: str) -> tuple[str, Any] | None:
    """Numbers by size, days and instants in ISO 8601 by when they are; names of any other kind have no order, nor do instants of
    which one has a zone and the other none."""
    if snapshot.isdecimal():
        return "number", int(snapshot)
    try:
        instant = dt.datetime.fromisoformat(snapshot)
    except ValueError:
        return None
    return ("instant" if instant.tzinfo else "local"), instant
