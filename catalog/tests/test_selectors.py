"""Reads of the catalogue besides prices: units, use, parts, what a line costs, codes and the type-ahead."""

import datetime as dt
from decimal import Decimal as D
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from catalog import explaining, offers, selectors
from catalog.choices import RuleKind
from catalog.measures import ONE, Factor
from catalog.models import Product
from catalog.offers import Asked, Offer
from catalog.tests.factories import (
    BundleFactory,
    ConfigurationRuleFactory,
    PriceFactory,
    PriceListFactory,
    ProductFactory,
    ProductGroupFactory,
    ProductUnitFactory,
    UnitOfMeasureFactory,
    UsageMetricFactory,
    UsageStepFactory,
)
from users.models import User
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

DAY = dt.date(2026, 11, 20)


@pytest.fixture
def rep() -> User:
    return UserFactory(roles=["sales_rep"])


# --- Units and use ----------------------------------------------------------------------------------------------------
def test_a_product_is_ordered_in_its_pricing_unit_and_in_further_ones(django_assert_num_queries: Any) -> None:
    product = ProductFactory(unit=UnitOfMeasureFactory(code="kg", label_en="kg", label_fi="kg"))
    gram = UnitOfMeasureFactory(code="g", label_en="g", label_fi="g")
    ProductUnitFactory(product=product, unit=gram, numerator=1, denominator=1000)
    plain = ProductFactory()
    with django_assert_num_queries(2):
        units = selectors.units_of([product.pk, plain.pk])
    assert [(unit.code, unit.factor) for unit in units[product.pk]] == [("kg", ONE), ("g", Factor(1, 1000))]
    assert [(unit.code, unit.label) for unit in units[plain.pk]] == [("pcs", {"en": "pcs", "fi": "kpl"})]


@pytest.mark.req("S1.30")
def test_use_costs_what_the_first_list_with_steps_says(django_assert_num_queries: Any) -> None:
    product, other = ProductFactory(), ProductFactory()
    a = PriceListFactory(code="A")
    for start, price in (("0", "0.02"), ("1000", "0.01")):
        UsageStepFactory(product=product, from_quantity=D(start), price=D(price))
    UsageStepFactory(product=product, price_list=a, price=D("0.005"))
    UsageStepFactory(product=product, metric=UsageMetricFactory(code="gb", position=1), price=D(3), valid_to=DAY)
    product.refresh_from_db()
    assert (product.has_usage, other.has_usage) == (True, False)

    def prices(day: dt.date, *lists: int) -> list[tuple[str, list[str]]]:
        with django_assert_num_queries(1):
            found = selectors.usage_on([product.pk], day, lists)[product.pk]
        return [(one.code, [str(step.price) for step in one.steps]) for one in found]

    assert prices(DAY) == [("views", ["0.0200", "0.0100"]), ("gb", ["3.0000"])]
    assert prices(DAY, a.pk) == [("views", ["0.0050"]), ("gb", ["3.0000"])]
    assert prices(DAY + dt.timedelta(1), a.pk) == [("views", ["0.0050"])]
    with django_assert_num_queries(0):
        assert selectors.usage_on([], DAY) == {}


# --- Bundles ----------------------------------------------------------------------------------------------------------
def row(price: Any) -> list[str | None]:
    amounts = (price.list_price, price.cost, price.start_price, price.target_price, price.floor_price)
    return [None if amount is None else str(amount) for amount in amounts]


def of(product: Product, quantity: str = "1", *options: Product, lists: tuple[int, ...] = ()) -> Offer:
    return offers.offer_on(Asked(product, D(quantity), [option.pk for option in options]), DAY, lists)


