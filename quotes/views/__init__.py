"""Pages of one quote and its moves. The list, the editor and the customer's pages are modules of their own."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from approvals import routing, selectors as approvals
from approvals.registry import Case
from core import clock, events, redirects
from core.errors import DomainError, NotAllowed, NotFound, require
from core.forms import typed, whole
from core.models import OutboxMessage
from quotes import approval, approval_case, columns, documents, margins, policies, selectors, services, triggers
from quotes.choices import QuoteStatus
from quotes.forms import EvidenceForm
from quotes.models import Quote
from quotes.services.answering import Source
from quotes.views.changed import version_of
from quotes.views.editor import editor_context, go
from users.access import requires, user_of
from users.models import Language, User
from users.roles import Perm


@requires(Perm.QUOTE_VIEW)
@require_GET
def quote_page(request: HttpRequest, pk: int) -> HttpResponse:
    user = user_of(request)
    quote = selectors.quote_for(user, pk, related=("account",))  # which is all that the editor shows
    if quote.status == QuoteStatus.DRAFT and policies.may_edit(user, quote):
        return render(request, "quotes/editor.html", editor_context(user, quote))
    return render(request, "quotes/page.html", _page_context(user, selectors.quote_for(user, pk)))


def _page_context(user: User, quote: Quote, evidence: EvidenceForm | None = None) -> dict[str, Any]:
    context = editor_context(user, quote, with_form=False)
    document = selectors.live_document(quote)
    return context | {
        "timeline": events.timeline(quote)[:50],
        "approvals": columns.approvals_of(approvals.history("quote", quote.pk)),
        "revisions": Quote.objects.filter(number=quote.number).order_by("-revision"),
        "document": document,
        "answer": getattr(quote, "answer", None),
        "moves": _moves(user, quote, document.mail if document else None),
        "evidence_form": evidence or EvidenceForm(),
        "may_send": quote.status == QuoteStatus.APPROVED and context["may_edit"],
        "may_answer": quote.status == QuoteStatus.SENT and context["may_edit"],
    }


def _moves(user: User, quote: Quote, mail: OutboxMessage | None) -> list[str]:
    """The names of the moves that this person can make now."""
    if not policies.may_edit(user, quote):
        return []
    status = QuoteStatus(quote.status)
    moves = []
    if status == QuoteStatus.IN_REVIEW:
        run = approvals.open_run("quote", quote.pk)
        if run is not None and run.requested_by_id == user.pk:
            moves.append("recall")
    unclaimed = mail is not None and mail.attempts == 0 and clock.now() < mail.available_at
    if status == QuoteStatus.SENT and quote.sent_by_id == user.pk and unclaimed and not selectors.superseded_others(quote):
        moves.append("unsend")
    if status in (QuoteStatus.APPROVED, QuoteStatus.SENT, QuoteStatus.DECLINED, QuoteStatus.EXPIRED):
        moves.append("revise")
    moves.append("copy")
    if status in (QuoteStatus.APPROVED, QuoteStatus.SENT):
        moves.append("cancel")
    return moves


@requires(Perm.QUOTE_EDIT)
@require_GET
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """The sheet before the last step: who approves, or who gets it."""
    user = user_of(request)
    quote = selectors.quote_for(user, pk)
    require(policies.may_edit(user, quote))
    return _review(request, user, quote)


def _review(request: HttpRequest, user: User, quote: Quote, *, error: DomainError | None = None) -> HttpResponse:
    if quote.status not in (QuoteStatus.DRAFT, QuoteStatus.APPROVED):
        return go(request, reverse("quote_page", args=[quote.pk]))
    quoted = selectors.quoted(quote)
    priced = quoted.priced
    found = selectors.breaches_of(quote, priced) if quote.status == QuoteStatus.DRAFT else []
    content, parties = documents.draft_of(quote, quoted)
    skus = {line_id: texts.sku for line_id, texts in quoted.texts.items()}
    marks = {line_id: texts.sold.mark for line_id, texts in quoted.texts.items()}
    case = approval_case.case_of(quote, priced, found, marks) if found else Case()
    choices = approval.choices_for(quote, triggers.gates(found), user, case) if found else []
    steps = [(choice, step) for choice in choices if choice.is_asked for step in choice.steps]
    load = routing.open_counts(person for _choice, step in steps for person in step.eligible)
    context = {
        "quote": quote,
        "priced": priced,
        "margin_context": margins.context_of(quote) if policies.may_see_margin(user) else None,
        "languages": Language.choices,
        "language": request.POST.get("language") or quote.language,
        "gates": [_step(step, choice.label, user, request.POST, load) for choice, step in steps],
        "settled": [choice for choice in choices if not choice.is_asked],
        "blockers": columns.blockers_of(priced, found, margin=policies.may_see_margin(user), skus=skus),
        "pages": range(1, len(documents.preview_of(content, parties, quote.language)) + 1) if priced.lines else [],
        "to": request.POST.get("to") or (quote.contact.email if quote.contact else ""),
        "reason": request.POST.get("reason", ""),
        "error": str(error or ""),
        "to_error": bool(error and "to" in error.fields),
    }
    template = "quotes/review.html#sheet" if _is_fragment(request) else "quotes/review.html"
    return render(request, template, context, status=error.status if error else 200)


def _step(step: routing.StepChoice, label: str, user: User, posted: Any, load: Mapping[int, int]) -> dict[str, Any]:
    """A step of a gate: who may decide it, how much waits for each, and who is preselected where one is picked."""
    default = routing.preselected(step, user) if step.is_picked else None
    chosen = whole(posted.get(f"approver_{step.key}", "")) or (default.pk if default else None)
    return {
        "key": step.key,
        "label": label,
        "number": step.definition["step"],
        "options": [(option, load.get(option.person.pk, 0)) for option in step.options()],
        "is_picked": step.is_picked,
        "needed": step.needed,
        "chosen": chosen,
    }


@requires(Perm.QUOTE_EDIT)
@require_POST
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    user = user_of(request)
    approvers = {
        name.removeprefix("approver_"): whole(value)
        for name, value in request.POST.items()
        if name.startswith("approver_") and isinstance(value, str)
    }
    return _try(
        request,
        user,
        pk,
        lambda: services.quote_submit(
            quote_id=pk,
            by=user,
            approvers=approvers,
            reason=typed(request.POST, "reason")[:2000],
            version=version_of(request),
        ),
    )


@requires(Perm.QUOTE_EDIT)
@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    user = user_of(request)
    to = request.POST.get("to", "").replace(";", ",").split(",")
    language = request.POST.get("language", "")
    language = language if language in Language.values else ""
    return _try(
        request,
        user,
        pk,
        lambda: services.quote_send(quote_id=pk, by=user, to=to, language=language, version=version_of(request)),
    )


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


_MOVES: dict[str, Callable[..., Any]] = {
    "recall": services.quote_recall,
    "unsend": services.quote_unsend,
    "cancel": services.quote_cancel,
    "copy": services.quote_copy,
    "revise": services.quote_revise,
    "reprice": services.quote_reprice,
    "keep_prices": services.quote_keep_prices,
}


_CHECKED = frozenset({"cancel", "reprice"})
"""Moves that end or change what somebody may have edited meanwhile: they name the version they saw."""
_OFFERED = frozenset({"reprice", "keep_prices"})
"""Moves that answer an offer of today's prices: they may name the one they saw."""


