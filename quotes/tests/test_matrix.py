"""Quotes side by side."""

import re
from decimal import Decimal as D

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.tests.factories import ProductFactory
from core.panels import panels_for
from opportunities.models import Opportunity
from opportunities.tests.factories import OpportunityFactory
from quotes import services
from quotes.models import Quote
from quotes.services import Discount, LineDraft
from quotes.tests.factories import World
from users.tests.factories import UserFactory

pytestmark = pytest.mark.req("S0.26")


@pytest.fixture
def rep(client: Client, world: World) -> Client:
    client.force_login(world.rep)
    return client


@pytest.fixture
def deal(world: World) -> Opportunity:
    return OpportunityFactory.create(account=world.account, name="Uusi keittiö")


def quote_of(world: World, deal: Opportunity | None, *lines: tuple[str, str, str], **header: str) -> Quote:
    """A quote of `(code, quantity, percent)`."""
    drafts = []
    for sku, quantity, percent in lines:
        product = world.product if sku == world.product.sku else ProductFactory._meta.model.objects.get(sku=sku)
        drafts.append(LineDraft(product, D(quantity), Discount("percent", D(percent))))
    discount = Discount("percent", D(header["percent"])) if header else None
    opportunity_id = deal.pk if deal else None
    return services.quote_create(
        account_id=world.account.pk, by=world.rep, opportunity_id=opportunity_id, lines=drafts, header=discount
    )


def two(world: World, deal: Opportunity | None) -> tuple[Quote, Quote]:
    ProductFactory(sku="VOI-1", name_en="Butter")
    ProductFactory(sku="LEIPÄ-1", name_en="Bread")
    first = quote_of(world, deal, ("MAITO-1", "5", "0"), ("VOI-1", "2", "0"), ("MAITO-1", "1", "0"))
    second = quote_of(world, deal, ("MAITO-1", "5", "0"), ("LEIPÄ-1", "3", "0"), ("MAITO-1", "1", "5"), percent="10")
    return first, second


def page(client: Client, **query: object) -> str:
    answer = client.get(reverse("quote_matrix"), query)
    assert answer.status_code == 200
    return answer.content.decode()


def rows(html: str) -> dict[str, list[str]]:
    """Heading of the row → its cells as words."""
    found: dict[str, list[str]] = {}
    for row in re.findall(r'<tr><th scope="row">(.*?)</tr>', html, re.DOTALL):
        heading, *cells = (" ".join(re.sub(r"<.*?>", " ", cell).split()) for cell in re.split(r"<td", f"{row}"))
        heading = heading if heading not in found else f"{heading} again"
        found[heading] = [cell.partition('">')[2].strip() or cell for cell in cells]
    return found


def test_products_and_totals_stand_beside_each_other_and_what_differs_is_marked(
    rep: Client, world: World, deal: Opportunity
) -> None:
    first, second = two(world, deal)
    html = page(rep, opportunity=deal.pk)
    assert "Opportunity: Uusi keittiö" in html
    assert html.index(f">{first}<") < html.index(f">{second}<")
    found = rows(html)
    assert found["MAITO-1 Milk"] == ["5 × €10.00 €50.00", "5 × €10.00 €50.00"]
    assert found["VOI-1 Butter"] == ["2 × €10.00 €20.00", "≠ different: –"]
    assert found["MAITO-1 Milk again"] == ["1 × €10.00 €10.00", "1 × €9.50 ≠ different: €9.50"]
    assert found["LEIPÄ-1 Bread"] == ["–", "3 × €10.00 ≠ different: €30.00"]
    assert found["Net"] == ["€80.00", "≠ different: €80.55"]
    assert found["Discount on the whole quote"] == ["–", "≠ different: €8.95"]
    assert found["Margin"] == ["40.0%", "≠ different: 33.0%"]
    assert found["Payment term"] == ["14 days net", "14 days net"]
    assert list(found)[:4] == ["MAITO-1 Milk", "VOI-1 Butter", "MAITO-1 Milk again", "LEIPÄ-1 Bread"]


def test_only_what_differs_is_shown_to_whoever_wants_that(rep: Client, world: World, deal: Opportunity) -> None:
    two(world, deal)
    html = page(rep, opportunity=deal.pk, only="1")
    assert "MAITO-1 Milk again" not in rows(html)
    assert rows(html)["MAITO-1 Milk"] == ["1 × €10.00 €10.00", "1 × €9.50 ≠ different: €9.50"]
    assert "1 product is the same in all quotes." in html


def test_margins_stand_there_for_those_who_see_them(client: Client, world: World, deal: Opportunity) -> None:
    two(world, deal)
    client.force_login(UserFactory(roles=["sales_support"], team=world.team))
    assert "Margin" not in rows(page(client, opportunity=deal.pk))


def test_of_an_opportunity_only_what_still_counts_is_shown(rep: Client, world: World, deal: Opportunity) -> None:
    first, second = two(world, deal)
    services.quote_cancel(quote_id=first.pk, by=world.rep)
    html = page(rep, opportunity=deal.pk)
    assert [str(first) in html, str(second) in html] == [False, True]


def test_ticked_quotes_in_sight_are_compared_and_no_others(rep: Client, world: World) -> None:
    first, second = two(world, None)
    html = page(rep, q=[first.pk, second.pk, 987654, "x"])
    assert [f">{quote}<" in html for quote in (first, second)] == [True, True]
    assert "No quotes to compare" in page(rep, q=[987654])
    assert "No quotes to compare" in page(rep)
    rep.force_login(world.stranger)
    assert "No quotes to compare" in page(rep, q=[first.pk, second.pk])


def test_more_than_fit_are_refused_with_a_sentence(rep: Client, world: World) -> None:
    answer = rep.get(reverse("quote_matrix"), {"q": list(range(1, 8))})
    assert (answer.status_code, b"At most 6 quotes fit beside each other." in answer.content) == (422, True)


def test_the_page_costs_the_same_for_two_short_and_for_six_long_quotes(rep: Client, world: World, deal: Opportunity) -> None:
    counts = []
    for number, lines in ((2, 1), (4, 100)):
        for _ in range(number):
            quote_of(world, deal, *[("MAITO-1", "1", "0")] * lines)
        page(rep, opportunity=deal.pk)
        with CaptureQueriesContext(connection) as queries:
            page(rep, opportunity=deal.pk)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6


def test_the_page_of_an_opportunity_has_its_quotes_and_the_way_here(world: World, deal: Opportunity) -> None:
    [panel] = [one for one in panels_for("opportunity", deal, world.rep) if one["key"] == "quotes"]
    assert panel["context"]["quotes"] == []
    first, second = two(world, deal)
    [panel] = [one for one in panels_for("opportunity", deal, world.rep) if one["key"] == "quotes"]
    assert ([quote.pk for quote in panel["context"]["quotes"]], panel["context"]["more"]) == ([second.pk, first.pk], False)
    assert [one["key"] for one in panels_for("opportunity", deal, UserFactory(roles=["service_rep"]))] == []
