"""What programs get to see of approvals: plain dicts, and their shapes for the description.

The facts are those that were frozen when somebody was asked, in the language of the reader, without margins for those who may
not see any.
"""

from typing import Any

from django.utils.translation import get_language
from rest_framework import serializers

from approvals import policies, selectors, standing, summary
from approvals.choices import RemarkKind, RequestStatus, RunStatus, Settled, Verdict, Via
from approvals.models import Decision, Remark, Request, RunGate
from approvals.services import Answered
from core.api.fields import Exact, Output
from core.api.values import Json, instant
from users.models import User
from users.roles import Perm


# --- Shapes -----------------------------------------------------------------------------------------------------------
class GateOfRunOut(Output):
    gate = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class SettledGateOut(GateOfRunOut):
    """A gate about which nobody had to be asked: a rule approves it, or it is still approved from before."""

    settled = serializers.ChoiceField([Settled.AUTOMATIC, Settled.CARRIED])
    rule = serializers.CharField(allow_blank=True)
    by_name = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)


class RemarkOut(Output):
    """Something that was said about the subject in any of its rounds."""

    kind = serializers.ChoiceField(RemarkKind.choices)
    text = serializers.CharField()
    lines = serializers.ListField(child=serializers.IntegerField())
    by = serializers.IntegerField()
    by_name = serializers.CharField()
    at = serializers.DateTimeField()


class DecisionOut(Output):
    """The answer, once there is one."""

    verdict = serializers.ChoiceField(Verdict.choices)
    comment = serializers.CharField(allow_blank=True)
    by = serializers.IntegerField()
    by_name = serializers.CharField()
    via = serializers.ChoiceField(Via.choices)
    at = serializers.DateTimeField()


class StepOfRunOut(Output):
    """One person asked, of all who are asked about the same version."""

    id = serializers.IntegerField()
    position = serializers.IntegerField()
    status = serializers.ChoiceField(RequestStatus.choices)
    is_open = serializers.BooleanField()
    approver = serializers.IntegerField(allow_null=True, help_text="Null: the data stewards.")
    approver_name = serializers.CharField(allow_null=True)
    instead_of = serializers.IntegerField(allow_null=True, help_text="The absent person whom the approver stands in for.")
    gates = GateOfRunOut(many=True)
    due_at = serializers.DateTimeField(allow_null=True)
    decision = DecisionOut(allow_null=True)


class ApprovalRowOut(StepOfRunOut):
    """A request for somebody's yes, as lists show it. `version` and `content_hash` are what a decision is bound to."""

    subject = serializers.CharField(help_text="Kind and id: `quote:42`.")
    title = serializers.CharField(allow_blank=True)
    customer = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField()
    content_hash = serializers.CharField()
    run = serializers.IntegerField()
    run_status = serializers.ChoiceField(RunStatus.choices)
    requested_by = serializers.IntegerField()
    requested_by_name = serializers.CharField()
    asked_at = serializers.DateTimeField(allow_null=True)


class FactOut(Output):
    label = serializers.CharField()  # type: ignore[assignment]
    value = serializers.CharField(allow_blank=True)
    before = serializers.CharField(allow_blank=True, help_text="The value in the round before, where it differs.")


class LimitOut(Output):
    what = serializers.CharField()
    limit = serializers.CharField(allow_blank=True)
    actual = serializers.CharField(allow_blank=True)
    before = serializers.CharField(allow_blank=True, help_text="The value in the round before, where it differs.")


class LineOfSubjectOut(Output):
    position = serializers.IntegerField()
    sku = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    quantity = Exact()
    list_price = Exact()
    discount_percent = Exact(allow_null=True)
    net_price = Exact()
    line_net = Exact()
    margin = Exact(allow_null=True, help_text="Percent; null where it is unknown, and for those who may not see margins.")
    marks = serializers.ListField(child=serializers.CharField(), help_text="What it is when it is no plain line.")
    details = serializers.ListField(child=serializers.CharField(allow_blank=True), help_text="What exactly is sold.")
    flag = serializers.BooleanField()
    changed = serializers.BooleanField(help_text="Whether it differs from what it is compared with, or is new.")


class FactsOut(Output):
    """What the approver needs to know, ready to read. Numbers of lines are exact, the others are written out."""

    title = serializers.CharField(allow_blank=True)
    customer = serializers.CharField(allow_blank=True)
    sentences = serializers.ListField(child=serializers.CharField())
    facts = FactOut(many=True)
    limits = LimitOut(many=True)
    lines = LineOfSubjectOut(many=True)
    is_compared = serializers.BooleanField(help_text="With a round before that somebody looked at, or what was sent before.")
    url = serializers.CharField(allow_blank=True, help_text="Path of the page.")


class PersonOut(Output):
    id = serializers.IntegerField()
    name = serializers.CharField()