def test_two_bundles_of_parts_at_100_and_200_cost_600() -> None:
    one, other = ProductFactory(list_price="100", cost="60"), ProductFactory(list_price="200", cost="150")
    offer = of(BundleFactory(parts=[one, other]), "2")
    assert offer.price is not None
    assert row(offer.price) == ["300.0000", "210.0000", None, None, "16.0000"]
    assert offer.price.list_price * 2 == D("600.00")
    assert offer.parts == [
        {"product": one.pk, "quantity": "1.000", "option": False},
        {"product": other.pk, "quantity": "1.000", "option": False},
    ]


def test_parts_are_priced_at_the_break_that_the_whole_line_reaches() -> None:
    part = ProductFactory(list_price="10")
    PriceFactory(product=part, min_quantity=10, list_price=D(9))
    bundle = BundleFactory(parts=[(part, "2.5")])
    prices = [offers.offer_on(Asked(bundle, quantity), DAY).price for quantity in (D(3), D(4), Fraction(12, 3))]
    assert [price and price.list_price for price in prices] == [D("25"), D("22.5"), D("22.5")]


def test_options_count_once_they_are_chosen_and_nested_bundles_are_opened() -> None:
    leaf, option = ProductFactory(list_price="1", cost=None), ProductFactory(list_price="5")
    inner = BundleFactory(parts=[(leaf, "0.5")])
    bundle = BundleFactory(parts=[(inner, "0.333")], options=[option])
    plain, chosen = of(bundle), of(bundle, "1", option)
    assert (plain.price and row(plain.price)[:2], plain.parts) == (
        ["0.1665", None], [{"product": leaf.pk, "quantity": "0.1665", "option": False}],
    )  # fmt: skip
    assert (chosen.price and chosen.price.list_price, chosen.parts[1]) == (
        D("5.1665"), {"product": option.pk, "quantity": "1.000", "option": True},
    )  # fmt: skip


def test_a_bundle_with_a_price_of_its_own_costs_that_and_names_its_parts() -> None:
    part = ProductFactory(list_price="100")
    fixed = BundleFactory(parts=[(part, "3")], bundle_pricing="fixed", list_price="250", cost="180")
    offer, outer = of(fixed), of(BundleFactory(parts=[(fixed, "2")]))
    assert offer.price is not None
    assert outer.price is not None
    assert (row(offer.price)[:2], row(outer.price)[:2]) == (["250.0000", "180.0000"], ["500.0000", "360.0000"])
    assert [(part["product"], part["quantity"]) for part in offer.parts + outer.parts] == [(part.pk, "3.000"), (part.pk, "6.000")]


def test_the_list_of_a_bundle_is_that_of_all_its_parts_or_none() -> None:
    one, other = ProductFactory(list_price="10"), ProductFactory(list_price="20")
    a = PriceListFactory(code="A")
    PriceFactory(product=one, price_list=a, list_price=D(8))
    bundle = BundleFactory(parts=[one, other])
    mixed, standard = of(bundle, lists=(a.pk,)).price, of(bundle).price
    assert mixed is not None
    assert standard is not None
    assert (mixed.list_price, mixed.price_list_id) == (D(28), None)
    assert (standard.list_price, standard.price_list_id) == (D(30), PriceListFactory().pk)


def test_what_cannot_be_sold_says_why() -> None:
    gone, unpriced = ProductFactory(sku="GONE", is_active=False), ProductFactory(sku="BARE", list_price=None)
    taxed = ProductFactory(sku="FOOD", vat="13.5")
    offered = {
        name: of(BundleFactory(sku=name, parts=parts))
        for name, parts in (("B1", [gone]), ("B2", [unpriced]), ("B3", [taxed]), ("B4", []))
    }
    assert {name: offer.problem for name, offer in offered.items()} == {
        "B1": "GONE, a part of B1, is no longer sold.",
        "B2": "BARE has no price on the date of this quote.",
        "B3": "FOOD, a part of B3, has another VAT rate than the bundle.",
        "B4": "B4 is a bundle without parts.",
    }
    assert [offer.price for offer in offered.values()] == [None] * 4
    assert of(unpriced).problem == "BARE has no price on the date of this quote."


