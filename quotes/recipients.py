"""Who a quote is sent to, as the review sheet and the page of a sent quote ask it: contacts to tick, and other addresses."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import Contact
from core.errors import Invalid
from core.forms import typed, whole
from core.languages import CODES
from quotes.models import Quote, QuoteMail
from quotes.services import Recipient

_BETWEEN = re.compile(r"[,;\s]+")


@dataclass(frozen=True)
class Choice:
    """A contact to tick. `refused`: what the mail server said when mail to it came back."""

    pk: int
    name: str
    title: str
    email: str
    language: str
    is_on: bool
    refused: str


def choices_of(quote: Quote, contacts: Sequence[Contact], posted: QueryDict, *, ticked: bool = True) -> list[Choice]:
    """The contacts of the account; as they were posted, else the contact of the quote or the default one ticked."""
    chosen = set(posted.getlist("recipient"))
    usual = quote.contact_id or next((contact.pk for contact in contacts if contact.is_default), None)
    return [
        Choice(
            pk=contact.pk,
            name=contact.name,
            title=contact.title,
            email=contact.email,
            language=_language(posted, f"recipient_language_{contact.pk}") or contact.language,
            is_on=str(contact.pk) in chosen if posted else ticked and contact.pk == usual,
            refused=contact.bounce_reason if contact.bounced_at else "",
        )
        for contact in contacts
    ]


def recipients_from(posted: QueryDict, contacts: Sequence[Contact]) -> list[Recipient]:
    """Those who were ticked and typed. Raises: Invalid for a contact that the account does not have."""
    known = {contact.pk: contact for contact in contacts}
    chosen = [whole(value) for value in posted.getlist("recipient")]
    if any(key not in known for key in chosen):
        text = _("There is no such contact on this account.")
        raise Invalid(text, fields={"to": text})
    ticked = [
        Recipient(known[key].email, _language(posted, f"recipient_language_{key}") or known[key].language, known[key].name)
        for key in chosen
        if key is not None
    ]
    language = _language(posted, "to_language") or _language(posted, "language")
    return [*ticked, *(Recipient(address, language) for address in _BETWEEN.split(typed(posted, "to")) if address)]


def _language(posted: Mapping[str, Any], name: str) -> str:
    asked = posted.get(name, "")
    return asked if asked in CODES else ""


@dataclass(frozen=True)
class Sent:
    """A mail to the customer and how it fared: `state` is on its way, delivered, withdrawn or given up."""

    kind: str
    language: str
    to: str
    state: str
    refused: list[tuple[str, str]]


def sent_of(mails: Sequence[QuoteMail]) -> list[Sent]:
    """The mails of a document in words."""
    return [
        Sent(
            kind=mail.get_kind_display(),
            language=mail.get_language_display(),
            to=", ".join(one["address"] for one in mail.recipients),
            state=_state(mail),
            refused=list(mail.bounces.items()),
        )
        for mail in mails
    ]


def _state(mail: QuoteMail) -> str:
    message = mail.message
    if message is None:
        return ""
    if message.dead_at:
        return "dead"
    return "delivered" if message.delivered_at else "waiting"
