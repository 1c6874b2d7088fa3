"""Products on quotes, for those who clear up the catalogue."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog import clean_up, merging, uses
from catalog.models import Product
from catalog.tests.factories import ProductFactory
from core import clock
from quotes import coverage
from quotes.models import Quote, QuoteLine, QuoteSnapshot
from quotes.tests.factories import draft, make_world, sent
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("S1.19")]


def stored() -> list[Any]:
    """Everything about quotes that a merge must leave alone."""
    return [list(model.objects.order_by("pk").values()) for model in (Quote, QuoteLine, QuoteSnapshot, QuoteLine.history.model)]


@pytest.mark.req("S1.11")
@pytest.mark.req("S1.17")
def test_a_quote_that_was_sent_keeps_the_old_code_word_for_word() -> None:
    world = make_world()
    sent(world)
    before, into = stored(), ProductFactory(sku="MAITO-2", name_en="Other milk")
    merging.product_merge(into=into.pk, product=world.product.pk, by=UserFactory(roles=["data_steward"]))
    assert stored() == before
    assert QuoteLine.objects.get().product.sku == "MAITO-1"


@pytest.mark.usefixtures("clock")
def test_a_product_on_a_quote_of_the_last_24_months_is_used() -> None:
    world, unused = make_world(), ProductFactory(sku="UNUSED")
    quote = draft(world)
    Product.history.update(history_date=clock.now() - dt.timedelta(days=2000))
    limit = clock.now() - dt.timedelta(days=clean_up.UNUSED_DAYS)
    for made, found in ((limit + dt.timedelta(days=1), ["UNUSED"]), (limit - dt.timedelta(days=1), ["MAITO-1", "UNUSED"])):
        Quote.objects.filter(pk=quote.pk).update(created_at=made)
        assert [product.sku for product in clean_up.unused(clock.today()).order_by("sku")] == found
        assert uses.last_used([world.product.pk, unused.pk]) == {world.product.pk: made.date()}
    assert uses.last_by_kind(unused.pk) == []


@pytest.mark.req("S1.20")
def test_the_catalogue_covers_so_many_percent_of_the_lines_that_were_sent(django_assert_num_queries: Any) -> None:
    world = make_world()
    sent(world)
    special = ProductFactory(sku="SPECIAL", outside_catalogue=True)
    line = QuoteLine.objects.get()
    for product, kind in ((world.product, "product"), (special, "product"), (None, "sow"), (None, "note")):
        values = {"quote": line.quote, "position": 9, "quantity": 1, "list_price": 0, "vat_percent": 0}
        QuoteLine.objects.create(**values, product=product, kind=kind, text="" if product else "An audit")
    draft(world)
    with django_assert_num_queries(3):
        found = coverage.coverage(clock.today())
    assert tuple(found) == (4, 2, 1, Decimal("50.0"), [(special, 1)])
    client = Client()
    client.force_login(UserFactory(roles=["pricing"]))
    text = client.get("/products/clean-up/?show=coverage").content.decode()
    assert [words in text for words in ("50.0%", "below the goal of 90%", "SPECIAL")] == [True] * 3
    Quote.objects.update(created_at=clock.now() - dt.timedelta(days=400))
    assert tuple(coverage.coverage(clock.today())) == (0, 0, 0, None, [])
