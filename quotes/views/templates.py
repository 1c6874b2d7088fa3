"""Templates: their list and pages, the sheet that puts them or another quote's lines into a draft, and keeping lines as one."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.selectors import account_search
from core import lists
from core.errors import DomainError, Invalid, NotAllowed, NotFound
from core.forms import typed, whole
from core.paging import keyset
from quotes import policies, selectors, services, template_selectors
from quotes.choices import LineKind, Sharing
from quotes.models import Quote, QuoteTemplate
from quotes.views.changed import version_of
from quotes.views.editor import OPTIONS, go
from quotes.views.sheets import back, before_of, is_draft, quote_to_edit, sheet
from users.access import requires, user_of
from users.models import User
from users.roles import Perm

PARTS = {"insert-sources": "#sources"}


@requires(Perm.QUOTE_EDIT)
@require_GET
def template_list(request: HttpRequest) -> HttpResponse:
    """One's own templates and those of others that are shared."""
    text = request.GET.get("q", "")[:100]
    page = keyset(template_selectors.templates_for(user_of(request), text), request, order=("name", "pk"))
    return lists.answer(request, "quotes/templates.html", {"page": page, "q": text, "me": user_of(request)})


@requires(Perm.QUOTE_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def template_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What is in a template; whoever made it renames and shares it here."""
    user = user_of(request)
    template = template_selectors.template_for(user, pk)
    given = {name: typed(request.POST, name) for name in ("name", "shared_with") if name in request.POST}
    if request.method != "POST":
        return _template(request, user, template)
    try:
        services.template_change(template_id=pk, by=user, version=version_of(request), **given)
    except Invalid as error:
        return _template(request, user, template, given=given, error=error)
    return redirect("template_page", pk)


def _template(
    request: HttpRequest,
    user: User,
    template: QuoteTemplate,
    *,
    given: dict[str, str] | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    context = {
        "template": template,
        "lines": template_selectors.lines_of_template(template),
        "may_change": policies.may_change_template(user, template),
        "sharings": Sharing.choices,
        "name": template.name,
        "shared_with": template.shared_with,
        "error": str(error or ""),
        **(given or {}),
    }
    return render(request, "quotes/template.html", context, status=error.status if error else 200)


@requires(Perm.QUOTE_EDIT)
@require_POST
def template_remove(request: HttpRequest, pk: int) -> HttpResponse:
    services.template_remove(template_id=pk, by=user_of(request))
    return redirect("template_list")


@requires(Perm.QUOTE_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def template_quote(request: HttpRequest, pk: int) -> HttpResponse:
    """A new quote with the lines of a template: pick the account."""
    user = user_of(request)
    template, leave_out = template_selectors.template_for(user, pk), bool(request.POST.get("leave_out"))
    return _for_account(
        request,
        _("With the lines of the template “%(name)s”") % {"name": template.name},
        lambda account: services.quote_create_from_template(account_id=account, template_id=pk, by=user, leave_out=leave_out),
    )


@requires(Perm.QUOTE_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def quote_copy(request: HttpRequest, pk: int) -> HttpResponse:
    """A new quote with the lines and the discounts of another one: pick the account."""
    user = user_of(request)
    return _for_account(
        request,
        _("With the lines of the quote %(quote)s") % {"quote": selectors.quote_for(user, pk, related=())},
        lambda account: services.quote_copy(quote_id=pk, by=user, account_id=account),
        may_leave_out=False,
    )


def _for_account(
    request: HttpRequest, lines_of: str, make: Callable[[int], Quote], *, may_leave_out: bool = True
) -> HttpResponse:
    """The account is picked, then the quote made; `may_leave_out`: without the lines that cannot be sold any more."""
    user, text = user_of(request), request.GET.get("q", "")
    context: dict[str, Any] = {
        "here": request.path,
        "q": text,
        "accounts": account_search(user, text, OPTIONS) if text else [],
        "error": "",
        "lines_of": lines_of,
        "templates": [],
        "account": "",
    }
    if request.method != "POST":
        return render(request, "quotes/new.html", context)
    account = whole(request.POST.get("account", ""))
    try:
        if account is None:
            raise Invalid(_("Choose an account from the list."))
        quote = make(account)
    except DomainError as error:
        left_out = account if may_leave_out and "lines" in error.fields else ""
        return render(request, "quotes/new.html", context | {"error": str(error), "account": left_out}, status=error.status)
    return go(request, reverse("quote_page", args=[quote.pk]))


# --- In the editor ----------------------------------------------------------------------------------------------------
@requires(Perm.QUOTE_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def quote_insert(request: HttpRequest, pk: int) -> HttpResponse:
    """What lines can be taken from, templates and other quotes; a POST takes those of one."""
    user = user_of(request)
    quote = quote_to_edit(user, pk)
    if not is_draft(quote):
        return back(request, quote)
    if request.method != "POST":
        return _insert(request, user, quote)
    leave_out = bool(request.POST.get("leave_out"))
    template, source = (whole(request.POST.get(name, "")) for name in ("template", "source"))
    common: dict[str, Any] = {
        "quote_id": pk,
        "by": user,
        "version": version_of(request),
        "before": before_of(request),
        "leave_out": leave_out,
    }
    try:
        if template is not None:
            services.template_insert(template_id=template, **common)
        elif source is not None:
            services.lines_copy(source_id=source, **common)
        else:
            raise Invalid(_("Choose a template or a quote."))
    except (NotFound, NotAllowed):
        raise
    except DomainError as error:
        return _insert(request, user, quote_to_edit(user, pk), error=error)
    return back(request, quote)


def _insert(request: HttpRequest, user: User, quote: Quote, *, error: DomainError | None = None) -> HttpResponse:
    given = request.POST if error else request.GET
    text, name = (typed(given, field)[:100] for field in ("q", "name"))
    context = {
        "quote": quote,
        "before": before_of(request) or "",
        "q": text,
        "name": name,
        "templates": template_selectors.templates_offered(user, name),
        "sources": template_selectors.quotes_offered(user, quote, text),
        "error": str(error or ""),
        "again": {field: given.get(field, "") for field in ("template", "source")} if error and "lines" in error.fields else None,
    }
    return sheet(request, "quotes/insert.html", context, status=error.status if error else 200, parts=PARTS)


@requires(Perm.QUOTE_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def template_make(request: HttpRequest, pk: int) -> HttpResponse:
    """The lines of a quote in sight, or of one of its sections, kept as a template."""
    user = user_of(request)
    quote = selectors.quote_for(user, pk, related=("account",))
    if request.method != "POST":
        return _make(request, quote)
    try:
        template = services.template_make_from_quote(
            quote_id=pk,
            by=user,
            name=typed(request.POST, "name"),
            shared_with=request.POST.get("shared_with", ""),
            section=whole(request.POST.get("section", "")),
        )
    except Invalid as error:
        return _make(request, quote, error=error)
    return go(request, reverse("template_page", args=[template.pk]))


def _make(request: HttpRequest, quote: Quote, *, error: DomainError | None = None) -> HttpResponse:
    sections = quote.lines.filter(kind=LineKind.SECTION).order_by("position", "id").values_list("pk", "text")
    context = {
        "quote": quote,
        "sections": [(str(key), text) for key, text in sections],
        "sharings": Sharing.choices,
        "name": typed(request.POST, "name"),
        "shared_with": request.POST.get("shared_with", Sharing.ME),
        "section": request.POST.get("section", "") or request.GET.get("section", ""),
        "error": str(error or ""),
        "has_statements": quote.lines.filter(kind=LineKind.SOW).exists(),
    }
    return sheet(request, "quotes/template_make.html", context, status=error.status if error else 200)
