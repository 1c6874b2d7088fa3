import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from catalog.models import Price, Product, ProductGroup, UnitOfMeasure, VatRate
from catalog.selectors import price_for, prices_on
from catalog.tests.factories import PriceFactory, ProductFactory, VatRateFactory
from core.errors import NotAllowed
from core.models import JobRun
from integration import services
from integration.models import PRODUCT_IMPORT, ProposedChange, SyncSettings
from integration.services import runs
from integration.tests.factories import ProposedChangeFactory, RunFactory, file_of
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

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
    assert [row["reason"] for row in run.counts["quarantine"]] == ["sku “1” stands in rows 2, 3 with different values."] * 2
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
        ({"sku": "1"}, "sku “1” stands in rows 2, 3 with different values."),
    ],
)
def test_a_bad_row_stays_out_with_its_reason_and_no_other(cells: dict[str, object], reason: str) -> None:
    run = load(sku("1", group="a"), sku("2") | cells, sku("3"))
    faults = run.counts["quarantine"]
    assert (faults[-1]["row"], faults[-1]["reason"]) == (3, reason)
    duplicate = "different" in reason
    assert list(Product.objects.values_list("sku", flat=True)) == (["3"] if duplicate else ["1", "3"])
    assert len(faults) == (2 if duplicate else 1)


def test_guidance_and_measures_come_along() -> None:
    cells = {"start_price": "9,9", "target_price": "9", "floor_price": "8", "use_within_months": "12", "fixed_quantity": "3"}
    nothing = {"start_price": "", "target_price": "", "floor_price": "", "use_within_months": "0", "fixed_quantity": ""}
    load(sku("1", **cells, cs_days="0,25"), sku("2", **nothing, cs_days="0"))
    first, second = Product.objects.order_by("sku")
    assert (first.use_within_months, first.fixed_quantity, first.cs_days) == (12, Decimal("3"), Decimal("0.25"))
    assert (second.use_within_months, second.fixed_quantity, second.cs_days) == (None, None, Decimal("0"))
    assert list(Price.objects.order_by("pk").values_list("start_price", flat=True)) == [Decimal("9.9"), None]
    assert Product.objects.get(sku="1").match_key == "1|product"
    load(sku("1", name_en="Audit, 2 days"))
    assert Product.objects.get(sku="1").match_key == "2|audit days"


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"start_price": "8", "target_price": "9"}, "target_price: “9” is more than the price above it"),
        ({"start_price": "", "target_price": "7", "floor_price": "8"}, "floor_price: “8” is more than the price above it"),
        ({"start_price": "7", "floor_price": "8"}, "floor_price: “8” is more than the price above it"),
        ({"use_within_months": "1,5"}, "use_within_months: “1,5” has too many decimals."),
        ({"fixed_quantity": "-1"}, "fixed_quantity: “-1” is negative."),
    ],
)
def test_guidance_out_of_order_and_senseless_measures_stay_out(cells: dict[str, object], reason: str) -> None:
    run = load(sku("1", **cells), sku("2", **dict.fromkeys(cells, "")))
    assert (counts(run), list(Product.objects.values_list("sku", flat=True))) == ((1, 0, 0, 1, 0, 1), ["2"])
    assert reason in run.counts["quarantine"][0]["reason"]


def test_guidance_that_the_file_leaves_no_room_for_is_known_no_more() -> None:
    load(sku("1", start_price="9,9", target_price="9", floor_price="8"))
    run = load(sku("1", floor_price="9,5"))
    price = Price.objects.get()
    assert counts(run) == (0, 0, 1, 0, 1, 0)
    assert (price.start_price, price.target_price, price.floor_price) == (Decimal("9.9"), None, Decimal("9.5"))


@pytest.mark.req("S1.19")
def test_a_row_of_a_code_that_was_merged_into_another_one_is_left_out() -> None:
    survivor = ProductFactory(sku="NEW", list_price="10")
    ProductFactory(sku="OLD", list_price="10", is_active=False, merged_into=survivor)
    run = load(sku("OLD", "12", name_en="Otherwise"), sku("NEW", "11"))
    assert (counts(run), run.counts["rows_ignored"], run.counts["rows_read"]) == ((0, 0, 1, 0, 1, 0), 1, 2)
    old = Product.objects.get(sku="OLD")
    assert (old.is_active, old.name_en, old.prices.get().list_price) == (False, "Product OLD", Decimal("10"))


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


# --- Which price a row is about ---------------------------------------------------------------------------------------
def prices(code: str = "1") -> list[tuple[Any, ...]]:
    fields = ("min_quantity", "list_price", "valid_from", "valid_to")
    return list(Price.objects.filter(product__sku=code).order_by("pk").values_list(*fields))


def now(code: str = "1") -> Decimal:
    """What a quote would take."""
    product = Product.objects.get(sku=code).pk
    found = price_for(prices_on([product], dt.date(2026, 11, 20))[product], Decimal(1))
    assert found is not None
    return found.list_price


YEAR = dt.date(2026, 1, 1)


