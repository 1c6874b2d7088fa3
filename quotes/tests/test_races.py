"""Rivals over one quote at the same instant; and what would happen without the lock."""

import contextlib
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from core.models import OutboxMessage
from core.tests.rivals import at_once
from quotes import selectors, services, starter_selectors
from quotes.models import Quote, QuoteAnswer, QuoteDocument, QuoteLine, StarterPackAnswer
from quotes.services import answering, starter_packs
from quotes.services.answering import Source
from quotes.tests.factories import World, draft, make_world, sent, template_of

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
