"""How mails are rendered and sent: text and HTML from templates, in the reader's language, by the outbox only."""

import smtplib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from core import smtp
from core.models import OutboxMessage
from core.outbox import Undeliverable

_LONGEST_SUBJECT = 200
_NOT_ABOUT_THE_MAIL = (530, 534, 535, 538)
"""The server wants a log-in or encryption: a matter of settings, which somebody will correct."""


class Attachment(NamedTuple):
    """A file that goes with a mail."""

    name: str
    content: bytes
    mimetype: str


def send(
    message: OutboxMessage,
    *,
    to: Sequence[str],
    subject: str,
    text_template: str,
    html_template: str,
    context: Mapping[str, Any],
    language: str,
    reply_to: str | None = None,
    thread: str = "",
    attachments: Sequence[Attachment] = (),
) -> None:
    """Hand the mail of an outbox row to the mail server. Sent again after a failure, it carries the same Message-ID.

    `thread` ("quote-12") makes the mails of one record a chain. Raises: Undeliverable when trying again cannot help (no
    address, or the server refuses mail or recipient for good); any other error is worth another attempt. What the server says
    is raised by what `smtp.begin` has begun.
    """
    recipients = [address for address in to if address]
    if not recipients:
        raise Undeliverable("no address to send to")
    subject = one_line(subject)
    with translation.override(language):
        variables = {**context, "subject": subject, "language": language, "site_url": settings.SITE_URL}
        text, html = render_to_string(text_template, variables), render_to_string(html_template, variables)
    mail = EmailMultiAlternatives(
        subject=subject,
        body=text.strip() + "\n",
        to=recipients,
        reply_to=[one_line(reply_to)] if reply_to else None,
        headers=_headers(message, language, thread),
    )
    mail.attach_alternative(html, "text/html")
    for attachment in attachments:
        mail.attach(*attachment)
    smtp.begin(lambda: _deliver(mail))


def absolute(path: str) -> str:
    """The full address of a path of ours, for mails."""
    return f"{settings.SITE_URL}{path}"


def one_line(text: str) -> str:
    """A header's text: no line breaks, no control characters, not too long."""
    flat = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return flat if len(flat) <= _LONGEST_SUBJECT else flat[: _LONGEST_SUBJECT - 1] + "…"


def address(name: str, email: str) -> str:
    """`name` and `email` as one address, whatever the name holds."""
    quoted = one_line(name).replace("\\", "").replace('"', "'")
    return f'"{quoted}" <{email}>' if quoted else email


def _headers(message: OutboxMessage, language: str, thread: str) -> dict[str, str]:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    headers = {
        "Message-ID": f"<{message.uuid}@{host}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Content-Language": language,
    }
    if thread:
        headers["References"] = headers["In-Reply-To"] = f"<{thread}@{host}>"
    return headers


def _deliver(mail: EmailMultiAlternatives) -> None:
    try:
        smtp.send(mail)
    except smtplib.SMTPRecipientsRefused as error:
        if all(code >= 500 for code, _reply in error.recipients.values()):
            raise _refused(error.recipients) from error
        raise
    except smtp.PartlyRefused as error:  # once more to all would be once too often for the others
        raise _refused(error.recipients) from error
    except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
        if error.smtp_code >= 500 and error.smtp_code not in _NOT_ABOUT_THE_MAIL:
            raise Undeliverable(_reply(error.smtp_code, error.smtp_error)) from error
        raise


def _refused(recipients: Mapping[str, tuple[int, bytes]]) -> Undeliverable:
    replies = {address: _reply(*reply) for address, reply in recipients.items()}
    return Undeliverable("; ".join(f"{address}: {reply}" for address, reply in replies.items()), replies)


def _reply(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"
