"""Several quotes at once: what can be done with which of those that somebody has selected, and why not with the others."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from quotes import policies
from quotes.choices import QuoteStatus
from quotes.models import Quote
from quotes.services.owning import KEPT
from users.models import User
from users.roles import Perm, Scope, codes_with

OWNER, VALID_UNTIL, CANCEL, EXPORT = "owner", "valid_until", "cancel", "export"
ACTIONS = (OWNER, VALID_UNTIL, CANCEL, EXPORT)

_CANCELLABLE = (QuoteStatus.DRAFT, QuoteStatus.APPROVED, QuoteStatus.SENT)


class Left(NamedTuple):
    """A quote with which it is not done, and why."""

    quote: Quote
    why: str | Promise


class Proposal(NamedTuple):
    quotes: list[Quote]
    left: list[Left]


def proposal(user: User, action: str, keys: Collection[int]) -> Proposal:
    """Of the quotes with these keys those with which it can be done, and the others with the reason, the newest first. What is
    out of sight is left out without a word. Two queries."""
    visible = Quote.objects.visible_to(user).filter(pk__in=keys).select_related("account__owner", "owner")
    quotes = list(visible.order_by("-pk"))
    editable = {quote.pk for quote in quotes} if action == EXPORT else policies.editable(user, quotes)
    whys = {quote.pk: "" if action == EXPORT else _why_not(quote, action, editable) for quote in quotes}
    return Proposal(
        quotes=[quote for quote in quotes if not whys[quote.pk]],
        left=[Left(quote, whys[quote.pk]) for quote in quotes if whys[quote.pk]],
    )


def _why_not(quote: Quote, action: str, editable: Collection[int]) -> str | Promise:
    status = QuoteStatus(quote.status)
    if quote.pk not in editable:
        return _("You may not edit this quote.")
    if action == CANCEL and status not in _CANCELLABLE:
        return _("A quote in this state cannot be cancelled.")
    if action == VALID_UNTIL and status != QuoteStatus.DRAFT:
        return _("This quote is no longer a draft, so it cannot be changed.")
    return KEPT.get(status, "") if action == OWNER else ""


def possible_owners(user: User) -> list[tuple[int, str]]:
    """Keys and names of colleagues who make quotes, as far as this person sees: of the team, of the unit, or all."""
    people = User.objects.filter(is_active=True, role_assignments__role__in=codes_with(Perm.QUOTE_EDIT)).distinct()
    if user.scope != Scope.ALL:
        within: Mapping[str, int | None] = (
            {"team__unit": user.unit_id} if user.scope == Scope.UNIT and user.unit_id else {"team": user.team_id}
        )
        people = people.filter(**within)
    return list(people.order_by("display_name", "pk").values_list("pk", "display_name"))
