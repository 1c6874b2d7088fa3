"""Pages of one quote and its moves. The list, the editor and the customer's pages are modules of their own."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from approvals import selectors as approvals
from core import clock, events, redirects
from core.errors import DomainError, Invalid, NotFound, WrongState
from core.forms import whole
from core.models import OutboxMessage
from quotes import (
    columns,
    declined,
    document_selectors,
    documents,
    options,
    policies,
    recipients,
    selectors,
    services,
)
from quotes.choices import LineKind, QuoteStatus
from quotes.forms import EvidenceForm, line_reasons, lines_to_judge
from quotes.models import DeclineReason, Quote, QuoteDocument, QuoteMail
from quotes.services.answering import Source
from quotes.views.changed import version_of
from quotes.views.editor import editor_context, go
from quotes.views.sheet import recipients_context
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
    return render(request, "quotes/page.html", _page_context(request, selectors.quote_for(user, pk)))


def _page_context(
    request: HttpRequest, quote: Quote, *, evidence: EvidenceForm | None = None, resend_error: str = ""
) -> dict[str, Any]:
    user = user_of(request)
    context = editor_context(user, quote, with_form=False)
    document = selectors.live_document(quote)
    mails = document_selectors.mails_of(document) if document else []
    is_sent = quote.status == QuoteStatus.SENT and context["may_edit"]
    answer = getattr(quote, "answer", None)
    return context | {
        "timeline": events.timeline(quote)[:50],
        "approvals": columns.approvals_of(approvals.history("quote", quote.pk)),
        "revisions": Quote.objects.filter(number=quote.number).order_by("-revision"),
        "document": document,
        "mails": recipients.sent_of(mails),
        "answer": answer,
        "said": declined.said_of(quote, answer) if answer else [],
        "moves": _moves(user, quote, mails),
        "seconds_to_undo": _seconds_to_undo(mails),
        "evidence_form": evidence or EvidenceForm(),
        "may_send": quote.status == QuoteStatus.APPROVED and context["may_edit"],
        "may_answer": is_sent,
        "statements": _statements(user, quote),
        "sees_opportunity": user.may(Perm.OPPORTUNITY_VIEW),
        "resend_error": resend_error,
        **(recipients_context(request, quote, ticked=False) if is_sent else {}),
        **(_answer_context(request, document) if is_sent and document else {}),
    }


def _answer_context(request: HttpRequest, document: QuoteDocument) -> dict[str, Any]:
    """What a rep needs to record an answer, with what was chosen. One query."""
    content = document.snapshot.content
    lines = [(line["id"], f"{line['position']} {line['sku']}") for line in content["lines"]]
    return {
        "options": options.options_of(content),
        "ticked": _ticked(request) if "answer" in request.POST else options.chosen_in(content),
        "lines_to_judge": lines_to_judge(lines, request.POST),
        "reasons": list(DeclineReason.objects.filter(is_active=True)),
    }


def _statements(user: User, quote: Quote) -> list[tuple[int, int]] | None:
    """Key and place of the statements of work that this person may write anew; None where they may write none."""
    if quote.status != QuoteStatus.DRAFT or not policies.may_write_statements(user):
        return None
    lines = selectors.amount_lines(quote.pk)
    return [(line.id, place) for place, line in enumerate(lines, 1) if line.kind == LineKind.SOW]


def _moves(user: User, quote: Quote, mails: Sequence[QuoteMail]) -> list[str]:
    """The names of the moves that this person can make now."""
    if not policies.may_edit(user, quote):
        return []
    status = QuoteStatus(quote.status)
    moves = []
    if status == QuoteStatus.IN_REVIEW:
        run = approvals.open_run("quote", quote.pk)
        if run is not None and run.requested_by_id == user.pk:
            moves.append("recall")
    unclaimed = bool(mails) and all(_is_unclaimed(mail.message) for mail in mails)
    if status == QuoteStatus.SENT and quote.sent_by_id == user.pk and unclaimed:
        moves.append("unsend")
    if status in (QuoteStatus.APPROVED, QuoteStatus.SENT, QuoteStatus.DECLINED, QuoteStatus.EXPIRED):
        moves.append("revise")
    moves.append("copy")
    if status in (QuoteStatus.APPROVED, QuoteStatus.SENT):
        moves.append("cancel")
    return moves


def _seconds_to_undo(mails: Sequence[QuoteMail]) -> int:
    """How long none of the mails is due."""
    due = [mail.message.available_at for mail in mails if mail.message is not None]
    return max(0, int((min(due) - clock.now()).total_seconds())) if due else 0


def _is_unclaimed(message: OutboxMessage | None) -> bool:
    return message is not None and message.attempts == 0 and clock.now() < message.available_at


@requires(Perm.QUOTE_EDIT)
@require_POST
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    """The same document goes out once more."""
    user = user_of(request)
    quote = selectors.quote_for(user, pk)
    try:
        to = recipients.recipients_from(request.POST, document_selectors.contacts_of(quote))
        services.quote_resend(quote_id=pk, by=user, to=to)
    except (Invalid, WrongState) as error:
        if quote.status != QuoteStatus.SENT:
            raise
        context = _page_context(request, quote, resend_error=str(error))
        return render(request, "quotes/page.html", context, status=error.status)
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
                services.quote_accept(
                    role=given["role"],
                    purchase_order=given["purchase_order"],
                    **common,
                    **documents.taken(document, _ticked(request)),
                )
            else:
                services.quote_decline(
                    reason=given["reason"], comment=given["comment"], line_reasons=line_reasons(request.POST), **common
                )
        except DomainError as error:
            status = error.status
            for name, text in error.fields.items() or {None: error.detail}.items():
                form.add_error(name if name in form.fields else None, str(text))
        else:
            return go(request, reverse("quote_page", args=[pk]))
    return render(request, "quotes/page.html", _page_context(request, quote, evidence=form), status=status)


def _ticked(request: HttpRequest) -> list[int]:
    """The options that the rep ticked; what is no id becomes one that no option has."""
    return [number if (number := whole(value)) is not None else -1 for value in request.POST.getlist("option")]


@requires(Perm.QUOTE_VIEW)
@require_GET
def document(request: HttpRequest, pk: int) -> HttpResponse:
    return document_of(selectors.quote_for(user_of(request), pk), request.GET.get("language", ""))


def document_of(quote: Quote, language: str) -> HttpResponse:
    """The PDF in `language`, if that is one of ours: the one that was sent, else a draft of how it stands."""
    sent = selectors.live_document(quote)
    if sent is not None:
        return _file(documents.pdf_of_document(sent, language), "application/pdf", documents.file_name(sent.snapshot.content))
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
