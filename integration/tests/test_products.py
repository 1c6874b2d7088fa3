import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from catalog.models import Price, Product, ProductGroup, UnitOfMeasure, VatRate
from catalog.tests.factories import VatRateFactory
from core.errors import NotAllowed
from core.models import JobRun
from integration import services
from integration.tests.factories import file_of
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

WRITTEN = (Product, Price, ProductGroup, UnitOfMeasure, VatRate, Product.history.model, Price.history.model)


def sku(code: str, price: str = "10", **cells: object) -> dict[str, object]:
    return {"sku": code, "name_en": f"Product {code}", "list_price": price} | cells


def load(*rows: dict[str, object], **options: Any) -> JobRun:
    return services.products_import(content=file_of(rows), by=None, **options)


def counts(run: JobRun) -> tuple[int, ...]:
    names = ("products_created", "products_updated", "products_unchanged", "prices_created", "prices_updated", "rows_quarantined")
    return tuple(run.counts[name] for name in names)


def written() -> list[list[tuple[Any, ...]]]:
    return [list(model.objects.order_by("pk").values_list()) for model in WRITTEN]


def test_a_product_comes_with_both_languages_its_look_ups_and_its_standard_price() -> None:
    run = load(
        sku(
            "0012", "12,3456", name_fi="Ämpäri", description_en="A pail", description_fi="Astia", group="TOOLS", unit="kpl",
            cost="", floor_price="11", target_price="11,5", vat_rate="13,5", active="ei", valid_from="1.12.2026",
            valid_to="2026-12-31", outside_catalogue="kyllä",
        )
    )  # fmt: skip
    product, price = Product.objects.get(), Price.objects.get()
    assert (run.status, counts(run)) == ("applied", (1, 0, 0, 1, 0, 0))
    assert (product.sku, product.name_en, product.name_fi, product.description_fi) == ("0012", "Product 0012", "Ämpäri", "Astia")
    assert (product.group.code, product.unit.code, product.vat_rate.rate) == ("TOOLS", "pcs", Decimal("13.5"))
    assert (product.unit.label_en, product.unit.label_fi, product.vat_rate.label_fi) == ("pcs", "kpl", "ALV 13,5 %")
    assert (product.is_active, product.outside_catalogue) == (False, True)
    assert (price.price_list.code, price.list_price, price.cost) == ("STANDARD", Decimal("12.3456"), None)
    assert (price.floor_price, price.target_price) == (Decimal("11"), Decimal("11.5"))
    assert (price.valid_from, price.valid_to) == (dt.date(2026, 12, 1), dt.date(2026, 12, 31))


def test_a_product_reads_in_the_language_of_the_reader() -> None:
    load(sku("1", name_fi="Ämpäri"), sku("2"))
    with translation.override("fi"):
        assert [str(product) for product in Product.objects.order_by("sku")] == ["1 Ämpäri", "2 Product 2"]


def test_what_the_file_leaves_open_gets_the_default() -> None:
    load(sku("1"))
    product, price = Product.objects.get(), Price.objects.get()
    assert (product.unit.code, product.vat_rate.rate, product.is_active) == ("pcs", Decimal("25.5"), True)
    assert (price.cost, price.floor_price, price.valid_from) == (None, None, None)


def test_the_same_file_again_writes_nothing() -> None:
    rows = [sku("1", cost="1,5", group="G", unit="kg", vat_rate="13,5"), sku("2", name_fi="Kaksi"), sku("3", "x")]
    load(*rows)
    before = written()
    run = load(*rows)
    assert (run.status, counts(run), written()) == ("unchanged", (0, 0, 2, 0, 0, 1), before)
    assert run.counts["rows_read"] == run.counts["rows_unchanged"] + run.counts["rows_quarantined"] == 3


def test_a_change_of_the_name_and_one_of_the_price_are_written_where_they_belong() -> None:
    load(sku("1"), sku("2"), sku("3"))
    run = load(sku("1", name_en="New name"), sku("2", "11"), sku("3"))
    assert counts(run) == (0, 1, 2, 0, 1, 0)
    assert (Product.objects.get(sku="1").name_en, Price.objects.get(product__sku="2").list_price) == ("New name", Decimal("11"))
    assert [row.history_type for row in Product.history.filter(sku="1").order_by("pk")] == ["+", "~"]
    assert Price.history.filter(history_type="~").get().list_price == Decimal("11")


def test_a_price_that_starts_later_is_a_price_more() -> None:
    load(sku("1", "10"))
    run = load(sku("1", "12", valid_from="2027-01-01"))
    assert counts(run) == (0, 0, 1, 1, 0, 0)
    assert list(Price.objects.order_by("pk").values_list("list_price", "valid_from")) == [
        (Decimal("10"), None),
        (Decimal("12"), dt.date(2027, 1, 1)),
    ]


