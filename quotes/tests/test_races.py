"""Rivals over one quote at the same instant; and what would happen without the lock."""

import contextlib
import datetime as dt
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from core import clock
from core.models import Event, OutboxMessage
from core.tests.rivals import at_once
from quotes import selectors, services, starter_selectors
from quotes.models import Quote, QuoteAnswer, QuoteDocument, QuoteLine, QuoteQuestion, StarterPackAnswer
from quotes.services import answering, starter_packs
from quotes.services.answering import Source
from quotes.tests.factories import World, draft, make_world, offered, sent, template_of

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.fixture
def parked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides meet between reading and writing, if the lock lets them."""
    barrier = threading.Barrier(2)
    save = answering._save

    def park(*args: Any) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):  # the other side waits for the lock
            barrier.wait(timeout=0.3)
        save(*args)

    monkeypatch.setattr(answering, "_save", park)


def accepting(document: QuoteDocument, name: str) -> Callable[[], QuoteAnswer]:
    source = Source(link=document.link)
    return lambda: services.quote_accept(
        document_id=document.pk, document_hash=document.document_hash, name=name, role="Ostaja", source=source
    )


def declining(document: QuoteDocument, world: World) -> Callable[[], QuoteAnswer]:
    source = Source(link=document.link)
    return lambda: services.quote_decline(
        document_id=document.pk, document_hash=document.document_hash, name="Ei", reason=world.reason, source=source
    )


def kinds(results: list[Any]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


def test_of_accept_and_decline_at_once_one_wins(world: World, parked: None) -> None:
    document = sent(world)
    assert kinds(at_once(accepting(document, "Kyllä"), declining(document, world))) == ["QuoteAnswer", "WrongState"]
    assert QuoteAnswer.objects.count() == OutboxMessage.objects.filter(topic="quote.answered").count() == 1


def test_of_two_acceptances_with_other_options_one_wins_and_the_lines_are_its_own(world: World, parked: None) -> None:
    document = offered(world)
    _first, second, third = document.quote.lines.order_by("position")
    sides = [(second.pk, "25.10"), (third.pk, "75.30")]

    def taking(key: int, shown: str) -> Callable[[], QuoteAnswer]:
        given = {"document_id": document.pk, "document_hash": document.document_hash, "name": "O", "role": "O"}
        source = Source(link=document.link)
        return lambda: services.quote_accept(**given, source=source, chosen=[key], shown=Decimal(shown))

    assert kinds(at_once(*[taking(*side) for side in sides])) == ["QuoteAnswer", "WrongState"]
    answer, quote = QuoteAnswer.objects.get(), Quote.objects.get(pk=document.quote_id)
    taken = list(QuoteLine.objects.filter(quote=quote, selected=True).values_list("pk", flat=True))
    assert (answer.chosen, str(answer.gross_total)) in [([key], shown) for key, shown in sides]
    assert (taken, quote.gross_total) == (answer.chosen, answer.gross_total)
    assert OutboxMessage.objects.filter(topic="quote.receipt").count() == 1


def test_an_acceptance_and_the_end_of_the_last_day_at_once_leave_one_of_the_two(
    world: World, parked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep runs on a host whose clock is ahead: there the last day is over, where the customer accepts it is not."""
    document, here, real = sent(world), threading.local(), clock.today
    monkeypatch.setattr(clock, "today", lambda: getattr(here, "day", None) or real())

    def tomorrow() -> bool:
        here.day = document.quote.valid_until + dt.timedelta(days=1)
        return services.quote_expire(quote_id=document.quote_id)

    results = at_once(accepting(document, "Kyllä"), tomorrow)
    status = Quote.objects.get(pk=document.quote_id).status
    assert (status, QuoteAnswer.objects.count(), kinds(results), True in results) in [
        ("accepted", 1, ["QuoteAnswer", "bool"], False),
        ("expired", 0, ["WrongState", "bool"], True),
    ]
    assert Event.objects.filter(verb__in=["accepted", "expired"]).count() == 1


def test_an_acceptance_and_a_newer_revision_at_once_leave_one_of_the_two(world: World, parked: None) -> None:
    document = sent(world)
    new = services.quote_revise(quote_id=document.quote_id, by=world.rep)
    to = ["a@b.example"]
    results = at_once(
        accepting(document, "Kyllä"), lambda: services.quote_send(quote_id=new.pk, by=world.rep, to=to)
    )  # fmt: skip
    old, newer = (Quote.objects.get(pk=pk).status for pk in (document.quote_id, new.pk))
    assert (old, newer, kinds(results)) in [
        ("accepted", "draft", ["QuoteAnswer", "WrongState"]),
        ("superseded", "sent", ["QuoteDocument", "WrongState"]),
    ]


