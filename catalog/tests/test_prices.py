"""Which price holds: by list, by day, by quantity; and which prices are refused."""

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from catalog import selectors
from catalog.models import PriceList, Product
from catalog.tests.factories import PriceFactory, PriceListFactory, ProductFactory

pytestmark = pytest.mark.django_db

DAY = dt.date(2026, 11, 20)


def in_days(days: int) -> dt.date:
    return DAY + dt.timedelta(days=days)


@pytest.fixture
def product() -> Product:
    """Standard: 10, from 100 on 9."""
    made = ProductFactory(list_price="10")
    PriceFactory(product=made, min_quantity=100, list_price=D(9))
    return made


def listed(product: Product, *lists: PriceList, day: dt.date = DAY) -> list[tuple[D, D]]:
    """(from quantity, list price) by the fast way for one product, which must be that of many."""
    keys = [one.pk for one in lists]
    alone = selectors.prices_on([product.pk], day, keys).get(product.pk, [])
    assert selectors.prices_on([product.pk, ProductFactory().pk], day, keys).get(product.pk, []) == alone
    return [(price.min_quantity, price.list_price) for price in alone]


def own(code: str, product: Product, **price: Any) -> PriceList:
    made = PriceListFactory(code=code)
    PriceFactory(product=product, price_list=made, **price)
    return made


STANDARD = [(D(100), D(9)), (D(0), D(10))]


def test_without_lists_the_standard_prices_hold(product: Product) -> None:
    own("A", product, list_price=D(1))
    assert listed(product) == STANDARD
    row = selectors.prices_on([product.pk], DAY)[product.pk][0]
    assert (row.price_list_id, row.start_price) == (PriceList.objects.get(code="STANDARD").pk, None)


def test_the_first_list_with_a_price_gives_all_breaks(product: Product) -> None:
    a, b = own("A", product, list_price=D(8)), own("B", product, list_price=D(7))
    assert listed(product, a, b) == [(D(0), D(8))]
    assert listed(product, b, a) == [(D(0), D(7))]
    assert listed(product, PriceListFactory(code="EMPTY"), b) == [(D(0), D(7))]
    assert listed(product, PriceListFactory(code="EMPTY")) == STANDARD


def test_each_product_falls_back_by_itself(product: Product) -> None:
    other = ProductFactory(list_price="3")
    a = own("A", product, list_price=D(8))
    found = selectors.prices_on([product.pk, other.pk], DAY, [a.pk])
    assert {key: [row.list_price for row in rows] for key, rows in found.items()} == {product.pk: [D(8)], other.pk: [D(3)]}


@pytest.mark.parametrize(
    "days",
    [{"valid_from": in_days(1)}, {"valid_to": in_days(-1)}],
)
def test_a_list_that_is_not_valid_that_day_has_no_price(product: Product, days: dict[str, dt.date]) -> None:
    a = own("A", product, list_price=D(8))
    assert listed(product, a) == [(D(0), D(8))]
    PriceList.objects.filter(pk=a.pk).update(**days)
    assert listed(product, a) == STANDARD


def test_a_price_that_is_not_valid_that_day_leaves_the_list_to_the_next(product: Product) -> None:
    a = own("A", product, list_price=D(8), valid_to=in_days(-1))
    assert (listed(product, a), listed(product, a, day=in_days(-1))) == (STANDARD, [(D(0), D(8))])


def test_a_list_that_is_not_in_use_does_not_count(product: Product) -> None:
    a = own("A", product, list_price=D(8))
    PriceList.objects.update(is_active=False)
    assert listed(product, a) == STANDARD


def test_a_newer_open_price_takes_the_place_of_an_older_one_on_its_list_only(product: Product) -> None:
    a = own("A", product, list_price=D(8))
    PriceFactory(product=product, price_list=a, list_price=D("8.5"), valid_from=in_days(-5))
    PriceFactory(product=product, list_price=D(11), valid_from=in_days(-1))
    assert listed(product, a) == [(D(0), D("8.5"))]
    assert listed(product) == [(D(100), D(9)), (D(0), D(11))]


@pytest.mark.parametrize("lists", [0, 1, 3])
def test_prices_cost_one_query(product: Product, django_assert_num_queries: Any, lists: int) -> None:
    keys = [own(f"L{number}", product, list_price=D(1)).pk for number in range(lists)]
    for products in ([product.pk], [product.pk, ProductFactory().pk]):
        with django_assert_num_queries(1):
            assert selectors.prices_on(products, DAY, keys)


def test_the_standard_list_is_always_valid() -> None:
    standard = PriceListFactory()
    with pytest.raises(IntegrityError, match="standard_list_is_always_valid"), transaction.atomic():
        PriceList.objects.filter(pk=standard.pk).update(valid_to=DAY)


@pytest.mark.parametrize(
    ("start", "target", "floor", "fits"),
    [
        ("9", "8", "7", True),
        ("8", "8", "8", True),
        (None, None, "7", True),
        ("9", None, "7", True),
        ("8", "9", None, False),
        (None, "7", "8", False),
        ("7", None, "8", False),
        ("9", "7", "8", False),
    ],
)
def test_guidance_is_in_order_where_it_is_known(start: str | None, target: str | None, floor: str | None, fits: bool) -> None:
    prices = {"start_price": start, "target_price": target, "floor_price": floor}
    if fits:
        assert ProductFactory(**prices).prices.get().start_price == (None if start is None else D(start))
        return
    with pytest.raises(IntegrityError, match="price_guidance_in_order"), transaction.atomic():
        ProductFactory(**prices)
