"""Who may do what to an opportunity. Which ones somebody sees at all is `Opportunity.objects.visible_to`."""

from accounts import policies as accounts
from accounts.models import Account
from opportunities.models import Opportunity
from users.models import User
from users.roles import Perm


def may_create(user: User, account: Account) -> bool:
    """Whoever manages the account: its owner and team, their support, managers of the unit, stewards."""
    return user.may(Perm.OPPORTUNITY_VIEW) and accounts.may_edit(user, account)


def may_edit(user: User, opportunity: Opportunity) -> bool:
    """Its owner, and whoever manages the account."""
    if not (user.may(Perm.OPPORTUNITY_VIEW) and user.may(Perm.ACCOUNT_EDIT)):
        return False
    return opportunity.owner_id == user.pk or accounts.may_edit(user, opportunity.account)
