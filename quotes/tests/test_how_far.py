"""How far the discount may go, on the page: what submitting would say, and who sees what of it."""

import re
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import PaymentTermRule
from accounts.tests.factories import PaymentTermFactory
from approvals.tests.factories import make_rule
from core.models import Event
from quotes import selectors, services, what_if_selectors
from quotes.choices import Trigger
from quotes.models import MarginTarget, Quote
from quotes.services import Discount
from quotes.tests.factories import World, draft, sent
from users.tests.factories import UserFactory


@pytest.fixture
def rep(client: Client, world: World) -> Client:
    client.force_login(world.rep)
    return client


def how_far(client: Client, quote: Quote, **headers: str) -> str:
    answer = client.get(reverse("quote_how_far", args=[quote.pk]), headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def gates_with(quote: Quote, amount: D) -> list[str]:
    quote.header_discount_kind, quote.header_discount_value = "amount", amount
    return [breach.gate.value for breach in selectors.breaches_of(quote, selectors.priced(quote))]


# --- As on submitting -------------------------------------------------------------------------------------------------
def test_what_is_offered_is_approved_at_once_and_a_cent_more_is_not(world: World) -> None:
    quote, other = draft(world, "0", "7.5"), draft(world, "0", "7.5")
    found = what_if_selectors.how_far(quote)
    assert (found.amount, found.percent, found.gate) == (D("13.01"), D("13.51"), Trigger.FLOOR)
    for case, amount in ((quote, found.amount), (other, found.amount + D("0.01"))):
        services.quote_change(quote_id=case.pk, by=world.rep, header_discount=Discount("amount", amount))
        services.quote_submit(quote_id=case.pk, by=world.rep)
        case.refresh_from_db()
    assert (quote.status, other.status) == ("approved", "in_review")


def test_rules_of_the_admin_and_the_size_of_the_deal_are_limits_too(world: World) -> None:
    quote = draft(world)  # 50 at list price
    make_rule(Trigger.DISCOUNT, ("discount_percent", "ge", "10"), ("amount", "ge", "44"))
    assert what_if_selectors.how_far(quote).amount == D("10.00")  # the floor, with 40 too small a deal for the rule
    MarginTarget.objects.create(target_percent=D(39), min_amount=D(40))
    found = what_if_selectors.how_far(quote)
    assert (found.amount, found.gate) == (D("0.81"), Trigger.MARGIN)  # 19.19 of 49.19 are 39.01 %
    MarginTarget.objects.filter(min_amount=40).delete()
    services.quote_change(quote_id=quote.pk, by=world.rep, header_discount=Discount("amount", D("4.99")))
    make_rule(Trigger.DISCOUNT, ("discount_percent", "ge", "10"))
    quote.refresh_from_db()
    found = what_if_selectors.how_far(quote)
    assert (found.amount, found.percent, found.gate) == (D("4.99"), D("9.98"), Trigger.DISCOUNT)


def test_a_payment_term_that_is_advised_from_an_amount_on_is_a_limit(world: World) -> None:
    long = PaymentTermFactory(code="net90", days=90)
    PaymentTermRule.objects.create(payment_term=long, min_amount=D(45))
    PaymentTermRule.objects.create(payment_term=world.account.payment_term)
    make_rule(Trigger.PAYMENT_TERM, ("payment_days", "gt", "30"))
    quote = draft(world)
    Quote.objects.filter(pk=quote.pk).update(payment_term=long)
    quote.refresh_from_db()
    found = what_if_selectors.how_far(quote)
    assert (found.amount, found.gate) == (D("5.00"), Trigger.PAYMENT_TERM)
    assert gates_with(quote, D("5.00")) == []
    assert gates_with(quote, D("5.01")) == [Trigger.PAYMENT_TERM]


# --- The page ---------------------------------------------------------------------------------------------------------
def test_the_page_says_how_far_and_what_comes_then_and_takes_it_over(rep: Client, world: World) -> None:
    quote = draft(world)
    body = how_far(rep, quote)
    assert "A discount of up to 20%, or €10.00, needs no further approval." in body
    assert "With more than that: Below the floor price. Line 1 (MAITO-1) is below its floor price." in body
    assert "€10.00 (25.0%)" in body
    assert re.findall(r'name="value" value="(.*?)"', body) == ["20 %", "10.00 €"]
    assert re.findall(r">Use (\S+?)<", body) == ["20%", "€10.00"]
    given = {"field": "header_discount", "value": "20 %", "version": quote.version}
    answer = rep.post(reverse("quote_change", args=[quote.pk]), given)
    quote.refresh_from_db()
    assert (answer.status_code, answer["Location"], quote.net_total) == (302, reverse("quote_page", args=[quote.pk]), D("40.00"))
    assert "Any discount on the whole quote" not in how_far(rep, quote)


def test_a_fragment_is_the_answer_alone(rep: Client, world: World) -> None:
    body = how_far(rep, draft(world), **{"HX-Request": "true"})
    assert ("<html" in body, 'id="quote-how-far"' in body) == (False, True)


def test_where_every_discount_would_ask_nothing_is_offered(rep: Client, world: World) -> None:
    MarginTarget.objects.update(target_percent=D(40))
    body = how_far(rep, draft(world))
    assert "Any discount on the whole quote would ask for a further approval." in body
    assert "data-how-far" not in body


def test_without_the_right_to_see_margins_it_is_the_percentage_alone(client: Client, world: World) -> None:
    client.force_login(UserFactory(roles=["sales_support"], team=world.team))
    MarginTarget.objects.update(target_percent=D(35))
    body = how_far(client, draft(world))
    assert "A discount of up to 7.68% needs no further approval." in body
    assert "The margin of the quote is below its target" in body
    assert [text for text in ("3.84", "35%", "46.16", "<th scope") if text in body.partition("quote-how-far")[2]] == []
    assert re.findall(r'name="value" value="(.*?)"', body) == ["7.68 %"]


def test_it_is_for_drafts_and_for_those_who_edit_them(rep: Client, world: World) -> None:
    done = sent(world).quote
    assert rep.get(reverse("quote_how_far", args=[done.pk]))["Location"] == reverse("quote_page", args=[done.pk])
    quote, events = draft(world), Event.objects.count()
    for person, status in ((world.stranger, 404), (world.pricing, 403)):
        rep.force_login(person)
        assert rep.get(reverse("quote_how_far", args=[quote.pk])).status_code == status
    assert Event.objects.count() == events


def test_the_page_costs_the_same_with_2_and_with_200_lines(rep: Client, world: World) -> None:
    make_rule(Trigger.DISCOUNT, ("discount_percent", "ge", "10"))
    counts = []
    for quote in (draft(world, *["1"] * 2), draft(world, *["1"] * 200)):
        how_far(rep, quote)
        with CaptureQueriesContext(connection) as queries:
            how_far(rep, quote)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


def test_a_percentage_is_offered_as_people_write_it(rep: Client, world: World, **_: Any) -> None:
    body = rep.get(reverse("quote_how_far", args=[draft(world, "1").pk]), headers={"Accept-Language": "fi"}).content.decode()
    assert re.findall(r'name="value" value="(.*?)"', body) == ["19,19 %", "9,50 €"]
