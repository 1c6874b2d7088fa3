"""Prices that have changed since a draft was made: offered, never taken by themselves."""

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, strategies as st

from catalog.models import Price, Product
from catalog.tests.factories import ProductFactory
from core.errors import DomainError, NotAllowed, NotFound, StaleVersion, WrongState
from core.models import Event
from quotes import price_offers, pricing, repricing, selectors, services
from quotes.models import Quote, QuoteLine
from quotes.repricing import Today, Trouble
from quotes.services import Discount, LineDraft
from quotes.tests.factories import World, draft, sent
from users.tests.factories import UserFactory

NOTICE = {"HX-Request": "true", "HX-Target": "quote-offer"}
SHEET = {"HX-Request": "true", "HX-Target": "quote-sheet"}


@pytest.fixture
def rep(client: Client, world: World) -> Client:
    client.force_login(world.rep)
    return client


def notice(client: Client, quote: Quote) -> str:
    answer = client.get(reverse("quote_offer", args=[quote.pk]), headers=NOTICE)
    assert answer.status_code == 200
    return answer.content.decode()


def page(client: Client, quote: Quote) -> str:
    answer = client.get(reverse("quote_offer", args=[quote.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def state(quote: Quote) -> Any:
    """Everything of the quote that a price could move."""
    lines = QuoteLine.objects.filter(quote=quote).order_by("pk").values_list()
    return list(lines), Quote.objects.filter(pk=quote.pk).values_list().get(), Event.objects.count()


def reprice(client: Client, quote: Quote, move: str = "reprice", **more: Any) -> Any:
    return client.post(reverse("quote_move", args=[quote.pk, move]), {"version": quote.version, **more})


# --- What is offered --------------------------------------------------------------------------------------------------
def test_nothing_is_offered_while_the_lines_hold_todays_prices(rep: Client, world: World) -> None:
    quote = draft(world)
    assert "alert" not in notice(rep, quote)
    assert "Nothing would change" in page(rep, quote)


@pytest.mark.req("S1.19")
def test_a_changed_list_price_is_offered_with_the_lines_and_the_total_and_touches_nothing(
    rep: Client, world: World, clock: Any
) -> None:
    quote = draft(world, "0", "10")
    Price.objects.update(list_price=D(12))
    before = state(quote)
    assert "Prices have changed since 20 Nov 2026: 2 lines" in notice(rep, quote)
    html = page(rep, quote)
    for text in ("€10.00 → €12.00", "€50.00 → €60.00", "€45.00 → €54.00", "€95.00 → <strong>€114.00</strong>"):
        assert text in html
    assert state(quote) == before


def test_a_changed_cost_alone_is_offered_and_moves_only_the_margin(rep: Client, world: World) -> None:
    quote = draft(world)
    Price.objects.update(cost=D(7))
    assert "1 line of this quote is different today" in notice(rep, quote)
    html = page(rep, quote)
    assert "€6.00 → €7.00" in html
    assert "40.0% → <strong>30.0%</strong>" in html
    [row] = price_offers.price_offer(quote).offer.lines
    assert (row.fields, row.before.line_net, row.after and row.after.line_net) == (("cost",), D("50.00"), D("50.00"))


@pytest.mark.parametrize(("field", "offered"), [("cost", True), ("floor_price", True), ("target_price", False)])
def test_of_what_guides_a_price_just_what_a_line_keeps_is_offered_when_it_changes(
    world: World, field: str, offered: bool
) -> None:
    """The list price stays; no line has a target price."""
    quote = draft(world)
    Price.objects.update(**{field: D("8.5")})
    assert [row.fields for row in price_offers.price_offer(quote).offer.lines] == ([(field,)] if offered else [])


@pytest.mark.parametrize("unknown", [False, True])
def test_costs_and_floor_prices_are_not_told_to_those_who_may_not_see_margins(
    client: Client, world: World, unknown: bool
) -> None:
    quote = draft(world)
    Price.objects.update(cost=None if unknown else D("7.7777"), floor_price=D("8.8888"))
    client.force_login(UserFactory(roles=["sales_support"], team=world.team))
    html = page(client, quote)
    assert "Cost:</span> would change" in html
    assert "Floor price:</span> would change" in html
    for number in ("7.7777", "8.8888", "€6.00", "€8.00", "Margin", "unknown"):
        assert number not in html


def test_a_price_that_ended_is_offered_but_cannot_be_taken_before_its_line_is_gone(rep: Client, world: World, clock: Any) -> None:
    quote = draft(world)
    other = ProductFactory(sku="VOI-1", list_price="3")
    services.line_add(quote_id=quote.pk, draft=LineDraft(other, D(2)), by=world.rep)
    Price.objects.filter(product=world.product).update(valid_to=dt.date(2026, 11, 30))
    quote.refresh_from_db()
    assert "alert" not in notice(rep, quote)
    clock.move_to(dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC))
    rep.force_login(world.rep)
    assert "1 line of this quote can no longer be sold" in notice(rep, quote)
    html = page(rep, quote)
    assert "It has no price today." in html
    assert ">Reprice<" not in html
    before = state(quote)
    assert (reprice(rep, quote).status_code, state(quote)) == (422, before)
    services.line_remove(quote_id=quote.pk, line_id=quote.lines.get(product=world.product).pk, by=world.rep)
    quote.refresh_from_db()
    assert "alert" not in notice(rep, quote)
    assert reprice(rep, quote).status_code == 302


def test_a_product_that_is_no_longer_sold_is_told_with_or_without_another_price(rep: Client, world: World) -> None:
    quote = draft(world)
    Product.objects.update(is_active=False)
    assert "1 line of this quote can no longer be sold as it is" in notice(rep, quote)
    assert "It is no longer sold." in page(rep, quote)
    Price.objects.update(list_price=D(11))
    html = page(rep, quote)
    assert ("It is no longer sold." in html, "€50.00 → €55.00" in html, ">Reprice<" in html) == (True, True, True)


def test_a_discount_that_would_be_larger_than_the_price_says_which_line_it_is(rep: Client, world: World) -> None:
    quote = services.quote_create(
        account_id=world.account.pk,
        by=world.rep,
        lines=[LineDraft(world.product, D(1), Discount("amount", D(9))), LineDraft(world.product, D(1))],
    )
    Price.objects.update(list_price=D(8))
    offer = price_offers.price_offer(quote).offer
    assert [row.troubles for row in offer.lines] == [(Trouble.DISCOUNT_TOO_LARGE,), ()]
    assert not offer.is_possible
    html = page(rep, quote)
    assert ("Its discount would be larger than the price." in html, ">Reprice<" in html) == (True, False)
    before = state(quote)
    assert (reprice(rep, quote).status_code, state(quote)) == (422, before)


def test_a_discount_on_the_whole_quote_that_would_be_too_large_is_said(rep: Client, world: World) -> None:
    quote = draft(world)
    services.quote_change(quote_id=quote.pk, by=world.rep, header_discount=Discount("amount", D(45)))
    Price.objects.update(list_price=D(8))
    quote.refresh_from_db()
    assert "The discount on the whole quote would be larger than its total." in page(rep, quote)


def test_another_break_of_the_same_product_is_that_of_the_quantity(world: World) -> None:
    quote = draft(world)
    Price.objects.create(
        price_list=Price.objects.get().price_list, product=world.product, min_quantity=10, list_price=D(9), cost=D(6)
    )
    assert price_offers.price_offer(quote).offer.lines == ()
    Price.objects.filter(min_quantity=10).update(min_quantity=5)
    assert [row.today.list_price for row in price_offers.price_offer(quote).offer.lines] == [D(9)]


# --- Taking it, or not ------------------------------------------------------------------------------------------------
@pytest.mark.req("S1.19")
def test_what_was_offered_is_what_repricing_does_and_typed_net_prices_stay(rep: Client, world: World, clock: Any) -> None:
    drafts = [LineDraft(world.product, D(3), Discount(*typed)) for typed in (("net_price", D("9.5")), ("percent", D(10)), ())]
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=drafts, header=Discount("percent", D(2)))
    Price.objects.update(list_price=D("11.5"), cost=D("6.25"), floor_price=D(9))
    clock.move_to(dt.datetime(2026, 12, 2, 9, tzinfo=dt.UTC))
    rep.force_login(world.rep)
    found = price_offers.price_offer(quote)
    assert found.offer.after is not None
    assert reprice(rep, quote, offer=found.mark).status_code == 302
    now = selectors.priced(Quote.objects.get())
    assert (now, Quote.objects.get().net_total) == (found.offer.after, found.offer.after.totals.net_total)
    assert [str(line.line_net) for line in now.lines] == ["28.50", "31.05", "34.50"]
    assert Quote.objects.get().price_date == dt.date(2026, 12, 2)
    event = Event.objects.filter(verb="repriced").get()
    assert (event.by, event.data) == (world.rep, {"since": "2026-11-20", "net": ["83.79", "92.17"]})
    assert QuoteLine.history.filter(history_type="~").count() == 3
    assert "alert" not in notice(rep, quote)


def test_prices_that_changed_once_more_are_not_taken_unseen(rep: Client, world: World) -> None:
    quote = draft(world)
    Price.objects.update(list_price=D(11))
    seen = price_offers.price_offer(quote).mark
    Price.objects.update(list_price=D(15))
    before = state(quote)
    for move in ("reprice", "keep_prices"):
        answer = reprice(rep, quote, move, offer=seen)
        assert (answer.status_code, state(quote)) == (409, before)
        assert "The prices have changed once more." in answer.content.decode()


def test_a_stale_version_reprices_nothing(rep: Client, world: World) -> None:
    quote = draft(world)
    Price.objects.update(list_price=D(11))
    before = state(quote)
    assert (reprice(rep, quote, version=7).status_code, state(quote)) == (409, before)
    with pytest.raises(StaleVersion):
        services.quote_reprice(quote_id=quote.pk, by=world.rep, version=7)


def test_prices_that_stay_are_not_told_again_until_they_change_once_more(rep: Client, world: World) -> None:
    quote = draft(world)
    Price.objects.update(list_price=D(11))
    before = state(quote)[:2]
    for _twice in range(2):
        assert reprice(rep, quote, "keep_prices", offer=price_offers.price_offer(quote).mark).status_code == 302
    assert state(quote)[:2] == before
    assert Event.objects.filter(verb="prices kept", subject_id=quote.pk).count() == 1
    assert "alert" not in notice(rep, quote)
    assert "€10.00 → €11.00" in page(rep, quote)
    Price.objects.update(list_price=D(12))
    assert "alert" in notice(rep, quote)


def test_there_is_nothing_to_keep_where_nothing_is_offered(rep: Client, world: World) -> None:
    quote = draft(world)
    assert reprice(rep, quote, "keep_prices").status_code == 302
    assert not Event.objects.filter(verb="prices kept").exists()


@pytest.mark.parametrize(("who", "error"), [("colleague", NotAllowed), ("stranger", NotFound), ("pricing", NotAllowed)])
def test_only_who_may_edit_the_quote_sees_the_offer_or_answers_it(
    client: Client, world: World, who: str, error: type[DomainError]
) -> None:
    quote = draft(world)
    Price.objects.update(list_price=D(11))
    before, person = state(quote), getattr(world, who)
    client.force_login(person)
    for headers in ({}, NOTICE, SHEET):
        assert client.get(reverse("quote_offer", args=[quote.pk]), headers=headers).status_code in (403, 404)
    for service in (services.quote_reprice, services.quote_keep_prices):
        with pytest.raises(error):
            service(quote_id=quote.pk, by=person)
    assert state(quote) == before


def test_a_quote_that_is_no_draft_is_offered_nothing(rep: Client, world: World) -> None:
    quote = sent(world).quote
    Price.objects.update(list_price=D(11))
    answer = rep.get(reverse("quote_offer", args=[quote.pk]))
    assert (answer.status_code, answer["Location"]) == (302, reverse("quote_page", args=[quote.pk]))
    for service in (services.quote_reprice, services.quote_keep_prices):
        with pytest.raises(WrongState):
            service(quote_id=quote.pk, by=world.rep)


# --- The page ---------------------------------------------------------------------------------------------------------
def test_each_asker_gets_its_part(rep: Client, world: World) -> None:
    quote = draft(world)
    Price.objects.update(list_price=D(11))
    address = reverse("quote_offer", args=[quote.pk])
    whole, sheet, told = (rep.get(address, headers=headers) for headers in ({}, SHEET, NOTICE))
    assert [b"<html" in answer.content for answer in (whole, sheet, told)] == [True, False, False]
    assert [b'id="sheet-title"' in answer.content for answer in (whole, sheet, told)] == [True, True, False]
    assert [b'id="quote-offer"' in answer.content for answer in (whole, sheet, told)] == [False, False, True]
    assert {"HX-Request", "HX-Target"} <= set(told["Vary"].split(", "))
    editor = rep.get(reverse("quote_page", args=[quote.pk])).content.decode()
    assert f'hx-get="{address}" hx-trigger="load"' in editor
    assert f'href="{address}"' in editor  # without script


@pytest.mark.parametrize(("headers", "own"), [(NOTICE, 6), (SHEET, 5), ({}, 5)])
def test_the_offer_costs_the_same_for_few_and_for_many_lines(
    rep: Client, world: World, headers: dict[str, str], own: int
) -> None:
    counts = []
    for lines in (2, 20):
        drafts = [LineDraft(ProductFactory(), D(1)) for _line in range(lines)]
        quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=drafts)
        Price.objects.update(list_price=D(lines + 100))
        rep.get(reverse("quote_offer", args=[quote.pk]), headers=headers)
        with CaptureQueriesContext(connection) as queries:
            rep.get(reverse("quote_offer", args=[quote.pk]), headers=headers)
        counts.append(len([query for query in queries if "django_session" not in query["sql"]]))
    assert counts[0] == counts[1] == own + 1, counts  # besides the user with the roles


# --- The arithmetic ---------------------------------------------------------------------------------------------------
amounts = st.decimals(min_value=0, max_value=1000, places=4, allow_nan=False)


@given(st.lists(st.tuples(amounts, amounts, st.booleans()), min_size=1, max_size=8))
def test_a_line_is_offered_exactly_when_something_of_it_differs(prices: list[tuple[D, D, bool]]) -> None:
    lines = [pricing.Line(number, D(2), old, D(24), cost=D(1)) for number, (old, _new, _sold) in enumerate(prices)]
    today = [Today(line._replace(list_price=new), is_sold) for line, (_old, new, is_sold) in zip(lines, prices, strict=True)]
    offer = repricing.offer(lines, pricing.Header(), today)
    expected = [number for number, (old, new, is_sold) in enumerate(prices) if old != new or not is_sold]
    assert [row.today.id for row in offer.lines] == expected
    assert offer.after is not None
    assert offer.after.totals.net_total == sum(row.line_net for row in offer.after.lines)
