"""Mails to customers: a language each, once more, by itself once approved, before the last day, and those that come back."""

import datetime as dt
import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader
from pytest_django import Settings

from accounts import services as accounts
from accounts.models import Contact
from accounts.tests.factories import ContactFactory
from approvals.choices import Verdict
from core import outbox
from core.errors import Invalid, NotFound, WrongState
from core.models import Event, OutboxMessage
from core.tests.mail_servers import ScriptedServer, scripted
from quotes import services, tasks
from quotes.models import Quote, QuoteDocument, QuoteMail, QuoteSettings
from quotes.services import Recipient
from quotes.services.answering import Source
from quotes.tests.factories import World, draft, sent
from quotes.tests.test_services import decide, submit

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]


@pytest.fixture
def british(world: World) -> Contact:
    return ContactFactory(account=world.account, name="Ann Buyer", email="ann@asiakas.example", language="en", is_default=False)


@pytest.fixture
def server(settings: Settings) -> Iterator[ScriptedServer]:
    with scripted() as made:
        settings.EMAIL_BACKEND = "core.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", made.port, 5
        yield made


def send_to(world: World, *to: str | Recipient, **more: Any) -> QuoteDocument:
    return services.quote_send(quote_id=draft(world).pk, by=world.rep, to=to, **more)


def both(world: World, british: Contact) -> QuoteDocument:
    return send_to(
        world,
        Recipient(world.contact.email, "fi", world.contact.name),
        Recipient(british.email, "en", british.name),
        Recipient("boss@asiakas.example", "en"),
    )


def deliver(clock: Any, outbox_drain: Any) -> list[Any]:
    clock.shift(11)
    before = len(mail.outbox)
    outbox_drain()
    return mail.outbox[before:]


# --- A language each ----------------------------------------------------------------------------------------------------
@pytest.mark.req("S0.21")
def test_each_language_gets_a_mail_of_its_own_with_the_document_in_it(
    world: World, british: Contact, clock: Any, outbox_drain: Any
) -> None:
    document = both(world, british)
    assert document.recipients == [
        {"address": world.contact.email, "language": "fi", "name": world.contact.name},
        {"address": "ann@asiakas.example", "language": "en", "name": "Ann Buyer"},
        {"address": "boss@asiakas.example", "language": "en", "name": ""},
    ]
    finnish, english = deliver(clock, outbox_drain)
    assert (finnish.to, english.to) == ([world.contact.email], ["ann@asiakas.example", "boss@asiakas.example"])
    assert ("Tarjous Q-2026-00001" in finnish.subject, "Quote Q-2026-00001" in english.subject) == (True, True)
    assert ("?language=fi" in finnish.body, "?language=en" in english.body) == (True, True)
    texts = [PdfReader(io.BytesIO(one.attachments[0][1])).pages[0].extract_text() for one in (finnish, english)]
    assert ("Maito" in texts[0], "Milk" in texts[1]) == (True, True)
    assert [one.extra_headers["Content-Language"] for one in (finnish, english)] == ["fi", "en"]
    assert outbox_drain() == 0


@pytest.mark.parametrize(
    ("to", "count"),
    [
        (["a@b.example", "A@B.example", " a@b.example "], 1),
        ([Recipient("a@b.example", "sv"), Recipient("c@d.example", "en")], 2),
        ([f"x{number}@b.example" for number in range(10)], 10),
    ],
)
def test_each_address_gets_it_once(world: World, to: Any, count: int) -> None:
    document = send_to(world, *to)
    assert len(document.recipients) == count
    assert {one["language"] for one in document.recipients} <= {"fi", "en"}


def test_undoing_takes_back_all_mails_or_none(world: World, british: Contact, clock: Any) -> None:
    document = both(world, british)
    second = OutboxMessage.objects.filter(topic="quote.sent").latest("pk")
    OutboxMessage.objects.filter(pk=second.pk).update(attempts=1)  # a worker has taken it up
    with pytest.raises(WrongState):
        services.quote_unsend(quote_id=document.quote_id, by=world.rep)
    assert (OutboxMessage.objects.filter(topic="quote.sent").count(), Quote.objects.get(pk=document.quote_id).status) == (
        2,
        "sent",
    )
    OutboxMessage.objects.filter(pk=second.pk).update(attempts=0)
    services.quote_unsend(quote_id=document.quote_id, by=world.rep)
    assert OutboxMessage.objects.filter(topic="quote.sent").count() == 0


