"""The customer's pages, opened by link without a session. A GET changes nothing; accepting and declining are POSTs."""

import uuid as uuids
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_GET, require_http_methods

from core import clock, link_pages, links
from core.clients import client_ip
from core.errors import DomainError, NotFound
from core.models import Link
from quotes import documents, selectors, services
from quotes.choices import QuoteStatus
from quotes.forms import AcceptForm, AnswerForm, DeclineForm
from quotes.models import QuoteDocument
from quotes.services.answering import Source
from users.access import by_link

COOKIE = f"{settings.LINK_COOKIE_PREFIX}quote"
COOKIE_SECONDS = 12 * 3600


@by_link
@require_http_methods(["GET", "HEAD"])
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """The address of the mail: the token moves into a cookie of this one page."""
    link = link_pages.find(request, Link.Purpose.QUOTE, token)
    document = selectors.document_of_link(link, with_content=False) if link else None
    if document is None:
        return link_pages.unknown(request)
    page = reverse("customer_quote", args=[document.uuid])
    return link_pages.swap_for_cookie(page, cookie=COOKIE, token=token, seconds=COOKIE_SECONDS)


def _document(request: HttpRequest, uuid: uuids.UUID, *, with_content: bool = True) -> QuoteDocument:
    """The document whose token this browser holds. Raises: NotFound."""
    link = link_pages.find(request, Link.Purpose.QUOTE, request.COOKIES.get(COOKIE, ""))
    document = selectors.document_of_link(link, with_content=with_content) if link else None
    if document is None or document.uuid != uuid:
        raise NotFound
    return document


def sent_document(request: HttpRequest, uuid: uuids.UUID) -> QuoteDocument:
    """The same, for what belongs to it: of what was withdrawn there is nothing to have. Raises: NotFound."""
    document = _document(request, uuid)
    if _state(document) == "withdrawn":
        raise NotFound
    return document


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    try:
        document = _document(request, uuid, with_content=request.method != "POST")
    except NotFound:
        return link_pages.unknown(request)
    with translation.override(document.language):
        answer = _answer(request, document) if request.method == "POST" else _show(request, document)
        return link_pages.quiet(answer, form=True)


def _show(
    request: HttpRequest, document: QuoteDocument, *, forms: dict[str, AnswerForm] | None = None, refusal: str = "",
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    quote = document.quote
    content = document.snapshot.content
    state = _state(document)
    initial = {"document_hash": document.document_hash}
    context: dict[str, Any] = {
        "quote": quote,
        "document": document,
        "content": content,
        "lines": [_line(line, document.language) for line in content["lines"]],
        "valid_until": quote.valid_until,
        "payment_term": content["payment_term"]["label"][document.language] if content["payment_term"] else "",
        "state": state,
        "newer_url": _newer_url(document) if state == "superseded" else "",
        "answer": getattr(quote, "answer", None),
        "seller": document.sent_by,
        "company": documents.SELLER["name"],
        "accept_form": AcceptForm(initial=initial, prefix="accept"),
        "decline_form": DeclineForm(initial=initial, prefix="decline"),
        "refusal": refusal,
        **(forms or {}),
    }
    return render(request, "quotes/customer/page.html", context, status=status)


def _newer_url(document: QuoteDocument) -> str:
    """Where a superseded page leads: the customer's link to the revision that replaced it."""
    newer = selectors.newest_sent_revision(document.quote)
    sent = selectors.live_document(newer) if newer else None
    if sent is None:
        return ""
    try:
        return reverse("customer_link", args=[links.token_of(sent.link)])
    except LookupError:  # its key was rotated out: the customer has the newer mail
        return ""


def _line(line: dict[str, Any], language: str) -> dict[str, Any]:
    discount = {"has_discount": bool(Decimal(line["discount_percent"] or 0))}
    return line | discount | {name: line[name][language] or line[name]["en"] for name in ("name", "description", "unit")}


def _state(document: QuoteDocument) -> str:
    """How the page stands: open, accepted, declined, expired, superseded or withdrawn."""
    status = QuoteStatus(document.quote.status)
    if document.withdrawn_at is not None or not links.is_live(document.link):
        return "withdrawn"
    if status in (QuoteStatus.ACCEPTED, QuoteStatus.ORDERED):
        return "accepted"
    if status in (QuoteStatus.DECLINED, QuoteStatus.SUPERSEDED, QuoteStatus.EXPIRED):
        return status.value
    if status != QuoteStatus.SENT:
        return "withdrawn"
    return "open" if clock.today() <= document.quote.valid_until else "expired"


def _answer(request: HttpRequest, document: QuoteDocument) -> HttpResponse:
    kind = "accept" if request.POST.get("answer") == "accept" else "decline"
    form: AnswerForm = (AcceptForm if kind == "accept" else DeclineForm)(request.POST, prefix=kind)
    if not form.is_valid():
        return _show(request, _document(request, document.uuid), forms={f"{kind}_form": form}, status=422)
    given = form.cleaned_data
    source = Source(link=document.link, ip=client_ip(request), agent=request.headers.get("User-Agent", ""))
    common = {"document_id": document.pk, "document_hash": given["document_hash"], "name": given["name"], "source": source}
    try:
        if kind == "accept":
            services.quote_accept(role=given["role"], purchase_order=given["purchase_order"], **common)
        else:
            services.quote_decline(reason=given["reason"], comment=given["comment"], **common)
    except DomainError as error:
        fresh = _document(request, document.uuid)
        return _show(request, fresh, forms={f"{kind}_form": form}, refusal=str(error), status=error.status)
    return HttpResponseRedirect(request.path)


@by_link
@require_GET
def document(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    sent = sent_document(request, uuid)
    response = HttpResponse(documents.pdf_of_document(sent), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{documents.file_name(sent.snapshot.content)}"'
    return link_pages.quiet(response)
