"""The customer's pages, opened by link without a session. A GET changes nothing; answering and asking are POSTs."""

import uuid as uuids
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import clock, link_pages, links, rate_limits
from core.clients import client_ip
from core.errors import DomainError, Invalid, NotFound
from core.forms import whole
from core.languages import CODES
from core.models import Link
from core.rate_limits import Limit
from quotes import attachment_selectors, comparison_rows, document_selectors, documents, selectors, services
from quotes.choices import QuoteStatus
from quotes.customer_page import page_of
from quotes.forms import AcceptForm, AskForm, DeclineForm, line_reasons, lines_to_judge
from quotes.models import DeclineReason, QuoteDocument
from quotes.services.answering import Source
from users.access import by_link
from users.models import User

COOKIE = f"{settings.LINK_COOKIE_PREFIX}quote"
COOKIE_SECONDS = 12 * 3600
QUESTIONS = Limit("questions about a quote", times=5, seconds=3600)
_PAGES = ("accepted", "declined", "expired", "superseded", "withdrawn")
_FORMS: dict[str, Any] = {"accept": AcceptForm, "decline": DeclineForm, "ask": AskForm}
_NO_OPTION = -1


# --- Getting in ---------------------------------------------------------------------------------------------------------
@by_link
@require_http_methods(["GET", "HEAD"])
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """The address of the mail, or of the paper: the token moves into a cookie of this one page."""
    link = _link(request, token)
    document = selectors.document_of_link(link, with_content=False) if link else None
    if document is None:
        return link_pages.unknown(request)
    page = reverse("customer_quote", args=[document.uuid])
    language = request.GET.get("language", "")
    query = f"?language={language}" if language in CODES else ""
    return link_pages.swap_for_cookie(page, cookie=COOKIE, token=token, seconds=COOKIE_SECONDS, query=query)


def _link(request: HttpRequest, token: str) -> Link | None:
    return link_pages.find(request, Link.Purpose.QUOTE, token, also=_link_on_paper)


def _link_on_paper(code: str) -> Link | None:
    """The link of the document that this code is printed on."""
    if len(code) != links.CODE_LENGTH:
        return None
    document = document_selectors.document_of_code(links.digest(code.lower()))
    return document.link if document else None


def _document(request: HttpRequest, uuid: uuids.UUID, *, with_content: bool = True) -> QuoteDocument:
    """The document whose token this browser holds. Raises: NotFound."""
    link = _link(request, request.COOKIES.get(COOKIE, ""))
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


def _language(request: HttpRequest, document: QuoteDocument) -> str:
    """The language of the page: as its address says, else that of the document."""
    asked = request.GET.get("language", "")
    return asked if asked in CODES else document.language


def _source(request: HttpRequest, document: QuoteDocument) -> Source:
    return Source(
        link=document.link,
        ip=client_ip(request),
        agent=request.headers.get("User-Agent", ""),
        language=_language(request, document),
        signed_in=_colleague(request),
    )


def _colleague(request: HttpRequest) -> User | None:
    """Who is signed in in this browser; customers are nobody, and ask the database nothing."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    return request.user if isinstance(request.user, User) and request.user.is_authenticated else None


# --- The page -----------------------------------------------------------------------------------------------------------
@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    try:
        document = _document(request, uuid, with_content=request.method != "POST")
    except NotFound:
        return link_pages.unknown(request)
    with translation.override(_language(request, document)):
        answer = _answer(request, document) if request.method == "POST" else _show(request, document)
        patch_vary_headers(answer, ["HX-Request"])
        return link_pages.quiet(answer, form=True)


def _show(
    request: HttpRequest,
    document: QuoteDocument,
    *,
    chosen: set[int] | None = None,
    forms: dict[str, Any] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    state, language = _state(document), _language(request, document)
    answer = getattr(document.quote, "answer", None) if state in ("accepted", "declined") else None
    shown = answer.chosen if answer is not None and state == "accepted" else chosen
    ordered = clock.day_of(answer.at) if answer is not None and state == "accepted" else None
    of_document = page_of(document, language, shown, ordered)
    context: dict[str, Any] = {
        "quote": document.quote,
        "document": document,
        "state": state,
        "language": language,
        "languages": settings.LANGUAGES,
        "newer_url": _newer_url(document, language) if state == "superseded" else "",
        "answer": answer,
        "seller": document.sent_by,
        "attachments": attachment_selectors.attachments_for_customer(document.quote),
        "questions": document_selectors.questions_of(document) if state in ("open", "expired") else [],
        "refusal": refusal,
        "changes": comparison_rows.for_customer(document) if state == "open" else None,
        "is_fragment": False,
        **of_document,
        "lines_to_judge": lines_to_judge(_lines(of_document["rows"]), request.POST),
        **_forms(document, forms or {}),
    }
    if request.headers.get("HX-Request"):
        return _fragment(request, context, status)
    name = state if state in _PAGES else "page"
    return render(request, f"quotes/customer/{name}.html", context, status=status)


def _lines(rows: Iterable[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(row["id"], f"{row['position']} {row['name']}") for row in rows if row["kind"] == "line"]


def _fragment(request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
    """The totals alone; the whole page is loaded anew where it is another one by now."""
    if context["state"] != "open":
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return render(request, "quotes/customer/page.html#choice", context | {"is_fragment": True}, status=status)


def _forms(document: QuoteDocument, given: dict[str, Any]) -> dict[str, Any]:
    """The forms of the page, empty but for those that were `given`; and the reasons for single lines."""
    initial = {"document_hash": document.document_hash}
    forms = {f"{kind}_form": given.get(kind) or form(initial=initial, prefix=kind) for kind, form in _FORMS.items()}
    return forms | {"reasons": list(DeclineReason.objects.filter(is_active=True))}


def _newer_url(document: QuoteDocument, language: str) -> str:
    """Where a superseded page leads: the customer's link to the revision that replaced it."""
    newer = selectors.newest_sent_revision(document.quote)
    sent = selectors.live_document(newer) if newer else None
    if sent is None:
        return ""
    try:
        return reverse("customer_link", args=[links.token_of(sent.link)]) + f"?language={language}"
    except LookupError:  # its key was rotated out: the customer has the newer mail
        return ""


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


