"""Parts of an assessment and tasks of an implementation: asked for, answered, all in."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from core import clock, events, versions
from core.errors import Invalid, NotAllowed, NotFound, WrongState, require
from csr import policies, selectors
from csr.choices import WITH_TASKS, Feasibility, Phase, TaskPhase
from csr.models import Case, CaseTask, Department
from csr.services import keeping
from users.models import User

_ANSWERS = ("feasibility", "cost", "lead_time_days", "comment")
MOST_TASKS = 100


def open_tasks(case: Case, phase: TaskPhase, departments: Iterable[Department]) -> list[CaseTask]:
    """A task for each of the departments that has none in this phase yet, each with an owner who is told. The case is locked."""
    there = set(case.tasks.filter(phase=phase).values_list("department", flat=True))
    made = []
    for department in departments:
        if department.pk in there:
            continue
        people = selectors.holders(department.role, case.account.unit_id) if department.role else []
        owner = selectors.least_busy(people, phase)
        task = CaseTask.objects.create(case=case, phase=phase, department=department, owner=owner, due_on=case.due_on)
        made.append(task)
        _tell(task)
    return made


def _tell(task: CaseTask, but: User | None = None) -> None:
    if task.owner_id is not None and task.owner_id != (but.pk if but else None):
        keeping.tell("csr.task", task.case, {task.owner_id}, task_id=task.pk)


@transaction.atomic
def task_add(
    *, case_id: int, department: Department, by: User, title: str = "", owner: User | None = None, due_on: Any = None,
    version: int | None = None,
) -> CaseTask:  # fmt: skip
    """A further part of the present phase is asked for; without an owner, of whoever of the department is least busy.

    Raises: NotFound; NotAllowed; StaleVersion; WrongState outside of assessment and implementation; Invalid naming the field.
    """
    case = keeping.locked_to_edit(case_id, by, version, WITH_TASKS.values())
    phase = TaskPhase(case.phase.value)
    if case.tasks.count() >= MOST_TASKS:
        raise Invalid(fields={"department": _("A case has at most %(most)s tasks.") % {"most": MOST_TASKS}})
    if case.tasks.filter(phase=phase, department=department, title=title.strip()).exists():
        raise Invalid(fields={"department": _("It has been asked already. Say in a few words what else is to be done.")})
    if owner is None and department.role:
        owner = selectors.least_busy(selectors.holders(department.role, case.account.unit_id), phase)
    task = CaseTask(case=case, phase=phase, department=department, title=title.strip(), owner=owner, due_on=due_on or case.due_on)
    _check(task)
    task.save()
    keeping.saved(case, by)
    events.record(case, "task added", by=by, department=department.code, owner=owner.display_name if owner else "")
    _tell(task, by)
    return task


@transaction.atomic
def task_change(*, case_id: int, task_id: int, by: User, changes: Mapping[str, Any], version: int | None = None) -> CaseTask:
    """Another owner, title or last day; a new owner is told. By whoever answers for the phase; an owner may hand it over.
    `version`: of the task.

    Raises: NotFound; NotAllowed; StaleVersion; WrongState; Invalid naming the field.
    """
    case, task = _open_task(case_id, task_id, by, version)
    if task.is_done:
        raise WrongState(_("This has been answered."))
    if foreign := sorted(set(changes) - {"owner", "title", "due_on"}):
        raise Invalid(fields=dict.fromkeys(foreign, _("This field cannot be changed now.")))
    if not policies.answers_for(by, case) and set(changes) != {"owner"}:
        raise NotAllowed
    before = task.owner_id
    for name, value in changes.items():
        setattr(task, name, value)
    _check(task)
    if _is_asked(case, task):
        raise Invalid(fields={"title": _("It has been asked already. Say in a few words what else is to be done.")})
    versions.bump(task)
    task.save()
    keeping.saved(case, by)
    events.record(case, "task changed", by=by, department=task.department.code, fields=sorted(changes))
    if task.owner_id is None and before is not None:
        keeping.tell("csr.orphaned", case, keeping.answerable(case) - {by.pk})
    elif task.owner_id != before:
        _tell(task, by)
    return task


def _is_asked(case: Case, task: CaseTask) -> bool:
    same = case.tasks.filter(phase=task.phase, department=task.department_id, title=task.title)
    return bool(same.exclude(pk=task.pk).exists())


def _open_task(case_id: int, task_id: int, by: User, version: int | None) -> tuple[Case, CaseTask]:
    """`version`: of the task, as two of a case can be answered at the same time. Raises: NotFound; NotAllowed for whoever may not
    answer it; StaleVersion; WrongState outside of its phase."""
    case = keeping.locked_to_edit(case_id, by, None, WITH_TASKS.values(), anybody=True)
    task = case.tasks.select_related("department", "owner").filter(pk=task_id).first()
    if task is None:
        raise NotFound(_("This task is no longer there."))
    task.case = case
    if task.phase != case.phase.value:
        raise WrongState(_("This phase is over."))
    require(policies.may_answer(by, task))
    versions.require(task, version)
    return case, task


def _check(task: CaseTask) -> None:
    """Raises: Invalid naming the field."""
    task.title, task.comment = task.title.strip(), task.comment.strip()
    try:
        task.clean_fields(exclude=["case", "phase"])
    except ValidationError as error:
        raise Invalid(fields={name: " ".join(texts) for name, texts in error.message_dict.items()}) from error
    if task.owner is not None and not policies.may_own(task.owner, task.case):
        raise Invalid(fields={"owner": _("This person cannot be asked.")})
    if task.cost is not None and task.cost < 0:
        raise Invalid(fields={"cost": _("It cannot be below 0.")})


@transaction.atomic
def task_remove(*, case_id: int, task_id: int, by: User, version: int | None = None) -> Case:
    """It is not asked for any more. Raises: NotFound; NotAllowed; StaleVersion; WrongState once it is answered."""
    case = keeping.locked_to_edit(case_id, by, version, WITH_TASKS.values())
    _same, task = _open_task(case_id, task_id, by, None)
    if task.is_done:
        raise WrongState(_("This has been answered."))
    task.delete()
    keeping.saved(case, by)
    events.record(case, "task removed", by=by, department=task.department.code)
    return case


@transaction.atomic
def task_answer(*, case_id: int, task_id: int, by: User, answer: Mapping[str, Any], version: int | None = None) -> CaseTask:
    """The part is answered, or answered anew while its phase lasts; with the last one whoever answers for the phase is told.

    `answer`: feasibility (of an assessment), cost, lead_time_days, comment. `version`: of the task. Locks the case.

    Raises: NotFound; NotAllowed; StaleVersion; WrongState; Invalid naming the field.
    """
    case, task = _open_task(case_id, task_id, by, version)
    if foreign := sorted(set(answer) - set(_ANSWERS)):
        raise Invalid(fields=dict.fromkeys(foreign, _("This field cannot be changed now.")))
    for name, value in answer.items():
        setattr(task, name, value)
    if task.phase == TaskPhase.ASSESSMENT and task.feasibility not in Feasibility.values:
        raise Invalid(fields={"feasibility": _("Say whether it is feasible.")})
    if task.phase == TaskPhase.IMPLEMENTATION:
        task.feasibility = ""
    _check(task)
    if task.feasibility in (Feasibility.CONDITIONS, Feasibility.NOT_FEASIBLE) and not task.comment:
        raise Invalid(fields={"comment": _("Say on which conditions, or why not.")})
    task.answered_by, task.answered_at = by, clock.now()
    versions.bump(task)
    task.save()
    keeping.saved(case, None)
    events.record(case, "task answered", by=by, department=task.department.code, answer=task.feasibility, reason=task.comment)
    if not waiting(case):
        keeping.tell("csr.answered", case, keeping.answerable(case) - {by.pk})
    return task


def waiting(case: Case) -> int:
    """How many parts of the present phase are not answered."""
    if case.phase not in (Phase.ASSESSMENT, Phase.IMPLEMENTATION):
        return 0
    return int(case.tasks.filter(phase=case.phase.value, answered_at=None).count())
