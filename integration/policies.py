"""Who may run and watch syncs."""

from users.models import User
from users.roles import Perm


def may_sync(user: User) -> bool:
    return user.may(Perm.STEWARD)
