"""What other pages show of opportunities."""

from typing import Any

from accounts.models import Account
from opportunities.models import Opportunity
from users.models import User
from users.roles import Perm

SHOWN = 5


def opportunities_of_account(account: Account, user: User) -> dict[str, Any] | None:
    """The latest opportunities of the account; None for those who may not see any. One query."""
    if not user.may(Perm.OPPORTUNITY_VIEW):
        return None
    rows = Opportunity.objects.visible_to(user).filter(account=account).select_related("owner").order_by("-pk")
    latest = list(rows[: SHOWN + 1])
    return {"opportunities": latest[:SHOWN], "has_more": len(latest) > SHOWN, "account": account}