# --- The sheet ----------------------------------------------------------------------------------------------------------
@pytest.mark.req("S1.34")
def test_the_sheet_offers_contacts_with_their_language_and_shows_where_the_invoice_goes(
    world: World, british: Contact, client: Client
) -> None:
    client.force_login(world.rep)
    british.bounced_at, british.bounce_reason = dt.datetime.now(dt.UTC), "550 unknown"
    british.save()
    quote = draft(world)
    body = client.get(reverse("quote_review", args=[quote.pk])).content.decode()
    assert f'name="recipient" value="{world.contact.pk}" checked' in body
    assert f'name="recipient" value="{british.pk}">' in body
    assert "Mail to this address was refused: 550 unknown" in body
    assert (reverse("account_edit", args=[world.account.pk, "invoicing"]) in body, "No invoice e-mail." in body) == (True, True)
    assert body.count("preview-1.png") == 1


def test_the_preview_is_shown_in_either_language(world: World, client: Client) -> None:
    client.force_login(world.rep)
    address = reverse("quote_review", args=[draft(world).pk])
    part = client.get(address, {"preview": "en"}, headers={"HX-Request": "true", "HX-Target": "quote-preview"}).content.decode()
    assert ("preview-1.png?language=en" in part, "<form" in part) == (True, False)
    assert "preview-1.png?language=en" in client.get(address, {"preview": "en"}).content.decode()


def test_ticked_contacts_and_typed_addresses_are_sent_to(world: World, british: Contact, client: Client) -> None:
    client.force_login(world.rep)
    quote = draft(world)
    answer = client.post(
        reverse("quote_send", args=[quote.pk]),
        {
            "version": quote.version, "recipient": [world.contact.pk, british.pk], f"recipient_language_{british.pk}": "fi",
            "to": "x@b.example; y@b.example", "to_language": "en",
        },
    )  # fmt: skip
    assert answer.status_code == 302
    people = QuoteDocument.objects.get().recipients
    assert [(one["address"], one["language"]) for one in people] == [
        (world.contact.email, "fi"), ("ann@asiakas.example", "fi"), ("x@b.example", "en"), ("y@b.example", "en"),
    ]  # fmt: skip


@pytest.mark.parametrize("typed", [{}, {"to": "nobody"}, {"recipient": "999999999"}, {"recipient": "x"}])
def test_without_anybody_who_can_get_it_nothing_is_sent(world: World, client: Client, typed: dict[str, str]) -> None:
    client.force_login(world.rep)
    quote = draft(world)
    answer = client.post(reverse("quote_send", args=[quote.pk]), {"version": quote.version, **typed})
    assert (answer.status_code, QuoteDocument.objects.count(), OutboxMessage.objects.count()) == (422, 0, 0)
    assert 'role="alert"' in answer.content.decode()


# --- Once more ----------------------------------------------------------------------------------------------------------
def test_the_same_document_and_link_go_out_once_more(world: World, client: Client, clock: Any, outbox_drain: Any) -> None:
    document = sent(world)
    (first,) = deliver(clock, outbox_drain)
    client.force_login(world.rep)
    answer = client.post(reverse("quote_resend", args=[document.quote_id]), {"to": "new@asiakas.example", "to_language": "en"})
    assert answer.status_code == 302
    (again,) = deliver(clock, outbox_drain)
    link = first.body.split("/q/")[1].split("/")[0]
    assert (again.to, link in again.body) == (["new@asiakas.example"], True)
    document.refresh_from_db()
    assert [one["address"] for one in document.recipients] == [world.contact.email, "new@asiakas.example"]
    assert (QuoteDocument.objects.count(), Event.objects.get(verb="resent").data) == (1, {"to": ["new@asiakas.example"]})
    page = client.get(reverse("quote_page", args=[document.quote_id])).content.decode()
    assert "Sent again, English: new@asiakas.example" in page


@pytest.mark.parametrize("end", ["answered", "late", "draft", "stranger", "nobody"])
def test_what_cannot_be_sent_again_is_not(world: World, clock: Any, end: str) -> None:
    document = sent(world)
    by, to, quote_id = world.rep, ["a@b.example"], document.quote_id
    if end == "answered":
        source = Source(link=document.link)
        services.quote_decline(
            document_id=document.pk, document_hash=document.document_hash, name="E", reason=world.reason, source=source
        )
    elif end == "late":
        clock.move_to(dt.datetime(2026, 12, 20, 22, tzinfo=dt.UTC))
    elif end == "draft":
        quote_id = draft(world).pk
    elif end == "stranger":
        by = world.stranger
    else:
        to = []
    before = (OutboxMessage.objects.count(), Event.objects.count(), QuoteMail.objects.count())
    with pytest.raises((WrongState, NotFound, Invalid)):
        services.quote_resend(quote_id=quote_id, by=by, to=to)
    assert (OutboxMessage.objects.count(), Event.objects.count(), QuoteMail.objects.count()) == before


