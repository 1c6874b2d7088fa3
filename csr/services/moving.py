"""The moves of a case, from submitting to closing. Decisions of approvers come through `csr.approval`."""

import calendar
import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _, ngettext

from approvals import services as approvals
from core import clock, events, versions
from core.errors import Invalid, WrongState, require
from csr import approval_case, case_facts, policies, selectors
from csr.choices import ENDED, PENDING, CaseStatus, Feasibility, Gate, Score, TaskPhase
from csr.models import Case, CaseFeedback, CloseReason
from csr.services import keeping, tasks
from users.models import User

MOST_FEEDBACK = 200
_GATES = {CaseStatus.PENDING_PRE_APPROVAL: Gate.PRE, CaseStatus.APPROVAL_PENDING: Gate.FINAL}


# --- Asking for approval ----------------------------------------------------------------------------------------------
@transaction.atomic
def case_submit(
    *, case_id: int, by: User, approvers: Mapping[str, int | None] | None = None, reason: str = "", version: int | None = None
) -> Case:
    """Somebody is asked: from Registration for the pre-approval, from Under Assessment for the final approval. Until it is
    decided nothing of the case can change. Locks the case.

    Raises: NotFound; NotAllowed; StaleVersion; WrongState; Invalid without a product, or with parts of the assessment or its
    conclusion missing, and with the key of a step in `fields` for an approver who may not be asked.
    """
    case = keeping.locked_to_edit(case_id, by, version, (CaseStatus.REGISTRATION, CaseStatus.UNDER_ASSESSMENT))
    if missing := missing_to_submit(case):
        raise Invalid(missing)
    if case.status == CaseStatus.REGISTRATION:
        case.submit()
        verb = "submitted for pre-approval"
    else:
        case.submit_for_approval()
        verb = "submitted for final approval"
    keeping.moved(case, by, verb, reason=reason)
    approvals.run_start(
        subject_type="csr",
        subject=case,
        gates=[_GATES[CaseStatus(case.status)]],
        by=by,
        last_editor_id=case.last_editor_id,
        fingerprint=approval_case.fingerprint(case),
        facts=case_facts.facts_of(case),
        case=approval_case.case_of(case),
        approvers=approvers,
        reason=reason,
    )
    case.refresh_from_db(fields=["status", "version", "status_since", "assessor", "implementer", "due_on"])
    return case


def missing_to_submit(case: Case) -> str:
    """What has to be done before approval can be asked for, in a sentence; "" when nothing is missing."""
    if case.status == CaseStatus.REGISTRATION:
        return "" if case.products.exists() else _("Add at least one product before submitting.")
    if case.status == CaseStatus.UNDER_ASSESSMENT:
        if open_parts := tasks.waiting(case):
            return _parts_open(open_parts)
        if not case.conclusion or not case.feasibility:
            return _("Write the global feasibility conclusion before submitting.")
    return ""


def _parts_open(number: int) -> str:
    return ngettext("%(number)s part is not answered yet.", "%(number)s parts are not answered yet.", number) % {"number": number}


@transaction.atomic
def conclusion_write(*, case_id: int, by: User, feasibility: str, conclusion: str, version: int | None = None) -> Case:
    """The global feasibility conclusion, once all parts of the assessment are in.

    Raises: NotFound; NotAllowed; StaleVersion; WrongState outside of the assessment, or while parts are open; Invalid naming the
    field.
    """
    case = keeping.locked_to_edit(case_id, by, version, (CaseStatus.UNDER_ASSESSMENT,))
    if open_parts := tasks.waiting(case):
        raise WrongState(_parts_open(open_parts))
    wrong = {}
    if feasibility not in Feasibility.values:
        wrong["feasibility"] = _("Say whether it is feasible.")
    if not conclusion.strip():
        wrong["conclusion"] = _("Write the conclusion.")
    elif len(conclusion) > 10_000:
        wrong["conclusion"] = _("At most %(most)s characters.") % {"most": 10_000}
    if wrong:
        raise Invalid(fields=wrong)
    case.feasibility, case.conclusion = feasibility, conclusion.strip()
    keeping.saved(case, by, ("feasibility", "conclusion"))
    events.record(case, "concluded", by=by, reason=case.conclusion, feasibility=feasibility)
    return case