def test_a_bundle_that_came_to_hold_itself_is_told_and_breaks_nothing() -> None:
    inner = BundleFactory(sku="IN")
    outer = BundleFactory(sku="OUT", parts=[inner])
    inner.parts.create(part=outer)
    assert of(outer).problem == "A bundle cannot hold itself: OUT → IN → OUT."


@pytest.mark.parametrize("depth", [1, 4])
def test_lines_cost_two_queries_however_deep_bundles_are_and_one_without(django_assert_num_queries: Any, depth: int) -> None:
    plain, bundle = ProductFactory(), ProductFactory()
    for _level in range(depth):
        bundle = BundleFactory(parts=[bundle, ProductFactory()])
    lines = [Asked(plain, D(1)), Asked(bundle, D(2)), Asked(bundle, D(3))]
    with django_assert_num_queries(2):
        assert [offer.price is None for offer in offers.offers_on(lines, DAY)] == [False] * 3
    with django_assert_num_queries(1):
        offers.offers_on([Asked(plain, D(1))], DAY)
    with django_assert_num_queries(0):
        assert selectors.bundle_parts_of([]) == {}


# --- Rules ------------------------------------------------------------------------------------------------------------
def test_rules_come_in_one_query_with_names_in_both_languages(django_assert_num_queries: Any) -> None:
    product, group = ProductFactory(sku="A", name_en="Audit", name_fi="Auditointi"), ProductGroupFactory(label_fi="Työpajat")
    requires = {"kind": RuleKind.REQUIRES, "subject_product": product, "object_group": group}
    ConfigurationRuleFactory(**requires, message_en="Sell a workshop too.")
    ConfigurationRuleFactory(kind=RuleKind.AT_MOST, subject_group=group, quantity=D("2.5"))
    ConfigurationRuleFactory(**requires | {"is_active": False})
    ConfigurationRuleFactory(**requires | {"valid_to": DAY - dt.timedelta(1)})
    with django_assert_num_queries(1):
        rules = selectors.rules_on(DAY)
    assert [explaining.rule_words(rule) for rule in rules] == [
        f"“A Audit” requires “{group.label_en}”",
        f"at most 2.5 of “{group.label_en}”",
    ]
    with translation.override("fi"):
        assert [(explaining.said(rule.subject_name), explaining.said(rule.message)) for rule in rules] == [
            ("A Auditointi", "Sell a workshop too."), ("Työpajat", ""),
        ]  # fmt: skip


# --- Codes and the type-ahead -----------------------------------------------------------------------------------------
@pytest.mark.req("S1.19")
def test_an_old_code_finds_the_product_it_was_merged_into(rep: User, django_assert_num_queries: Any) -> None:
    new = ProductFactory(sku="NEW-1", name_en="Workshop")
    ProductFactory(sku="old-1", name_en="Training", is_active=False, merged_into=new)
    ProductFactory(sku="OLD-1", is_active=False)
    assert [selectors.product_by_sku(rep, sku) for sku in ("old-1", "new-1 ", "none")] == [new, new, None]
    found = selectors.product_by_sku(rep, "OLD-1")
    assert found is not None
    assert found.sku == "OLD-1"
    with django_assert_num_queries(1):
        skus = selectors.products_by_sku(rep, ["old-1", "NEW-1", "none"])
        assert {sku: (product.sku, product.unit.code, product.vat_rate.rate) for sku, product in skus.items()} == dict.fromkeys(
            ["old-1", "NEW-1"], ("NEW-1", "pcs", D("25.5"))
        )
    assert selectors.product_by_sku(UserFactory(), "NEW-1") is None
    assert [selectors.product_search(rep, text) for text in ("old-1", "training", "workshop")] == [[new]] * 3