# --- What is posted there -----------------------------------------------------------------------------------------------
def _answer(request: HttpRequest, document: QuoteDocument) -> HttpResponse:
    kind = request.POST.get("answer", "")
    if kind == "update":
        return _update(request, document)
    kind = kind if kind in _FORMS else "decline"
    form = _FORMS[kind](request.POST, prefix=kind)
    if not form.is_valid():
        return _again(request, document, {kind: form}, status=422)
    try:
        {"accept": _accept, "decline": _decline, "ask": _ask}[kind](request, document, form.cleaned_data)
    except DomainError as error:
        return _again(request, document, {kind: form}, refusal=error.sentence, status=error.status)
    return HttpResponseRedirect(request.get_full_path() + ("#questions" if kind == "ask" else ""))


def _again(
    request: HttpRequest, document: QuoteDocument, forms: dict[str, Any], *, refusal: str = "", status: int
) -> HttpResponse:
    """The page once more, with everything that was typed and chosen, where that can be."""
    fresh = _document(request, document.uuid)
    try:
        return _show(request, fresh, chosen=_chosen(request), forms=forms, refusal=refusal, status=status)
    except Invalid as error:
        return _show(request, fresh, forms=forms, refusal=refusal or error.sentence, status=status)


def _update(request: HttpRequest, document: QuoteDocument) -> HttpResponse:
    """The page with the total of what was chosen; nothing is written."""
    form = AcceptForm(prefix="accept", initial={name: request.POST.get(f"accept-{name}", "") for name in AcceptForm.base_fields})
    fresh = _document(request, document.uuid)
    try:
        return _show(request, fresh, chosen=_chosen(request), forms={"accept": form})
    except Invalid as error:
        return _show(request, fresh, forms={"accept": form}, refusal=error.sentence, status=error.status)


def _chosen(request: HttpRequest) -> set[int]:
    """The ids that were ticked; what is no id becomes one that no option has."""
    ticked = [
        value
        for name, values in request.POST.lists()
        if name == "option" or name.startswith("alternative-")
        for value in values
        if value
    ]
    return {number if (number := whole(value)) is not None else _NO_OPTION for value in ticked}


def _accept(request: HttpRequest, document: QuoteDocument, given: dict[str, Any]) -> None:
    services.quote_accept(
        document_id=document.pk,
        document_hash=given["document_hash"],
        name=given["name"],
        role=given["role"],
        purchase_order=given["purchase_order"],
        chosen=_chosen(request),
        shown=given["total"],
        source=_source(request, document),
    )


def _decline(request: HttpRequest, document: QuoteDocument, given: dict[str, Any]) -> None:
    services.quote_decline(
        document_id=document.pk,
        document_hash=given["document_hash"],
        name=given["name"],
        reason=given["reason"],
        comment=given["comment"],
        line_reasons=line_reasons(request.POST),
        source=_source(request, document),
    )


def _ask(request: HttpRequest, document: QuoteDocument, given: dict[str, Any]) -> None:
    rate_limits.require(QUESTIONS, str(document.uuid))
    services.quote_ask(document_id=document.pk, name=given["name"], text=given["text"], source=_source(request, document))


@by_link
@require_POST
def opened(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Somebody has touched the page."""
    document = _document(request, uuid, with_content=False)
    services.quote_opened(document_id=document.pk, source=_source(request, document))
    return link_pages.quiet(HttpResponse(status=204))


@by_link
@require_GET
def document(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    sent = sent_document(request, uuid)
    pdf = documents.pdf_of_document(sent, _language(request, sent))
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{documents.file_name(sent.snapshot.content)}"'
    return link_pages.quiet(response)
