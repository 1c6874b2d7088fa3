"""The catalogue over HTTP."""

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest

from catalog.tests.factories import (
    BundleFactory,
    PriceFactory,
    PriceListFactory,
    ProductFactory,
    ProductGroupFactory,
    ProductUnitFactory,
    UsageStepFactory,
)
from users.tests.factories import UserFactory
from users.tests.programs import Program

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]


@pytest.fixture
def rep() -> Program:
    return Program(UserFactory(roles=["sales_rep"]))


def found(program: Program, query: str) -> list[str]:
    return [row["sku"] for row in program.get(f"products/?{query}").json()["results"]]


def test_the_list_is_searched_filtered_and_ordered(rep: Program) -> None:
    ProductFactory(sku="MAITO-1", name_en="Milk", name_fi="Maito", group=ProductGroupFactory(code="dairy"))
    ProductFactory(sku="MAITO-10", name_en="Sour milk", name_fi="Piimä", is_active=False)
    assert found(rep, "") == found(rep, "ordering=id") == ["MAITO-1", "MAITO-10"]
    assert found(rep, "ordering=-sku") == found(rep, "ordering=-id") == ["MAITO-10", "MAITO-1"]
    assert found(rep, "sku=MAITO-1") == found(rep, "group=dairy") == found(rep, "is_active=1") == ["MAITO-1"]
    assert found(rep, "q=piimä") == found(rep, "is_active=false") == ["MAITO-10"]
    assert found(rep, "sku=maito") == []


@pytest.mark.parametrize("query", ["sku=", "sku=%20", "is_active=yes", "group=none", "ordering=name", "name=Milk"])
def test_a_parameter_that_makes_no_sense_is_refused(rep: Program, query: str) -> None:
    answer = rep.get(f"products/?{query}")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [query.partition("=")[0]])


def test_a_row_shows_todays_standard_price_of_the_smallest_quantity(rep: Program, clock: Any) -> None:
    product = ProductFactory(sku="MAITO-1", name_en="Milk", list_price="10", cost="6", floor_price="8")
    PriceFactory(product=product, min_quantity=D(100), list_price=D("9"))
    PriceFactory(product=product, valid_from=dt.date(2026, 11, 21), list_price=D("11"))
    PriceFactory(product=product, price_list=PriceListFactory(code="OTHER"), list_price=D("1"))
    ProductFactory(sku="TYHJÄ-1", list_price=None)
    first, second = rep.get("products/").json()["results"]
    assert (first["sku"], first["name"], first["unit"], first["vat_rate"]) == ("MAITO-1", "Milk", "pcs", "25.5")
    prices = [first[name] for name in ("list_price", "cost", "floor_price", "target_price")]
    assert prices == ["10.0000", "6.0000", "8.0000", None]
    assert (second["list_price"], second["cost"]) == (None, None)


def test_a_product_shows_its_texts_in_both_languages_and_all_its_prices(rep: Program, clock: Any) -> None:
    product = ProductFactory(sku="MAITO-1", name_en="Milk", name_fi="Maito", description_fi="Rasvaton")
    PriceFactory(product=product, min_quantity=D("0.5"), valid_from=dt.date(2026, 1, 1), valid_to=dt.date(2026, 6, 30))
    body = rep.get(f"products/{product.pk}/", Accept_Language="fi").json()
    assert (body["name"], body["name_en"], body["name_fi"]) == ("Maito", "Milk", "Maito")
    assert (body["description_en"], body["description_fi"], body["list_price"]) == ("", "Rasvaton", "10.0000")
    assert [(row["min_quantity"], row["valid_from"], row["valid_to"], row["cost"]) for row in body["prices"]] == [
        ("0", None, None, "6.0000"),
        ("0.5", "2026-01-01", "2026-06-30", None),
    ]


def test_costs_are_absent_for_those_who_may_not_see_them() -> None:
    product = ProductFactory()
    support = Program(UserFactory(roles=["sales_support"]))
    row, whole = support.get("products/").json()["results"][0], support.get(f"products/{product.pk}/").json()
    for shown in (row, whole, whole["prices"][0]):
        assert shown["list_price"] == "10.0000"
        assert not {"cost", "floor_price", "target_price"} & shown.keys()


def test_the_catalogue_is_not_for_those_without_the_right() -> None:
    product = ProductFactory()
    nobody = Program(UserFactory())
    assert (nobody.get("products/").status_code, nobody.get(f"products/{product.pk}/").status_code) == (403, 403)


def test_a_product_that_is_not_there_is_a_404(rep: Program) -> None:
    assert rep.get("products/987654/").status_code == 404


@pytest.mark.parametrize("rows", [2, 20])
def test_a_product_costs_the_same_for_few_and_for_many_prices(rep: Program, django_assert_num_queries: Any, rows: int) -> None:
    product = ProductFactory(list_price=None)
    for number in range(rows):
        PriceFactory(product=product, min_quantity=D(number), price_list=PriceListFactory(code=f"L{number}"))
    rep.get("products/")
    with django_assert_num_queries(6):
        assert len(rep.get(f"products/{product.pk}/").json()["prices"]) == rows


def test_a_product_tells_measures_units_parts_and_use(rep: Program, clock: Any) -> None:
    part = ProductFactory(sku="PART", use_within_months=12, fixed_quantity=D("3"), cs_days=D("0.25"), start_price="9.5")
    old = ProductFactory(sku="OLD", is_active=False, merged_into=part)
    bundle = BundleFactory(sku="BOX", parts=[(part, "2.5")])
    ProductUnitFactory(product=bundle, numerator=1, denominator=12)
    UsageStepFactory(product=bundle, from_quantity=D(10), price=D("0.02"), cost=D("0.01"))
    rows = {row["sku"]: row for row in rep.get("products/").json()["results"]}
    measures = ("use_within_months", "fixed_quantity", "cs_days", "bundle_pricing", "merged_into", "start_price")
    assert [rows["PART"][name] for name in measures] == [12, "3", "0.25", "", None, "9.5000"]
    assert (rows["OLD"]["merged_into"], rows["BOX"]["bundle_pricing"]) == ("PART", "parts")
    body = rep.get(f"products/{bundle.pk}/").json()
    assert body["units"] == [{"unit": "box", "numerator": 1, "denominator": 12}]
    assert body["parts"] == [{"sku": "PART", "quantity": "2.5", "is_option": False}]
    assert body["usage"] == [
        {
            "metric": "views",
            "rows": [
                {"above": "0", "up_to": "10", "price": "0", "cost": "0"},
                {"above": "10", "up_to": None, "price": "0.0200", "cost": "0.0100"},
            ],
        }
    ]
    support = Program(UserFactory(roles=["sales_support"])).get(f"products/{bundle.pk}/").json()
    assert "cost" not in support["usage"][0]["rows"][0]
    assert "start_price" not in Program(UserFactory(roles=["sales_support"])).get(f"products/{old.pk}/").json()