@transaction.atomic
def case_assess(
    *, case_id: int, by: User, feasibility: str, conclusion: str, submit: bool = True,
    approvers: Mapping[str, int | None] | None = None, reason: str = "", version: int | None = None,
) -> Case:  # fmt: skip
    """The conclusion is written, and with `submit` the final approval asked for: both or neither. Raises: as these do."""
    case = conclusion_write(case_id=case_id, by=by, feasibility=feasibility, conclusion=conclusion, version=version)
    return case_submit(case_id=case_id, by=by, approvers=approvers, reason=reason) if submit else case


# --- What decisions bring about: called with the case locked ----------------------------------------------------------
def go_on(case: Case, *, by: User | None) -> None:
    """Approved: the next phase begins, with its owner and its tasks by the rule of the business unit."""
    rule = selectors.rule_for(case)
    if case.status == CaseStatus.PENDING_PRE_APPROVAL:
        case.pre_approve()
        days, asked = (rule.assessment_days, rule.parts.filter(is_active=True)) if rule else (14, ())
        verb, phase = "pre-approved", TaskPhase.ASSESSMENT
    else:
        case.approve()
        days, asked = (rule.implementation_days, rule.tasks.filter(is_active=True)) if rule else (30, ())
        verb, phase = "approved", TaskPhase.IMPLEMENTATION
    owner = keeping.OWNERS[case.phase]
    setattr(case, owner, selectors.owner_by(rule, owner, case.account.unit_id) if rule else None)
    case.due_on, case.reminded_on = clock.today() + dt.timedelta(days=days), None
    keeping.moved(case, by, verb, fields=(owner, "due_on", "reminded_on"), handed=True)
    keeping.phase_handed_on(case)
    tasks.open_tasks(case, phase, asked)


def go_back(case: Case, verb: str, *, by: User, comment: str = "") -> None:
    """Rejected, asked back or recalled: the phase before the question goes on."""
    rule = selectors.rule_for(case) if verb == "rejected" else None
    if rule is not None and rule.rejection_closes and case.status == CaseStatus.PENDING_PRE_APPROVAL:
        case.close_rejected()
        case.close_reason, case.close_comment = _rejected_reason(), comment
        keeping.moved(case, by, "rejected", fields=("close_reason", "close_comment"), reason=comment)
        return
    if case.status == CaseStatus.PENDING_PRE_APPROVAL:
        case.back_to_registration()
    else:
        case.back_to_assessment()
    keeping.moved(case, by, verb, reason=comment)


def _rejected_reason() -> CloseReason:
    reason, _made = CloseReason.objects.get_or_create(
        code="rejected", defaults={"label": "Rejected", "label_en": "Rejected", "label_fi": "Hylätty", "position": 90}
    )
    return reason


def case_recall(*, case_id: int, by: User) -> Case:
    """The question is taken back, and the case can be changed again. Raises: NotFound; WrongState; NotAllowed for anyone but who
    asked."""
    selectors.case_for(by, case_id)
    approvals.run_recall(subject_type="csr", subject_id=case_id, by=by)
    return selectors.case_for(by, case_id)


# --- Implementation and life ------------------------------------------------------------------------------------------
@transaction.atomic
def case_implement(*, case_id: int, by: User, review_on: dt.date | None = None, version: int | None = None) -> Case:
    """The requirement is live: every task is done. `review_on`: else after the months of the settings.

    Raises: NotFound; NotAllowed; StaleVersion; WrongState outside of the implementation, or while tasks are open.
    """
    case = keeping.locked_to_edit(case_id, by, version, (CaseStatus.UNDER_IMPLEMENTATION,))
    if open_tasks := tasks.waiting(case):
        raise WrongState(
            ngettext("%(number)s task is not done yet.", "%(number)s tasks are not done yet.", open_tasks)
            % {"number": open_tasks}
        )
    case.implement()
    months = selectors.settings_in_force().review_months
    case.review_on = review_on or case.review_on or (_months_on(clock.today(), months) if months else None)
    case.due_on = None
    keeping.moved(case, by, "implemented", fields=("review_on", "due_on"), edits=True)
    keeping.tell("csr.live", case, keeping.registrants(case) - {by.pk})
    return case


