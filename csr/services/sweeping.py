"""What the clock does: nobody waits unnoticed."""

import datetime as dt

from django.db import transaction
from django.db.models import Q

from core import clock, db, events, versions
from csr import policies, selectors
from csr.choices import WITH_TASKS, CaseStatus, Phase, TaskPhase
from csr.models import Case, CaseTask
from csr.services import keeping
from users.models import User
from users.roles import Perm
from users.selectors import stewards

_AT_ONCE = 200


def sweep() -> int:
    """Cases and tasks of people who have left, or see cases no longer, go to somebody else; owners are reminded of what is late,
    and of reviews. Answers how many were dealt with.
    """
    return sum((_orphans(), _late_phases(), _late_tasks(), _reviews()))


def _orphans() -> int:
    """Cases and tasks whose owner does not work on cases any more."""
    here = User.objects.holding(Perm.CSR_VIEW).order_by().values("pk")
    left = Q(status=CaseStatus.REGISTRATION) & ~Q(registered_by__in=here)
    left |= Q(status=CaseStatus.UNDER_ASSESSMENT, assessor__isnull=False) & ~Q(assessor__in=here)
    left |= Q(status=CaseStatus.UNDER_IMPLEMENTATION, implementer__isnull=False) & ~Q(implementer__in=here)
    done = 0
    for pk in Case.objects.filter(left).order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]:
        done += _release_case(pk)
    waiting = CaseTask.objects.filter(answered_at=None, owner__isnull=False, case__status__in=WITH_TASKS.values())
    gone = waiting.exclude(owner__in=here)
    for pk, case_id in gone.order_by("pk").values_list("pk", "case")[:_AT_ONCE]:
        done += _release_task(pk, case_id)
    return done


@transaction.atomic
def _release_case(case_id: int) -> int:
    case = selectors.case_for_update(case_id)
    owner = case.owner
    if case.status not in keeping.WORKED_ON or owner is None or policies.may_own(owner, case):
        return 0
    heir = _registrant_instead(case) if case.phase == Phase.REGISTRATION else None
    if heir is None and case.phase == Phase.REGISTRATION:
        return 0
    name = keeping.OWNERS[case.phase]
    setattr(case, name, heir)
    keeping.changed_hands(case, None)
    keeping.saved(case, None, (name,))
    if heir is not None:
        events.record(case, "passed on", name=heir.display_name)
        keeping.phase_handed_on(case)
    else:
        events.record(case, "left without an owner", name=owner.display_name)
        keeping.handed_to("csr.orphaned", case, None)
    return 1


def _registrant_instead(case: Case) -> User | None:
    """Whoever the account belongs to, else a steward: each case is registered by somebody. None where nobody is left."""
    owner = case.account.owner
    if owner is not None and policies.may_own(owner, case) and policies.may_register(owner):
        return owner
    return next(iter(stewards()), None)


@transaction.atomic
def _release_task(task_id: int, case_id: int) -> int:
    case = selectors.case_for_update(case_id)
    task = case.tasks.select_related("owner", "department").filter(pk=task_id, answered_at=None).first()
    if case.status not in WITH_TASKS.values() or task is None or task.owner is None or policies.may_own(task.owner, case):
        return 0
    people = selectors.holders(task.department.role, case.account.unit_id) if task.department.role else []
    name, task.owner = task.owner.display_name, selectors.least_busy(people, TaskPhase(task.phase))
    versions.bump(task)
    task.save(update_fields=["owner", "version"])
    events.record(case, "task passed on", name=name, department=task.department.code)
    if task.owner is not None:
        keeping.tell("csr.task", case, {task.owner.pk}, task_id=task.pk)
    else:
        keeping.handed_to("csr.orphaned", case, case.owner)
    return 1


def _late() -> Q:
    """The last day has passed, and nobody was reminded for a week."""
    today = clock.today()
    return Q(due_on__lt=today) & (Q(reminded_on=None) | Q(reminded_on__lte=today - dt.timedelta(days=7)))


def _late_phases() -> int:
    """Whoever answers for a phase is reminded once its last day has passed, and again each week."""
    late = Case.objects.filter(_late(), status__in=WITH_TASKS.values())
    done = 0
    with transaction.atomic():
        for case in late.select_for_update(**{**db.lock_options(), **db.skip_locked()}).order_by("pk")[:_AT_ONCE]:
            case.reminded_on = clock.today()
            case.save(update_fields=["reminded_on"])
            keeping.handed_to("csr.late", case, case.owner)
            done += 1
    return done


def _late_tasks() -> int:
    """Whoever owes an answer is reminded in the same way."""
    today = clock.today()
    late = CaseTask.objects.filter(_late(), answered_at=None, owner__isnull=False, case__status__in=WITH_TASKS.values())
    done = 0
    with transaction.atomic():
        for task in late.select_related("case").select_for_update(**{**db.lock_options(), **db.skip_locked()})[:_AT_ONCE]:
            task.reminded_on = today
            task.save(update_fields=["reminded_on"])
            keeping.tell("csr.task", task.case, {task.owner_id}, task_id=task.pk)
            done += 1
    return done


def _reviews() -> int:
    """Whoever registered a requirement is reminded once that it should be looked at again."""
    until = clock.today() + dt.timedelta(days=selectors.settings_in_force().review_notice_days)
    due = Case.objects.filter(status=CaseStatus.IMPLEMENTED, review_on__lte=until, review_told_on=None)
    done = 0
    with transaction.atomic():
        for case in due.select_for_update(**{**db.lock_options(), **db.skip_locked()}).order_by("pk")[:_AT_ONCE]:
            case.review_told_on = clock.today()
            case.save(update_fields=["review_told_on"])
            keeping.tell("csr.review", case, keeping.registrants(case))
            done += 1
    return done