# --- By itself once approved --------------------------------------------------------------------------------------------
def test_a_quote_goes_out_by_itself_with_its_last_approval(world: World, clock: Any, outbox_drain: Any) -> None:
    quote = submit(draft(world, "21"), world, send_to=[Recipient(world.contact.email, "fi", "Ö")])
    assert quote.once_approved == {
        "by": world.rep.pk, "to": [{"address": world.contact.email, "language": "fi", "name": "Ö"}], "language": "fi",
    }  # fmt: skip
    decide(quote, world)
    assert quote.status == "approved"
    outbox_drain()
    quote.refresh_from_db()
    assert (quote.status, quote.sent_by, quote.once_approved) == ("sent", world.rep, None)
    assert [one.to for one in deliver(clock, outbox_drain)] == [[world.contact.email]]


def test_the_rep_ticks_it_on_the_sheet(world: World, client: Client) -> None:
    client.force_login(world.rep)
    quote = draft(world, "21")
    typed = {"version": quote.version, "approver_quote_floor": world.pricing.pk, "send_when_approved": "on"}
    address = reverse("quote_submit", args=[quote.pk])
    refused = client.post(address, typed)
    assert (refused.status_code, Quote.objects.get().status) == (422, "draft")
    assert client.post(address, {**typed, "recipient": world.contact.pk}).status_code == 302
    quote.refresh_from_db()
    assert (quote.status, quote.once_approved["to"][0]["address"]) == ("in_review", world.contact.email)
    assert world.contact.email in client.get(reverse("quote_page", args=[quote.pk])).content.decode()


@pytest.mark.parametrize("end", [Verdict.REJECT, "recall"])
def test_without_approval_it_no_longer_waits_to_go_out(world: World, end: Any, outbox_drain: Any) -> None:
    quote = submit(draft(world, "21"), world, send_to=["a@b.example"])
    services.quote_recall(quote_id=quote.pk, by=world.rep) if end == "recall" else decide(quote, world, end, "Ei")
    quote.refresh_from_db()
    assert (quote.status, quote.once_approved) == ("draft", None)
    submit(quote, world)
    decide(quote, world)
    outbox_drain()
    quote.refresh_from_db()
    assert quote.status == "approved"


@pytest.mark.parametrize("why", ["expired", "left"])
def test_what_cannot_go_out_stays_approved_and_the_rep_is_told(world: World, clock: Any, outbox_drain: Any, why: str) -> None:
    quote = submit(draft(world, "21"), world, send_to=["a@b.example"])
    if why == "expired":
        clock.move_to(dt.datetime(2026, 12, 20, 22, tzinfo=dt.UTC))
    decide(quote, world)
    if why == "left":
        world.rep.role_assignments.all().delete()
    outbox_drain()
    quote.refresh_from_db()
    sentence = "The last valid day of this quote has passed." if why == "expired" else "There is no such record."
    assert (quote.status, quote.once_approved, Event.objects.get(verb="not sent").reason) == ("approved", None, sentence)
    outbox_drain()
    told = [one for one in mail.outbox if one.subject.startswith("Not sent")]
    assert [(one.to, sentence in one.body) for one in told] == [([world.rep.email], True)]
    assert QuoteDocument.objects.count() == 0


def test_a_revision_does_not_inherit_it(world: World) -> None:
    quote = submit(draft(world, "21"), world, send_to=["a@b.example"])
    decide(quote, world)
    assert services.quote_revise(quote_id=quote.pk, by=world.rep).once_approved is None


