"""Who may decide, and who may take back."""

from collections.abc import Mapping, Set as AbstractSet
from decimal import Decimal
from typing import Any

from approvals import registry
from approvals.choices import LinkPower, Who
from approvals.models import ApprovalSettings, Request, Run, RunGate
from users.models import User
from users.roles import Perm, Scope


def is_involved(user: User, run: Run) -> bool:
    """Whether this person asked or made the last change: such a person never decides, whatever their roles."""
    return user.pk in (run.requested_by_id, run.last_editor_id)


def is_asked(user: User, request: Request) -> bool:
    """Whether the request is this person's to answer; any steward answers the queue."""
    return user.may(Perm.STEWARD) if request.approver_id is None else request.approver_id == user.pk


def may_decide_now(user: User, request: Request) -> bool:
    """Active, asked, still one of those whom every gate means, and not involved."""
    if not user.is_active or not is_asked(user, request) or is_involved(user, request.run):
        return False
    return request.approver_id is None or all(_is_meant(user, gate, request.run) for gate in request.gates.all())


def _is_meant(user: User, gate: RunGate, run: Run) -> bool:
    return answers_to(user, {"permission": gate.permission, **gate.definition}, run.amount)


def answers_to(user: User, definition: Mapping[str, Any], amount: Decimal | None) -> bool:
    """Whether the definition means this person, for so much. Shape: see approvals.routing."""
    who = definition.get("who", Who.RIGHT)
    if who == Who.ROLE:
        meant = definition["role"] in user.role_codes
    elif who == Who.PEOPLE:
        meant = user.pk in definition["people"]
    else:
        is_manager = who in (Who.MANAGER, Who.MANAGERS) and user.pk in definition["people"]
        meant = is_manager or definition["permission"] in user.permissions
    return meant and is_within(definition, user.pk, user.role_codes, amount)


def is_within(definition: Mapping[str, Any], user_id: int, role_codes: AbstractSet[str], amount: Decimal | None) -> bool:
    """Whether so much is within the authority of this person: their own limit, else the highest of their roles, else any."""
    limits = definition.get("limits") or {}
    if amount is None:
        return True
    own = limits.get("users", {}).get(str(user_id))
    if own is not None:
        return amount <= Decimal(own)
    of_roles = [Decimal(up_to) for role, up_to in limits.get("roles", {}).items() if role in role_codes]
    return not of_roles or amount <= max(of_roles)


def may_decide(user: User, request: Request, subject: Any) -> bool:
    """All that, and in charge of the subject's unit. A steward answers the queue for every unit."""
    if not may_decide_now(user, request):
        return False
    return request.approver_id is None or is_named(request) or _covers_unit(user, request, subject)


def is_named(request: Request) -> bool:
    """Whether rules name the people who are asked, so that their business unit does not matter."""
    return all(gate.definition.get("who") in (Who.PEOPLE, Who.MANAGER, Who.MANAGERS) for gate in request.gates.all())


def _covers_unit(user: User, request: Request, subject: Any) -> bool:
    return user in registry.subject_for(request.run.subject_type).eligible(subject, [user])


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


def may_oversee(user: User) -> bool:
    """Whether this person watches the approvals of others: stewards, who approve margins, and who manage a team."""
    if user.may(Perm.STEWARD) or user.may(Perm.APPROVE_MARGIN):
        return True
    return user.is_active and user.managed_teams.exists()


def oversees_everybody(user: User) -> bool:
    """Stewards, and leadership."""
    return user.may(Perm.STEWARD) or (user.may(Perm.APPROVE_MARGIN) and user.scope == Scope.ALL)


def oversees(user: User, person: User) -> bool:
    """Whether `person` is one of theirs: of a team they manage, or of their unit for those who approve its margins."""
    if oversees_everybody(user):
        return True
    if person.team is None:
        return False
    is_of_unit = user.may(Perm.APPROVE_MARGIN) and user.unit_id is not None and person.team.unit_id == user.unit_id
    return is_of_unit or person.team.manager_id == user.pk


def may_recall(user: User, run: Run) -> bool:
    """Only who asked takes it back."""
    return user.is_active and user.pk == run.requested_by_id
