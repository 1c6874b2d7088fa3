"""Who may do what to a quote. Which quotes somebody sees at all is `Quote.objects.visible_to`."""

from core.errors import NotAllowed
from quotes.models import Quote
from users.models import User
from users.roles import Perm, Scope


def may_edit(user: User, quote: Quote) -> bool:
    """The owner's team: the owner, team colleagues, the account's owner and team, and managers of the unit."""
    if not user.may(Perm.QUOTE_EDIT):
        return False
    if user.pk in (quote.owner_id, quote.account.owner_id) or user.scope >= Scope.UNIT:
        return True
    owner_team = quote.owner.team_id
    if owner_team is not None and owner_team == user.team_id:
        return True
    return quote.account.team_members.filter(user=user).exists()


def may_see_margin(user: User) -> bool:
    return user.may(Perm.MARGIN_VIEW)


def may_surcharge(user: User) -> bool:
    return user.may(Perm.QUOTE_SURCHARGE)


def require(allowed: bool) -> None:
    """Raises NotAllowed unless `allowed`."""
    if not allowed:
        raise NotAllowed