# --- Before the last day ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("customer", [False, True])
def test_of_a_quote_that_expires_soon_is_reminded_once(
    world: World, british: Contact, clock: Any, outbox_drain: Any, customer: bool
) -> None:
    QuoteSettings.objects.create(pk=1, remind_days=3, reminds_customer=customer)
    document = both(world, british)
    deliver(clock, outbox_drain)
    QuoteMail.objects.filter(language="en").update(bounces={"boss@asiakas.example": "550 unknown"})
    clock.move_to(dt.datetime(2026, 12, 16, 21, 59, tzinfo=dt.UTC))
    assert tasks.remind() == 0
    clock.move_to(dt.datetime(2026, 12, 16, 22, 1, tzinfo=dt.UTC))  # the 17th in Helsinki, three days before the 20th
    assert [tasks.remind(), tasks.remind()] == [1, 0]
    told = deliver(clock, outbox_drain)
    subjects = {one.to[0]: one.subject for one in told}
    assert subjects.pop(world.rep.email) == f"Expires soon: Q-2026-00001/1, {world.account.name}"
    assert set(subjects) == ({world.contact.email, "ann@asiakas.example"} if customer else set())
    assert all(one.to == ["ann@asiakas.example"] for one in told if "ann" in one.to[0])
    assert Event.objects.get(verb="reminded").data == {"customer": customer}
    document.refresh_from_db()
    assert document.reminded_at is not None


@pytest.mark.parametrize("end", ["answered", "replaced", "withdrawn", "over", "just sent", "off"])
def test_nobody_is_reminded_of_what_is_not_open(world: World, clock: Any, end: str) -> None:
    QuoteSettings.objects.create(pk=1, remind_days=0 if end == "off" else 3, reminds_customer=True)
    document = sent(world)
    clock.move_to(dt.datetime(2026, 12, 18, 9, tzinfo=dt.UTC))
    if end == "answered":
        source = Source(link=document.link)
        services.quote_accept(document_id=document.pk, document_hash=document.document_hash, name="E", role="E", source=source)
    elif end == "replaced":
        new = services.quote_revise(quote_id=document.quote_id, by=world.rep)
        services.quote_send(quote_id=new.pk, by=world.rep, to=["a@b.example"])
    elif end == "withdrawn":
        services.quote_cancel(quote_id=document.quote_id, by=world.rep)
    elif end == "over":
        clock.move_to(dt.datetime(2026, 12, 20, 22, tzinfo=dt.UTC))
    elif end == "just sent":
        QuoteDocument.objects.update(sent_at=dt.datetime(2026, 12, 18, 8, tzinfo=dt.UTC))
    before = OutboxMessage.objects.count()
    out = io.StringIO()
    call_command("quotes_remind", stdout=out)
    assert (out.getvalue(), OutboxMessage.objects.count()) == ("reminded of 0 quotes\n", before)
    assert not Event.objects.filter(verb="reminded").exists()


def test_expiry_touches_approved_and_sent_quotes_alone(world: World, clock: Any) -> None:
    source = Source()
    quotes = {status: sent(world) for status in ("sent", "accepted", "declined")}
    for status, document in quotes.items():
        source = Source(link=document.link)
        common = {"document_id": document.pk, "document_hash": document.document_hash, "name": "E", "source": source}
        if status == "accepted":
            services.quote_accept(role="E", **common)
        elif status == "declined":
            services.quote_decline(reason=world.reason, **common)
    approved, left = submit(draft(world), world), draft(world)
    clock.move_to(dt.datetime(2026, 12, 20, 22, tzinfo=dt.UTC))
    assert tasks.expire() == 2
    after = {key: Quote.objects.get(pk=document.quote_id).status for key, document in quotes.items()}
    assert after == {"sent": "expired", "accepted": "accepted", "declined": "declined"}
    assert (Quote.objects.get(pk=approved.pk).status, Quote.objects.get(pk=left.pk).status) == ("expired", "draft")


# --- What comes back ----------------------------------------------------------------------------------------------------
class Once(dict[str, Any]):
    """Each reply is given once."""

    def get(self, verb: str, otherwise: Any = None) -> Any:
        return self.pop(verb, otherwise)


def test_an_address_that_is_refused_for_good_marks_the_contact_and_tells_the_owner(
    world: World, server: ScriptedServer, client: Client, clock: Any, settings: Settings
) -> None:
    document = sent(world)
    server.replies = Once({"RCPT": "550 5.1.1 no such user"})
    clock.shift(11)
    assert outbox.drain() == 1  # the mail to the owner
    world.contact.refresh_from_db()
    assert (world.contact.bounced_at is not None, world.contact.bounce_reason) == (True, "550 5.1.1 no such user")
    assert QuoteMail.objects.get().bounces == {world.contact.email: "550 5.1.1 no such user"}
    event = Event.objects.get(verb="mail refused")
    assert (event.subject_id, event.reason) == (document.quote_id, f"{world.contact.email}: 550 5.1.1 no such user")
    client.force_login(world.rep)
    page = client.get(reverse("quote_page", args=[document.quote_id])).content.decode()
    assert f"{world.contact.email} was refused: 550 5.1.1 no such user" in page
    assert len(server.mails) == 1
    assert f"To: {world.rep.email}" in server.mails[0]


