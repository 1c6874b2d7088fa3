"""Who may do what to an account. Whether somebody sees it at all is up to `visible_to`."""

from accounts.models import Account
from users.models import User
from users.roles import Perm, SalesSupport, Scope


def may_edit(user: User, account: Account) -> bool:
    """The owner, the account team, support of the owner's team, managers in their unit, stewards everywhere."""
    if not user.may(Perm.ACCOUNT_EDIT):
        return False
    if user.may(Perm.STEWARD) or account.owner_id == user.pk:
        return True
    if user.scope >= Scope.UNIT and account.unit_id is not None and account.unit_id == user.unit_id:
        return True
    return _supports_owner(user, account) or account.team_members.filter(user=user).exists()


def _supports_owner(user: User, account: Account) -> bool:
    owner = account.owner
    return (
        SalesSupport.code in user.role_codes and owner is not None and owner.team_id is not None and owner.team_id == user.team_id
    )
