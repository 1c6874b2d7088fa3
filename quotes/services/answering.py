"""What the customer answers, by link or through a rep who has it in writing. Lock order: quote → link."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_fsm import can_proceed

from core import clock, events, links, outbox, versions
from core.errors import Invalid, Text, WrongState, require
from core.models import Link
from opportunities import services as opportunities
from quotes import policies, selectors, snapshots
from quotes.choices import Answer, QuoteStatus
from quotes.models import DeclineReason, Quote, QuoteAnswer, QuoteDocument
from users.models import User


@dataclass(frozen=True)
class Source:
    """How the answer came: by link from this address and browser, or recorded by a rep with evidence."""

    link: Link | None = None
    ip: str | None = None
    agent: str = ""
    recorded_by: User | None = None
    evidence: str = ""


@transaction.atomic
def quote_accept(
    *, document_id: int, document_hash: str, name: str, role: str, source: Source, purchase_order: str = ""
) -> QuoteAnswer:
    """The customer has accepted exactly this document. Raises: Invalid, WrongState, NotFound, NotAllowed."""
    document = _answerable(document_id, document_hash, source)
    _require(name=(name, _("Give your name.")), role=(role, _("Give your role.")))
    quote = document.quote
    quote.accept()
    answer = QuoteAnswer(answer=Answer.ACCEPTED, name=name.strip(), role=role.strip(), purchase_order=purchase_order.strip())
    _save(quote, document, answer, source)
    if quote.opportunity_id:
        opportunities.opportunity_follow_quote(opportunity_id=quote.opportunity_id, stage="ordered", by=source.recorded_by)
    return answer


@transaction.atomic
def quote_decline(
    *, document_id: int, document_hash: str, name: str, reason: DeclineReason | None, source: Source, comment: str = ""
) -> QuoteAnswer:
    """The customer has declined this document, with a reason. Raises: Invalid, WrongState, NotFound, NotAllowed."""
    document = _answerable(document_id, document_hash, source)
    if reason is None:
        raise Invalid(fields={"reason": _("Choose a reason.")})
    quote = document.quote
    quote.decline()
    answer = QuoteAnswer(answer=Answer.DECLINED, name=name.strip(), reason=reason, comment=comment.strip())
    _save(quote, document, answer, source)
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


def _save(quote: Quote, document: QuoteDocument, answer: QuoteAnswer, source: Source) -> None:
    versions.bump(quote)
    quote.save(update_fields=["status", "version"])
    answer.quote, answer.document, answer.document_hash = quote, document, document.document_hash
    answer.ip, answer.agent, answer.recorded_by = source.ip, source.agent[:300], source.recorded_by
    answer.evidence, answer.at = source.evidence.strip(), clock.now()
    answer.save()
    verb = "accepted" if answer.answer == Answer.ACCEPTED else "declined"
    events.record(quote, verb, by=source.recorded_by, by_name=answer.name, reason=answer.comment or answer.evidence)
    outbox.emit("quote.answered", answer_id=answer.pk)
