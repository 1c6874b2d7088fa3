"""Mails about quotes, rendered from ids when they are delivered."""

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _, gettext_lazy

from core import deliveries, emails, links, outbox
from core.deliveries import About
from core.models import OutboxMessage
from quotes import documents
from quotes.choices import Answer, QuoteStatus
from quotes.models import Quote, QuoteAnswer, QuoteDocument
from users.models import User


@deliveries.tells("document")
def _documents(uuids: list[str]) -> dict[str, About]:
    sent = QuoteDocument.objects.filter(uuid__in=uuids).select_related("quote__account")
    return {str(one.uuid): _about(one.quote, ", ".join(one.recipients)) for one in sent}


@deliveries.tells("answer_id")
def _answers(ids: list[int]) -> dict[int, About]:
    answers = QuoteAnswer.objects.filter(pk__in=ids).select_related("quote__account", "quote__owner")
    return {one.pk: _about(one.quote, emails.address(one.quote.owner.display_name, one.quote.owner.email)) for one in answers}


def _about(quote: Quote, to: str) -> About:
    return About(to, f"{quote}, {quote.account.name}", reverse("quote_page", args=[quote.pk]))


@outbox.handler("quote.sent", title=gettext_lazy("Quote to the customer"))
def quote_sent(message: OutboxMessage, *, document: str) -> None:
    """The quote to the customer: the link and the PDF."""
    sent = QuoteDocument.objects.select_related("quote__account", "snapshot", "link", "sent_by").get(uuid=document)
    if sent.withdrawn_at is not None or sent.quote.status != QuoteStatus.SENT:
        return  # cancelled, replaced or answered while the mail was waiting
    content = sent.snapshot.content
    url = settings.SITE_URL + reverse("customer_link", args=[links.token_of(sent.link)])
    with translation.override(sent.language):
        subject = _("Quote %(number)s, revision %(revision)s, from %(seller)s") % {
            "number": content["number"],
            "revision": content["revision"],
            "seller": documents.SELLER["name"],
        }
    emails.send(
        message,
        to=sent.recipients,
        subject=subject,
        text_template="emails/quote_sent.txt",
        html_template="emails/quote_sent.html",
        context={
            "content": content,
            "valid_until": sent.quote.valid_until,
            "contact": sent.parties["buyer"]["contact"],
            "seller": sent.sent_by,
            "company": documents.SELLER["name"],
            "url": url,
        },
        language=sent.language,
        reply_to=sent.sent_by.email,
        thread=f"quote-{sent.quote.number}",
        attachments=[emails.Attachment(documents.file_name(content), documents.pdf_of_document(sent), "application/pdf")],
    )


@outbox.handler("quote.answered", title=gettext_lazy("Answer of a customer"))
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


@deliveries.tells("quote_id")
def _quotes(ids: list[int]) -> dict[int, About]:
    quotes = Quote.objects.filter(pk__in=ids).select_related("account", "owner")
    return {one.pk: _about(one, emails.address(one.owner.display_name, one.owner.email)) for one in quotes}


@outbox.handler("quote.statement_asked", title=gettext_lazy("Request for a statement of work"))
def statement_asked(message: OutboxMessage, *, quote_id: int, by_id: int, wish: str, reader_id: int) -> None:
    """What the rep asks for, to somebody in pre-sales."""
    reader = User.objects.get(pk=reader_id)
    if not Quote.objects.visible_to(reader).filter(pk=quote_id).exists():
        return
    path = reverse("quote_statement", args=[quote_id])
    _about_statement(message, "asked", quote_id=quote_id, to=reader, by_id=by_id, path=path, wish=wish)


@outbox.handler("quote.statement_written", title=gettext_lazy("Statement of work"))
def statement_written(message: OutboxMessage, *, quote_id: int, by_id: int) -> None:
    """That there is one now, to the owner of the quote."""
    owner = User.objects.get(quotes=quote_id)
    path = reverse("quote_page", args=[quote_id])
    _about_statement(message, "written", quote_id=quote_id, to=owner, by_id=by_id, path=path)


def _about_statement(message: OutboxMessage, kind: str, *, quote_id: int, to: User, by_id: int, path: str, **more: str) -> None:
    quote = Quote.objects.select_related("account").get(pk=quote_id)
    by = User.objects.get(pk=by_id)
    with translation.override(to.language):
        subject = _("Statement of work: %(quote)s, %(customer)s") % {"quote": quote, "customer": quote.account.name}
    emails.send(
        message,
        to=[to.email],
        subject=subject,
        text_template=f"emails/quote_statement_{kind}.txt",
        html_template=f"emails/quote_statement_{kind}.html",
        context={"quote": quote, "by": by, "url": emails.absolute(path), **more},
        language=to.language,
        reply_to=by.email,
        thread=f"quote-{quote.number}",
    )