def test_an_address_that_is_refused_for_now_marks_nobody(world: World, server: ScriptedServer, clock: Any) -> None:
    sent(world)
    server.replies = {"RCPT": "450 greylisted"}
    clock.shift(11)
    outbox.drain()
    world.contact.refresh_from_db()
    assert (world.contact.bounced_at, QuoteMail.objects.get().bounces) == (None, {})


def test_a_new_address_is_no_longer_marked(world: World) -> None:
    accounts.contacts_mark_refused(account_id=world.account.pk, address=world.contact.email.upper(), reason="550 no")
    world.contact.refresh_from_db()
    assert world.contact.bounce_reason == "550 no"
    save = {"account_id": world.account.pk, "contact_id": world.contact.pk, "by": world.rep}
    accounts.contact_save(**save, values={"title": "CEO"})
    world.contact.refresh_from_db()
    assert world.contact.bounce_reason == "550 no"
    accounts.contact_save(**save, values={"email": "uusi@asiakas.example"})
    world.contact.refresh_from_db()
    assert (world.contact.bounced_at, world.contact.bounce_reason) == (None, "")


def notification(message_id: str, address: str, *, action: str = "failed", status: str = "5.1.1", headers: bool = False) -> bytes:
    """A delivery status notification as Postfix writes them; `headers`: it quotes the headers of the mail alone."""
    original = f"Message-ID: {message_id}\nSubject: Tarjous\nTo: {address}\n"
    quoted = (
        f"Content-Type: text/rfc822-headers\n\n{original}" if headers else f"Content-Type: message/rfc822\n\n{original}\nHei!\n"
    )
    return f"""From: MAILER-DAEMON@mx.example
To: sales@tukku.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"

--=_b
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you.

--=_b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
Arrival-Date: Thu, 26 Nov 2026 10:00:00 +0200

Final-Recipient: rfc822; {address}
Original-Recipient: rfc822;{address}
Action: {action}
Status: {status}
Remote-MTA: dns; mail.asiakas.example
Diagnostic-Code: smtp; 550 5.1.1 <{address}>:
    User unknown

--=_b
{quoted}
--=_b--
""".encode()


def bounce(monkeypatch: pytest.MonkeyPatch, content: bytes) -> str:
    """What the command prints of this notification."""
    out = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    call_command("mail_bounce", stdout=out)
    return out.getvalue().strip()


@pytest.mark.parametrize("headers", [False, True])
def test_a_notification_that_comes_later_is_matched_by_its_message_id(
    world: World, clock: Any, outbox_drain: Any, monkeypatch: pytest.MonkeyPatch, headers: bool
) -> None:
    sent(world)
    (message,) = deliver(clock, outbox_drain)
    report = notification(message.extra_headers["Message-ID"], world.contact.email, headers=headers)
    assert bounce(monkeypatch, report) == f"noted: {world.contact.email}"
    world.contact.refresh_from_db()
    assert world.contact.bounce_reason == f"550 5.1.1 <{world.contact.email}>: User unknown"
    assert bounce(monkeypatch, report) == "nothing to note"
    assert Event.objects.filter(verb="mail refused").count() == 1
    assert [one.to for one in deliver(clock, outbox_drain)] == [[world.rep.email]]


@pytest.mark.parametrize(
    "change",
    [
        {"action": "delayed", "status": "4.4.1"},
        {"address": "somebody@else.example"},
        {"message_id": "<00000000-0000-0000-0000-000000000000@localhost>"},
    ],
)
def test_a_notification_about_something_else_notes_nothing(
    world: World, clock: Any, outbox_drain: Any, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    sent(world)
    (message,) = deliver(clock, outbox_drain)
    facts = {"message_id": message.extra_headers["Message-ID"], "address": world.contact.email, **change}
    assert bounce(monkeypatch, notification(**facts)) == "nothing to note"
    assert (Contact.objects.filter(bounced_at=None).count(), QuoteMail.objects.get().bounces) == (Contact.objects.count(), {})


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"Subject: Hi\n\nHello", notification("<x@y>", "a@b.example")])
def test_what_is_no_notification_of_ours_is_not_tried_again(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    with pytest.raises(CommandError) as refused:
        bounce(monkeypatch, content)
    assert refused.value.returncode == 65
