"""The sheet before the last step: who approves, who gets the quote and what they will see; and sending it once more."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from accounts import policies as accounts
from approvals import asking
from approvals.registry import Case
from core.errors import DomainError, NotAllowed, NotFound, require
from core.forms import typed
from quotes import (
    approval,
    approval_case,
    columns,
    document_selectors,
    documents,
    margins,
    policies,
    recipients,
    selectors,
    services,
    triggers,
)
from quotes.choices import QuoteStatus
from quotes.models import Quote
from quotes.views.changed import version_of
from quotes.views.editor import go
from users.access import requires, user_of
from users.models import Language, User
from users.roles import Perm

PREVIEW = "quote-preview"
"""The element of the sheet that takes the pages of the document in another language."""


@requires(Perm.QUOTE_EDIT)
@require_GET
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """The sheet; where htmx asks for the preview alone, just that."""
    user = user_of(request)
    quote = selectors.quote_for(user, pk)
    require(policies.may_edit(user, quote))
    asked = getattr(request, "htmx", None)
    if asked and asked.target == PREVIEW:
        response = render(request, "quotes/review.html#preview", {"quote": quote, **_preview(request, quote)})
    else:
        response = _review(request, user, quote)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _review(request: HttpRequest, user: User, quote: Quote, *, error: DomainError | None = None) -> HttpResponse:
    if quote.status not in (QuoteStatus.DRAFT, QuoteStatus.APPROVED):
        return go(request, reverse("quote_page", args=[quote.pk]))
    quoted = selectors.quoted(quote)
    priced = quoted.priced
    found = selectors.breaches_of(quote, priced) if quote.status == QuoteStatus.DRAFT else []
    skus = {line_id: texts.sku for line_id, texts in quoted.texts.items()}
    marks = {line_id: texts.sold.mark for line_id, texts in quoted.texts.items()}
    case = approval_case.case_of(quote, priced, found, marks) if found else Case()
    choices = approval.choices_for(quote, triggers.gates(found), user, case) if found else []
    context = {
        "quote": quote,
        "priced": priced,
        "margin_context": margins.context_of(quote) if policies.may_see_margin(user) else None,
        "gates": asking.steps_of(choices, user, request.POST),
        "settled": [choice for choice in choices if not choice.is_asked],
        "blockers": columns.blockers_of(priced, found, margin=policies.may_see_margin(user), skus=skus),
        "reason": request.POST.get("reason", ""),
        "sends_later": "send_when_approved" in request.POST,
        "error": str(error or ""),
        "to_error": bool(error and "to" in error.fields),
        "may_edit_account": accounts.may_edit(user, quote.account),
        **recipients_context(request, quote),
        **_preview(request, quote, quoted),
    }
    template = "quotes/review.html#sheet" if _is_fragment(request) else "quotes/review.html"
    return render(request, template, context, status=error.status if error else 200)


def recipients_context(request: HttpRequest, quote: Quote, *, ticked: bool = True) -> dict[str, Any]:
    """Who can get it, as ticked and typed so far."""
    posted = request.POST
    return {
        "contacts": recipients.choices_of(quote, document_selectors.contacts_of(quote), posted, ticked=ticked),
        "to": posted.get("to", ""),
        "languages": Language.choices,
        "language": _known(posted.get("language", "")) or quote.language,
        "to_language": _known(posted.get("to_language", "")) or _known(posted.get("language", "")) or quote.language,
    }


def _preview(request: HttpRequest, quote: Quote, quoted: selectors.Quoted | None = None) -> dict[str, Any]:
    """The numbers of the pages of the document, in the language that is looked at."""
    language = _known(request.GET.get("preview", "")) or quote.language
    content, parties = documents.draft_of(quote, quoted)
    pages = len(documents.preview_of(content, parties, language)) if content["lines"] else 0
    return {
        "pages": range(1, pages + 1),
        "invoice": parties["invoice"],
        "preview_language": language,
        "languages": Language.choices,
    }


def _known(language: str) -> str:
    return language if language in Language.values else ""


@requires(Perm.QUOTE_EDIT)
@require_POST
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    user = user_of(request)

    def service() -> None:
        send_to = _recipients(request, user, pk) if "send_when_approved" in request.POST else []
        services.quote_submit(
            quote_id=pk,
            by=user,
            approvers=asking.picked(request.POST),
            reason=typed(request.POST, "reason")[:2000],
            version=version_of(request),
            send_to=send_to,
            language=_known(request.POST.get("language", "")),
        )

    return _try(request, user, pk, service)


def _recipients(request: HttpRequest, user: User, pk: int) -> list[services.Recipient]:
    """Who was ticked and typed; nobody at all becomes an address that is refused. Raises: NotFound, Invalid."""
    quote = selectors.quote_for(user, pk, related=())
    contacts = document_selectors.contacts_of(quote) if "recipient" in request.POST else []
    return recipients.recipients_from(request.POST, contacts) or [services.Recipient("")]


@requires(Perm.QUOTE_EDIT)
@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    user = user_of(request)
    language = _known(request.POST.get("language", ""))

    def service() -> None:
        to = _recipients(request, user, pk)
        services.quote_send(quote_id=pk, by=user, to=to, language=language, version=version_of(request))

    return _try(request, user, pk, service)


def _try(request: HttpRequest, user: User, pk: int, service: Callable[[], Any]) -> HttpResponse:
    """Run the move; when it is refused show the sheet again with the sentence and everything that was typed."""
    try:
        service()
    except (NotFound, NotAllowed):
        raise
    except DomainError as error:
        quote = selectors.quote_for(user, pk)
        if quote.status not in (QuoteStatus.DRAFT, QuoteStatus.APPROVED):
            raise
        return _review(request, user, quote, error=error)
    return go(request, reverse("quote_page", args=[pk]))


def _is_fragment(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False)) and not request.headers.get("HX-History-Restore-Request")
