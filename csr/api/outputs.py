"""What programs get to see of cases: plain dicts, and their shapes for the description."""

from rest_framework import serializers

from approvals.api.approvers import StepOut
from core.api.fields import Exact, Output
from core.api.values import Json, day, instant, number, short
from core.models import Event
from csr.choices import CaseStatus, Feasibility, Gate, Phase, Priority, Score, TaskPhase
from csr.models import Case, CaseAccount, CaseFeedback, CaseFile, CaseMember, CaseProduct, CaseTask
from csr.services import FIELDS_OPEN


# --- Shapes -----------------------------------------------------------------------------------------------------------
class CaseRowOut(Output):
    """A case as lists show it."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    status = serializers.ChoiceField(CaseStatus.choices)
    phase = serializers.ChoiceField(Phase.choices)
    version = serializers.IntegerField()
    record_type = serializers.CharField()
    account = serializers.IntegerField()
    account_name = serializers.CharField()
    site = serializers.IntegerField(allow_null=True)
    requirement_type = serializers.CharField()
    title = serializers.CharField()
    priority = serializers.ChoiceField(Priority.choices)
    product_count = serializers.IntegerField()
    received_on = serializers.DateField()
    needed_by = serializers.DateField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    review_on = serializers.DateField(allow_null=True)
    registered_by = serializers.IntegerField()
    assessor = serializers.IntegerField(allow_null=True)
    implementer = serializers.IntegerField(allow_null=True)
    owner = serializers.IntegerField(allow_null=True, help_text="Who answers for the phase. Null: the data stewards.")
    owner_name = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    status_since = serializers.DateTimeField()


class CaseProductOut(Output):
    """A product that the requirement is about, and what it says of it."""

    id = serializers.IntegerField()
    product = serializers.IntegerField()
    sku = serializers.CharField()
    name = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    is_excluded = serializers.BooleanField()
    min_quantity = Exact(allow_null=True)
    max_quantity = Exact(allow_null=True)
    multiple_of = Exact(allow_null=True)


class CaseAccountOut(Output):
    """A further account that the requirement applies to."""

    id = serializers.IntegerField()
    account = serializers.IntegerField()
    account_name = serializers.CharField()
    site = serializers.IntegerField(allow_null=True)
    site_name = serializers.CharField(allow_null=True)


class CaseMemberOut(Output):
    """Somebody of the case team."""

    id = serializers.IntegerField()
    user = serializers.IntegerField()
    user_name = serializers.CharField()
    role = serializers.CharField()


class CaseTaskOut(Output):
    """A part of the assessment or of the implementation."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    phase = serializers.ChoiceField(TaskPhase.choices)
    department = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    owner = serializers.IntegerField(allow_null=True)
    owner_name = serializers.CharField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    is_done = serializers.BooleanField()
    feasibility = serializers.ChoiceField(Feasibility.choices, allow_blank=True)
    cost = Exact(allow_null=True)
    lead_time_days = serializers.IntegerField(allow_null=True)
    comment = serializers.CharField(allow_blank=True)
    answered_by = serializers.IntegerField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)


class CaseStepOut(StepOut):
    gate = serializers.ChoiceField(Gate.choices)


