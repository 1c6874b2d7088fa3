"""The lines of a draft in the editor: each endpoint calls one service and answers what it touched."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import Invalid, NotFound
from core.forms import typed, whole
from quotes import explaining, forms, last_prices, policies, selectors, services
from quotes.choices import TEXT_KINDS, QuoteStatus
from quotes.services import LineDraft
from quotes.services.lines import text_of
from quotes.views.changed import changed, shows_conflicts, version_of
from users.access import requires, user_of
from users.models import User
from users.roles import Perm


@requires(Perm.QUOTE_EDIT)
@require_POST
@shows_conflicts
def add_line(request: HttpRequest, pk: int) -> HttpResponse:
    user = user_of(request)
    before = whole(request.POST.get("before", ""))
    try:
        draft = _draft(user, request)
        line = services.line_add(quote_id=pk, draft=draft, by=user, version=version_of(request), before=before)
    except Invalid as error:
        selectors.quote_for(user, pk)  # out of sight is 404, whatever was typed
        return render(request, "quotes/editor.html#new_line_error", {"new_line_error": error.sentence}, status=error.status)
    return changed(request, user, line.quote, line, placed=True)


def _draft(user: User, request: HttpRequest) -> LineDraft:
    """A product of the catalogue, or a heading or note."""
    kind = request.POST.get("add", "")
    if kind in TEXT_KINDS:
        return LineDraft(product=None, kind=kind, text=text_of(typed(request.POST, "words")))
    return forms.line_draft(user, request.POST)


IN_SHEET = frozenset({"unit", "options", "yearly_volume"})
"""What is changed of a line in the sheet that explains its price, and moves it."""


@requires(Perm.QUOTE_EDIT)
@require_POST
@shows_conflicts
def change_line(request: HttpRequest, pk: int, line_pk: int) -> HttpResponse:
    user = user_of(request)
    field, value = request.POST.get("field", ""), typed(request.POST, "value")
    try:
        changes = forms.line_change(field, value)
        line = services.line_change(quote_id=pk, line_id=line_pk, by=user, version=version_of(request), **changes)
    except Invalid as error:
        quote = selectors.quote_for(user, pk)
        return changed(
            request, user, quote, selectors.line_of(quote, line_pk), typed={field: value}, explains=field in IN_SHEET, error=error
        )
    return changed(request, user, line.quote, line, explains=field in IN_SHEET)


@requires(Perm.QUOTE_EDIT)
@require_POST
@shows_conflicts
def remove_line(request: HttpRequest, pk: int, line_pk: int) -> HttpResponse:
    user = user_of(request)
    try:
        quote = services.line_remove(quote_id=pk, line_id=line_pk, by=user, version=version_of(request))
    except Invalid:
        selectors.quote_for(user, pk)
        raise
    return changed(request, user, quote, removed=line_pk)


_PLACED = {"restore": services.line_restore, "duplicate": services.line_duplicate}


@requires(Perm.QUOTE_EDIT)
@require_POST
@shows_conflicts
def place_line(request: HttpRequest, pk: int, line_pk: int, move: str) -> HttpResponse:
    """A line brought back, doubled, or moved before another one (`before`; without, to the end)."""
    user = user_of(request)
    common: dict[str, Any] = {"quote_id": pk, "line_id": line_pk, "by": user, "version": version_of(request)}
    if move == "move":
        line = services.line_move(**common, before=whole(request.POST.get("before", "")))
    elif move in _PLACED:
        line = _PLACED[move](**common)
    else:
        raise NotFound
    return changed(request, user, line.quote, line, placed=True)


@requires(Perm.QUOTE_EDIT)
@require_GET
def line_details(request: HttpRequest, pk: int, line_pk: int) -> HttpResponse:
    """How the price of the line comes about, and what is seldom changed of it."""
    user = user_of(request)
    quote = selectors.quote_for(user, pk, related=("account",))
    line = selectors.line_of(quote, line_pk)
    if line is None or not line.is_priced:
        raise NotFound(_("This line is no longer there."))
    context = {
        "quote": quote,
        "line": line,
        **explaining.explained(user, quote, line),
        "may_edit": quote.status == QuoteStatus.DRAFT and policies.may_edit(user, quote),
        "last": _last_price(user, quote.account_id, line.product_id),
    }
    asked = getattr(request, "htmx", None)
    return render(request, "quotes/line.html#sheet" if asked else "quotes/line.html", context)


def _last_price(user: User, account_id: int, product_id: int | None) -> last_prices.LastPrice | None:
    return None if product_id is None else last_prices.last_prices(user, account_id, [product_id]).get(product_id)


@requires(Perm.QUOTE_EDIT)
@require_GET
def bought_before(request: HttpRequest, pk: int) -> HttpResponse:
    """The last price to this account of every product on the quote, for its row."""
    user = user_of(request)
    quote = selectors.quote_for(user, pk, related=("account",))
    products = selectors.products_of(quote)
    prices = last_prices.last_prices(user, quote.account_id, set(products.values())) if products else {}
    shown = [(line_id, prices[product]) for line_id, product in products.items() if product in prices]
    return render(request, "quotes/_last_prices.html", {"shown": [row for row in shown if row[1].quote_id != pk]})
