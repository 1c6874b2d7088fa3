"""Who may do what to a quote. Which quotes somebody sees at all is `Quote.objects.visible_to`."""

from collections.abc import Collection

from accounts import policies as accounts
from accounts.models import Account
from quotes.models import Quote, QuoteTemplate
from users.models import User
from users.roles import Perm


def may_edit(user: User, quote: Quote) -> bool:
    """Whoever made it, and whoever manages the account: its owner and team, their support, managers of the unit."""
    return user.may(Perm.QUOTE_EDIT) and (quote.owner_id == user.pk or accounts.may_edit(user, quote.account))


def editable(user: User, quotes: Collection[Quote]) -> set[int]:
    """The keys of those that this person may edit. One query for all of them; they come with the owner of their account."""
    if not user.may(Perm.QUOTE_EDIT):
        return set()
    managed = accounts.editable(user, [quote.account for quote in quotes])
    return {quote.pk for quote in quotes if quote.owner_id == user.pk or quote.account_id in managed}


def may_own(person: User, quote: Quote) -> bool:
    """Whoever makes quotes and sees the account. One query."""
    if not (person.is_active and person.may(Perm.QUOTE_EDIT)):
        return False
    return Account.objects.visible_to(person).filter(pk=quote.account_id).exists()


def may_see_margin(user: User) -> bool:
    return user.may(Perm.MARGIN_VIEW)


def may_write_statements(user: User) -> bool:
    """Of any draft in sight."""
    return user.may(Perm.SOW_WRITE)


def may_surcharge(user: User) -> bool:
    return user.may(Perm.QUOTE_SURCHARGE)


def may_change_template(user: User, template: QuoteTemplate) -> bool:
    """Whoever made it. Stewards keep all of them in the administration."""
    return user.may(Perm.QUOTE_EDIT) and template.owner_id == user.pk