class CaseFileOut(Output):
    """A file of a case; its address answers the content."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField()
    content_hash = serializers.CharField()
    by = serializers.IntegerField()
    at = serializers.DateTimeField()


class CaseCommentOut(Output):
    id = serializers.IntegerField()
    comment = serializers.CharField()
    by = serializers.IntegerField(allow_null=True)
    by_name = serializers.CharField()
    at = serializers.DateTimeField()


class SatisfactionOut(Output):
    """How satisfied the customer is with what was implemented."""

    id = serializers.IntegerField()
    score = serializers.ChoiceField(Score.choices)
    said_by = serializers.CharField()
    comment = serializers.CharField(allow_blank=True)
    by = serializers.IntegerField()
    at = serializers.DateTimeField()


class CaseOut(CaseRowOut):
    """A case with its parts; its products are a list of their own."""

    description = serializers.CharField()
    requested_by = serializers.IntegerField(allow_null=True)
    is_printed = serializers.BooleanField()
    printed_text = serializers.CharField(allow_blank=True)
    feasibility = serializers.ChoiceField(Feasibility.choices, allow_blank=True)
    conclusion = serializers.CharField(allow_blank=True)
    close_reason = serializers.CharField(allow_null=True)
    close_comment = serializers.CharField(allow_blank=True)
    cloned_from = serializers.IntegerField(allow_null=True)
    last_editor = serializers.IntegerField()
    is_locked = serializers.BooleanField(help_text="Somebody decides about it, and nothing of it can be changed.")
    open_fields = serializers.ListField(child=serializers.CharField(), help_text="What a PATCH can change in this phase.")
    accounts = CaseAccountOut(many=True)
    team = CaseMemberOut(many=True)
    tasks = CaseTaskOut(many=True)
    files = CaseFileOut(many=True)
    satisfaction = SatisfactionOut(many=True)


# --- Values -----------------------------------------------------------------------------------------------------------
def row_out(case: Case) -> Json:
    """A case of `selectors.cases_for(…).counted()`."""
    owner = case.owner
    return {
        "id": case.pk,
        "number": case.number,
        "status": case.status,
        "phase": case.phase.value,
        "version": case.version,
        "record_type": case.record_type.code,
        "account": case.account_id,
        "account_name": case.account.name,
        "site": case.site_id,
        "requirement_type": case.requirement_type.code,
        "title": case.title,
        "priority": case.priority,
        "product_count": case.product_count,  # type: ignore[attr-defined]
        "received_on": day(case.received_on),
        "needed_by": day(case.needed_by),
        "due_on": day(case.due_on),
        "review_on": day(case.review_on),
        "registered_by": case.registered_by_id,
        "assessor": case.assessor_id,
        "implementer": case.implementer_id,
        "owner": owner.pk if owner else None,
        "owner_name": owner.display_name if owner else None,
        "created_at": instant(case.created_at),
        "status_since": instant(case.status_since),
    }


def case_out(case: Case) -> Json:
    """The whole case. Five queries beside that for the case itself."""
    return {
        **row_out(case),
        "description": case.description,
        "requested_by": case.requested_by_id,
        "is_printed": case.is_printed,
        "printed_text": case.printed_text,
        "feasibility": case.feasibility,
        "conclusion": case.conclusion,
        "close_reason": case.close_reason.code if case.close_reason else None,
        "close_comment": case.close_comment,
        "cloned_from": case.cloned_from_id,
        "last_editor": case.last_editor_id,
        "is_locked": case.is_locked,
        "open_fields": list(FIELDS_OPEN.get(case.status, ())),
        "accounts": accounts_out(case),
        "team": team_out(case),
        "tasks": tasks_out(case),
        "files": files_out(case),
        "satisfaction": satisfaction_of(case),
    }


def accounts_out(case: Case) -> list[Json]:
    return [account_out(row) for row in case.accounts.select_related("account", "site")]


def team_out(case: Case) -> list[Json]:
    return [member_out(member) for member in case.team.select_related("user", "role")]


def tasks_out(case: Case) -> list[Json]:
    return [task_out(task) for task in case.tasks.select_related("department", "owner")]


def files_out(case: Case) -> list[Json]:
    return [file_out(file) for file in case.files.all()]


def satisfaction_of(case: Case) -> list[Json]:
    return [satisfaction_out(feedback) for feedback in case.feedback.all()]


def product_out(row: CaseProduct) -> Json:
    return {
        "id": row.pk,
        "product": row.product_id,
        "sku": row.product.sku,
        "name": row.product.name,
        "note": row.note,
        "is_excluded": row.is_excluded,
        "min_quantity": short(row.min_quantity),
        "max_quantity": short(row.max_quantity),
        "multiple_of": short(row.multiple_of),
    }


def account_out(row: CaseAccount) -> Json:
    return {
        "id": row.pk,
        "account": row.account_id,
        "account_name": row.account.name,
        "site": row.site_id,
        "site_name": str(row.site) if row.site else None,
    }


def member_out(member: CaseMember) -> Json:
    return {
        "id": member.pk,
        "user": member.user_id,
        "user_name": member.user.display_name,
        "role": member.role.code,
    }


def task_out(task: CaseTask) -> Json:
    return {
        "id": task.pk,
        "version": task.version,
        "phase": task.phase,
        "department": task.department.code,
        "title": task.title,
        "owner": task.owner_id,
        "owner_name": task.owner.display_name if task.owner else None,
        "due_on": day(task.due_on),
        "is_done": task.is_done,
        "feasibility": task.feasibility,
        "cost": number(task.cost),
        "lead_time_days": task.lead_time_days,
        "comment": task.comment,
        "answered_by": task.answered_by_id,
        "answered_at": instant(task.answered_at),
    }


def file_out(file: CaseFile) -> Json:
    return {
        "id": file.pk,
        "name": file.name,
        "content_type": file.content_type,
        "size": file.size,
        "content_hash": file.content_hash,
        "by": file.by_id,
        "at": instant(file.at),
    }


def comment_out(event: Event) -> Json:
    return {
        "id": event.pk,
        "comment": event.reason,
        "by": event.by_id,
        "by_name": event.by_name,
        "at": instant(event.at),
    }


def satisfaction_out(feedback: CaseFeedback) -> Json:
    return {
        "id": feedback.pk,
        "score": feedback.score,
        "said_by": feedback.said_by,
        "comment": feedback.comment,
        "by": feedback.by_id,
        "at": instant(feedback.at),
    }