def test_a_question_and_an_answer_at_once_are_both_kept_or_the_question_comes_too_late(world: World, parked: None) -> None:
    document = sent(world)
    source = Source(link=document.link)
    asking = lambda: services.quote_ask(document_id=document.pk, name="O", text="?", source=source)  # noqa: E731
    results = at_once(accepting(document, "Kyllä"), asking)
    asked = QuoteQuestion.objects.count()
    assert (kinds(results), asked) in [(["QuoteAnswer", "QuoteQuestion"], 1), (["QuoteAnswer", "WrongState"], 0)]
    assert Event.objects.filter(verb="asked").count() == OutboxMessage.objects.filter(topic="quote.question").count() == asked


def test_that_it_was_opened_is_noted_once_by_any_number_of_browsers(world: World) -> None:
    document = sent(world)
    opening = lambda: services.quote_opened(document_id=document.pk, source=Source(link=document.link))  # noqa: E731
    assert sorted(at_once(*[opening] * 4)) == [False, False, False, True]
    assert Event.objects.filter(verb="opened").count() == 1


def test_of_sending_by_hand_and_by_itself_at_once_one_sends(world: World) -> None:
    quote = draft(world)
    services.quote_submit(quote_id=quote.pk, by=world.rep, send_to=["a@b.example"])

    def by_hand() -> QuoteDocument:
        return services.quote_send(quote_id=quote.pk, by=world.rep, to=["c@d.example"])

    at_once(by_hand, lambda: services.quote_send_approved(quote_id=quote.pk))
    assert (QuoteDocument.objects.count(), OutboxMessage.objects.filter(topic="quote.sent").count()) == (1, 1)
    assert OutboxMessage.objects.filter(topic="quote.not_sent").count() == 0


def test_without_the_lock_both_would_pass_every_check_and_meet_the_constraint(
    world: World, parked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    related = QuoteDocument.objects.select_related("quote", "link", "snapshot")
    monkeypatch.setattr(selectors, "document_for_update", lambda document_id: related.get(pk=document_id))
    document = sent(world)
    results = at_once(accepting(document, "Kyllä"), declining(document, world))
    assert kinds(results) != ["QuoteAnswer", "WrongState"]


def test_numbers_are_given_out_once(world: World) -> None:
    def make() -> Quote:
        return services.quote_create(account_id=world.account.pk, by=world.rep)

    quotes = at_once(*[make] * 6)
    assert sorted(int(quote.number[-5:]) for quote in quotes) == [1, 2, 3, 4, 5, 6]


def test_two_edits_from_the_same_version_lose_nothing(world: World) -> None:
    quote = draft(world)
    line = quote.lines.get()

    def change(quantity: str) -> Callable[[], QuoteLine]:
        edit = {"quote_id": quote.pk, "line_id": line.pk, "version": 1}
        return lambda: services.line_change(**edit, by=world.rep, quantity=Decimal(quantity))

    assert kinds(at_once(change("7"), change("9"))) == ["QuoteLine", "StaleVersion"]
    quote.refresh_from_db()
    assert (quote.version, quote.net_total) == (2, quote.lines.get().line_net)


def test_a_double_send_sends_once(world: World) -> None:
    quote = draft(world)

    def send() -> QuoteDocument:
        return services.quote_send(quote_id=quote.pk, by=world.rep, to=["a@b.example"])

    assert kinds(at_once(send, send)) == ["QuoteDocument", "WrongState"]
    assert OutboxMessage.objects.filter(topic="quote.sent").count() == 1


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked whether the customer is new before either of them writes, if the lock lets them."""
    barrier, look = threading.Barrier(2), starter_selectors.starter_pack_for

    def park(quote: Quote) -> Any:
        found = look(quote)
        with contextlib.suppress(threading.BrokenBarrierError):  # the other side waits for the lock
            barrier.wait(timeout=0.3)
        return found

    monkeypatch.setattr(starter_selectors, "starter_pack_for", park)


def taking(world: World, quote: Quote) -> Callable[[], Any]:
    return lambda: services.starter_pack_take(quote_id=quote.pk, by=world.rep)


def test_of_two_first_quotes_one_gets_the_starter_pack(world: World, looked: None) -> None:
    template_of(world.rep, world.product, is_starter_pack=True)
    assert kinds(at_once(taking(world, draft(world)), taking(world, draft(world)))) == ["WrongState", "list"]
    assert StarterPackAnswer.objects.count() == 1


def test_without_the_lock_both_would_get_it(world: World, looked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter_packs, "account_for_update", lambda account_id, user: None)
    template_of(world.rep, world.product, is_starter_pack=True)
    assert kinds(at_once(taking(world, draft(world)), taking(world, draft(world)))) == ["list", "list"]
