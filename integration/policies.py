"""Who may run and watch syncs, and what can be done about a run and a row."""

from core.models import JobRun
from integration.choices import UNSHOWN, Handling, Rule
from integration.models import CUSTOMER_SYNC, QuarantinedRow, RowDecision
from users.models import User
from users.roles import Perm

LONGEST_CHILD_ID: int = RowDecision._meta.get_field("child_id").max_length or 0


def may_sync(user: User) -> bool:
    return user.may(Perm.STEWARD)


def is_stopped_by_guard(run: JobRun) -> bool:
    """Whether the run waits because it would change more than it may."""
    return run.status == JobRun.Status.QUARANTINED and bool(run.counts.get("guards"))


def waits_for_decision(run: JobRun) -> bool:
    """Whether what the run read is kept, as somebody may still have it applied."""
    return run.status == JobRun.Status.DRY_RUN or is_stopped_by_guard(run)


def can_be_rejected(run: JobRun) -> bool:
    return run.status in (JobRun.Status.QUARANTINED, JobRun.Status.DRY_RUN)


def can_be_mapped(row: QuarantinedRow) -> bool:
    """Whether a steward can say whose child the row is: its key has to be found again in later runs."""
    names_child = 0 < len(row.key) <= LONGEST_CHILD_ID and UNSHOWN not in row.key
    return row.handling == Handling.OPEN and row.run.kind == CUSTOMER_SYNC and names_child


def can_be_ignored(row: QuarantinedRow) -> bool:
    """Whether a steward can leave the row out: a customer for good, a product or a row without a key this time only."""
    return row.handling == Handling.OPEN and (row.run.kind != CUSTOMER_SYNC or not row.key or can_be_mapped(row))


def is_ignored_for_good(row: QuarantinedRow) -> bool:
    """Whether ignoring the row leaves its customer out of every run: not when the customer stands in other rows as well."""
    return can_be_mapped(row) and row.code not in (Rule.DUPLICATE, Rule.TWO_PARENTS)
