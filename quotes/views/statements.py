"""Statements of work: pre-sales writes them on a page of their own; a rep asks for one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from core.errors import DomainError, Invalid, NotAllowed, NotFound, require
from core.forms import whole
from core.templatetags.ui import plain_input
from quotes import forms, policies, selectors, services
from quotes.choices import LineKind, QuoteStatus
from quotes.models import Quote, QuoteLine
from quotes.services import Statement
from quotes.views.changed import version_of
from quotes.views.editor import go
from users.access import requires, user_of
from users.roles import Perm


@requires(Perm.SOW_WRITE)
@require_http_methods(["GET", "HEAD", "POST"])
def statement(request: HttpRequest, pk: int) -> HttpResponse:
    """A new statement of work, or one of the quote (`line`) written anew."""
    user, line_pk = user_of(request), whole(request.GET.get("line", ""))
    quote = selectors.quote_for(user, pk)
    line = _statement_of(quote, line_pk)
    form = forms.StatementForm(request.POST if request.method == "POST" else None, initial=_typed(line))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                services.statement_write(
                    quote_id=pk, by=user, statement=Statement(**form.cleaned_data), line_id=line_pk, version=version_of(request)
                )
            except (NotFound, NotAllowed):
                raise
            except DomainError as error:
                status = error.status
                for name, text in error.fields.items() or {None: error.detail}.items():
                    form.add_error(name if name in form.fields else None, str(text))
            else:
                return go(request, reverse("quote_page", args=[pk]))
    context = {"quote": quote, "line": line, "form": form, "is_draft": quote.status == QuoteStatus.DRAFT}
    return render(request, "quotes/statement.html", context, status=status)


def _statement_of(quote: Quote, line_id: int | None) -> QuoteLine | None:
    """Raises: NotFound when the quote has no such statement."""
    if line_id is None:
        return None
    line = selectors.line_of(quote, line_id)
    if line is None or line.kind != LineKind.SOW:
        raise NotFound
    return line


def _typed(line: QuoteLine | None) -> dict[str, str]:
    if line is None:
        return {}
    numbers = {
        name: "" if (value := getattr(line, name)) is None else plain_input(value)
        for name in ("quantity", "list_price", "cost", "effort_days")
    }
    return {**numbers, "text": line.text, "specialist": line.specialist, "feasibility": line.feasibility}


@requires(Perm.QUOTE_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Pre-sales is asked for a statement of work."""
    user = user_of(request)
    quote = selectors.quote_for(user, pk)
    require(policies.may_edit(user, quote))
    form = forms.WishForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.statement_ask(quote_id=pk, by=user, wish=form.cleaned_data["wish"])
        except Invalid as error:
            form.add_error("wish", str(error))
        else:
            return go(request, reverse("quote_page", args=[pk]))
    template = "quotes/statement_ask.html#sheet" if getattr(request, "htmx", None) else "quotes/statement_ask.html"
    return render(request, template, {"quote": quote, "form": form}, status=422 if form.errors else 200)
