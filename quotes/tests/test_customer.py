"""The customer's link: a GET is inert, a POST answers, and a dead link says what happened."""

import datetime as dt
import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from core import links
from core.models import Event, Link, OutboxMessage
from quotes import services
from quotes.models import QuoteAnswer, QuoteDocument
from quotes.tests.factories import World, sent

pytestmark = pytest.mark.once("postgresql")


def enter(client: Client, document: QuoteDocument) -> Any:
    return client.get(reverse("customer_link", args=[links.token_of(document.link)]), follow=True)


def page(document: QuoteDocument) -> str:
    return reverse("customer_quote", args=[document.uuid])


def accept(client: Client, document: QuoteDocument, **more: str) -> Any:
    data = {"answer": "accept", "accept-document_hash": document.document_hash, "accept-name": "Öykkönen",
            "accept-role": "Ostaja", "accept-agree": "on", **more}  # fmt: skip
    return client.post(page(document), data)


def test_the_link_opens_the_quote_in_its_language_without_a_session(client: Client, world: World) -> None:
    document = sent(world)
    answer = enter(client, document)
    body = answer.content.decode()
    assert answer.redirect_chain == [(page(document), 302)]
    assert "Maito" in body
    assert "62,75\u00a0€" in body
    assert "Kate" not in body
    assert (answer["Referrer-Policy"], answer["Cache-Control"], answer["X-Robots-Tag"]) == (
        "same-origin",
        "no-store",
        "noindex, nofollow",
    )
    entrance = client.get(reverse("customer_link", args=[links.token_of(document.link)]))
    assert (entrance["Referrer-Policy"], entrance["Cache-Control"]) == ("no-referrer", "no-store")


def test_unknown_and_malformed_tokens_get_the_same_404(client: Client, world: World) -> None:
    sent(world)
    answers = [client.get(f"/q/{token}/") for token in ("A" * 43, "short", "ä" * 43)]
    bodies = {re.sub(rb"[A-Za-z0-9]{64}", b"csrf", answer.content) for answer in answers}
    assert (len(bodies), {answer.status_code for answer in answers}) == (1, {404})


def test_an_approval_link_does_not_open_a_quote(client: Client, world: World) -> None:
    document = sent(world)
    other = links.issue(Link.Purpose.APPROVAL, document.quote_id, expires_at=document.link.expires_at, person_id=world.pricing.pk)
    assert client.get(reverse("customer_link", args=[links.token_of(other)])).status_code == 404


def test_scanners_change_nothing(client: Client, world: World) -> None:
    document = sent(world)
    before = (Event.objects.count(), OutboxMessage.objects.count(), document.quote.version)
    for _ in range(20):
        enter(client, document)
        client.head(page(document))
        client.options(page(document))
    document.quote.refresh_from_db()
    assert (Event.objects.count(), OutboxMessage.objects.count(), document.quote.version) == before
    assert (document.quote.status, QuoteAnswer.objects.count()) == ("sent", 0)


def test_the_customer_accepts_and_sees_the_receipt(client: Client, world: World) -> None:
    document = sent(world)
    enter(client, document)
    assert accept(client, document, **{"accept-purchase_order": "PO-7"}).status_code == 302
    answer = QuoteAnswer.objects.get()
    assert (answer.answer, answer.name, answer.purchase_order, answer.ip) == ("accepted", "Öykkönen", "PO-7", "127.0.0.1")
    assert accept(client, document).status_code == 409
    assert "Öykkönen" in client.get(page(document)).content.decode()


def test_a_post_without_the_cookie_of_the_link_is_a_404(client: Client, world: World) -> None:
    document = sent(world)
    assert accept(client, document).status_code == 404
    assert QuoteAnswer.objects.count() == 0


@pytest.mark.parametrize("missing", ["accept-name", "accept-role", "accept-agree", "accept-document_hash"])
def test_an_incomplete_acceptance_says_which_field(client: Client, world: World, missing: str) -> None:
    document = sent(world)
    enter(client, document)
    answer = accept(client, document, **{missing: ""})
    assert (answer.status_code, QuoteAnswer.objects.count()) == (422, 0)
    assert "is-invalid" in answer.content.decode() or missing.endswith("hash")


