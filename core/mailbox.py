"""The mail backend of demo mode: mails become rows that the mailbox page shows."""

from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from core.models import MailboxMessage


class MailboxBackend(BaseEmailBackend):
    """Keeps each mail as a `MailboxMessage`."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for mail in email_messages:
            MailboxMessage.objects.create(
                sender=mail.from_email[:320],
                recipients=", ".join(mail.recipients())[:2000],
                subject=str(mail.subject)[:500],
                text=str(mail.body),
                html=_html(mail),
                headers=_headers(mail),
                attachments=[_attachment_name(attachment) for attachment in mail.attachments],
            )
        return len(email_messages)


def _headers(mail: EmailMessage) -> dict[str, str]:
    headers = {name: str(value) for name, value in mail.extra_headers.items()}
    return {**headers, "Reply-To": ", ".join(mail.reply_to)} if mail.reply_to else headers


def _html(mail: EmailMessage) -> str:
    if isinstance(mail, EmailMultiAlternatives):
        for content, mimetype in mail.alternatives:
            if mimetype == "text/html":
                return str(content)
    return ""


def _attachment_name(attachment: Any) -> str:
    return str(attachment[0]) if isinstance(attachment, tuple) else str(attachment.get_filename())
