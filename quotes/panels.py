"""What the pages of an account show of quotes."""

from typing import Any

from accounts.models import Account
from opportunities.choices import CLOSED
from opportunities.models import Opportunity
from quotes import policies
from quotes.models import Quote, QuoteDocument
from users.models import User
from users.roles import Perm

SHOWN = 5


def quotes_of_account(account: Account, user: User) -> dict[str, Any] | None:
    """The latest quotes of the account that this person sees, and whether there are more; None without the right."""
    if not user.may(Perm.QUOTE_VIEW):
        return None
    quotes = list(Quote.objects.visible_to(user).filter(account=account).order_by("-id")[: SHOWN + 1])
    return {"quotes": quotes[:SHOWN], "more": len(quotes) > SHOWN, "may_make": user.may(Perm.QUOTE_EDIT), "account": account}


def quotes_of_opportunity(opportunity: Opportunity, user: User) -> dict[str, Any] | None:
    """The same of an opportunity, the oldest first, with what tells them apart."""
    if not user.may(Perm.QUOTE_VIEW):
        return None
    quotes = list(Quote.objects.visible_to(user).filter(opportunity=opportunity).order_by("-id")[: SHOWN + 1])
    return {
        "quotes": quotes[:SHOWN],
        "more": len(quotes) > SHOWN,
        "may_make": user.may(Perm.QUOTE_EDIT) and opportunity.status not in CLOSED,
        "opportunity": opportunity,
        "sees_margin": policies.may_see_margin(user),
    }


def sent_quotes_of_loser(loser: Account, user: User) -> dict[str, Any] | None:
    """For the page of a merge: nothing to show but that quotes of the account were sent."""
    return {} if QuoteDocument.objects.filter(quote__account=loser, withdrawn_at=None).exists() else None