def test_a_decline_needs_a_reason(client: Client, world: World) -> None:
    document = sent(world)
    enter(client, document)
    data = {
        "answer": "decline",
        "decline-document_hash": document.document_hash,
        "decline-name": "Öykkönen",
        "decline-comment": "Kallis",
    }
    assert client.post(page(document), data).status_code == 422
    assert client.post(page(document), {**data, "decline-reason": world.reason.pk}).status_code == 302
    assert (QuoteAnswer.objects.get().reason, QuoteAnswer.objects.get().comment) == (world.reason, "Kallis")


def test_an_expired_quote_says_so_and_takes_no_answer(client: Client, world: World, clock: Any) -> None:
    document = sent(world)
    enter(client, document)
    clock.move_to(dt.datetime(2026, 12, 22, 9, tzinfo=dt.UTC))
    assert "accept-title" not in enter(client, document).content.decode()
    assert (accept(client, document).status_code, QuoteAnswer.objects.count()) == (409, 0)


def test_a_superseded_quote_leads_on_to_the_newer_revision(client: Client, world: World) -> None:
    document = sent(world)
    new = services.quote_revise(quote_id=document.quote_id, by=world.rep)
    newer = services.quote_send(quote_id=new.pk, by=world.rep, to=["a@b.example"])
    answer = enter(client, document)
    assert reverse("customer_link", args=[links.token_of(newer.link)]) in answer.content.decode()
    assert accept(client, document).status_code == 409


def test_a_cancelled_quote_shows_no_prices_any_more(client: Client, world: World) -> None:
    document = sent(world)
    services.quote_cancel(quote_id=document.quote_id, by=world.rep)
    answer = enter(client, document)
    assert "62,75" not in answer.content.decode()
    assert answer.status_code == 200
    assert client.get(reverse("customer_document", args=[document.uuid])).status_code == 404


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "=1+1", "' OR 1=1 --", "\u202eevil"])
def test_any_text_is_kept_as_text(client: Client, world: World, text: str) -> None:
    document = sent(world)
    enter(client, document)
    accept(client, document, **{"accept-name": text})
    assert QuoteAnswer.objects.get().name == text
    assert "<script>alert" not in client.get(page(document)).content.decode()


def test_the_mail_carries_link_and_pdf_and_the_row_carries_no_token(world: World, clock: Any, outbox_drain: Any) -> None:
    document = sent(world)
    assert outbox_drain() == 0
    clock.shift(11)
    assert outbox_drain() == 1
    message = mail.outbox[0]
    token = links.token_of(document.link)
    assert message.to == [world.contact.email]
    assert token in message.body
    assert "Q-2026-00001-1.pdf" in str(message.attachments[0])
    assert token not in str(list(OutboxMessage.objects.values())) + str(list(Link.objects.values()))


def test_owner_and_customer_hear_of_the_answer(world: World, client: Client, clock: Any, outbox_drain: Any) -> None:
    document = sent(world)
    clock.shift(11)
    outbox_drain()
    enter(client, document)
    accept(client, document)
    assert outbox_drain() == 2
    told, receipt = mail.outbox[-2:]
    assert (told.to, told.subject) == ([world.rep.email], f"Accepted: Q-2026-00001/1, {world.account.name}")
    assert (receipt.to, receipt.subject) == ([world.contact.email], "Kuittaus: tarjous Q-2026-00001 on hyväksytty")
    assert "Q-2026-00001-1.pdf" in str(receipt.attachments[0])
    assert outbox_drain() == 0


def test_a_cancelled_quote_is_not_mailed_any_more(world: World, clock: Any, outbox_drain: Any) -> None:
    document = sent(world)
    OutboxMessage.objects.update(attempts=1)  # a first attempt has failed
    services.quote_cancel(quote_id=document.quote_id, by=world.rep)
    clock.shift(11)
    outbox_drain()
    assert mail.outbox == []


def test_documents_are_made_in_several_threads(world: World) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from quotes import documents

    document = sent(world)
    content, parties = document.snapshot.content, document.parties
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda n: documents.pdf_of({**content, "revision": n}, parties, "fi"), range(12)))
    assert all(pdf.startswith(b"%PDF") for pdf in made)
