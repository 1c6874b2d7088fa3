"""Who may do what to an account. Whether somebody sees it at all is up to `visible_to`."""

from collections.abc import Collection

from accounts.models import Account, AccountTeamMember
from users.models import User
from users.roles import Perm, SalesSupport, Scope


def may_edit(user: User, account: Account) -> bool:
    """The owner, the account team, support of the owner's team, managers in their unit, stewards everywhere."""
    return user.may(Perm.ACCOUNT_EDIT) and (_manages(user, account) or account.team_members.filter(user=user).exists())


def editable(user: User, accounts: Collection[Account]) -> set[int]:
    """The keys of those that this person may edit. One query for all of them."""
    if not user.may(Perm.ACCOUNT_EDIT):
        return set()
    keys = [account.pk for account in accounts]
    joined = set(AccountTeamMember.objects.filter(user=user, account__in=keys).values_list("account", flat=True))
    return {account.pk for account in accounts if account.pk in joined or _manages(user, account)}


def may_merge(user: User, loser: Account, survivor: Account, *, proposed: bool) -> bool:
    """Who may edit both. Where the system has proposed it, seeing the survivor is enough; whether somebody does is up to the
    caller."""
    return may_edit(user, loser) and (proposed or may_edit(user, survivor))


def _manages(user: User, account: Account) -> bool:
    if user.may(Perm.STEWARD) or account.owner_id == user.pk:
        return True
    if user.scope >= Scope.UNIT and account.unit_id is not None and account.unit_id == user.unit_id:
        return True
    return _supports_owner(user, account)


def _supports_owner(user: User, account: Account) -> bool:
    owner = account.owner
    return (
        SalesSupport.code in user.role_codes and owner is not None and owner.team_id is not None and owner.team_id == user.team_id
    )