def test_the_type_ahead_lists_the_very_code_then_what_was_bought_then_codes_that_begin_so(rep: User) -> None:
    for sku in ("MI-1", "MI-10", "MILK", "XMILK", "YMILK", "ZMILK"):
        ProductFactory(sku=sku, name_en="Milk")
    bought = Product.objects.get(sku="ZMILK").pk

    def found(text: str, limit: int = 20, first: tuple[int, ...] = (bought,)) -> list[str]:
        return [product.sku for product in selectors.product_search(rep, text, limit, first)]

    assert found("milk") == ["MILK", "ZMILK", "MI-1", "MI-10", "XMILK", "YMILK"]
    assert found("milk", first=()) == ["MILK", "MI-1", "MI-10", "XMILK", "YMILK", "ZMILK"]
    assert found("mi-1") == ["MI-1", "MI-10"]
    assert found("milk", 2) == ["MILK", "ZMILK"]
    assert found("nothing") == []


def test_among_very_many_that_fit_the_same_come_first(rep: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "FEW", 3)
    made = {sku: ProductFactory(sku=sku, name_en="Milk") for sku in ("A1", "A2", "A3", "A4", "MILK-9", "Z1")}
    old = ProductFactory(sku="Z0", name_en="Milk", is_active=False, merged_into=made["A4"])
    found = selectors.product_search(rep, "milk", 4, first=[made["Z1"].pk, old.pk])
    assert [product.sku for product in found][:3] == ["A4", "Z1", "MILK-9"]
    assert selectors.product_search(rep, "milk", 2)[0].sku == "MILK-9"


@pytest.mark.parametrize(
    ("text", "found"), [("m", ["A1"]), ("MA", ["A1"]), ("ai", []), ("m k", ["A1"]), ("m z", []), ("ö", ["B1"]), ("a", ["A1"])]
)
def test_one_or_two_letters_find_what_begins_with_them(rep: User, text: str, found: list[str]) -> None:
    ProductFactory(sku="A1", name_en="Milk", name_fi="Maito")
    ProductFactory(sku="B1", name_en="Oil", name_fi="Öljy")
    assert [product.sku for product in selectors.product_search(rep, text)] == found


@pytest.mark.parametrize("text", ["ol'ive oil", "tuna 5%", "50_", "Öljy öl 1"])
def test_what_is_typed_is_asked_for_as_it_is_written(rep: User, text: str) -> None:
    product = ProductFactory(sku="X-1", name_en=f"A {text} B", name_fi="Öljy")
    ProductFactory(sku="X-2", name_en="tuna 50 501 olive oil", name_fi="Oljy")
    for _again in range(2):
        assert selectors.product_search(rep, text) == [product]


@pytest.mark.postgresql
@pytest.mark.parametrize("text", ["kaura 1234", "P1999", "drink 1 79"])
def test_postgresql_looks_up_all_words_in_one_index(rep: User, text: str) -> None:
    like = ProductFactory(sku="A")
    rows = [
        Product(
            sku=f"P{number}",
            name_en=f"Oat drink {number * 7919}",
            name_fi=f"Kaurajuoma {number * 7919}",
            unit=like.unit,
            vat_rate=like.vat_rate,
        )
        for number in range(20_000)
    ]
    Product.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('catalog_product_whole')")
        cursor.execute("ANALYZE catalog_product")
    selectors.product_search(rep, "else")  # roles are known from now on
    with CaptureQueriesContext(connection) as queries:
        selectors.product_search(rep, text)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + queries[0]["sql"].replace("%", "%%"), [])
        plan = str(cursor.fetchall())
    assert "catalog_product_whole" in plan, plan
    assert "Seq Scan" not in plan, plan


def test_products_out_of_use_and_merged_into_such_are_not_suggested(rep: User) -> None:
    gone = ProductFactory(sku="GONE", is_active=False)
    ProductFactory(sku="GONE-2", is_active=False, merged_into=gone)
    assert selectors.product_search(rep, "gone") == []