def test_one_file_holds_the_prices_of_today_and_of_next_year() -> None:
    rows = [
        sku("1", "10", valid_from="", valid_to="31.12.2026"),
        sku("1", "12", valid_from="1.1.2027", valid_to=""),
        sku("2", "7", valid_from="", valid_to=""),
    ]
    run = load(*rows)
    assert counts(run) == (2, 0, 0, 3, 0, 0)
    assert (run.counts["rows_applied"], run.counts["rows_unchanged"]) == (3, 0)
    assert list(Price.objects.order_by("list_price").values_list("product__sku", "list_price", "valid_from", "valid_to")) == [
        ("2", Decimal("7"), None, None),
        ("1", Decimal("10"), None, dt.date(2026, 12, 31)),
        ("1", Decimal("12"), dt.date(2027, 1, 1), None),
    ]
    run = load(*rows[:1], rows[1] | {"list_price": "13"}, rows[2])
    assert counts(run) == (0, 0, 2, 0, 1, 0)
    assert (run.counts["rows_applied"], run.counts["rows_unchanged"]) == (1, 2)
    assert Price.objects.get(valid_from=dt.date(2027, 1, 1)).list_price == Decimal("13")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"valid_from": "1.1.2027"}, {"valid_from": "2027-01-01", "list_price": "11"}),
        ({"valid_from": ""}, {"valid_from": "", "list_price": "11"}),
        ({"valid_from": ""}, {"valid_from": "2027-01-01", "name_en": "Something else"}),
    ],
    ids=["one day twice", "no day twice", "two products"],
)
def test_two_prices_from_one_day_and_two_products_of_one_sku_are_not_chosen_between(
    first: dict[str, object], second: dict[str, object]
) -> None:
    run = load(sku("1") | first, sku("1") | second, sku("2", valid_from=""))
    assert [row["reason"] for row in run.counts["quarantine"]] == ["sku “1” stands twice with different values."] * 2
    assert [product.sku for product in Product.objects.all()] == ["2"]


def test_a_day_that_cannot_be_read_does_not_accuse_the_price_without_one() -> None:
    run = load(sku("1", valid_from=""), sku("1", "11", valid_from="31.2.2027"))
    assert [row["row"] for row in run.counts["quarantine"]] == [3]
    assert Price.objects.get().list_price == Decimal("10")


def test_a_column_the_file_lacks_is_left_as_it_is() -> None:
    load(sku("1", cost="5", name_fi="Yksi", group="G", unit="kg", active="0"))
    load(sku("1", "11"))
    product = Product.objects.get()
    assert (product.name_fi, product.group.code, product.unit.code, product.is_active) == ("Yksi", "G", "kg", False)
    assert (product.prices.get().list_price, product.prices.get().cost) == (Decimal("11"), Decimal("5"))


def test_a_known_vat_rate_is_used() -> None:
    known = VatRateFactory(rate=Decimal("13.5"), code="13.5")
    load(sku("1", vat_rate="13.50 %"))
    assert (Product.objects.get().vat_rate, VatRate.objects.count()) == (known, 1)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"sku": ""}, "sku is missing."),
        ({"name_en": " "}, "name_en is missing."),
        ({"list_price": ""}, "list_price is missing."),
        ({"list_price": "-1"}, "list_price: “-1” is negative."),
        ({"list_price": "NaN"}, "list_price: “NaN” is not a number."),
        ({"list_price": "1e309"}, "list_price: “1e309” is not a number."),
        ({"cost": "0,00001"}, "cost: “0,00001” has too many decimals."),
        ({"cost": "1," + "3" * 40}, f"cost: “1,{'3' * 40}” has too many decimals."),
        ({"floor_price": "123456789"}, "floor_price: “123456789” is too large."),
        ({"vat_rate": "101"}, "vat_rate: “101” is more than 100 %."),
        ({"active": "perhaps"}, "active: “perhaps” is neither yes nor no."),
        ({"valid_from": "31.2.2026"}, "valid_from: “31.2.2026” is not a date such as 2026-11-20 or 20.11.2026."),
        ({"valid_from": "2026-02-02", "valid_to": "1.2.2026"}, "valid_to: “1.2.2026” is before the first day."),
        ({"name_en": "x" * 201}, f"name_en: “{'x' * 60}…” is longer than 200 characters."),
        ({"name_fi": "a\x00b"}, "name_fi: “a�b” contains a control character."),
        ({"sku": "1"}, "sku “1” stands twice with different values."),
    ],
)
def test_a_bad_row_stays_out_with_its_reason_and_no_other(cells: dict[str, object], reason: str) -> None:
    run = load(sku("1", group="a"), sku("2") | cells, sku("3"))
    faults = run.counts["quarantine"]
    assert (faults[-1]["row"], faults[-1]["reason"]) == (3, reason)
    duplicate = "twice" in reason
    assert list(Product.objects.values_list("sku", flat=True)) == (["3"] if duplicate else ["1", "3"])
    assert len(faults) == (2 if duplicate else 1)


def test_a_dry_run_writes_nothing() -> None:
    before = written()
    run = load(sku("1"), dry_run=True)
    assert (run.status, counts(run), written()) == ("dry_run", (1, 0, 0, 1, 0, 0), before)


def test_a_missing_column_fails_the_run() -> None:
    run = services.products_import(content=b"sku;name_en\n1;x\n", by=None)
    assert (run.status, run.error, Product.objects.count()) == ("failed", "Required columns are missing: list_price.", 0)


def test_only_stewards_may_import() -> None:
    with pytest.raises(NotAllowed):
        services.products_import(content=file_of([sku("1")]), by=UserFactory(roles=["sales_rep"]))
    assert (Product.objects.count(), JobRun.objects.count()) == (0, 0)
