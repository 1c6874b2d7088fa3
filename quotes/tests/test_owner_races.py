"""Two people give a quote away at the same instant; and what would happen without the lock."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest

from core.models import Event
from core.tests.rivals import at_once
from quotes import selectors, services
from quotes.models import Quote
from quotes.services import owning
from quotes.tests.factories import World, draft, make_world
from users.selectors import user_with_roles

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.fixture
def parked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides meet between reading and writing, if the lock lets them."""
    barrier = threading.Barrier(2)

    def park(user_id: int) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):  # the other side waits for the lock
            barrier.wait(timeout=0.3)
        return user_with_roles(user_id)

    monkeypatch.setattr(owning, "user_with_roles", park)


def giving(quote: Quote, world: World, owner_id: int) -> Callable[[], Quote]:
    return lambda: services.quote_change_owner(quote_id=quote.pk, by=world.rep, owner_id=owner_id, version=1)


def outcome(world: World) -> tuple[list[str], int, int]:
    quote = draft(world)
    results = at_once(giving(quote, world, world.colleague.pk), giving(quote, world, world.manager.pk))
    quote.refresh_from_db()
    return sorted(type(result).__name__ for result in results), quote.version, Event.objects.filter(verb="owner changed").count()


def test_of_two_who_give_a_quote_away_at_once_one_wins(world: World, parked: None) -> None:
    assert outcome(world) == (["Quote", "StaleVersion"], 2, 1)


def test_without_the_lock_both_would(world: World, parked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlocked(user: Any, quote_id: int) -> Quote:
        return Quote.objects.visible_to(user).select_related("account", "payment_term").get(pk=quote_id)

    monkeypatch.setattr(selectors, "quote_in_sight_for_update", unlocked)
    assert outcome(world) == (["Quote", "Quote"], 2, 2)
