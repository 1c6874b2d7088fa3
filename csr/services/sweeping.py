"""What the clock does: nobody waits unnoticed."""

import datetime as dt

from django.db import transaction
from django.db.models import Q

from core import clock, db, events
from csr import selectors
from csr.choices import CaseStatus, Phase, TaskPhase
from csr.models import Case, CaseTask
from csr.services import keeping

_AT_ONCE = 200


def sweep() -> int:
    """Cases and tasks of people who have left go to the stewards; owners are reminded of what is late, and of reviews.

    Answers how many were dealt with.
    """
    return sum((_orphans(), _late_tasks(), _reviews()))


def _orphans() -> int:
    """Cases and tasks whose owner does not work here any more."""
    left = Q(assessor__is_active=False, status=CaseStatus.UNDER_ASSESSMENT)
    left |= Q(implementer__is_active=False, status=CaseStatus.UNDER_IMPLEMENTATION)
    done = 0
    for pk in Case.objects.filter(left).order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]:
        done += _release_case(pk)
    gone = CaseTask.objects.filter(answered_at=None, owner__is_active=False, case__status__in=_WORKED_ON)
    for pk, case_id in gone.order_by("pk").values_list("pk", "case")[:_AT_ONCE]:
        done += _release_task(pk, case_id)
    return done


_WORKED_ON = (CaseStatus.UNDER_ASSESSMENT, CaseStatus.UNDER_IMPLEMENTATION)


@transaction.atomic
def _release_case(case_id: int) -> int:
    case = selectors.case_for_update(case_id)
    name = "assessor" if case.phase == Phase.ASSESSMENT else "implementer"
    owner = case.owner
    if case.status not in _WORKED_ON or owner is None or owner.is_active:
        return 0
    setattr(case, name, None)
    keeping.changed_hands(case, None)
    keeping.saved(case, None, (name,))
    events.record(case, "left without an owner", name=owner.display_name)
    keeping.handed_to("csr.orphaned", case, None)
    return 1


@transaction.atomic
def _release_task(task_id: int, case_id: int) -> int:
    case = selectors.case_for_update(case_id)
    task = case.tasks.select_related("owner", "department").filter(pk=task_id, answered_at=None).first()
    if case.status not in _WORKED_ON or task is None or task.owner is None or task.owner.is_active:
        return 0
    people = selectors.holders(task.department.role, case.account.unit_id) if task.department.role else []
    name, task.owner = task.owner.display_name, selectors.least_busy(people, TaskPhase(task.phase))
    task.save(update_fields=["owner"])
    events.record(case, "task passed on", name=name, department=task.department.code)
    if task.owner is not None:
        keeping.tell("csr.task", case, {task.owner.pk}, task_id=task.pk)
    else:
        keeping.handed_to("csr.orphaned", case, case.owner)
    return 1


def _late_tasks() -> int:
    """Whoever owes an answer is reminded once the last day has passed, and again each week."""
    today = clock.today()
    late = CaseTask.objects.filter(answered_at=None, due_on__lt=today, owner__isnull=False, case__status__in=_WORKED_ON)
    late = late.filter(Q(reminded_on=None) | Q(reminded_on__lte=today - dt.timedelta(days=7)))
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