def test_without_a_column_of_first_days_the_price_in_force_today_is_changed() -> None:
    load(sku("1", "10", valid_from="2026-01-01"), sku("2", "7", valid_from=""))
    run = load(sku("1", "12"), sku("2", "7"))
    assert (counts(run), now()) == ((0, 0, 2, 0, 1, 0), Decimal(12))
    assert prices() == [(Decimal(0), Decimal(12), YEAR, None)]
    assert load(sku("1", "12"), sku("2", "7")).status == "unchanged"


def test_of_several_prices_in_force_the_one_that_quotes_take_is_changed() -> None:
    load(sku("1", "9", valid_from=""), sku("1", "10", valid_from="2026-01-01"), sku("1", "15", valid_from="2027-01-01"))
    PriceFactory(product=Product.objects.get(), min_quantity=100, list_price=Decimal(8))
    load(sku("1", "12"))
    assert [row[1] for row in prices()] == [Decimal(9), Decimal(12), Decimal(15), Decimal(8)]
    assert now() == Decimal(12)


def test_a_price_that_holds_from_a_quantity_on_is_the_one_in_force_where_there_is_no_smaller() -> None:
    PriceFactory(product=ProductFactory(sku="1", list_price=None), min_quantity=1)
    load(sku("1", "12"))
    assert prices() == [(Decimal(1), Decimal(12), None, None)]


@pytest.mark.parametrize(
    ("first", "last", "after"),
    [
        ("2027-01-01", "", [(Decimal(10), dt.date(2027, 1, 1), None), (Decimal(12), None, None)]),
        ("2025-01-01", "2025-12-31", [(Decimal(10), dt.date(2025, 1, 1), dt.date(2025, 12, 31)), (Decimal(12), None, None)]),
        ("", "2025-12-31", [(Decimal(12), None, None)]),
    ],
    ids=["one to come", "one that ended", "one that ended, without a first day"],
)
def test_where_no_price_is_in_force_one_without_a_first_day_is_made(first: str, last: str, after: Any) -> None:
    load(sku("1", "10", valid_from=first, valid_to=last))
    load(sku("1", "12"))
    assert ([row[1:] for row in prices()], now()) == (after, Decimal(12))


def test_with_the_column_a_blank_cell_is_no_first_day() -> None:
    load(sku("1", "10", valid_from="2026-01-01"))
    load(sku("1", "12", valid_from=""))
    assert [row[1:3] for row in prices()] == [(Decimal(10), YEAR), (Decimal(12), None)]


@pytest.mark.parametrize("column", [{}, {"valid_from": "2026-01-01"}])
def test_a_last_day_stays_when_the_file_has_no_column_for_it(column: dict[str, object]) -> None:
    load(sku("1", "10", valid_from="2026-01-01", valid_to="2026-12-31"))
    load(sku("1", "12") | column)
    assert prices() == [(Decimal(0), Decimal(12), YEAR, dt.date(2026, 12, 31))]


def test_a_row_that_ended_before_the_price_in_force_began_leaves_it_alone() -> None:
    load(sku("1", "10", valid_from="2026-01-01"))
    load(sku("1", "8", valid_to="2025-12-31"))
    assert (len(prices()), now()) == (2, Decimal(10))


# --- The guard --------------------------------------------------------------------------------------------------------
def shop(factor: str = "1", number: int = 50, **cells: object) -> list[dict[str, object]]:
    return [sku(f"{at:03}", str(Decimal(10) * Decimal(factor)), **cells) for at in range(number)]


def stopped_by(run: JobRun) -> list[tuple[Any, ...]]:
    return [tuple(found[name] for name in ("guard", "number", "of", "allowed")) for found in run.counts["guards"]]


def test_prices_in_another_unit_stop_the_run_until_a_steward_releases_it(outbox_drain: Any, mailoutbox: list[Any]) -> None:
    steward = UserFactory(username="eeva", email="eeva@example.fi", roles=["data_steward"])
    load(*shop())
    before = written()
    run = load(*shop("0.001"))
    assert (run.status, stopped_by(run), written()) == ("quarantined", [("prices", 50, 50, 20)], before)
    outbox_drain()
    [mail] = mailoutbox
    assert "Products whose list price would change by more than half: 50 of 50, 20 at most." in mail.body
    runs.run_release(run_id=run.pk, by=steward)
    done = runs.run_work(run.pk)
    assert done is not None
    assert (done.status, now("007")) == ("applied", Decimal("0.01"))


def test_a_stopped_price_run_can_be_rejected() -> None:
    load(*shop())
    run = load(*shop("0.001"))
    runs.run_reject(run_id=run.pk, by=UserFactory(roles=["data_steward"]), reason="Cents, not euros")
    assert (JobRun.objects.get(pk=run.pk).status, now("007")) == ("rejected", Decimal(10))


@pytest.mark.parametrize(("factor", "stops"), [("0.49", True), ("0.5", False), ("1.5", False), ("1.51", True)])
def test_more_than_half_up_or_down_counts(factor: str, stops: bool) -> None:
    load(*shop())
    assert (load(*shop(factor)).status == "quarantined") == stops


