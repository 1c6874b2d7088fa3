"""Who may decide, and who may take back."""

from typing import Any

from approvals import registry
from approvals.choices import LinkPower
from approvals.models import ApprovalSettings, Request, Run
from users.models import User
from users.roles import Perm


def is_involved(user: User, run: Run) -> bool:
    """Whether this person asked or made the last change: such a person never decides, whatever their roles."""
    return user.pk in (run.requested_by_id, run.last_editor_id)


def is_asked(user: User, request: Request) -> bool:
    """Whether the request is this person's to answer; any steward answers the queue."""
    return user.may(Perm.STEWARD) if request.approver_id is None else request.approver_id == user.pk


def may_decide_now(user: User, request: Request) -> bool:
    """Active, asked, still holding every gate's permission, and not involved."""
    if not user.is_active or not is_asked(user, request) or is_involved(user, request.run):
        return False
    return request.approver_id is None or all(gate.permission in user.permissions for gate in request.gates.all())


def may_decide(user: User, request: Request, subject: Any) -> bool:
    """All that, and in charge of the subject's unit. A steward answers the queue for every unit."""
    if not may_decide_now(user, request):
        return False
    return request.approver_id is None or user in registry.subject_for(request.run.subject_type).eligible(subject, [user])


def may_hand_over(user: User, request: Request, subject: Any) -> bool:
    """Who is asked passes the request on; a steward gives any request to somebody else. Nobody who is involved does."""
    if not user.is_active or is_involved(user, request.run):
        return False
    return user.may(Perm.STEWARD) or may_decide(user, request, subject)


def link_decides(run: Run, settings: ApprovalSettings) -> bool:
    """Whether the link in a mail is enough for this. What has no value counts as nothing."""
    if settings.link_power == LinkPower.LIMIT:
        return (run.amount or 0) <= settings.link_limit
    return settings.link_power == LinkPower.ALWAYS


def may_recall(user: User, run: Run) -> bool:
    """Only who asked takes it back."""
    return user.is_active and user.pk == run.requested_by_id
