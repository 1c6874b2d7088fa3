"""What today's prices would change of a draft: the editor loads the notice by itself, the list comes when somebody asks."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from core import clock
from core.errors import require
from quotes import columns, policies, price_offers, selectors
from quotes.choices import QuoteStatus
from quotes.models import Quote
from quotes.views.editor import go
from users.access import requires, user_of
from users.models import User
from users.roles import Perm

NOTICE, SHEET = "quote-offer", "quote-sheet"
"""The elements of the editor that take the notice and the list."""


@requires(Perm.QUOTE_EDIT)
@require_GET
def quote_offer(request: HttpRequest, pk: int) -> HttpResponse:
    user = user_of(request)
    quote = selectors.quote_for(user, pk, related=("account",))
    require(policies.may_edit(user, quote))
    if quote.status != QuoteStatus.DRAFT:
        return go(request, reverse("quote_page", args=[quote.pk]))
    asked = getattr(request, "htmx", None)
    response = _notice(request, quote) if asked and asked.target == NOTICE else _list(request, user, quote)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _notice(request: HttpRequest, quote: Quote) -> HttpResponse:
    """That prices have changed, unless somebody has said that they stay."""
    found = price_offers.price_offer(quote)
    lines = found.offer.lines
    is_told = bool(lines) and not price_offers.is_kept(quote, found)
    context = {"quote": quote, "is_told": is_told, "lines": len(lines), "changed": any(row.fields or row.others for row in lines)}
    return render(request, "quotes/offer.html#notice", context)


def _list(request: HttpRequest, user: User, quote: Quote) -> HttpResponse:
    found = price_offers.price_offer(quote)
    margin = policies.may_see_margin(user)
    context = {
        "quote": quote,
        "offer": found.offer,
        "mark": found.mark,
        "today": clock.today(),
        "rows": columns.offer_rows_of(found, margin=margin),
        "totals": columns.offer_totals_of(found, margin=margin),
    }
    asked = getattr(request, "htmx", None)
    return render(request, "quotes/offer.html#sheet" if asked and asked.target == SHEET else "quotes/offer.html", context)
