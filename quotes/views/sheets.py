"""What the sheets of the editor share: each is a page of its own as well."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from core.errors import require
from core.forms import whole
from quotes import policies, selectors
from quotes.choices import QuoteStatus
from quotes.models import Quote
from quotes.views.editor import go
from users.models import User

SHEET = "quote-sheet"
"""The element of the editor that takes a sheet."""
NO_PARTS: Mapping[str, str] = {}


def quote_to_edit(user: User, pk: int) -> Quote:
    """The quote, if this person may edit it. Raises: NotFound, NotAllowed."""
    quote = selectors.quote_for(user, pk, related=("account",))
    require(policies.may_edit(user, quote))
    return quote


def is_draft(quote: Quote) -> bool:
    return bool(quote.status == QuoteStatus.DRAFT)


def back(request: HttpRequest, quote: Quote) -> HttpResponse:
    """To the page of the quote."""
    return go(request, reverse("quote_page", args=[quote.pk]))


def sheet(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200, parts: Mapping[str, str] = NO_PARTS
) -> HttpResponse:
    """The sheet for the editor, one of the `parts` of it (element → partial), or the page around it."""
    asked = getattr(request, "htmx", None)
    part = {SHEET: "#sheet", **parts}.get(asked.target or "", "") if asked else ""
    response = render(request, f"{template}{part}", context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def before_of(request: HttpRequest) -> int | None:
    """The line that what is added shall stand before; None: at the end."""
    return whole(request.POST.get("before", "") or request.GET.get("before", ""))
