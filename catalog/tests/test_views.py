"""Pages of the catalogue."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client

from catalog import selectors
from catalog.models import Product
from catalog.tests.factories import (
    BundleFactory,
    ConfigurationRuleFactory,
    PriceFactory,
    PriceListFactory,
    ProductFactory,
    ProductGroupFactory,
    ProductUnitFactory,
    UnitOfMeasureFactory,
    UsageStepFactory,
)
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]


def client_of(*roles: str) -> Client:
    client = Client()
    client.force_login(UserFactory(roles=roles))
    return client


def test_the_list_shows_names_prices_and_vat_in_the_language_of_the_reader() -> None:
    ProductFactory(name_en="Rye bread", name_fi="Ruisleipä", list_price="1234.5", vat="13.5")
    client = client_of("pricing")

    english = client.get("/products/").content.decode()
    finnish = client.get("/products/", headers={"Accept-Language": "fi"}).content.decode()

    assert "Rye bread" in english
    assert "€1,234.50" in english
    assert "13.5%" in english
    assert "Ruisleipä" in finnish
    assert "1\u00a0234,50\u00a0€" in finnish
    assert "13,5\u00a0%" in finnish


def test_the_list_is_searched_in_both_languages_and_filtered() -> None:
    group = ProductGroupFactory()
    ProductFactory(sku="A1", name_fi="Äyriäinen", group=group)
    ProductFactory(sku="A2", name_fi="Äyriäinen", is_active=False)
    client = client_of("pricing")

    def found(query: str) -> list[str]:
        return [product.sku for product in client.get(f"/products/?{query}").context["page"].rows]

    assert found("q=ÄYRI") == ["A1", "A2"]
    assert found("q=a2") == ["A2"]
    assert found(f"group={group.pk}") == ["A1"]
    assert found("is_active=false") == ["A2"]
    assert found("q=%00&group=x&is_active=maybe") == ["A1", "A2"]


def test_the_list_costs_the_same_with_2_and_20_rows(django_assert_max_num_queries) -> None:
    client = client_of("pricing")

    def queries() -> int:
        with django_assert_max_num_queries(50) as captured:
            client.get("/products/")
        return len(captured)

    for number in range(2):
        ProductFactory(group=ProductGroupFactory(), vat=str(number))
    few = queries()
    for number in range(18):
        ProductFactory(group=ProductGroupFactory(), vat=str(number + 2))

    assert queries() == few


@pytest.mark.parametrize(
    ("role", "sees"), [("sales_rep", True), ("pricing", True), ("sales_support", False), ("technical_team", False)]
)
def test_cost_and_floor_are_for_those_who_see_margins(role: str, sees: bool) -> None:
    product = ProductFactory(cost="6.66", floor_price="7.77")

    text = client_of(role).get(f"/products/{product.pk}/").content.decode()

    assert ("€6.66" in text, "€7.77" in text) == (sees, sees)


def test_an_unknown_cost_is_called_unknown() -> None:
    product = ProductFactory(cost=None)

    assert "unknown" in client_of("pricing").get(f"/products/{product.pk}/").content.decode()


def test_the_names_of_a_product_are_edited_in_the_administration_only() -> None:
    product = ProductFactory()
    client = client_of("sales_rep")

    assert client.post(f"/products/{product.pk}/", {"name": "x"}).status_code == 405
    assert client.get(f"/admin/catalog/product/{product.pk}/change/").status_code == 403
    assert Product.objects.get().name == product.name


def test_the_administration_is_for_those_who_keep_the_catalogue() -> None:
    product = ProductFactory()
    page = f"/admin/catalog/product/{product.pk}/change/"

    assert client_of("pricing").get(page).status_code == 200
    assert client_of("data_steward").get(page).status_code == 200
    assert client_of("finance").get(page).status_code == 403
    assert client_of("pricing").get("/admin/accounts/paymentterm/").status_code == 403


def test_of_the_prices_the_valid_one_of_the_largest_break_reached_counts() -> None:
    product = ProductFactory(list_price="10")
    PriceFactory(product=product, min_quantity=10, list_price=Decimal(9))
    PriceFactory(product=product, min_quantity=0, list_price=Decimal(11), valid_from=dt.date(2026, 1, 1))
    PriceFactory(
        product=product, min_quantity=0, list_price=Decimal(5), valid_from=dt.date(2026, 2, 1), valid_to=dt.date(2026, 2, 28)
    )
    prices = selectors.prices_on([product.pk], dt.date(2026, 3, 1))[product.pk]

    assert [selectors.price_for(prices, Decimal(n)).list_price for n in ("1", "9.999", "10", "11")] == [11, 11, 9, 9]


@pytest.mark.usefixtures("clock")
def test_the_list_shows_the_price_that_a_quote_takes() -> None:
    product = ProductFactory(list_price="10")
    PriceFactory(product=product, list_price=Decimal(11), valid_from=dt.date(2026, 1, 1))
    PriceFactory(product=product, list_price=Decimal(9), min_quantity=10)
    html = client_of("pricing").get("/products/").content.decode()
    assert ("€11.00" in html, "€10.00" in html) == (True, False)
    prices = selectors.prices_on([product.pk], dt.date(2026, 3, 1))[product.pk]
    assert [selectors.price_for(prices, Decimal(n)).list_price for n in ("0", "1", "10")] == [11, 11, 9]


@pytest.mark.usefixtures("clock")
@pytest.mark.req("S1.4")
@pytest.mark.req("S1.18")
def test_a_product_shows_what_it_is_sold_in_and_what_it_takes() -> None:
    kilo, gram = UnitOfMeasureFactory(code="kg", label_en="kg"), UnitOfMeasureFactory(code="g", label_en="g")
    product = ProductFactory(unit=kilo, fixed_quantity=3, use_within_months=12, cs_days="0.25")
    ProductUnitFactory(product=product, unit=gram, denominator=1000)
    text = " ".join(client_of("sales_rep").get(f"/products/{product.pk}/").content.decode().split())
    for words in ("1 g = 1/1,000 kg", "12 months of the order", "0.25 working days for each unit", "Fixed quantity"):
        assert words in text


@pytest.mark.usefixtures("clock")
def test_prices_are_shown_by_list_and_those_of_today_are_marked() -> None:
    product = ProductFactory(list_price="10", start_price="9.5")
    PriceFactory(product=product, list_price=Decimal(11), valid_from=dt.date(2026, 11, 1))
    PriceFactory(product=product, list_price=Decimal(12), valid_from=dt.date(2026, 12, 1))
    coming = PriceListFactory(code="A", label_en="Campaign", valid_from=dt.date(2026, 12, 1))
    PriceFactory(product=product, price_list=coming, list_price=Decimal(8))
    response = client_of("sales_rep").get(f"/products/{product.pk}/")
    shown = [
        (str(one.price_list), [(price.list_price, price.pk in one.in_force) for price in one.prices])
        for one in response.context["lists"]
    ]
    assert shown == [("Standard prices", [(10, False), (11, True), (12, False)]), ("Campaign", [(8, False)])]
    assert "€9.50" in response.content.decode()


@pytest.mark.req("S1.30")
@pytest.mark.parametrize(("role", "sees"), [("sales_rep", True), ("sales_support", False)])
def test_prices_by_use_are_a_table_whose_cost_is_for_those_who_see_margins(role: str, sees: bool) -> None:
    step = UsageStepFactory(from_quantity=1000, price="0.0125", cost="0.0077")
    UsageStepFactory(product=step.product, from_quantity=50000, price="0.008")
    text = " ".join(client_of(role).get(f"/products/{step.product.pk}/").content.decode().split())
    assert [words in text for words in ("Price by use: Page views", ">included<", "€0.0125", "50,000", "no end")] == [True] * 5
    assert ("€0.0077" in text, ">unknown<" in text) == (sees, sees)


def test_a_bundle_shows_its_parts_and_a_part_its_bundles_and_both_their_rules(django_assert_max_num_queries) -> None:
    part, option = ProductFactory(sku="PART-1"), ProductFactory(sku="OPTION-1")
    bundle = BundleFactory(sku="BOX-1", parts=[(part, "2.5")], options=[option], bundle_shows_parts=False)
    ConfigurationRuleFactory(kind="requires", subject_product=part, object_product=bundle)
    client = client_of("sales_rep")
    text = client.get(f"/products/{bundle.pk}/").content.decode()
    for words in ("Costs what its parts cost", "PART-1", "2.5", "OPTION-1", "Option", "The customer does not see the parts"):
        assert words in text
    assert "“PART-1 Product PART-1” requires “BOX-1 Product BOX-1”" in text
    with django_assert_max_num_queries(12):
        assert "BOX-1" in client.get(f"/products/{part.pk}/").content.decode()
    empty = BundleFactory(sku="BOX-2")
    assert "No parts yet: the bundle cannot be sold." in client.get(f"/products/{empty.pk}/").content.decode()
