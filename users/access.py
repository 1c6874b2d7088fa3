"""Every view declares who may. The middleware refuses a view that does not; a test finds it before that."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.http import HttpRequest

from users.models import User
from users.roles import Perm

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
SIGNED_IN = "signed in"
BY_ACTION = "by action"
"""Endpoints of the API declare who may for each of their actions, and check it after they have read the token."""


def public(view: View) -> View:
    """Anyone, also without a session: logging in, health checks."""
    view.access = PUBLIC  # type: ignore[attr-defined]
    return view


def by_link(view: View) -> View:
    """Whoever holds the link, which carries its own right. No answer, errors included, is kept or told to other sites."""
    view.by_link = True  # type: ignore[attr-defined]
    return public(view)


def signed_in(view: View) -> View:
    """Every user who is signed in."""
    view.access = SIGNED_IN  # type: ignore[attr-defined]
    return view


def requires(*permissions: Perm) -> Callable[[View], View]:
    """Users who have at least one of `permissions`. Which records they see is up to `visible_to`."""

    def declare(view: View) -> View:
        view.access = frozenset(permissions)  # type: ignore[attr-defined]
        return view

    return declare


# Views of libraries, by the module they come from.
_LIBRARY_VIEWS: dict[str, Any] = {
    "allauth.account.views": PUBLIC,
    "django.contrib.admin": frozenset({Perm.ADMIN}),
    "django.contrib.auth.admin": frozenset({Perm.ADMIN}),
    "simple_history.admin": frozenset({Perm.ADMIN}),
}


def access_of(view: Callable[..., Any]) -> Any:
    """What a view declares: PUBLIC, SIGNED_IN, BY_ACTION, a set of permissions, or None when nothing is declared."""
    if hasattr(view, "actions"):  # of a view set
        return BY_ACTION if getattr(view.cls, "access", None) else None  # type: ignore[attr-defined]
    declared = _attribute(view, "access")
    if declared is not None:
        return declared
    inner = getattr(view, "admin_site", None) or getattr(view, "model_admin", None)
    if inner is not None:
        return frozenset({Perm.ADMIN})
    for module, access in _LIBRARY_VIEWS.items():
        if view.__module__.startswith(module):
            return access
    return None


def is_before_second_factor(view: Callable[..., Any]) -> bool:
    """Whether people open this who have yet to show their second factor: it is where they do."""
    return bool(_attribute(view, "before_second_factor"))


def _attribute(view: Callable[..., Any], name: str) -> Any:
    return getattr(view, name, None) or getattr(getattr(view, "view_class", None), name, None)


def may_enter(user: Any, access: Any) -> bool:
    """Whether this person passes the declaration."""
    if access == PUBLIC:
        return True
    if not (isinstance(user, User) and user.is_active):
        return False
    return access == SIGNED_IN or (access is not None and bool(user.permissions & access))


def is_by_link(request: HttpRequest) -> bool:
    """Whether the address asked for is one that a mailed link opens."""
    match = request.resolver_match
    return match is not None and getattr(match.func, "by_link", False)


def user_of(request: HttpRequest) -> User:
    """The signed-in user of a view that is not public."""
    return cast(User, request.user)
