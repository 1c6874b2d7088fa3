"""Who may run and watch syncs, and what can be done about a run and a row."""

from core.models import JobRun
from integration.choices import Handling
from integration.models import CUSTOMER_SYNC, QuarantinedRow
from users.models import User
from users.roles import Perm


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
    """Whether a steward can say whose child the row is."""
    return row.handling == Handling.OPEN and bool(row.key) and row.run.kind == CUSTOMER_SYNC
