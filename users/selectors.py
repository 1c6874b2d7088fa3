"""Finding people."""

from django.db.models import Q

from core.prepared import Prepared
from users.models import RoleAssignment, User


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


_roles = Prepared(lambda user_id: RoleAssignment.objects.filter(user=user_id).select_related("user__team"))


def user_with_roles(user_id: int) -> User | None:
    """The person with roles and team, as every request needs them: one query."""
    held = _roles.rows(user_id)
    user: User | None = held[0].user if held else User.objects.select_related("team").filter(pk=user_id).first()
    if user is not None:
        user.role_codes = frozenset(assignment.role for assignment in held)
    return user
