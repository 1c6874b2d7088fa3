"""Who may run and watch syncs."""

from core.errors import NotAllowed
from users.models import User
from users.roles import Perm


def may_sync(user: User) -> bool:
    return user.may(Perm.STEWARD)


def require(allowed: bool) -> None:
    """Raises: NotAllowed."""
    if not allowed:
        raise NotAllowed
