"""What the customer answers, by link or through a rep who has it in writing. Lock order: quote → link."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_fsm import can_proceed

from core import clock, events, histories, links, outbox, versions
from core.errors import Invalid, Text, WrongState, require
from core.languages import CODES
from core.models import Link
from opportunities import services as opportunities
from quotes import documents, options, policies, pricing, selectors, snapshots
from quotes.choices import Answer, QuoteStatus
from quotes.models import DeclineReason, Quote, QuoteAnswer, QuoteDocument, QuoteLine
from quotes.services import pricing_lines
from users.models import User


@dataclass(frozen=True)
class Source:
    """How the answer came: by link from this address and browser, or recorded by a rep with evidence.

    `language`: that in which the page was shown. `signed_in`: the colleague who was signed in in that browser, if anybody was.
    """

    link: Link | None = None
    ip: str | None = None
    agent: str = ""
    language: str = ""
    signed_in: User | None = None
    recorded_by: User | None = None
    evidence: str = ""


@transaction.atomic
def quote_accept(
    *,
    document_id: int,
    document_hash: str,
    name: str,
    role: str,
    source: Source,
    purchase_order: str = "",
    chosen: Collection[int] | None = None,
    shown: Decimal | None = None,
) -> QuoteAnswer:
    """The customer has accepted exactly this document, with these options; lines and totals of the quote are what was chosen.

    `chosen`: ids of optional lines (None: those it was sent with); `shown`: the total with VAT that was shown beside them, which
    has to be what they come to. Raises: Invalid, WrongState, NotFound, NotAllowed.
    """
    document = _answerable(document_id, document_hash, source)
    _require(name=(name, _("Give your name.")), role=(role, _("Give your role.")))
    content = documents.content_of(document)
    taken = set(options.chosen_in(content) if chosen is None else chosen)
    totals = options.choose(content, taken)
    _require_shown(content, taken, totals, shown)
    quote = document.quote
    fields = _take(quote, content, taken, totals, source.recorded_by)
    quote.accept()
    answer = QuoteAnswer(
        answer=Answer.ACCEPTED,
        name=name.strip(),
        role=role.strip(),
        purchase_order=purchase_order.strip(),
        chosen=sorted(taken),
        net_total=totals.net_total,
        gross_total=totals.gross_total,
    )
    _save(quote, document, answer, source, *fields)
    languages = dict.fromkeys(one["language"] for one in document.recipients)
    receipts = [outbox.Letter("quote.receipt", {"answer_id": answer.pk, "language": language}) for language in languages]
    outbox.emit_each([outbox.Letter("quote.answered", {"answer_id": answer.pk}), *receipts])
    if quote.opportunity_id:
        opportunities.opportunity_follow_quote(opportunity_id=quote.opportunity_id, stage="ordered", by=source.recorded_by)
    return answer


@transaction.atomic
def quote_decline(
    *,
    document_id: int,
    document_hash: str,
    name: str,
    reason: DeclineReason | None,
    source: Source,
    comment: str = "",
    line_reasons: Mapping[int, DeclineReason] | None = None,
) -> QuoteAnswer:
    """The customer has declined this document, with a reason, and with further ones for single lines by their ids.

    Raises: Invalid, WrongState, NotFound, NotAllowed.
    """
    document = _answerable(document_id, document_hash, source)
    if reason is None:
        raise Invalid(fields={"reason": _("Choose a reason.")})
    reasons = _line_reasons(document, line_reasons or {})
    quote = document.quote
    quote.decline()
    answer = QuoteAnswer(
        answer=Answer.DECLINED, name=name.strip(), reason=reason, comment=comment.strip(), line_reasons=reasons
    )  # fmt: skip
    _save(quote, document, answer, source)
    outbox.emit("quote.answered", answer_id=answer.pk)
    return answer


def _answerable(document_id: int, document_hash: str, source: Source) -> QuoteDocument:
    """The document with its quote locked, open for an answer at this moment, by this source."""
    document = selectors.document_for_update(document_id)
    quote, link = document.quote, document.link
    if source.recorded_by is not None:
        require(policies.may_edit(source.recorded_by, quote))
        _require(evidence=(source.evidence, _("Say how the customer answered.")))
    else:
        if source.link is None or source.link.pk != link.pk or not links.is_live(link):
            raise WrongState(_("This link is no longer open."))
    if quote.status in (QuoteStatus.ACCEPTED, QuoteStatus.ORDERED, QuoteStatus.DECLINED):
        raise WrongState(_("This quote has already been answered."))
    if quote.status == QuoteStatus.SUPERSEDED:
        raise WrongState(_("This quote has been replaced by a newer revision."))
    if clock.today() > quote.valid_until:
        raise WrongState(_("This quote is no longer valid."))
    if document.withdrawn_at is not None or not can_proceed(quote.accept):
        raise WrongState(_("This quote is no longer open for an answer."))
    fresh = snapshots.document_hash(document.snapshot.text, document.language, document.parties)
    if not document.document_hash == fresh == document_hash:
        raise WrongState(_("This is not the document that was sent. Reload the page."))
    return document


def _require(**given: tuple[str, Text]) -> None:
    missing = {name: text for name, (value, text) in given.items() if not value.strip()}
    if missing:
        raise Invalid(fields=missing)


# --- Options ------------------------------------------------------------------------------------------------------------
def _require_shown(content: options.Json, taken: set[int], totals: pricing.Totals, shown: Decimal | None) -> None:
    """Raises: Invalid naming `total` when another total was shown than the one that is accepted."""
    is_as_sent = taken == set(options.chosen_in(content))
    if (shown is None and is_as_sent) or shown == totals.gross_total:
        return
    text = _("Your choice changes the total. Check it and accept again.")
    raise Invalid(text, fields={"total": text})


def _take(quote: Quote, content: options.Json, taken: set[int], totals: pricing.Totals, by: User | None) -> tuple[str, ...]:
    """The lines and, in memory, the totals of the quote as they were chosen; the fields of the quote that differ."""
    changed = taken ^ set(options.chosen_in(content))
    if not changed:
        return ()
    lines = QuoteLine.objects.filter(quote=quote)
    for selected in (True, False):
        lines.filter(pk__in=[key for key in changed if (key in taken) is selected]).update(selected=selected)
    histories.record_changed(QuoteLine, sorted(changed), by=by)
    now = pricing_lines.price(quote, selectors.amount_lines(quote.pk)).totals
    if (now.net_total, now.gross_total) != (totals.net_total, totals.gross_total):
        raise WrongState(_("This is not the document that was sent. Reload the page."))
    return pricing_lines.TOTALS


def _line_reasons(document: QuoteDocument, given: Mapping[int, DeclineReason]) -> list[dict[str, Any]]:
    """The reasons as they are kept, in the order of the lines. Raises: Invalid for a line that is not in the document."""
    lines = [line["id"] for line in document.snapshot.content["lines"]]
    if not given.keys() <= set(lines):
        raise Invalid(fields={"line_reasons": _("This line is not in the quote.")})
    return [{"line": line, "reason": given[line].code} for line in lines if line in given]


# --- Keeping it ---------------------------------------------------------------------------------------------------------
def _save(quote: Quote, document: QuoteDocument, answer: QuoteAnswer, source: Source, *fields: str) -> None:
    versions.bump(quote)
    quote.save(update_fields=["status", "version", *fields])
    answer.quote, answer.document, answer.document_hash = quote, document, document.document_hash
    answer.ip, answer.agent, answer.recorded_by = source.ip, source.agent[:300], source.recorded_by
    answer.language = source.language if source.language in CODES else document.language
    answer.evidence, answer.at = source.evidence.strip() or _signed_in(source), clock.now()
    answer.save()
    verb = "accepted" if answer.answer == Answer.ACCEPTED else "declined"
    events.record(quote, verb, by=source.recorded_by, by_name=answer.name, reason=answer.comment or answer.evidence)


def _signed_in(source: Source) -> str:
    """Whoever reads a quote here could use its link, so that is said."""
    if source.signed_in is None:
        return ""
    return _("In a browser in which %(name)s was signed in.") % {"name": source.signed_in.display_name}
