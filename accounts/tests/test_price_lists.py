"""Which price lists an account gets."""

import datetime as dt
import random
from typing import Any

import pytest
from django.test import Client

from accounts import price_list_selectors, price_lists
from accounts.models import PriceListRule
from accounts.price_lists import Rule
from accounts.tests.factories import AccountFactory, CategoryTma2Factory
from catalog.models import PriceList
from catalog.tests.factories import PriceListFactory
from core.tests.rivals import at_once
from users.tests.factories import UserFactory

DAY = dt.date(2026, 11, 20)
PAGE = "/admin/accounts/pricelistrule/add/"


def chosen(*rules: Rule, tma2: int | None = 1, channel: int | None = 2, territory: int | None = 3) -> tuple[int, ...]:
    some = random.sample(rules, len(rules))
    return price_lists.lists_in_order(some, tma2=tma2, channel=channel, territory=territory, day=DAY)


def test_most_named_criteria_win_then_priority_then_age() -> None:
    rules = [
        Rule(1, 10, 100),
        Rule(2, 20, 50),
        Rule(3, 30, 100, tma2=1),
        Rule(4, 40, 100, tma2=1, channel=2),
        Rule(5, 50, 900, tma2=1, channel=2, territory=3),
        Rule(6, 60, 100, channel=2),
        Rule(7, 70, 100, territory=3),
        Rule(8, 70, 1),
    ]
    assert chosen(*rules) == (50, 40, 30, 60, 70, 20, 10)
    assert chosen(*rules, tma2=None, channel=None, territory=None) == (70, 20, 10)
    assert chosen(*rules, tma2=9) == (60, 70, 20, 10)


@pytest.mark.parametrize(("first", "last", "holds"), [(0, 0, True), (None, -1, False), (1, None, False), (None, None, True)])
def test_a_rule_holds_on_its_days(first: int | None, last: int | None, holds: bool) -> None:
    days = [None if number is None else DAY + dt.timedelta(number) for number in (first, last)]
    assert chosen(Rule(1, 10, 100, None, None, None, *days)) == ((10,) if holds else ())


@pytest.mark.django_db
def test_an_account_gets_the_lists_that_its_facts_ask_for_in_one_query(django_assert_num_queries: Any) -> None:
    tma2 = CategoryTma2Factory()
    account = AccountFactory(tma2=tma2)
    with django_assert_num_queries(1):
        assert price_list_selectors.price_lists_for(account, DAY) == ()
    everybody, own, gone, other = (PriceListFactory(code=code) for code in "ABCD")
    PriceListRule.objects.create(price_list=everybody)
    PriceListRule.objects.create(price_list=own, tma2=tma2)
    PriceListRule.objects.create(price_list=gone, tma2=tma2, priority=1)
    PriceListRule.objects.create(price_list=other, tma2=CategoryTma2Factory())
    PriceListRule.objects.create(price_list=other, tma2=tma2, is_active=False)
    PriceList.objects.filter(pk=gone.pk).update(is_active=False)
    with django_assert_num_queries(1):
        assert price_list_selectors.price_lists_for(account, DAY) == (own.pk, everybody.pk)
    assert price_list_selectors.price_lists_for(AccountFactory(tma2=None), DAY) == (everybody.pk,)


def save(client: Client, path: str = PAGE, **given: Any) -> list[str]:
    """What is wrong with a rule; [] when it was saved."""
    data = {"priority": "100", "is_active": "on"} | given
    response = client.post(path, {name: getattr(value, "pk", value) for name, value in data.items()})
    if response.status_code == 302:
        return []
    return [str(error) for errors in response.context["adminform"].form.errors.values() for error in errors]


def keeper() -> Client:
    client = Client()
    client.force_login(UserFactory(roles=["pricing"]))
    return client


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ({}, True),
        ({"valid_from": "2026-12-31"}, True),
        ({"valid_from": "2027-01-01"}, False),
        ({"priority": "99"}, False),
        ({"is_active": ""}, False),
    ],
)
def test_two_rules_between_which_only_their_age_would_decide_are_refused(more: dict[str, str], refused: bool) -> None:
    tma2, one, other = CategoryTma2Factory(label_en="Hospitals"), PriceListFactory(code="A", label_en="One"), PriceListFactory()
    client = keeper()
    assert save(client, price_list=one, tma2=tma2, valid_to="2026-12-31") == []
    sentence = "“One: Hospitals” names the same criteria with the priority 100, and both are valid on the same days."
    assert save(client, price_list=other, tma2=tma2, **more) == ([sentence] if refused else [])
    assert PriceListRule.objects.count() == 2 - refused
    row = PriceListRule.objects.get(price_list=one)
    assert save(client, f"/admin/accounts/pricelistrule/{row.pk}/change/", price_list=one, tma2=tma2, valid_to="2026-12-30") == []
    assert PriceListRule.history.filter(id=row.pk).count() == 2


@pytest.mark.django_db
def test_rules_of_other_criteria_stand_beside_each_other() -> None:
    client, one = keeper(), PriceListFactory(code="A")
    assert save(client, price_list=one) == []
    assert save(client, price_list=one, tma2=CategoryTma2Factory()) == []
    assert str(PriceListRule.objects.order_by("pk").first()) == "Standard prices: all customers"
    assert save(client, price_list=one, valid_from="2026-02-01", valid_to="2026-01-01", priority="7") == [
        "The last day is before the first."
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["sales_rep", "finance"])
def test_only_those_who_keep_prices_keep_the_rules(role: str) -> None:
    client = Client()
    client.force_login(UserFactory(roles=[role]))
    assert client.post(PAGE, {"price_list": PriceListFactory().pk, "priority": "1"}).status_code == 403
    assert not PriceListRule.objects.exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_locked", [True, False])
def test_of_two_people_who_save_the_same_rule_at_once_one_is_refused(is_locked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lock both are saved."""
    import contextlib
    import threading

    from accounts import rule_forms
    from core import db

    price_list, clients = PriceListFactory(), [keeper(), keeper()]
    met = threading.Barrier(2, timeout=1)
    look = price_lists.clashing

    def looking(*arguments: Any) -> Any:
        found = look(*arguments)
        with contextlib.suppress(threading.BrokenBarrierError):
            met.wait()  # whoever holds the lock waits in vain
        return found

    monkeypatch.setattr(rule_forms.price_lists, "clashing", looking)
    if not is_locked:
        monkeypatch.setattr(db, "advisory_lock", lambda key: contextlib.nullcontext())
    answers = at_once(*(lambda client=client: save(client, price_list=price_list) for client in clients))
    assert (PriceListRule.objects.count(), sorted(map(len, answers))) == ((1, [0, 1]) if is_locked else (2, [0, 0]))
