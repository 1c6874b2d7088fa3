"""Every row comes once, whatever is added meanwhile, and a page costs one query."""

import base64
import functools
import json
import operator

import pytest
from django.test import RequestFactory

from catalog.models import Product
from catalog.tests.factories import ProductFactory
from core.paging import Page, keyset

pytestmark = pytest.mark.django_db


def page(query: str = "", *, order: tuple[str, ...] = ("name_en", "pk"), per_page: int = 3) -> Page[Product]:
    return keyset(Product.objects.all(), RequestFactory().get(f"/products/?{query}"), order=order, per_page=per_page)


def names_of_all_pages(order: tuple[str, ...]) -> list[list[str]]:
    shown, query = [], ""
    while True:
        found = page(query, order=order)
        shown.append([product.sku for product in found.rows])
        query = found.next_query
        if not query:
            return shown


def seven_products() -> None:
    for number, name in enumerate(["Äyriäinen", "ananas", "Banaani", "Banaani", "Banaani", "öljy", "Åkerbär"]):
        ProductFactory(sku=f"P{number}", name_en=name, list_price=None)


@pytest.mark.parametrize("order", [("name_en", "pk"), ("-name_en", "pk"), ("unit__code", "-pk"), ("-pk",), ("-name_en", "-pk")])
def test_pages_show_every_row_once_and_in_order(order: tuple[str, ...]) -> None:
    seven_products()

    shown = names_of_all_pages(order)

    assert [len(rows) for rows in shown] == [3, 3, 1]
    assert functools.reduce(operator.iadd, shown, []) == list(Product.objects.order_by(*order).values_list("sku", flat=True))


def test_a_row_added_before_the_place_shifts_nothing() -> None:
    seven_products()
    first = page()
    ProductFactory(sku="NEW", name_en=first.rows[0].name_en, list_price=None)

    second = page(first.next_query)

    assert not {product.sku for product in second.rows} & {product.sku for product in first.rows}


def test_the_last_page_has_no_next_one() -> None:
    seven_products()

    assert page(per_page=7).next_query == ""
    assert page(per_page=7).is_first


def test_the_query_string_keeps_the_filters() -> None:
    seven_products()

    found = page("q=a&cursor=")

    assert found.next_query.startswith("q=a&cursor=")
    assert found.first_query == "q=a"


def encoded(values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    ["x", "%00", "äö", encoded("text"), encoded([]), encoded(["a"]), encoded(["a", "b", "c"]), encoded(["a", "zwei"]),
     encoded([1, 2]), encoded(["a\x00", "1"]), encoded([None, None]), encoded({"a": 1}), "W" * 5000],
)  # fmt: skip
def test_a_cursor_that_makes_no_sense_is_the_first_page(cursor: str) -> None:
    seven_products()

    found = page(f"cursor={cursor}")

    assert found.is_first
    assert len(found.rows) == 3


def test_a_key_beyond_every_integer_finds_nothing_more() -> None:
    seven_products()

    assert page(f"cursor={encoded(['zzz', '9' * 40])}").next_query == ""


def test_a_page_is_one_query(django_assert_num_queries) -> None:
    seven_products()
    query = page().next_query

    with django_assert_num_queries(1):
        page(query)
