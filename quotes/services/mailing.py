"""Mails to the customer about a document that was sent: to whom, once more, before it expires, and those that came back."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import services as accounts
from core import clock, events, outbox
from core.errors import Invalid, Text, WrongState, require
from core.languages import CODES
from core.models import OutboxMessage
from quotes import document_selectors, policies, selectors
from quotes.choices import MailKind, QuoteStatus
from quotes.models import QuoteDocument, QuoteMail, QuoteSettings
from users.models import User

MOST_RECIPIENTS = 10
_PERMANENT = "5"


class Recipient(NamedTuple):
    """Who gets a mail, and in which language (empty: that of the document)."""

    address: str
    language: str = ""
    name: str = ""


To = Sequence[str | Recipient]


def recipients_of(to: To, language: str) -> list[dict[str, str]]:
    """The recipients as they are kept with the document, each once. Raises: Invalid naming `to`."""
    given = [Recipient(one) if isinstance(one, str) else one for one in to]
    found = {one.address.strip().lower(): one for one in reversed(given) if one.address.strip()}
    recipients = [
        {
            "address": one.address.strip(),
            "language": one.language if one.language in CODES else language,
            "name": one.name.strip()[:150],
        }
        for one in reversed(found.values())
    ]
    if text := _wrong(recipients):
        raise Invalid(text, fields={"to": text})
    return recipients


def _wrong(recipients: Sequence[Mapping[str, str]]) -> Text | None:
    if not recipients:
        return _("Give at least one e-mail address.")
    if len(recipients) > MOST_RECIPIENTS:
        return _("Give at most %(most)s e-mail addresses.") % {"most": MOST_RECIPIENTS}
    for one in recipients:
        try:
            validate_email(one["address"])
        except ValidationError:
            return _("%(address)s is not an e-mail address.") % {"address": one["address"]}
    return None


def addresses(recipients: Sequence[Mapping[str, str]]) -> list[str]:
    return [one["address"] for one in recipients]


# --- Writing mails ------------------------------------------------------------------------------------------------------
def mails_write(
    document: QuoteDocument,
    recipients: Sequence[Mapping[str, str]],
    *,
    delay: dt.timedelta = dt.timedelta(0),
    again: bool = False,
) -> None:
    """A mail with the document for each language of the recipients. Two statements."""
    by_language = _by_language(recipients)
    messages = outbox.emit_all("quote.sent", _payloads(document, by_language), delay=delay)
    _keep(document, MailKind.RESENT if again else MailKind.SENT, by_language, messages)


def _remind_customer(document: QuoteDocument) -> None:
    refused = {address for mail in document_selectors.mails_of(document) for address in mail.bounces}
    by_language = _by_language([one for one in document.recipients if one["address"] not in refused])
    messages = outbox.emit_all("quote.reminder", _payloads(document, by_language))
    _keep(document, MailKind.REMINDER, by_language, messages)


def _by_language(recipients: Sequence[Mapping[str, str]]) -> dict[str, list[dict[str, str]]]:
    groups: dict[str, list[dict[str, str]]] = {}
    for one in recipients:
        groups.setdefault(one["language"], []).append({"address": one["address"], "name": one["name"]})
    return groups


def _payloads(document: QuoteDocument, by_language: Mapping[str, Any]) -> list[dict[str, int | str]]:
    return [{"document": str(document.uuid), "language": language} for language in by_language]


def _keep(
    document: QuoteDocument, kind: MailKind, by_language: Mapping[str, list[dict[str, str]]], messages: Sequence[OutboxMessage]
) -> None:
    QuoteMail.objects.bulk_create(
        QuoteMail(
            document=document, kind=kind, language=language, recipients=recipients, message=message, uuid=message.uuid
        )
        for (language, recipients), message in zip(by_language.items(), messages, strict=True)
    )  # fmt: skip


def mails_withdraw(document: QuoteDocument) -> bool:
    """Take back the mails of a document that nobody has taken up; False when that is not all of them."""
    mails = document_selectors.mails_of(document)
    taken_back = [mail.message is not None and outbox.withdraw(mail.message) for mail in mails]
    return bool(taken_back) and all(taken_back)


# --- Once more ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def quote_resend(*, quote_id: int, by: User, to: To) -> QuoteDocument:
    """The same document and the same link go out once more, to these recipients.

    Raises: NotFound, NotAllowed, WrongState when the customer can no longer answer it, Invalid naming `to`.
    """
    quote = selectors.quote_in_sight_for_update(by, quote_id)
    require(policies.may_edit(by, quote))
    document = selectors.live_document(quote)
    if quote.status != QuoteStatus.SENT or document is None:
        raise WrongState(_("Only a quote that is with the customer can be sent again."))
    if clock.today() > quote.valid_until:
        raise WrongState(_("The last valid day of this quote has passed."))
    recipients = recipients_of(to, document.language)
    known = {address.lower() for address in addresses(document.recipients)}
    document.recipients += [one for one in recipients if one["address"].lower() not in known]
    document.save(update_fields=["recipients"])
    mails_write(document, recipients, again=True)
    events.record(quote, "resent", by=by, to=addresses(recipients))
    return document


# --- Before it expires --------------------------------------------------------------------------------------------------
@transaction.atomic
def quote_remind(*, quote_id: int, settings: QuoteSettings) -> bool:
    """The owner is told that the quote expires soon, and the customer where the settings say so; once per document.

    False when there was nothing to do: answered, replaced or reminded of meanwhile.
    """
    quote = selectors.quote_for_update(quote_id)
    document = selectors.live_document(quote)
    if quote.status != QuoteStatus.SENT or document is None or document.reminded_at is not None:
        return False
    today = clock.today()
    if not today <= quote.valid_until <= today + dt.timedelta(days=settings.remind_days):
        return False
    document.reminded_at = clock.now()
    document.save(update_fields=["reminded_at"])
    events.record(quote, "reminded", customer=settings.reminds_customer)
    outbox.emit("quote.expiring", quote_id=quote.pk)
    if settings.reminds_customer:
        _remind_customer(document)
    return True


# --- What came back -----------------------------------------------------------------------------------------------------
@transaction.atomic
def mail_refused(*, uuid: UUID | str, refused: Mapping[str, str]) -> list[str]:
    """The refusals stand with the mail and its contacts, and the owner of the quote is told; the addresses that were new.

    `uuid`: that of the mail's Message-ID; `refused`: what the mail server said, by address. Others than those the mail was for
    are passed over. Locks the mail.
    """
    mail = QuoteMail.objects.select_for_update(of=("self",)).select_related("document__quote").filter(uuid=uuid).first()
    if mail is None:
        return []
    known = {address.lower(): address for address in addresses(mail.recipients)}
    said = {known[address.lower()]: reply[:300] for address, reply in refused.items() if address.lower() in known}
    new = {address: reply for address, reply in said.items() if address not in mail.bounces}
    if not new:
        return []
    mail.bounces |= new
    mail.save(update_fields=["bounces"])
    quote = mail.document.quote
    for address, reply in new.items():
        if reply.startswith(_PERMANENT):
            accounts.contacts_mark_refused(account_id=quote.account_id, address=address, reason=reply)
    events.record(quote, "mail refused", reason="; ".join(f"{address}: {reply}" for address, reply in new.items()))
    outbox.emit("quote.bounced", mail_id=mail.pk)
    return list(new)