def test_the_limit_is_a_share_of_the_products_in_the_file() -> None:
    SyncSettings.objects.create(pk=1, spared=0, most_repriced=20)
    load(*shop())
    assert stopped_by(load(*shop("9", 11), *shop()[11:])) == [("prices", 11, 50, 10)]
    assert load(*shop("9", 10), *shop()[10:]).status == "applied"


def test_small_numbers_of_prices_are_spared() -> None:
    load(*shop())
    assert load(*shop("9", 20)).status == "applied"


def test_a_price_that_starts_later_is_held_against_the_one_it_follows() -> None:
    load(*shop(valid_from="2026-01-01", valid_to="2026-12-31"))
    assert load(*shop("0.001", valid_from="2027-01-01")).status == "quarantined"
    assert load(*shop("1.1", valid_from="2027-01-01")).status == "applied"


def test_new_products_stop_nothing_and_a_price_of_nothing_has_no_half() -> None:
    assert load(*shop("0")).status == "applied"
    assert stopped_by(load(*shop("1"))) == [("prices", 50, 50, 20)]


# --- What would change, and what has ----------------------------------------------------------------------------------
def noted(run: JobRun) -> list[tuple[str, str, str, dict[str, list[str]]]]:
    return list(ProposedChange.objects.filter(run=run).values_list("number", "name", "verb", "changes"))


@pytest.fixture
def changed_file() -> list[dict[str, object]]:
    load(*(sku(code, "10", valid_from="2026-01-01", cost="5", active="1") for code in ("1", "2", "3", "4")))
    return [
        sku("1", "11", valid_from="2026-01-01", cost="5", active="1"),
        sku("2", "30", valid_from="2027-01-01", cost="5", active="1"),
        sku("3", "10", valid_from="2026-01-01", cost="", active="0", name_en="Pail"),
        sku("4", "10", valid_from="2026-01-01", cost="5", active="1"),
        sku("5", "1.5", valid_from="", cost="", active="1"),
    ]


NOTED = [
    ("2", "Product 2", "product_repriced", {"list_price 2027-01-01": ["10", "30"]}),
    ("1", "Product 1", "product_repriced", {"list_price 2026-01-01": ["10", "11"]}),
    (
        "3",
        "Pail",
        "product_updated",
        {"name_en": ["Product 3", "Pail"], "is_active": ["yes", "no"], "cost 2026-01-01": ["5", ""]},
    ),
    ("5", "Product 5", "product_created", {"list_price": ["", "1.5"]}),
]


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_run_notes_each_product_before_and_after_the_largest_change_first(
    changed_file: list[dict[str, object]], dry_run: bool
) -> None:
    run = load(*changed_file, dry_run=dry_run)
    assert (run.status, noted(run)) == ("dry_run" if dry_run else "applied", NOTED)


def test_a_stopped_run_notes_what_it_would_do_and_its_release_notes_it_once() -> None:
    load(*shop())
    run = load(*shop("0.001"))
    assert len(noted(run)) == 50
    assert noted(run)[0] == ("000", "Product 000", "product_repriced", {"list_price": ["10", "0.01"]})
    runs.run_release(run_id=run.pk, by=UserFactory(roles=["data_steward"]))
    runs.run_work(run.pk)
    assert len(noted(run)) == 50


def test_the_changes_of_a_product_run_are_shown_with_links_to_the_products(
    client: Client, changed_file: list[dict[str, object]]
) -> None:
    run = load(*changed_file)
    client.force_login(UserFactory(roles=["data_steward"]))
    html = " ".join(client.get(reverse("sync_page", args=[run.pk])).content.decode().split())
    for text in (
        "list price (from 1 Jan 2027):</span> €10.00 → €30.00", "cost (from 1 Jan 2026):</span> €5.00 → –",
        "in use:</span> Yes → No", "list price:</span> – → €1.50", "Product created", "Prices changed", "What the run changed",
    ):  # fmt: skip
        assert text in html
    assert f'<a href="{reverse("product_page", args=[Product.objects.get(sku="5").pk])}">Product 5</a>' in html


def test_a_dry_run_names_what_is_not_there_yet_without_a_link(client: Client) -> None:
    run = load(sku("1"), dry_run=True)
    client.force_login(UserFactory(roles=["data_steward"]))
    html = client.get(reverse("sync_page", args=[run.pk])).content.decode()
    assert ("Product 1 <" in html, "/products/1" in html, "What the run would change" in html) == (True, False, True)


def test_changes_stand_in_the_order_of_the_fields_and_of_the_days(client: Client) -> None:
    fields = ("valid_to 2027-01-01", "cost 2026-01-01", "list_price 2027-01-01", "list_price 2026-01-01", "is_active", "name_en")
    run = RunFactory(kind=PRODUCT_IMPORT)
    ProposedChangeFactory(run=run, changes={field: ["", ""] for field in fields})
    client.force_login(UserFactory(roles=["data_steward"]))
    [news] = client.get(reverse("sync_page", args=[run.pk])).context["news"]
    assert [change.label for change in news.changes] == [
        "name [en]", "in use", "list price (from 1 Jan 2026)", "cost (from 1 Jan 2026)", "list price (from 1 Jan 2027)",
        "valid to (from 1 Jan 2027)",
    ]  # fmt: skip
