"""The editor: every change is one small request that answers the row, the totals and the status line."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseLocation

from accounts.selectors import account_search, payment_term_advice
from approvals import selectors as approvals
from catalog.selectors import product_search
from core.errors import DomainError, Invalid
from core.forms import whole
from core.templatetags.ui import money
from quotes import columns, forms, policies, selectors, services
from quotes.choices import QuoteStatus
from quotes.models import Quote, QuoteLine
from quotes.pricing import PricedQuote
from users.access import requires, user_of
from users.models import User
from users.roles import Perm

OPTIONS = 12


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
    context: dict[str, Any] = {"q": text, "accounts": account_search(user, text, OPTIONS) if text else [], "error": ""}
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
    products = product_search(user_of(request), request.GET.get("q", "")[:100], OPTIONS)
    options = [
        {"value": product.pk, "code": product.sku, "name": product.name, "note": product.unit.label} for product in products
    ]
    return render(request, "quotes/_options.html", {"options": options})


def editor_context(user: User, quote: Quote, *, with_form: bool = True) -> dict[str, Any]:
    """What the editor and the read view show of a quote."""
    quoted = selectors.quoted(quote)
    template = columns.EDITOR_ROW if with_form else columns.PAGE_ROW
    return {
        "quote": quote,
        "rows": template.render(columns.rows_of(quote, quoted), sees_margin=policies.may_see_margin(user)),
        "form": forms.HeadForm(instance=quote, user=user) if with_form else None,
        "may_edit": policies.may_edit(user, quote),
        "new_line_error": "",
        "sent_back": _sent_back(quote) if with_form else None,
        **_changing_parts(user, quote, quoted.priced, {line_id: texts.sku for line_id, texts in quoted.texts.items()}),
    }


def _sent_back(quote: Quote) -> dict[str, Any] | None:
    """The no, or the question, that brought the draft back, if that is how it came to be one."""
    came_back = approvals.was_sent_back("quote", quote.pk)
    return columns.sent_back_of(approvals.history("quote", quote.pk)) if came_back else None


def _changing_parts(user: User, quote: Quote, priced: PricedQuote, skus: Mapping[int, str] | None = None) -> dict[str, Any]:
    """The parts every change swaps: totals, status line, advice. `skus`: product codes by line, where they are known."""
    draft, margin = quote.status == QuoteStatus.DRAFT, policies.may_see_margin(user)
    target = selectors.margin_target(quote, priced.totals.net_total) if draft or margin else None
    found = selectors.breaches_against(quote, priced, target) if draft else []
    if skus is None:
        skus = selectors.skus_of(quote) if any(breach.line_id for breach in found) else {}
    advice = payment_term_advice(quote.account, priced.totals.net_total)
    return {
        "totals": priced.totals,
        "sees_margin": margin,
        "target": target if margin else None,
        "blockers": columns.blockers_of(priced, found, margin=margin, skus=skus),
        "path": columns.path_of(quote),
        "header_discount_input": columns.header_discount_input(quote),
        "advice": advice,
        "is_overriding": advice.payment_term is not None and advice.payment_term.pk != quote.payment_term_id,
    }


@requires(Perm.QUOTE_EDIT)
@require_POST
def add_line(request: HttpRequest, pk: int) -> HttpResponse:
    user = user_of(request)
    try:
        line = services.line_add(quote_id=pk, draft=forms.line_draft(user, request.POST), by=user, version=version_of(request))
    except Invalid as error:
        selectors.quote_for(user, pk)  # out of sight is 404, whatever was typed
        return render(request, "quotes/editor.html#new_line_error", {"new_line_error": str(error)}, status=error.status)
    return _changed(request, user, line.quote, line)


@requires(Perm.QUOTE_EDIT)
@require_POST
def change_line(request: HttpRequest, pk: int, line_pk: int) -> HttpResponse:
    user = user_of(request)
    field, value = request.POST.get("field", ""), request.POST.get("value", "")
    try:
        line = services.line_change(
            quote_id=pk, line_id=line_pk, by=user, version=version_of(request), **_line_change(field, value)
        )
    except Invalid as error:
        quote = selectors.quote_for(user, pk)
        return _changed(request, user, quote, selectors.line_of(quote, line_pk), typed={field: value}, error=error)
    return _changed(request, user, line.quote, line)


def _line_change(field: str, value: str) -> dict[str, Any]:
    if field == "quantity":
        return {"quantity": forms.quantity(value)}
    if field == "discount":
        return {"discount": forms.line_discount(value)}
    if field == "net_price":
        return {"discount": forms.net_price(value)}
    text = _("This cannot be changed.")
    raise Invalid(text, fields={field[:40]: text})


@requires(Perm.QUOTE_EDIT)
@require_POST
def remove_line(request: HttpRequest, pk: int, line_pk: int) -> HttpResponse:
    user = user_of(request)
    try:
        quote = services.line_remove(quote_id=pk, line_id=line_pk, by=user, version=version_of(request))
    except Invalid:
        selectors.quote_for(user, pk)
        raise
    return _changed(request, user, quote, None, removed=line_pk)


@requires(Perm.QUOTE_EDIT)
@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """One field of the head."""
    user = user_of(request)
    quote = selectors.quote_for(user, pk)
    field, value = request.POST.get("field", ""), request.POST.get("value", "")
    try:
        if field == "header_discount":
            cleaned: Any = forms.header_discount(value)
        else:
            cleaned = forms.HeadForm({field: value}, instance=quote, user=user).only(field)
        changed = services.quote_change(quote_id=pk, by=user, version=version_of(request), **{field: cleaned})
    except Invalid as error:
        return _changed(request, user, quote, None, field=field, error=error)
    return _changed(request, user, changed, None, field=field)


def _changed(
    request: HttpRequest,
    user: User,
    quote: Quote,
    line: QuoteLine | None,
    *,
    removed: int | None = None,
    field: str = "",
    typed: Mapping[str, str] | None = None,
    error: Invalid | None = None,
) -> HttpResponse:
    """The parts that a change touches, with the prices that the service worked out; read only after a refusal."""
    priced = quote.priced or selectors.priced(quote)
    row = None
    context: dict[str, Any] = {"quote": quote, "removed": removed, "field": field, "row": "", "may_edit": True}
    context |= _changing_parts(user, quote, priced)
    context["field_error"] = str(error) if error else ""
    place = next((place for place, row in enumerate(priced.lines) if line is not None and row.line.id == line.pk), None)
    if line is not None and place is not None:
        texts = selectors.texts_of_line(line)
        row = columns.row_of(quote, place + 1, priced.lines[place], texts, typed=typed, error=str(error or ""))
        context["row"] = columns.EDITOR_ROW.render([row], sees_margin=context["sees_margin"])
    context["said"] = str(error) if error else _said(row, priced)
    return render(request, "quotes/editor.html#changed", context, status=error.status if error else 200)


def _said(row: columns.Row | None, priced: PricedQuote) -> str:
    """What the live region announces."""
    total = money(priced.totals.net_total)
    if row is None:
        return _("Total %(total)s.") % {"total": total}
    return _("Line %(position)s net %(net)s. Total %(total)s.") % {"position": row.position, "net": row.line_net, "total": total}


def version_of(request: HttpRequest) -> int:
    """The version that the page was at. Raises: Invalid when the page did not say."""
    version = whole(request.POST.get("version", ""))
    if version is None:
        raise Invalid(
            _("The version is missing. Reload the page."), fields={"version": _("The version is missing. Reload the page.")}
        )
    return version
