"""Finding people, and who is away."""

import datetime as dt
from collections.abc import Iterable

from django.db.models import CharField, Q
from django.db.models.functions import Cast

from core import clock
from core.errors import NotFound
from core.prepared import Prepared
from users.absences import Away, stand_in
from users.models import Absence, AbsenceQuerySet, RoleAssignment, SavedView, User, UserQuerySet
from users.roles import Perm


def user_named(login: str) -> User | None:
    """The user of this user name or e-mail address, active or not. If it is one's name and another's address: the latter."""
    found: list[User] = list(User.objects.filter(Q(email__iexact=login) | Q(username__iexact=login)).order_by("pk"))
    return max(found, key=lambda user: (user.email.casefold() == login.casefold(), user.username == login), default=None)


def user_to_mail(email: str) -> User | None:
    """The active user of this address."""
    found: User | None = User.objects.filter(email__iexact=email, is_active=True).order_by("pk").first()
    return found


def user_for_update(user_id: int) -> User:
    """The user, locked."""
    user: User = User.objects.select_for_update().get(pk=user_id)
    return user


_codes = Prepared(lambda user_id: RoleAssignment.objects.filter(user=user_id).values_list("role", flat=True))


def role_codes_of(user_id: int) -> frozenset[str]:
    """The codes of this person's roles."""
    return frozenset(_codes.rows(user_id))


def stewards() -> list[User]:
    """Everybody who answers for what has no other owner."""
    return list(User.objects.holding(Perm.STEWARD).order_by("pk"))


def role_codes_by_user(users: Iterable[User | int]) -> dict[int, set[str]]:
    """The codes of the roles of these people, by their keys. One query."""
    held: dict[int, set[str]] = {}
    for user, role in RoleAssignment.objects.filter(user__in=users).values_list("user", "role"):
        held.setdefault(user, set()).add(role)
    return held


_roles = Prepared(lambda user_id: RoleAssignment.objects.filter(user=user_id).select_related("user__team"))


def user_with_roles(user_id: int) -> User | None:
    """The person with roles and team, as every request needs them: one query."""
    held = _roles.rows(user_id)
    user: User | None = held[0].user if held else User.objects.select_related("team").filter(pk=user_id).first()
    if user is not None:
        user.role_codes = frozenset(assignment.role for assignment in held)
    return user


# --- Who is away ------------------------------------------------------------------------------------------------------
_away = Prepared(
    lambda day: (
        Absence.objects.annotate(first=Cast("starts_on", CharField()), last=Cast("ends_on", CharField()))
        .filter(first__lte=day, last__gte=day)
        .values_list("user_id", "ends_on", "substitute_id", "substitute__is_active")
        .order_by()
    )
)
"""Days are texts here, as a prepared query takes no others; written the ISO way they stand in order."""


def away_on(day: dt.date) -> dict[int, Away]:
    """Everybody who is away on the day, by key. A substitute who has left is none. One query."""
    rows = _away.rows(day.isoformat())
    return {person: Away(until, substitute if is_active else None) for person, until, substitute, is_active in rows}


def standing_in(person_id: int, day: dt.date) -> User | None:
    """Who stands in for the person on the day; see `users.absences.stand_in`."""
    key = stand_in(person_id, away_on(day))
    return User.objects.get(pk=key) if key else None


def absence_today(user: User) -> Absence | None:
    """The absence of the person that holds today."""
    return Absence.objects.of_day(clock.today()).filter(user=user).first()


def absences_ahead(user: User) -> AbsenceQuerySet:
    """Present and future absences of the person, the next one first."""
    return user.absences.filter(ends_on__gte=clock.today()).select_related("substitute")


def absence_for(user: User, absence_id: int) -> Absence:
    """The absence, for somebody who may see it. Raises: NotFound."""
    seen = Absence.objects.visible_to(user).select_related("user", "substitute")
    absence: Absence | None = seen.filter(pk=absence_id).first()
    if absence is None:
        raise NotFound
    return absence


def colleagues_for(user: User) -> UserQuerySet:
    """Those who could stand in for the person, by name, with their teams."""
    others: UserQuerySet = User.objects.visible_to(user).filter(is_active=True).exclude(pk=user.pk).select_related("team")
    return others


# --- Saved views ------------------------------------------------------------------------------------------------------
_views = Prepared(lambda user, page: SavedView.objects.visible_to(user).filter(page=page).values_list("pk", "name", "query"))


def views_of(user: User, page: str) -> list[tuple[int, str, str]]:
    """Key, name and filter of each view that the person keeps of the page, by name. One query."""
    return _views.rows(user, page)
