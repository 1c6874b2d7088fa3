"""The mailbox of demo mode."""

from email.mime.text import MIMEText

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection

from core.models import MailboxMessage

pytestmark = pytest.mark.django_db
BACKEND = "core.mailbox.MailboxBackend"


def test_a_mail_becomes_a_row_with_both_bodies() -> None:
    mail = EmailMultiAlternatives(
        subject="Tarjous Ä",
        body="Hei",
        from_email="myynti@tukku.example",
        to=["a@asiakas.example", "b@asiakas.example"],
        reply_to=["rep@tukku.example"],
        headers={"Message-ID": "<1@tukku.example>"},
        connection=get_connection(BACKEND),
    )
    mail.attach_alternative("<p>Hei</p>", "text/html")
    mail.attach("tarjous.pdf", b"%PDF", "application/pdf")
    assert mail.send() == 1
    kept = MailboxMessage.objects.get()
    assert (kept.subject, kept.text, kept.html, kept.sender) == ("Tarjous Ä", "Hei", "<p>Hei</p>", "myynti@tukku.example")
    assert kept.recipients == "a@asiakas.example, b@asiakas.example"
    assert kept.headers == {"Message-ID": "<1@tukku.example>", "Reply-To": "rep@tukku.example"}
    assert kept.attachments == ["tarjous.pdf"]


def test_a_plain_mail_has_no_html_and_long_fields_fit() -> None:
    mail = EmailMessage("S" * 900, "Hei", to=["x" * 400 + "@a.example"] * 6, connection=get_connection(BACKEND))
    part = MIMEText("liite")
    part.add_header("Content-Disposition", "attachment", filename="liite.txt")
    mail.attach(part)
    mail.send()
    kept = MailboxMessage.objects.get()
    assert (kept.html, len(kept.subject), len(kept.recipients), kept.attachments) == ("", 500, 2000, ["liite.txt"])