@requires(Perm.QUOTE_EDIT)
@require_POST
def move(request: HttpRequest, pk: int, move: str) -> HttpResponse:
    user = user_of(request)
    quote = selectors.quote_for(user, pk)
    if move not in _MOVES:
        raise NotFound
    seen: dict[str, Any] = {"version": version_of(request)} if move in _CHECKED else {}
    if move in _OFFERED:
        seen["seen"] = request.POST.get("offer", "")
    result = _MOVES[move](quote_id=quote.pk, by=user, **seen)
    back = redirects.own(request.POST.get("next"), "")
    if back and result.pk == quote.pk:  # from the board, where one goes on
        messages.success(request, f"{result}: {result.get_status_display()}.")
        return go(request, back)
    return go(request, reverse("quote_page", args=[result.pk]))


@requires(Perm.QUOTE_EDIT)
@require_http_methods(["POST"])
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """An answer that the rep has in writing."""
    user = user_of(request)
    quote = selectors.quote_for(user, pk)
    document = selectors.live_document(quote)
    if document is None:
        raise NotFound
    form = EvidenceForm(request.POST)
    status = 422
    if form.is_valid():
        given = form.cleaned_data
        source = Source(recorded_by=user, evidence=given["evidence"])
        common = {"document_id": document.pk, "document_hash": document.document_hash, "name": given["name"], "source": source}
        try:
            if given["answer"] == "accepted":
                services.quote_accept(role=given["role"], **common)
            else:
                services.quote_decline(reason=given["reason"], **common)
        except DomainError as error:
            status = error.status
            for name, text in error.fields.items() or {None: error.detail}.items():
                form.add_error(name if name in form.fields else None, str(text))
        else:
            return go(request, reverse("quote_page", args=[pk]))
    return render(request, "quotes/page.html", _page_context(user, quote, form), status=status)


@requires(Perm.QUOTE_VIEW)
@require_GET
def document(request: HttpRequest, pk: int) -> HttpResponse:
    return document_of(selectors.quote_for(user_of(request), pk), request.GET.get("language", ""))


def document_of(quote: Quote, language: str) -> HttpResponse:
    """The PDF: the one that was sent, else a draft of how it stands, in `language` if that is one of ours."""
    sent = selectors.live_document(quote)
    if sent is not None:
        return _file(documents.pdf_of_document(sent), "application/pdf", documents.file_name(sent.snapshot.content))
    content, parties = documents.draft_of(quote)
    language = language if language in Language.values else quote.language
    return _file(documents.pdf_of(content, parties, language, draft=True), "application/pdf", documents.file_name(content))


@requires(Perm.QUOTE_VIEW)
@require_GET
def preview(request: HttpRequest, pk: int, page: int) -> HttpResponse:
    """One page of the document as a picture."""
    quote = selectors.quote_for(user_of(request), pk)
    language = request.GET.get("language", "")
    pages = documents.preview_of(*documents.draft_of(quote), language if language in Language.values else quote.language)
    if not 1 <= page <= len(pages):
        raise NotFound
    return _file(pages[page - 1], "image/png", f"{quote.number}-{page}.png")


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _is_fragment(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False)) and not request.headers.get("HX-History-Restore-Request")
