"""Who may set things for whom."""

from users.models import User
from users.roles import Perm


def may_set_absence(user: User, person: User) -> bool:
    """One's own; a steward also that of somebody who cannot, as who is ill."""
    return user.is_active and (user.pk == person.pk or user.may(Perm.STEWARD))
