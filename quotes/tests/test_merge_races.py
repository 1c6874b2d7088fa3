"""Two merges of one prospect at the same instant; and what would happen without the lock."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest

from accounts import merge_selectors, merging
from accounts.models import Account, AccountMerge
from accounts.tests.factories import AccountFactory, ContactFactory
from core.errors import NotFound
from core.tests.rivals import at_once
from quotes import services
from quotes.models import Quote
from quotes.tests.factories import World, make_world

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.fixture
def parked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides meet between reading and writing, if the lock lets them."""
    barrier = threading.Barrier(2)
    check = merging._require_mergeable

    def park(*args: Any) -> None:
        check(*args)
        with contextlib.suppress(threading.BrokenBarrierError):  # the other side waits for the lock
            barrier.wait(timeout=0.3)

    monkeypatch.setattr(merging, "_require_mergeable", park)


def prospect(world: World) -> Account:
    loser = AccountFactory(owner=world.rep, is_prospect=True, parent_customer_id=None)
    ContactFactory(account=loser, is_default=True)
    return loser


def merging_into(world: World, survivor: Account, loser: Account) -> Callable[[], AccountMerge]:
    return lambda: merging.account_merge(survivor_id=survivor.pk, loser_id=loser.pk, by=world.rep)


def kinds(results: list[Any]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


@pytest.mark.req("S2.33")
def test_of_two_merges_of_one_prospect_one_wins(world: World, parked: None) -> None:
    loser, other = prospect(world), AccountFactory(owner=world.rep)

    results = at_once(merging_into(world, world.account, loser), merging_into(world, other, loser))

    assert kinds(results) == ["AccountMerge", "WrongState"]
    won = AccountMerge.objects.get()
    assert Account.objects.get(pk=loser.pk).merged_into_id == won.survivor_id
    assert set(
        loser.contacts.model.objects.filter(pk__in=won.moved["accounts.Contact"]["account"]).values_list("account", flat=True)
    ) == {won.survivor_id}


def test_two_prospects_merged_into_each_other_end_as_one(world: World, parked: None) -> None:
    first, second = prospect(world), prospect(world)

    results = at_once(merging_into(world, first, second), merging_into(world, second, first))

    assert kinds(results) == ["AccountMerge", "WrongState"]
    assert Account.objects.filter(pk__in=[first.pk, second.pk], status="merged").count() == 1


def test_without_the_lock_both_would_win(world: World, parked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlocked(user: Any, keys: Any) -> dict[int, Account]:
        return {account.pk: account for account in Account.objects.filter(pk__in=keys).select_related("owner__team")}

    monkeypatch.setattr(merge_selectors, "accounts_for_update", unlocked)
    loser, other = prospect(world), AccountFactory(owner=world.rep)

    results = at_once(merging_into(world, world.account, loser), merging_into(world, other, loser))

    assert kinds(results) == ["AccountMerge", "AccountMerge"]


def test_a_quote_that_is_being_changed_follows(world: World) -> None:
    loser = AccountFactory(owner=world.rep, is_prospect=True, parent_customer_id=None, payment_term=world.account.payment_term)
    quote = services.quote_create(account_id=loser.pk, by=world.rep, lines=[])

    def change() -> Quote:
        return services.quote_change(quote_id=quote.pk, by=world.rep, customer_note="Kiitos")

    merged, changed = at_once(merging_into(world, world.account, loser), change)

    assert isinstance(merged, AccountMerge)
    quote.refresh_from_db()
    assert quote.account_id == world.account.pk
    assert isinstance(changed, Quote | NotFound)  # who waited finds the row elsewhere than it was asked for, and asks again
    assert quote.customer_note == ("Kiitos" if isinstance(changed, Quote) else "")