class ApprovalOut(ApprovalRowOut):
    """A request for somebody's yes, with the frozen facts and all steps of its round."""

    reason = serializers.CharField(allow_blank=True)
    can_decide = serializers.BooleanField()
    can_recall = serializers.BooleanField()
    successors = PersonOut(many=True, help_text="To whom you may hand the request over.")
    standing = serializers.CharField(allow_blank=True, help_text="How it stands, in a sentence.")
    facts = FactsOut()
    steps = StepOfRunOut(many=True)
    settled = SettledGateOut(many=True)
    remarks = RemarkOut(many=True)
    continued_by = serializers.IntegerField(allow_null=True, help_text="The request that goes on from this one, asked back.")


class YesOut(Output):
    """What became of one request: approved, or refused and left as it was. `code` and `detail` are those of the refusal."""

    id = serializers.IntegerField()
    approved = serializers.BooleanField()
    code = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(allow_blank=True)


class YesesOut(Output):
    """In the order in which they were sent."""

    results = YesOut(many=True)


# --- Values -----------------------------------------------------------------------------------------------------------
def row_out(asked: Request, *, title: str, customer: str) -> Json:
    run = asked.run
    return {
        **_step_out(asked),
        "subject": f"{run.subject_type}:{run.subject_id}",
        "title": title,
        "customer": customer,
        "version": run.subject_version,
        "content_hash": run.content_hash,
        "run": run.pk,
        "run_status": run.status,
        "requested_by": run.requested_by_id,
        "requested_by_name": run.requested_by.display_name,
        "asked_at": instant(asked.asked_at),
    }


def approval_out(asked: Request, person: User) -> Json:
    """The whole request as this person sees it."""
    language = get_language() or "en"
    seen = summary.of_request(asked, language=language, with_margin=person.may(Perm.MARGIN_VIEW))
    stands = standing.standing_of(asked, person)
    steps = selectors.steps(asked.run)
    people = standing.successors(asked, person, stands, steps)
    return {
        **row_out(asked, title=seen["title"], customer=seen["customer"]),
        "reason": asked.run.reason,
        "can_decide": stands.can_decide,
        "can_recall": asked.run.status == RunStatus.OPEN and policies.may_recall(person, asked.run),
        "successors": [{"id": user.pk, "name": user.display_name} for user in people],
        "standing": stands.sentence,
        "facts": _facts_out(seen),
        "steps": [_step_out(step) for step in steps],
        "settled": [_settled_out(gate) for gate in selectors.settled(asked.run)],
        "remarks": [_remark_out(remark) for remark in selectors.remarks(asked.run)],
        "continued_by": asked.continued_by.pk if hasattr(asked, "continued_by") else None,
    }


def yes_out(answer: Answered) -> Json:
    error = answer.error
    return {
        "id": answer.request_id,
        "approved": error is None,
        "code": error.code if error else "",
        "detail": str(error) if error else "",
    }


def _step_out(asked: Request) -> Json:
    decision = asked.decision_or_none
    return {
        "id": asked.pk,
        "position": asked.position,
        "status": asked.status,
        "is_open": asked.is_open,
        "approver": asked.approver_id,
        "approver_name": asked.approver.display_name if asked.approver else None,
        "instead_of": asked.instead_of_id,
        "gates": [{"gate": gate.gate, "label": gate.label} for gate in asked.gates.all()],
        "due_at": instant(asked.due_at),
        "decision": _decision_out(decision) if decision else None,
    }


def _decision_out(decision: Decision) -> Json:
    return {
        "verdict": decision.verdict,
        "comment": decision.comment,
        "by": decision.decided_by_id,
        "by_name": decision.decided_by.display_name,
        "via": decision.via,
        "at": instant(decision.at),
    }


def _facts_out(seen: Json) -> Json:
    shown = {name: seen[name] for name in ("title", "customer", "sentences", "is_compared", "url")}
    return {
        **shown,
        "facts": [{"before": "", **_only(row, FactOut)} for row in seen["facts"]],
        "limits": [{"before": "", **_only(row, LimitOut)} for row in seen["limits"]],
        "lines": [_line_out(line) for line in seen["lines"]],
    }


def _line_out(line: Json) -> Json:
    changed = any(line.get(name) for name in ("is_new", "before", "details_before"))
    return {**_only(line, LineOfSubjectOut), "margin": line["margin"] or None, "changed": changed}


def _only(row: dict[str, Any], shape: type[Output]) -> Json:
    return {name: row.get(name) for name in shape._declared_fields if name in row or name not in ("before", "changed")}


def _settled_out(gate: RunGate) -> Json:
    decision = gate.carried_from
    return {
        "gate": gate.gate,
        "label": gate.label,
        "settled": gate.settled,
        "rule": gate.definition.get("rule_name", ""),
        "by_name": decision.decided_by.display_name if decision else None,
        "at": instant(decision.at) if decision else None,
    }


def _remark_out(remark: Remark) -> Json:
    return {
        "kind": remark.kind,
        "text": remark.text,
        "lines": remark.lines,
        "by": remark.by_id,
        "by_name": remark.by.display_name,
        "at": instant(remark.at),
    }
