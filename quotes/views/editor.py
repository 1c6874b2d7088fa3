"""The editor: every change is one small request that answers the row, the totals and the status line."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseLocation

from accounts.selectors import account_search
from approvals import selectors as approvals
from catalog.models import Product
from catalog.selectors import product_search
from core import clock
from core.errors import DomainError, Invalid
from core.forms import typed, whole
from core.templatetags.ui import unit_price
from quotes import (
    attachment_selectors,
    columns,
    declined,
    forms,
    last_prices,
    margins,
    policies,
    requirements,
    rows,
    selectors,
    services,
    template_selectors,
)
from quotes.choices import QuoteStatus
from quotes.models import Quote
from quotes.views.changed import changed, changing_parts, shows_conflicts, version_of
from users.access import requires, user_of
from users.models import User
from users.roles import Perm

OPTIONS = 12
MOST_TEMPLATES = 8


def go(request: HttpRequest, url: str) -> HttpResponse:
    """To another page: by swapping the main part where htmx asks, else by a redirect."""
    if getattr(request, "htmx", False):
        return HttpResponseLocation(url, target="#main", select="#main", swap="outerHTML")
    return HttpResponseRedirect(url)


@requires(Perm.QUOTE_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def quote_new(request: HttpRequest) -> HttpResponse:
    """Pick the account; the draft has its number at once."""
    user = user_of(request)
    text = request.GET.get("q", "")
    context: dict[str, Any] = {
        "here": request.path,
        "q": text,
        "accounts": account_search(user, text, OPTIONS) if text else [],
        "error": "",
        "lines_of": "",
        "account": "",
        "templates": template_selectors.templates_offered(user)[:MOST_TEMPLATES],
    }
    if request.method != "POST":
        return render(request, "quotes/new.html", context)
    chosen = request.POST.get("account", "")
    opportunity = request.POST.get("opportunity", "")
    try:
        account_id = whole(chosen)
        if account_id is None:
            raise Invalid(_("Choose an account from the list."))
        quote = services.quote_create(account_id=account_id, by=user, opportunity_id=whole(opportunity))
    except DomainError as error:
        return render(request, "quotes/new.html", context | {"error": error.detail}, status=error.status)
    return go(request, reverse("quote_page", args=[quote.pk]))


@requires(Perm.QUOTE_EDIT)
@require_GET
def account_options(request: HttpRequest) -> HttpResponse:
    accounts = account_search(user_of(request), request.GET.get("q", "")[:100], OPTIONS)
    options = [
        {"value": account.pk, "code": account.parent_customer_id or "", "name": account.name, "note": account.city}
        for account in accounts
    ]
    return render(request, "quotes/_options.html", {"options": options})


@requires(Perm.QUOTE_EDIT)
@require_GET
def product_options(request: HttpRequest) -> HttpResponse:
    """Products by code or name; for an account (`account`): with its last prices, what it has had before first."""
    user, text, account_id = user_of(request), request.GET.get("q", "")[:100], whole(request.GET.get("account", ""))
    bought = last_prices.bought_before(user, account_id) if account_id and text.strip() else set()
    products = product_search(user, text, OPTIONS, first=bought)
    shown = bought.intersection(product.pk for product in products)
    prices = last_prices.last_prices(user, account_id, shown) if account_id and shown else {}
    return render(request, "quotes/_options.html", {"options": [_option(product, prices) for product in products]})


def _option(product: Product, prices: Mapping[int, last_prices.LastPrice]) -> dict[str, Any]:
    last = prices.get(product.pk)
    note = product.unit.label if last is None else _("last %(price)s") % {"price": unit_price(last.net_price)}
    return {"value": product.pk, "code": product.sku, "name": product.name, "note": note}


@requires(Perm.QUOTE_EDIT)
@require_POST
def presence(request: HttpRequest, pk: int) -> HttpResponse:
    """The editor says every now and then that somebody has it open, and learns who else has."""
    others = services.presence_note(quote_id=pk, by=user_of(request))
    return render(request, "quotes/_presence.html", {"others": others})


def editor_context(user: User, quote: Quote, *, with_form: bool = True) -> dict[str, Any]:
    """What the editor and the read view show of a quote."""
    quoted, said = selectors.quoted(quote), declined.said_before(quote) if with_form else None
    by_line, required = declined.said_by_line(said), requirements.of_account(quote.account_id)
    return {
        "quote": quote,
        "rows": rows.rows_of(
            quote,
            quoted,
            editing=with_form,
            sees_margin=policies.may_see_margin(user),
            said=by_line,
            required=requirements.notes(quoted, required),
            ordered=_ordered(quote),
        ),
        "form": forms.HeadForm(instance=quote, user=user) if with_form else None,
        "may_edit": policies.may_edit(user, quote),
        "may_write_statements": policies.may_write_statements(user),
        "new_line_error": "",
        **attachment_selectors.shown(user, quote),
        "sent_back": _sent_back(quote) if with_form else None,
        "declined": said,
        "margin_context": margins.context_of(quote) if policies.may_see_margin(user) else None,
        **changing_parts(user, quote, quoted.priced, required, quoted),
    }


def _ordered(quote: Quote) -> dt.date | None:
    """The day on which the customer accepted it."""
    is_ordered = quote.status in (QuoteStatus.ACCEPTED, QuoteStatus.ORDERED)
    answer = getattr(quote, "answer", None) if is_ordered else None
    return clock.day_of(answer.at) if answer else None


def _sent_back(quote: Quote) -> dict[str, Any] | None:
    """The no, or the question, that brought the draft back, if that is how it came to be one."""
    came_back = approvals.was_sent_back("quote", quote.pk)
    return columns.sent_back_of(approvals.history("quote", quote.pk)) if came_back else None


@requires(Perm.QUOTE_EDIT)
@require_POST
@shows_conflicts
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """One field of the head."""
    user = user_of(request)
    quote = selectors.quote_for(user, pk)
    field, value = request.POST.get("field", ""), typed(request.POST, "value")
    try:
        if field == "header_discount":
            cleaned: Any = forms.header_discount(value)
        elif field == "header_target":
            cleaned = forms.amount(value, field)
        else:
            cleaned = forms.HeadForm({field: value}, instance=quote, user=user).only(field)
        saved = services.quote_change(quote_id=pk, by=user, version=version_of(request), **{field: cleaned})
    except Invalid as error:
        return changed(request, user, quote, field=field, error=error)
    if not getattr(request, "htmx", False):  # a form of a page without script
        return go(request, reverse("quote_page", args=[pk]))
    return changed(request, user, saved, field=field)
