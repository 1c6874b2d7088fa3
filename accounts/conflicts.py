"""Reads of conflicts: what the master could not decide, who may settle it, and what a candidate stands for."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts import explanations, selectors
from accounts.models import Account, MasterConflict, MasterRecord
from accounts.survivorship import ConflictKind
from core import db, events
from core.errors import Invalid, NotFound
from core.models import Event
from users.models import RoleAssignment, User
from users.roles import ROLES, Perm, SalesSupport, Scope, codes_with

_RELATED = ("account__owner__team", "account__unit", "run", "assigned_to", "resolved_by")


def conflict_list_for(user: User) -> QuerySet[MasterConflict]:
    """The conflicts of accounts in sight of this person, with what a list shows of them."""
    return MasterConflict.objects.visible_to(user).select_related("account", "run", "assigned_to")


def conflict_for(user: User, conflict_id: int) -> MasterConflict:
    """A conflict of an account in sight of this person. Raises: NotFound."""
    found = MasterConflict.objects.visible_to(user).select_related(*_RELATED).filter(pk=conflict_id).first()
    if found is None:
        raise NotFound
    return found


def conflict_for_update(user: User, conflict_id: int) -> MasterConflict:
    """The conflict and its account, both locked, the account first. Raises: NotFound."""
    account = selectors.account_for_update(conflict_for(user, conflict_id).account_id, user)
    conflict = account.conflicts.select_for_update(**db.lock_options()).get(pk=conflict_id)
    conflict.account = account
    return conflict


def people_for(account: Account) -> QuerySet[User]:
    """Who can settle a conflict of this account: those of `policies.may_edit`, by name."""
    editors, wide = codes_with(Perm.ACCOUNT_EDIT), [role.code for role in ROLES.values() if role.scope >= Scope.UNIT]
    by_role = RoleAssignment.objects.values("user")
    people = Q(pk=account.owner_id) | Q(account_memberships__account=account)
    if account.unit_id is not None:
        people |= Q(team__unit=account.unit_id, pk__in=by_role.filter(role__in=wide))
    if account.owner and account.owner.team_id is not None:
        people |= Q(team=account.owner.team_id, pk__in=by_role.filter(role=SalesSupport.code))
    people = Q(people, pk__in=by_role.filter(role__in=editors)) | Q(pk__in=by_role.filter(role__in=codes_with(Perm.STEWARD)))
    return QuerySet(User).filter(people, is_active=True).distinct().order_by("display_name", "pk")


LEFT = "left conflict"
"""The event of a conflict that somebody closed without choosing."""


def was_left(conflict: MasterConflict) -> bool:
    """Whether somebody closed it without choosing."""
    told = Event.objects.filter(subject_type=events.subject_type(Account), subject_id=conflict.account_id, verb=LEFT)
    return told.filter(data__conflict=conflict.pk).exists()


def still_stands(conflict: MasterConflict) -> bool:
    """Whether the active sites still leave the field undecided in that way."""
    if conflict.kind == ConflictKind.UNKNOWN:
        return is_nobodys(MasterRecord.objects.filter(account=conflict.account_id).first())
    return explanations.conflict_of(conflict.account, conflict.field) == conflict.kind


def is_nobodys(record: MasterRecord | None) -> bool:
    """Whether the master names a salesperson as the owner who is no active user."""
    number = record.values.get("owner") if record else None
    return bool(number) and not User.objects.filter(salesperson_id=number, is_active=True).exists()


def chosen(conflict: MasterConflict, value: str) -> Any:
    """What the field holds when this candidate is chosen. Raises: Invalid."""
    if value not in [candidate.get("value") for candidate in conflict.candidates]:
        raise Invalid(fields={"candidate": _("Choose one of the candidates.")})
    column: Any = Account._meta.get_field(conflict.field)
    if conflict.field == "owner":
        person = User.objects.filter(salesperson_id=value, is_active=True).first()
        if person is None:
            said = _("No active user has the salesperson ID %(number)s. Give it to a user first, or choose an owner by hand.")
            raise Invalid(fields={"candidate": said % {"number": value}})
        return person
    if isinstance(column, models.ForeignKey):
        row = selectors.look_up_rows(conflict.field).filter(code=value).first()
        if row is None:
            raise Invalid(fields={"candidate": _("There is no value with the code %(code)s.") % {"code": value}})
        return row
    return Decimal(value) if isinstance(column, models.DecimalField) else value


def choosable(conflict: MasterConflict) -> set[str]:
    """The candidates that `chosen` takes: of salespeople the active users, of codes those that there are. One query."""
    values = [str(candidate["value"]) for candidate in conflict.candidates if candidate.get("value")]
    if conflict.field == "owner":
        people = User.objects.filter(salesperson_id__in=values, is_active=True)
        return {number for number in people.values_list("salesperson_id", flat=True) if number}
    if isinstance(Account._meta.get_field(conflict.field), models.ForeignKey):
        return set(selectors.look_up_rows(conflict.field).filter(code__in=values).order_by().values_list("code", flat=True))
    return set(values)


def in_force(conflict: MasterConflict) -> str | None:
    """The candidate that the account holds now; None where it is none of them."""
    held: Any = getattr(conflict.account, conflict.field)
    if isinstance(held, models.Model):
        held = held.salesperson_id if isinstance(held, User) else held.code  # type: ignore[attr-defined]
    values = [str(candidate["value"]) for candidate in conflict.candidates if candidate.get("value")]
    if isinstance(held, Decimal):
        return next((value for value in values if Decimal(value) == held), None)
    return held if held in values else None