def _months_on(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last one of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))


@transaction.atomic
def feedback_add(*, case_id: int, by: User, score: int, said_by: str, comment: str = "") -> CaseFeedback:
    """How satisfied the customer is. Raises: NotFound; NotAllowed; WrongState unless it is implemented; Invalid."""
    case = selectors.case_for_update(case_id, by)
    if case.status != CaseStatus.IMPLEMENTED:
        raise WrongState(_("Satisfaction is entered once the requirement is implemented."))
    require(policies.may_say_satisfaction(by, case))
    wrong = {}
    if score not in Score.values:
        wrong["score"] = _("Choose 1 to 5.")
    if not said_by.strip() or len(said_by) > 150:
        wrong["said_by"] = _("Say who of the customer said so.")
    if len(comment) > 2_000:
        wrong["comment"] = _("At most %(most)s characters.") % {"most": 2_000}
    if wrong:
        raise Invalid(fields=wrong)
    if case.feedback.count() >= MOST_FEEDBACK:
        raise Invalid(_("A case has at most %(most)s entries of satisfaction.") % {"most": MOST_FEEDBACK})
    feedback = CaseFeedback.objects.create(
        case=case, score=score, comment=comment.strip(), said_by=said_by.strip(), by=by, at=clock.now()
    )
    events.record(case, "satisfaction", by=by, reason=feedback.comment, score=score)
    return feedback


@transaction.atomic
def case_close(*, case_id: int, by: User, reason: CloseReason, comment: str = "", version: int | None = None) -> Case:
    """The case has ended: Closed - Rejected from every open status, where an open question is taken back; Inactive once it was
    implemented. Locks the case. Raises: NotFound; NotAllowed; StaleVersion; WrongState when it has ended; Invalid."""
    case = selectors.case_for_update(case_id, by)
    versions.require(case, version)
    if case.status in ENDED:
        raise WrongState(_("This case has ended already."))
    require(policies.may_close(by, case))
    if len(comment) > 2_000:
        raise Invalid(fields={"comment": _("At most %(most)s characters.") % {"most": 2_000}})
    if case.status in PENDING:
        approvals.run_withdraw(subject_type="csr", subject_id=case.pk, by=by)
    if case.status == CaseStatus.IMPLEMENTED:
        case.deactivate()
    else:
        case.close_rejected()
    case.close_reason, case.close_comment, case.due_on = reason, comment.strip(), None
    keeping.moved(case, by, "closed", fields=("close_reason", "close_comment", "due_on"), reason=case.close_comment, edits=True)
    return case


@transaction.atomic
def case_assign(*, case_id: int, by: User, person: User, version: int | None = None) -> Case:
    """Somebody else answers for the present phase, and is told. By whoever does now, and stewards.

    Raises: NotFound; NotAllowed; StaleVersion; WrongState while somebody decides, once it is implemented or has ended; Invalid.
    """
    case = keeping.locked_to_edit(case_id, by, version, keeping.WORKED_ON)
    if not policies.may_own(person, case):
        raise Invalid(fields={"person": _("This person cannot be asked.")})
    name = keeping.OWNERS[case.phase]
    if getattr(case, f"{name}_id") == person.pk:
        raise Invalid(fields={"person": _("This person answers for it already.")})
    setattr(case, name, person)
    keeping.changed_hands(case, by)
    keeping.saved(case, by, (name,))
    events.record(case, "assigned", by=by, name=person.display_name)
    keeping.phase_handed_on(case)
    return case
