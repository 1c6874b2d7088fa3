"""How far the discount on the whole quote may go before somebody else must say yes."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from core.errors import require
from core.templatetags.ui import money, percent, plain_input
from quotes import approval_facts, policies, selectors, what_if_selectors
from quotes.choices import QuoteStatus
from quotes.models import Quote
from quotes.views.editor import go
from quotes.what_if import Largest
from users.access import requires, user_of
from users.roles import Perm


@requires(Perm.QUOTE_EDIT)
@require_GET
def how_far(request: HttpRequest, pk: int) -> HttpResponse:
    """The answer, and buttons that take it over; without the right to see margins the percentage alone."""
    user = user_of(request)
    quote = selectors.quote_for(user, pk, related=("account", "payment_term"))
    require(policies.may_edit(user, quote))
    if quote.status != QuoteStatus.DRAFT:
        return go(request, reverse("quote_page", args=[quote.pk]))
    found, margin = what_if_selectors.how_far(quote), policies.may_see_margin(user)
    context = {
        "quote": quote,
        "found": found if margin else None,
        "percent": found.percent,
        "goes": bool(found.amount > 0 if margin else found.percent),
        "is_whole": not found.new,
        "gate": found.gate.label if found.gate else "",
        "what": _what(quote, found),
        "values": list(_values(found, margin=margin)),
    }
    is_fragment = bool(getattr(request, "htmx", False)) and not request.headers.get("HX-History-Restore-Request")
    return render(request, "quotes/how_far.html#answer" if is_fragment else "quotes/how_far.html", context)


def _values(found: Largest, *, margin: bool) -> Iterator[tuple[str, str]]:
    """What may be typed into the discount of the whole quote, and how it is read."""
    if found.percent:
        yield f"{plain_input(found.percent)} %", percent(found.percent)
    if margin and found.amount > 0:
        yield f"{plain_input(found.amount, 2)} €", money(found.amount)


def _what(quote: Quote, found: Largest) -> str:
    """What a cent more would break first, in a sentence without its numbers."""
    breach = next((breach for breach in found.new if breach.gate == found.gate), None)
    if breach is None:
        return ""
    places = {row.line.id: place for place, row in enumerate(found.priced.lines, 1)}
    where = f"{places[breach.line_id]} ({selectors.skus_of(quote)[breach.line_id]})" if breach.line_id else ""
    return approval_facts.what(breach, approval_facts.line_name(where))
