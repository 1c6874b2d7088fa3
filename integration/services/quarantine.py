"""What stewards do about rows that were left out: put right, say whose child it is, leave out for good, try again.

Rows that are applied after all go through a small run of their own, which has to be over before anything is noted here.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock, db, events
from core.errors import Invalid, NotFound, WrongState, require
from core.models import JobRun
from integration import policies, selectors, words
from integration.choices import Handling
from integration.models import QuarantinedRow, RowDecision
from integration.services import runs
from users.models import User

MOST_AT_ONCE = 5_000

_COLUMNS_OF_REASON = ("code", "reason", "reason_en", "reason_fi")


def row_fix(*, row_id: int, by: User, cells: Mapping[str, str]) -> JobRun:
    """The row is applied with `cells` in place of its own; answers the run that did it.

    Raises: NotAllowed, NotFound, Busy; WrongState for a row that somebody has dealt with; Invalid, with the reason, when it
    cannot be applied like that either: then the row stays as it was.
    """
    row = _open_rows([row_id], by)[0]
    _require_whole([row])
    run, left = _applied_again(row.run, [_cells(row) | {name: cells[name] for name in _header(row) if name in cells}], by)
    if left:
        raise Invalid(left[0].reason)
    _require_entered(run)
    _settle([row], Handling.FIXED, by, "rows_fixed", run)
    return run


def row_map_parent(*, row_id: int, by: User, parent_id: str) -> JobRun:
    """The row is from now on a child of this account, in every run, and is applied as such; answers the run that did it.

    Raises: NotAllowed, NotFound, Busy, WrongState; Invalid when there is no such account, or the row still cannot be applied:
    then the decision holds, and the row stays.
    """
    row = _open_rows([row_id], by)[0]
    _require_child(row)
    if not policies.can_be_mapped(row):
        raise WrongState
    _require_whole([row])
    if not selectors.parents().filter(parent_customer_id=parent_id).exists():
        raise Invalid(fields={"parent": _("There is no account with this number.")})
    runs.require_free()
    _decide([row], by, parent_id=parent_id)
    run, left = _applied_again(row.run, [_cells(row)], by)
    if left:
        _say_why([(row, left[0])])
        raise Invalid(left[0].reason)
    _require_entered(run)
    _settle([row], Handling.MAPPED, by, "rows_mapped", run, parent=parent_id)
    return run


def rows_retry(*, row_ids: Sequence[int], by: User) -> tuple[int, int]:
    """Rows of one run are tried again as they are; how many came right and how many did not, which now say why.

    Rows that are not kept whole are not tried. Raises: NotAllowed, NotFound, Busy, WrongState; Invalid when no row is whole.
    """
    chosen = _open_rows(row_ids, by)
    rows = _require_whole(chosen)
    run, left = _applied_again(rows[0].run, [_cells(row) for row in rows], by)
    again = _matched(rows, left)
    _say_why(again)
    failed = {row.pk for row, _fault in again}
    ignored = set(run.counts.get("ignored", ()))
    right = [row for row in rows if row.pk not in failed and row.key not in ignored]
    _settle(right, Handling.SETTLED, by, "rows_retried", run)
    return len(right), len(chosen) - len(right)


@transaction.atomic
def rows_ignore(*, row_ids: Sequence[int], by: User, reason: str = "") -> int:
    """Rows of one run are dealt with as they are; customers among them are left out of every run from now on, but for one that
    stands in several rows: the others may be right. How many customers that are.

    Raises: NotAllowed, NotFound, WrongState; Invalid for a customer whose number cannot be one.
    """
    rows = _open_rows(row_ids, by)
    for row in rows:
        _require_child(row)
    for_good = [row for row in rows if policies.is_ignored_for_good(row)]
    _decide(for_good, by, reason=reason)
    _settle(rows, Handling.IGNORED, by, "rows_ignored", None, reason=reason)
    return len({row.key for row in for_good})


@transaction.atomic
def decision_lift(*, decision_id: int, by: User) -> None:
    """Nothing is decided about this row any more: the next run takes it as it comes. Raises: NotAllowed, NotFound."""
    require(policies.may_sync(by))
    decision = RowDecision.objects.select_for_update().filter(pk=decision_id).first()
    if decision is None:
        raise NotFound
    events.record(decision, "row_decision_lifted", by=by, child=decision.child_id, parent=decision.parent_id)
    decision.delete()


def rows_follow_up(*, run: JobRun, used: Callable[[set[str]], set[str]], left: set[str]) -> None:
    """What earlier runs of the kind left out is settled where this one used the key, and superseded where it left the key out
    once more; one that did both has left it out. `used`: which of these keys it used.

    A run of rows that somebody put right supersedes nothing: what it finds is said of the rows themselves.
    """
    earlier = QuarantinedRow.objects.filter(handling=Handling.OPEN, run__kind=run.kind, run__lt=run.pk).exclude(key="")
    keys: dict[int, str] = dict(earlier.order_by().values_list("pk", "key"))
    ends = [(Handling.SETTLED, used(set(keys.values()) - left) if keys else set())]
    if "of" not in run.counts:
        ends.append((Handling.SUPERSEDED, left))
    for handling, those in ends:
        for some in db.batches([pk for pk, key in keys.items() if key in those], db.keys_at_once()):
            QuarantinedRow.objects.filter(pk__in=some, handling=Handling.OPEN).update(handling=handling, handled_at=clock.now())


def _require_entered(run: JobRun) -> None:
    """Raises Invalid when the run left the row alone, by its flag or by what a steward decided before."""
    if run.counts.get("rows_ignored"):
        raise Invalid(_("It does not enter: its flag says no, or somebody has left this customer out before."))


# --- Rows -------------------------------------------------------------------------------------------------------------
def _open_rows(row_ids: Sequence[int], by: User) -> list[QuarantinedRow]:
    """The rows, all of one run. Raises: NotAllowed, NotFound, WrongState; Invalid for none, too many or of several runs."""
    require(policies.may_sync(by))
    if not row_ids or len(row_ids) > MOST_AT_ONCE:
        raise Invalid(_("Choose at least one row, and at most %(most)s.") % {"most": MOST_AT_ONCE})
    rows = list(QuarantinedRow.objects.filter(pk__in=row_ids).select_related("run").order_by("row_number", "pk"))
    if len(rows) < len(set(row_ids)):
        raise NotFound
    if len({row.run_id for row in rows}) > 1:
        raise Invalid(_("These rows are of several runs."))
    if any(row.handling != Handling.OPEN for row in rows) or rows[0].run.status == JobRun.Status.RUNNING:
        raise WrongState
    return rows


def _require_child(row: QuarantinedRow) -> None:
    """Raises Invalid when a later run could not find again what is decided about this customer."""
    if not policies.can_be_ignored(row):
        sentence = _("“%(key)s” in row %(row)s cannot be the number of a customer: correct it here or at the source.")
        raise Invalid(sentence % {"key": row.key, "row": row.row_number})


def _require_whole(rows: Sequence[QuarantinedRow]) -> list[QuarantinedRow]:
    """Those that are kept whole. Raises Invalid when there is none."""
    whole = [row for row in rows if not row.is_cut]
    if not whole:
        sentence = _("Row %(row)s is too long to be kept whole here. Correct it at the source or in its file.")
        raise Invalid(sentence % {"row": rows[0].row_number})
    return whole


def _header(row: QuarantinedRow) -> list[str]:
    header: list[str] = row.run.counts.get("header") or list(row.raw)
    return header


def _cells(row: QuarantinedRow) -> dict[str, str]:
    """The cells under the header of the source; those too many have no place in it."""
    return {name: str(row.raw.get(name) or "") for name in _header(row)}


def _applied_again(of: JobRun, rows: list[dict[str, str]], by: User) -> tuple[JobRun, list[QuarantinedRow]]:
    """The small run and what it left out in its turn, which stays in the quarantine of the first one only."""
    runs.require_free()
    run: JobRun = runs.engine().apply_rows(of=of, rows=rows, by=by)
    left = list(QuarantinedRow.objects.filter(run=run).order_by("row_number", "pk"))
    if not (
        run.status in selectors.CAME_RIGHT
        or (left and run.status == JobRun.Status.QUARANTINED and not policies.is_stopped_by_guard(run))
    ):
        facts = {"run": run.pk, "why": words.error_of(run) or run.get_status_display()}
        raise Invalid(_("Run %(run)s did not apply it: %(why)s") % facts)
    QuarantinedRow.objects.filter(run=run).delete()
    return run, left


def _matched(rows: Sequence[QuarantinedRow], left: Sequence[QuarantinedRow]) -> list[tuple[QuarantinedRow, QuarantinedRow]]:
    """Each row that was left out once more, with what was found about it: by its cells, else by its key."""
    header = set(_header(rows[0]))
    found: dict[int, tuple[QuarantinedRow, QuarantinedRow]] = {}
    rest = list(left)
    marks: tuple[Callable[[QuarantinedRow], object], ...] = (
        lambda row: frozenset((name, cell) for name, cell in row.raw.items() if cell and name in header),
        lambda row: row.key,
    )
    for mark in marks:
        faults: dict[object, deque[QuarantinedRow]] = {}
        for fault in rest:
            faults.setdefault(mark(fault), deque()).append(fault)
        for row in rows:
            same = mark(row)
            if row.pk not in found and same and faults.get(same):
                found[row.pk] = (row, faults[same].popleft())
        rest = [fault for some in faults.values() for fault in some]
    return list(found.values())


def _say_why(again: Sequence[tuple[QuarantinedRow, QuarantinedRow]]) -> None:
    """Rows that were left out once more say the reason that holds now."""
    for row, fault in again:
        for name in _COLUMNS_OF_REASON:
            setattr(row, name, getattr(fault, name))
    QuarantinedRow.objects.bulk_update([row for row, _fault in again], _COLUMNS_OF_REASON, batch_size=100)


def _decide(rows: Sequence[QuarantinedRow], by: User, *, parent_id: str = "", reason: str = "") -> None:
    words = {"parent_id": parent_id, "reason": reason.strip()[:300], "by": by, "at": clock.now()}
    RowDecision.objects.bulk_create(
        [RowDecision(child_id=key, **words) for key in sorted({row.key for row in rows})],
        update_conflicts=True,
        unique_fields=["child_id"],
        update_fields=list(words),
    )


@transaction.atomic
def _settle(
    rows: Sequence[QuarantinedRow],
    handling: Handling,
    by: User,
    verb: str,
    run: JobRun | None,
    *,
    reason: str = "",
    parent: str = "",
) -> None:
    """Note what became of the rows, and in the history of their run who did it. `run`: the one that applied them, which has
    settled those whose key it used."""
    if not rows:
        return
    still = [Handling.OPEN, Handling.SETTLED] if run else [Handling.OPEN]
    theirs = QuarantinedRow.objects.filter(pk__in=[row.pk for row in rows], handling__in=still)
    theirs.update(handling=handling, handled_by=by, handled_at=clock.now())
    more: dict[str, Any] = ({"run": run.pk} if run else {}) | ({"parent": parent} if parent else {})
    numbers = [row.row_number for row in rows[:100]]
    events.record(rows[0].run, verb, by=by, reason=reason.strip(), number=len(rows), rows=numbers, **more)
