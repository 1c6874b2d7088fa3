"""Who may do what to a quote. Which quotes somebody sees at all is `Quote.objects.visible_to`."""

from accounts import policies as accounts
from quotes.models import Quote
from users.models import User
from users.roles import Perm


def may_edit(user: User, quote: Quote) -> bool:
    """Whoever made it, and whoever manages the account: its owner and team, their support, managers of the unit."""
    return user.may(Perm.QUOTE_EDIT) and (quote.owner_id == user.pk or accounts.may_edit(user, quote.account))


def may_see_margin(user: User) -> bool:
    return user.may(Perm.MARGIN_VIEW)


def may_write_statements(user: User) -> bool:
    """Of any draft in sight."""
    return user.may(Perm.SOW_WRITE)


def may_surcharge(user: User) -> bool:
    return user.may(Perm.QUOTE_SURCHARGE)
