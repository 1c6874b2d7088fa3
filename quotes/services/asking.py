"""What a customer does on the page of a quote besides answering: opens it, and asks. Lock order: quote → link."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import clock, events, links, outbox
from core.errors import Invalid, WrongState
from quotes import document_selectors, selectors
from quotes.choices import QuoteStatus
from quotes.models import QuoteDocument, QuoteQuestion
from quotes.services.answering import Source

MOST_QUESTIONS = 20
LONGEST_QUESTION = 2000


@transaction.atomic
def quote_ask(*, document_id: int, name: str, text: str, source: Source) -> QuoteQuestion:
    """The question stands on the timeline of the quote and goes to its owner.

    Raises: Invalid for what is missing; WrongState when the quote is no longer with the customer, nor just expired, and when
    everything has been asked that can be.
    """
    document = selectors.document_for_update(document_id)
    _require_with_customer(document, source)
    name, text = name.strip(), text.strip()
    wanted = {"name": (name, _("Give your name.")), "text": (text, _("Write your question."))}
    missing = {field: sentence for field, (given, sentence) in wanted.items() if not given}
    if missing:
        raise Invalid(fields=missing)
    if document_selectors.questions_of(document).count() >= MOST_QUESTIONS:
        raise WrongState(_("You have asked a lot already. Please write to us or call."))
    question = QuoteQuestion.objects.create(
        document=document, name=name[:150], text=text[:LONGEST_QUESTION], ip=source.ip, agent=source.agent[:300], at=clock.now()
    )
    events.record(document.quote, "asked", by_name=question.name, reason=question.text)
    outbox.emit("quote.question", question_id=question.pk)
    return question


def _require_with_customer(document: QuoteDocument, source: Source) -> None:
    if source.link is None or source.link.pk != document.link.pk or not links.is_live(document.link):
        raise WrongState(_("This link is no longer open."))
    if document.withdrawn_at is not None or document.quote.status not in (QuoteStatus.SENT, QuoteStatus.EXPIRED):
        raise WrongState(_("Questions are answered while a quote is open. Please write to us or call."))


@transaction.atomic
def quote_opened(*, document_id: int, source: Source) -> bool:
    """Somebody has opened the page of the quote and done something there: the first time is noted, and its owner told.

    False when it was noted before, or the quote is not with the customer.
    """
    document = selectors.document_for_update(document_id)
    is_link = source.link is not None and source.link.pk == document.link.pk and links.is_live(document.link)
    if not is_link or document.opened_at is not None or document.withdrawn_at is not None:
        return False
    if document.quote.status != QuoteStatus.SENT:
        return False
    document.opened_at = clock.now()
    document.save(update_fields=["opened_at"])
    events.record(document.quote, "opened", by_name=source.signed_in.display_name if source.signed_in else "")
    if document_selectors.settings_in_force().tells_opened:
        outbox.emit("quote.opened", document=str(document.uuid))
    return True
