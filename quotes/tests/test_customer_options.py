"""The customer chooses options, asks, and answers in the language of the page; the server works everything out again."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from core import links, rate_limits
from core.models import Event, OutboxMessage
from quotes import services
from quotes.models import DeclineReason, Quote, QuoteAnswer, QuoteDocument, QuoteLine, QuoteQuestion, QuoteSettings
from quotes.services import LineDraft
from quotes.services.answering import Source
from quotes.tests.factories import World, draft, offered, sent, with_options
from quotes.views.customer import QUESTIONS

pytestmark = pytest.mark.once("postgresql")


def enter(client: Client, document: QuoteDocument, language: str = "en") -> Any:
    return client.get(reverse("customer_link", args=[links.token_of(document.link)]) + f"?language={language}", follow=True)


def address(document: QuoteDocument, language: str = "en") -> str:
    return reverse("customer_quote", args=[document.uuid]) + f"?language={language}"


def post(client: Client, document: QuoteDocument, answer: str, **given: Any) -> Any:
    data = {
        "answer": answer, "accept-document_hash": document.document_hash, "accept-name": "Olli Ostaja", "accept-role": "Ostaja",
        "accept-agree": "on", "decline-document_hash": document.document_hash, "decline-name": "Olli", "ask-name": "Olli",
        **given,
    }  # fmt: skip
    return client.post(address(document, given.pop("language", "en")), data)


def lines_of(document: QuoteDocument) -> list[QuoteLine]:
    return list(QuoteLine.objects.filter(quote=document.quote_id).order_by("position"))


def state(document: QuoteDocument) -> tuple[Any, ...]:
    """Everything that an answer may change."""
    quote = Quote.objects.get(pk=document.quote_id)
    lines = [(line.selected, line.line_net) for line in lines_of(document)]
    counts = [model.objects.count() for model in (QuoteAnswer, QuoteQuestion, Event, OutboxMessage)]
    return quote.status, quote.version, quote.net_total, quote.gross_total, lines, counts


@pytest.fixture
def document(clock: Any, world: World, client: Client) -> QuoteDocument:
    """A quote with an alternative to its first line and an option, whose page this browser has open."""
    made = offered(world)
    enter(client, made)
    return made


# --- Choosing -----------------------------------------------------------------------------------------------------------
def test_options_are_ticks_and_alternatives_are_radio_buttons(document: QuoteDocument, client: Client) -> None:
    first, second, third = lines_of(document)
    body = client.get(address(document)).content.decode()
    assert f'type="radio" name="alternative-{first.pk}" value="" checked' in body
    assert f'type="radio" name="alternative-{first.pk}" value="{second.pk}">' in body
    assert f'type="checkbox" name="option" value="{third.pk}">' in body
    assert "Update the total" in body


def test_the_total_of_a_choice_comes_from_the_server_and_nothing_is_written(document: QuoteDocument, client: Client) -> None:
    first, second, third = lines_of(document)
    before = state(document)
    answer = post(client, document, "update", option=[third.pk], **{f"alternative-{first.pk}": second.pk})
    body = answer.content.decode()
    assert answer.status_code == 200
    assert '<strong id="agreed-total">€37.65</strong>' in body  # 30.00 and 25.5 %
    assert 'name="accept-total" value="37.65"' in body
    assert f'name="option" value="{third.pk}" checked' in body
    assert 'value="Olli Ostaja"' in body
    assert state(document) == before


def test_a_browser_with_scripts_gets_the_totals_alone(document: QuoteDocument, client: Client) -> None:
    third = lines_of(document)[2]
    answer = client.post(address(document), {"answer": "update", "option": third.pk}, headers={"HX-Request": "true"})
    body = answer.content.decode()
    assert body.strip().startswith('<div class="card card-body" id="choice"')
    assert ("€75.30" in body, "<form" in body, 'id="live"' in body) == (True, False, True)


@pytest.mark.req("S4.8")
@pytest.mark.parametrize("header", ["0", "7"])
def test_lines_and_totals_of_the_quote_become_what_was_chosen(world: World, client: Client, header: str) -> None:
    document = offered(world, header=header)
    enter(client, document)
    first, second, third = lines_of(document)
    chosen = {"option": [third.pk], f"alternative-{first.pk}": second.pk}
    shown = post(client, document, "update", **chosen).context["plain_total"]
    assert post(client, document, "accept", **chosen, **{"accept-total": shown}).status_code == 302
    quote, answer = Quote.objects.get(pk=document.quote_id), QuoteAnswer.objects.get()
    net = Decimal("30.00") if header == "0" else Decimal("27.90")
    gross = Decimal("37.65") if header == "0" else Decimal("35.01")
    assert (quote.status, quote.net_total, quote.gross_total) == ("accepted", net, gross)
    assert (answer.net_total, answer.gross_total, answer.chosen) == (net, gross, [second.pk, third.pk])
    assert [line.selected for line in lines_of(document)] == [False, True, True]
    assert [line.history.count() for line in lines_of(document)] == [1, 3, 2]  # an alternative was made one after it was made
    body = client.get(address(document)).content.decode()
    assert ("What happens next" in body, f"€{gross}" in body, "Q-2026-00001/1" in body) == (True, True, True)


@pytest.mark.req("S1.24")
def test_the_answer_keeps_its_evidence(document: QuoteDocument, client: Client) -> None:
    post(client, document, "accept", **{"accept-total": "62.75", "accept-purchase_order": "PO-7"})
    answer = QuoteAnswer.objects.get()
    assert (answer.name, answer.role, answer.purchase_order, answer.language, answer.ip) == (
        "Olli Ostaja", "Ostaja", "PO-7", "en", "127.0.0.1",
    )  # fmt: skip
    assert (answer.document_hash, answer.chosen, answer.gross_total) == (document.document_hash, [], Decimal("62.75"))
    assert answer.at.tzinfo is not None


def test_a_colleague_who_is_signed_in_is_named(document: QuoteDocument, client: Client, world: World) -> None:
    cookies = dict(client.cookies)
    client.force_login(world.colleague)
    client.cookies.update(cookies)
    post(client, document, "accept", **{"accept-total": "62.75"})
    assert QuoteAnswer.objects.get().evidence == "In a browser in which Käyttäjä colleague was signed in."


# --- What is refused ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("shown", ["", "62.75", "75.31"])
def test_a_choice_with_another_total_than_was_shown_is_shown_once_more(
    document: QuoteDocument, client: Client, shown: str
) -> None:
    third, before = lines_of(document)[2], state(document)
    answer = post(client, document, "accept", option=third.pk, **{"accept-total": shown})
    assert (answer.status_code, state(document)) == (422, before)
    body = answer.content.decode()
    assert "Your choice changes the total. Check it and accept again." in body
    assert 'name="accept-total" value="75.30"' in body
    assert post(client, document, "accept", option=third.pk, **{"accept-total": "75.30"}).status_code == 302


@pytest.mark.parametrize("ticked", ["a plain line", "nothing there", "no number", "a line of another quote"])
def test_what_cannot_be_chosen_is_refused_and_changes_nothing(
    document: QuoteDocument, client: Client, world: World, ticked: str
) -> None:
    first, other = lines_of(document)[0], lines_of(offered(world))[2]
    options = {"a plain line": first.pk, "nothing there": 999_999_999, "no number": "x", "a line of another quote": other.pk}
    before = state(document)
    for answer in ("accept", "update"):
        refused = post(client, document, answer, option=options[ticked], **{"accept-total": "62.75"})
        assert (refused.status_code, state(document)) == (422, before)


def test_two_alternatives_at_once_are_refused(world: World, client: Client) -> None:
    quote = with_options(world)
    first, second, third = quote.lines.order_by("position")
    QuoteLine.objects.filter(pk=third.pk).update(alternative_to=first)
    document = services.quote_send(quote_id=quote.pk, by=world.rep, to=["a@b.example"])
    enter(client, document)
    before = state(document)
    refused = post(client, document, "accept", option=[second.pk, third.pk], **{"accept-total": "37.65"})
    assert (refused.status_code, state(document)) == (422, before)
    assert "Of alternatives only one can be chosen." in refused.content.decode()


@pytest.mark.parametrize("end", ["superseded", "cancelled", "declined", "accepted", "expired"])
def test_options_of_a_quote_that_has_ended_are_not_taken(
    document: QuoteDocument, client: Client, world: World, clock: Any, end: str
) -> None:
    source, common = (
        Source(link=document.link),
        {"document_id": document.pk, "document_hash": document.document_hash, "name": "E"},
    )
    if end == "superseded":
        new = services.quote_revise(quote_id=document.quote_id, by=world.rep)
        services.quote_send(quote_id=new.pk, by=world.rep, to=["a@b.example"])
    elif end == "cancelled":
        services.quote_cancel(quote_id=document.quote_id, by=world.rep)
    elif end == "declined":
        services.quote_decline(**common, reason=world.reason, source=source)
    elif end == "accepted":
        services.quote_accept(**common, role="E", source=source)
    else:
        clock.move_to(dt.datetime(2026, 12, 20, 22, 0, 0, tzinfo=dt.UTC))  # midnight in Helsinki after the last valid day
    before = state(document)
    refused = post(client, document, "accept", option=lines_of(document)[2].pk, **{"accept-total": "75.30"})
    assert (refused.status_code, state(document)) == (409, before)
    assert 'role="alert"' in refused.content.decode()


def test_the_last_second_of_the_last_day_in_helsinki_counts(document: QuoteDocument, client: Client, clock: Any) -> None:
    clock.move_to(dt.datetime(2026, 12, 20, 21, 59, 59, tzinfo=dt.UTC))
    assert "today is the last day" in enter(client, document).content.decode()
    assert post(client, document, "accept", **{"accept-total": "62.75"}).status_code == 302


# --- Declining ----------------------------------------------------------------------------------------------------------
@pytest.mark.req("S4.9")
def test_a_decline_has_reasons_for_single_lines(document: QuoteDocument, client: Client, world: World) -> None:
    first, _second, third = lines_of(document)
    other = DeclineReason.objects.create(code="delivery", label_en="Too slow", label_fi="Liian hidas")
    given = {"decline-reason": world.reason.pk, f"decline-line-{third.pk}": other.pk, f"decline-line-{first.pk}": ""}
    assert post(client, document, "decline", **given).status_code == 302
    assert QuoteAnswer.objects.get().line_reasons == [{"line": third.pk, "reason": "delivery"}]
    assert "Too dear" in client.get(address(document)).content.decode()


@pytest.mark.parametrize("line", ["0", "x"])
def test_a_reason_for_a_line_that_is_not_there_is_refused(
    document: QuoteDocument, client: Client, world: World, line: str
) -> None:
    before = state(document)
    answer = post(client, document, "decline", **{"decline-reason": world.reason.pk, f"decline-line-{line}": world.reason.pk})
    assert (answer.status_code, state(document)) == (422, before)


# --- Asking -------------------------------------------------------------------------------------------------------------
def test_a_question_stands_on_the_timeline_and_goes_to_the_owner(
    document: QuoteDocument, client: Client, world: World, clock: Any, outbox_drain: Any
) -> None:
    clock.shift(11)
    outbox_drain()
    assert post(client, document, "ask", **{"ask-text": "Is there\nfreight?"}).status_code == 302
    event = Event.objects.get(verb="asked")
    assert (event.subject_id, event.by_name, event.reason) == (document.quote_id, "Olli", "Is there\nfreight?")
    outbox_drain()
    told = mail.outbox[-1]
    assert (told.to, told.subject, told.reply_to) == (
        [world.rep.email], f"Question: Q-2026-00001/1, {world.account.name}", [world.contact.email],
    )  # fmt: skip
    assert "Is there\nfreight?" in told.body
    assert "freight?" in client.get(address(document)).content.decode()


@pytest.mark.parametrize("missing", ["ask-name", "ask-text"])
def test_a_question_needs_a_name_and_words(document: QuoteDocument, client: Client, missing: str) -> None:
    before = state(document)
    answer = post(client, document, "ask", **{"ask-text": "Why?", missing: "  "})
    assert (answer.status_code, state(document)) == (422, before)


def test_questions_are_limited_in_rate_and_in_number(document: QuoteDocument, client: Client, clock: Any) -> None:
    answers = [post(client, document, "ask", **{"ask-text": f"{number}?"}).status_code for number in range(QUESTIONS.times + 1)]
    assert answers == [302] * QUESTIONS.times + [429]
    source, kept = Source(link=document.link), {"document": document, "name": "O", "text": "?", "at": document.sent_at}
    QuoteQuestion.objects.bulk_create(QuoteQuestion(**kept) for _number in range(20))
    with pytest.raises(Exception, match="asked a lot"):
        services.quote_ask(document_id=document.pk, name="O", text="?", source=source)
    rate_limits.sweep()


@pytest.mark.parametrize(("end", "status"), [("expired", 302), ("cancelled", 409), ("accepted", 409)])
def test_questions_are_taken_while_the_quote_is_open_or_has_just_expired(
    document: QuoteDocument, client: Client, world: World, clock: Any, end: str, status: int
) -> None:
    if end == "expired":
        clock.move_to(dt.datetime(2026, 12, 21, 9, tzinfo=dt.UTC))
        services.quote_expire(quote_id=document.quote_id)
        enter(client, document)
    elif end == "cancelled":
        services.quote_cancel(quote_id=document.quote_id, by=world.rep)
    else:
        post(client, document, "accept", **{"accept-total": "62.75"})
    assert post(client, document, "ask", **{"ask-text": "Still?"}).status_code == status
    assert QuoteQuestion.objects.count() == (status == 302)


# --- Opening ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("tells", [True, False])
def test_that_it_was_opened_is_noted_once_after_a_gesture(
    document: QuoteDocument, client: Client, world: World, clock: Any, outbox_drain: Any, tells: bool
) -> None:
    QuoteSettings.objects.create(pk=1, tells_opened=tells)
    clock.shift(11)
    outbox_drain()
    enter(client, document)
    assert Event.objects.filter(verb="opened").count() == 0
    opened = reverse("customer_opened", args=[document.uuid])
    assert [client.post(opened).status_code for _time in range(2)] == [204, 204]
    assert client.get(opened).status_code == 405
    document.refresh_from_db()
    assert (document.opened_at is not None, Event.objects.filter(verb="opened").count()) == (True, 1)
    mail.outbox.clear()
    outbox_drain()
    assert [message.subject for message in mail.outbox] == [f"Opened: Q-2026-00001/1, {world.account.name}"] * tells


def test_without_the_link_nothing_is_opened(document: QuoteDocument) -> None:
    assert Client().post(reverse("customer_opened", args=[document.uuid])).status_code == 404
    assert Event.objects.filter(verb="opened").count() == 0


# --- Language and looks -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("language", "word"), [("en", "Milk"), ("fi", "Maito"), ("sv", "Maito")])
def test_the_page_speaks_the_language_of_its_address(world: World, client: Client, language: str, word: str) -> None:
    document = sent(world)
    body = enter(client, document, language).content.decode()
    assert word in body
    assert '<html lang="fi"' in body or language == "en"
    assert 'href="?language=fi"' in body


def test_nothing_is_loaded_from_elsewhere_and_nothing_internal_is_shown(document: QuoteDocument, client: Client) -> None:
    body = client.get(address(document)).content.decode()
    assert re.findall(r'(?:src|href|action)="(?!/|#|\?|mailto:|tel:)[^"]*"', body) == []
    assert 'name="robots" content="noindex' in body
    assert not {"margin", "Margin", "floor", "cost"} & set(re.findall(r"\w+", body))


@pytest.mark.req("S1.12")
def test_the_page_shows_list_price_discount_and_net(world: World, client: Client) -> None:
    quote = draft(world, "10")
    document = services.quote_send(quote_id=quote.pk, by=world.rep, to=["a@b.example"])
    text = " ".join(enter(client, document).content.decode().split())
    for figure in ("€10.00</td>", "<div>10%</div><div>-€1.00</div>", "€9.00</td>", "€45.00</td>", "25.5%</td>", "€56.48"):
        assert figure in text
    assert "the invoice falls due" in text


@pytest.mark.parametrize("lines", [2, 60])
def test_the_page_asks_the_database_as_often_at_any_length(
    world: World, client: Client, lines: int, django_assert_num_queries: Any
) -> None:
    made = [LineDraft(world.product, Decimal(5), optional=number % 3 == 0) for number in range(lines)]
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=made)
    document = services.quote_send(quote_id=quote.pk, by=world.rep, to=["a@b.example"])
    enter(client, document)
    with django_assert_num_queries(7):  # misses of this place, link, document, questions, files, reasons for all and for lines
        assert client.get(address(document)).status_code == 200


@pytest.mark.req("S4.9")
def test_the_receipt_names_the_options_that_were_taken(
    client: Client, document: QuoteDocument, clock: Any, outbox_drain: Any
) -> None:
    clock.shift(11)
    outbox_drain()
    first, second, third = lines_of(document)
    taken = {f"alternative-{first.pk}": second.pk, "option": third.pk}
    shown = post(client, document, "update", **taken).context["plain_total"]
    post(client, document, "accept", **taken, **{"accept-total": shown})
    outbox_drain()
    receipt = next(sent for sent in mail.outbox if "Kuittaus" in sent.subject)
    for text in (receipt.body, str(receipt.alternatives[0].content)):
        plain = text.replace("\u00a0", " ")
        assert "2 Maito, 2 kpl: 20,00 €" in plain
        assert "3 Maito, 1 kpl: 10,00 €" in plain
        assert "1 Maito" not in plain


def test_a_receipt_without_options_taken_says_so_and_one_without_options_says_nothing(
    client: Client, document: QuoteDocument, world: World, clock: Any, outbox_drain: Any
) -> None:
    plain = sent(world)
    clock.shift(11)
    outbox_drain()
    post(client, document, "accept")
    enter(client, plain)
    post(client, plain, "accept")
    outbox_drain()
    receipts = [sent.body for sent in mail.outbox if "Kuittaus" in sent.subject]
    assert ["Mitään optioita ei valittu." in body for body in receipts] == [True, False]
    assert ["PDF on tarjous sellaisena kuin" in body for body in receipts] == [True, False]
