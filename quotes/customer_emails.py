"""Mails about quotes to customers, rendered from ids when they are delivered: a language each, with link and PDF."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _, gettext_lazy, gettext_noop

from core import emails, links, outbox
from core.models import OutboxMessage
from quotes import documents, parties as frozen
from quotes.choices import QuoteStatus
from quotes.customer_page import page_of
from quotes.models import QuoteAnswer, QuoteDocument, QuoteMail
from quotes.paper import date_of
from quotes.services.mailing import mail_refused
from quotes.services.sending import quote_send_approved

_OF_DOCUMENT = ("quote__account", "snapshot", "link", "sent_by")


@outbox.handler("quote.sent", title=gettext_lazy("Quote to the customer"))
def quote_sent(message: OutboxMessage, *, document: str, language: str = "") -> None:
    """The quote to the customer: the link and the PDF."""
    _offer(message, document, language, gettext_noop("Quote %(number)s, revision %(revision)s, from %(seller)s"), "quote_sent")


@outbox.handler("quote.reminder", title=gettext_lazy("Reminder of a quote to the customer"))
def quote_reminder(message: OutboxMessage, *, document: str, language: str) -> None:
    """That the quote can still be accepted, and until when."""
    _offer(message, document, language, gettext_noop("Quote %(number)s is valid until %(day)s"), "quote_reminder")


def _offer(message: OutboxMessage, document: str, language: str, subject: str, template: str) -> None:
    """Nothing is sent once the quote was withdrawn, replaced or answered while the mail was waiting."""
    sent = QuoteDocument.objects.select_related(*_OF_DOCUMENT).get(uuid=document)
    if sent.withdrawn_at is not None or sent.quote.status != QuoteStatus.SENT:
        return
    mail = QuoteMail.objects.filter(message=message).first()
    people = mail.recipients if mail else sent.recipients
    _to_customer(message, sent, language or sent.language, people, subject, template, {})


@outbox.handler("quote.receipt", title=gettext_lazy("Receipt of an acceptance to the customer"))
def quote_receipt(message: OutboxMessage, *, answer_id: int, language: str) -> None:
    """What was accepted, to the addresses that the quote was sent to."""
    answer = QuoteAnswer.objects.get(pk=answer_id)
    sent = QuoteDocument.objects.select_related(*_OF_DOCUMENT).get(pk=answer.document_id)
    refused = {address for mail in sent.mails.all() for address in mail.bounces}
    people = [one for one in sent.recipients if one["language"] == language and one["address"] not in refused]
    if people:
        subject = gettext_noop("Receipt: quote %(number)s was accepted")
        more = {"answer": answer, "options": _options_taken(sent, answer, language)}
        _to_customer(message, sent, language, people, subject, "quote_receipt", more)


def _options_taken(sent: QuoteDocument, answer: QuoteAnswer, language: str) -> list[dict[str, Any]] | None:
    """The options and alternatives that were taken, as the customer's page shows them; None where there were none to choose."""
    optional = {line["id"] for line in sent.snapshot.content["lines"] if line["optional"]}
    if not optional:
        return None
    with translation.override(language):
        rows = page_of(sent, language, answer.chosen)["rows"]
    return [row for row in rows if row["kind"] == "line" and row["counts"] and row["id"] in optional]


def _to_customer(
    message: OutboxMessage,
    sent: QuoteDocument,
    language: str,
    people: list[dict[str, str]],
    subject: str,
    template: str,
    more: Mapping[str, Any],
) -> None:
    content, seller = sent.snapshot.content, sent.sent_by
    company = frozen.complete(sent.parties)["company"]["name"]
    day = dt.date.fromisoformat(content["valid_until"])
    with translation.override(language):
        shown = _(subject) % {
            "number": content["number"],
            "revision": content["revision"],
            "seller": company,
            "day": date_of(content["valid_until"]),
        }
    names = [one["name"] for one in people]
    emails.send(
        message,
        to=[one["address"] for one in people],
        subject=shown,
        text_template=f"emails/{template}.txt",
        html_template=f"emails/{template}.html",
        context={
            "content": content,
            "valid_until": day,
            "contact": names[0] if len(names) == 1 else "",
            "seller": seller,
            "company": company,
            "url": emails.absolute(reverse("customer_link", args=[links.token_of(sent.link)])) + f"?language={language}",
            **more,
        },
        language=language,
        reply_to=seller.email,
        thread=f"quote-{sent.quote.number}",
        attachments=[
            emails.Attachment(documents.file_name(content), documents.pdf_of_document(sent, language), "application/pdf")
        ],
    )


@outbox.refused("quote.sent")
@outbox.refused("quote.reminder")
def _note_refusal(message: OutboxMessage, replies: Mapping[str, str]) -> None:
    mail_refused(uuid=message.uuid, refused=replies)


# --- What goes out by itself --------------------------------------------------------------------------------------------
@outbox.handler("quote.send_approved", title=gettext_lazy("Quote that goes out once it is approved"))
def send_approved(_message: OutboxMessage, *, quote_id: int) -> None:
    quote_send_approved(quote_id=quote_id)
