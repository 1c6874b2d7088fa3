"""Mails about quotes, rendered from ids when they are delivered."""

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from core import emails, links, outbox
from core.models import OutboxMessage
from quotes import documents
from quotes.choices import Answer, QuoteStatus
from quotes.models import QuoteAnswer, QuoteDocument


@outbox.handler("quote.sent")
def quote_sent(message: OutboxMessage, *, document_id: int) -> None:
    """The quote to the customer: the link and the PDF."""
    document = QuoteDocument.objects.select_related("quote__account", "snapshot", "link", "sent_by").get(pk=document_id)
    if document.withdrawn_at is not None or document.quote.status != QuoteStatus.SENT:
        return  # cancelled, replaced or answered while the mail was waiting
    content = document.snapshot.content
    url = settings.SITE_URL + reverse("customer_link", args=[links.token_of(document.link)])
    with translation.override(document.language):
        subject = _("Quote %(number)s, revision %(revision)s, from %(seller)s") % {
            "number": content["number"],
            "revision": content["revision"],
            "seller": documents.SELLER["name"],
        }
    emails.send(
        message,
        to=document.recipients,
        subject=subject,
        text_template="emails/quote_sent.txt",
        html_template="emails/quote_sent.html",
        context={
            "content": content,
            "valid_until": document.quote.valid_until,
            "contact": document.parties["buyer"]["contact"],
            "seller": document.sent_by,
            "company": documents.SELLER["name"],
            "url": url,
        },
        language=document.language,
        reply_to=document.sent_by.email,
        thread=f"quote-{document.quote.number}",
        attachments=[emails.Attachment(documents.file_name(content), documents.pdf_of_document(document), "application/pdf")],
    )


@outbox.handler("quote.answered")
def quote_answered(message: OutboxMessage, *, answer_id: int) -> None:
    """The customer's answer to the owner of the quote."""
    answer = QuoteAnswer.objects.select_related("quote__account", "quote__owner", "reason").get(pk=answer_id)
    quote = answer.quote
    with translation.override(quote.owner.language):
        verb = _("Accepted") if answer.answer == Answer.ACCEPTED else _("Declined")
        subject = f"{verb}: {quote}, {quote.account.name}"
    emails.send(
        message,
        to=[quote.owner.email],
        subject=subject,
        text_template="emails/quote_answered.txt",
        html_template="emails/quote_answered.html",
        context={
            "answer": answer,
            "quote": quote,
            "is_accepted": answer.answer == Answer.ACCEPTED,
            "url": settings.SITE_URL + reverse("quote_page", args=[quote.pk]),
        },
        language=quote.owner.language,
        thread=f"quote-{quote.number}",
    )
