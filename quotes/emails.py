"""Mails about quotes to colleagues, rendered from ids when they are delivered; and to whom mails about quotes go."""

from typing import Any

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _, gettext_lazy, gettext_noop

from core import deliveries, emails, outbox
from core.deliveries import About
from core.models import Event, OutboxMessage
from quotes import declined
from quotes.choices import Answer, QuoteStatus
from quotes.models import Quote, QuoteAnswer, QuoteDocument, QuoteMail, QuoteQuestion
from quotes.paper import date_of
from users.models import User


# --- What the list of failed mails says ---------------------------------------------------------------------------------
@deliveries.tells("document")
def _documents(uuids: list[str]) -> dict[str, About]:
    sent = QuoteDocument.objects.filter(uuid__in=uuids).select_related("quote__account")
    return {str(one.uuid): _about(one.quote, ", ".join(person["address"] for person in one.recipients)) for one in sent}


@deliveries.tells("answer_id")
def _answers(ids: list[int]) -> dict[int, About]:
    answers = QuoteAnswer.objects.filter(pk__in=ids).select_related("quote__account", "quote__owner")
    return {one.pk: _to_owner(one.quote) for one in answers}


@deliveries.tells("question_id")
def _questions(ids: list[int]) -> dict[int, About]:
    questions = QuoteQuestion.objects.filter(pk__in=ids).select_related("document__quote__account", "document__quote__owner")
    return {one.pk: _to_owner(one.document.quote) for one in questions}


@deliveries.tells("mail_id")
def _mails(ids: list[int]) -> dict[int, About]:
    mails = QuoteMail.objects.filter(pk__in=ids).select_related("document__quote__account", "document__quote__owner")
    return {one.pk: _to_owner(one.document.quote) for one in mails}


@deliveries.tells("quote_id")
def _quotes(ids: list[int]) -> dict[int, About]:
    return {one.pk: _to_owner(one) for one in Quote.objects.filter(pk__in=ids).select_related("account", "owner")}


def _to_owner(quote: Quote) -> About:
    return _about(quote, emails.address(quote.owner.display_name, quote.owner.email))


def _about(quote: Quote, to: str) -> About:
    return About(to, f"{quote}, {quote.account.name}", _page(quote))


def _page(quote: Quote) -> str:
    return reverse("quote_page", args=[quote.pk])


# --- To colleagues ------------------------------------------------------------------------------------------------------
@outbox.handler("quote.answered", title=gettext_lazy("Answer of a customer"))
def quote_answered(message: OutboxMessage, *, answer_id: int) -> None:
    """The customer's answer to the owner of the quote."""
    answer = QuoteAnswer.objects.select_related("quote__account", "quote__owner", "reason").get(pk=answer_id)
    quote = answer.quote
    with translation.override(quote.owner.language):
        verb = _("Accepted") if answer.answer == Answer.ACCEPTED else _("Declined")
        subject = f"{verb}: {quote}, {quote.account.name}"
        lines = declined.said_of(quote, answer)
    emails.send(
        message,
        to=[quote.owner.email],
        subject=subject,
        text_template="emails/quote_answered.txt",
        html_template="emails/quote_answered.html",
        context={
            "answer": answer,
            "lines": lines,
            "quote": quote,
            "is_accepted": answer.answer == Answer.ACCEPTED,
            "url": emails.absolute(_page(quote)),
        },
        language=quote.owner.language,
        thread=f"quote-{quote.number}",
    )


@outbox.handler("quote.opened", title=gettext_lazy("A customer has opened a quote"))
def quote_opened(message: OutboxMessage, *, document: str) -> None:
    quote = _quote(documents=QuoteDocument.objects.get(uuid=document))
    _news(message, quote, gettext_noop("Opened: %(what)s"), gettext_noop("The customer has opened quote %(quote)s."))


@outbox.handler("quote.question", title=gettext_lazy("Question of a customer"))
def quote_question(message: OutboxMessage, *, question_id: int) -> None:
    question = QuoteQuestion.objects.select_related("document").get(pk=question_id)
    quote = _quote(pk=question.document.quote_id)
    said = gettext_noop("%(name)s asks about quote %(quote)s:")
    replies = ", ".join(one["address"] for one in question.document.recipients)
    _news(message, quote, gettext_noop("Question: %(what)s"), said, question.text, name=question.name, reply_to=replies)


@outbox.handler("quote.expiring", title=gettext_lazy("A quote expires soon"))
def quote_expiring(message: OutboxMessage, *, quote_id: int) -> None:
    quote = _quote(pk=quote_id)
    if quote.status != QuoteStatus.SENT:
        return
    said = gettext_noop("Nobody has answered quote %(quote)s yet; its last valid day is %(day)s.")
    _news(message, quote, gettext_noop("Expires soon: %(what)s"), said)


@outbox.handler("quote.bounced", title=gettext_lazy("A customer's address refused a quote"))
def quote_bounced(message: OutboxMessage, *, mail_id: int) -> None:
    mail = QuoteMail.objects.select_related("document").get(pk=mail_id)
    said = gettext_noop("A mail with quote %(quote)s was refused. Check the address and send it again.")
    replies = "\n".join(f"{address}: {reply}" for address, reply in mail.bounces.items())
    _news(message, _quote(pk=mail.document.quote_id), gettext_noop("Not delivered: %(what)s"), said, replies)


@outbox.handler("quote.not_sent", title=gettext_lazy("A quote could not go out by itself"))
def quote_not_sent(message: OutboxMessage, *, quote_id: int, event_id: int, user_id: int) -> None:
    said = gettext_noop("Quote %(quote)s is approved, but it could not be sent by itself:")
    reason = Event.objects.get(pk=event_id).reason
    _news(message, _quote(pk=quote_id), gettext_noop("Not sent: %(what)s"), said, reason, to=User.objects.get(pk=user_id))


def _quote(**which: Any) -> Quote:
    return Quote.objects.select_related("account", "owner").get(**which)


def _news(
    message: OutboxMessage,
    quote: Quote,
    subject: str,
    sentence: str,
    quotation: str = "",
    *,
    name: str = "",
    to: User | None = None,
    reply_to: str = "",
) -> None:
    """A sentence about a quote to its owner, or to `to`, with a button that leads there."""
    person = to or quote.owner
    with translation.override(person.language):
        words = {
            "what": f"{quote}, {quote.account.name}",
            "quote": str(quote),
            "name": name,
            "day": date_of(quote.valid_until.isoformat()),
        }
        subject, sentence = _(subject) % words, _(sentence) % words
    emails.send(
        message,
        to=[person.email],
        subject=subject,
        text_template="emails/quote_news.txt",
        html_template="emails/quote_news.html",
        context={
            "sentence": sentence,
            "quotation": quotation,
            "customer": quote.account.name,
            "url": emails.absolute(_page(quote)),
        },
        language=person.language,
        reply_to=reply_to,
        thread=f"quote-{quote.number}",
    )


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
