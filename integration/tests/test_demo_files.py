"""The shipped demo files, by exact numbers."""

import csv
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from accounts.models import MASTER_LOOK_UPS, Account, MasterConflict
from catalog.models import Price, Product, ProductGroup, VatRate
from integration import report, services
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

DEMO = Path(settings.BASE_DIR) / "demo"


FIRST: dict[str, Any] = {
    "status": "applied",
    "rows_read": 2002,
    "rows_applied": 1929,
    "rows_unchanged": 2,
    "rows_ignored": 53,
    "rows_quarantined": 18,
    "parents_seen": 401,
    "accounts_created": 401,
    "accounts_updated": 0,
    "accounts_unchanged": 0,
    "accounts_deactivated": 0,
    "accounts_reactivated": 0,
    "sites_created": 1929,
    "sites_updated": 0,
    "sites_moved": 0,
    "conflicts": 29,
}
SECOND = FIRST | {
    "status": "unchanged",
    "rows_applied": 0,
    "rows_unchanged": 1931,
    "accounts_created": 0,
    "accounts_unchanged": 401,
    "sites_created": 0,
}
LEFT_OUT = [
    (348, "0004297"), (405, "0014874"), (428, "0009862"), (482, "0014811"), (692, ""), (702, "0099001"), (750, "0004297"),
    (762, "0014818"), (1045, "0014839"), (1106, "0014832"), (1202, "0099002"), (1234, "0014853"), (1485, "0014825"),
    (1502, "0006782"), (1532, "0014867"), (1745, "0009862"), (1832, "0014860"), (1859, "0014895"),
]  # fmt: skip
CONFLICTS = {"tie": 5, "unknown": 22, "none": 2}
PRODUCTS = {
    "status": "applied",
    "rows_read": 293,
    "rows_applied": 293,
    "rows_unchanged": 0,
    "rows_ignored": 0,
    "rows_quarantined": 0,
    "products_created": 293,
    "products_updated": 0,
    "products_unchanged": 0,
    "prices_created": 293,
    "prices_updated": 0,
    "quarantine": [],
}


def facts(run: Any, *left_out: str) -> dict[str, Any]:
    return {name: value for name, value in report.as_json(run).items() if name not in ("run_id", "duration_s", *left_out)}


@pytest.mark.req("S0.29")
def test_the_customer_master_gives_these_numbers_and_then_none() -> None:
    for number in range(1, 11):
        UserFactory(roles=["sales_rep"], salesperson_id=f"S{number:03d}")
    first = services.customer_sync(path=DEMO / "customer_master.csv", profile="price_manager", by=None)
    assert facts(first, "quarantine") == FIRST
    assert [(fault["row"], fault["key"]) for fault in report.as_json(first)["quarantine"]] == LEFT_OUT
    assert first.counts["read_as"]["unknown_columns"] == ["Loyalty_Note"]
    assert first.counts["read_as"]["encoding"] == "utf-8-sig"
    assert {kind: MasterConflict.objects.filter(kind=kind).count() for kind in ("tie", "unknown", "none")} == CONFLICTS
    assert Account.objects.filter(owner__salesperson_id="S001").count() == 69
    assert Account.objects.filter(owner=None).count() == 29
    assert dict(Account.objects.filter(parent_customer_id__in=["123", "00123"]).values_list("parent_customer_id", "name")) == {
        "00123": "Kahvila-konditoria Kipinä Ky",
        "123": "Lähikauppa Heinonen Ky",
    }
    second = services.customer_sync(path=DEMO / "customer_master.csv", by=None)
    assert facts(second, "quarantine") == SECOND


def test_the_products_give_these_numbers_and_then_none() -> None:
    first = services.products_import(path=DEMO / "products.csv", by=None)
    assert facts(first) == PRODUCTS
    assert (Price.objects.filter(cost=None).count(), Product.objects.filter(is_active=False).count()) == (7, 5)
    assert Product.objects.filter(outside_catalogue=True).count() == 5
    assert list(VatRate.objects.order_by("code").values_list("code", flat=True)) == ["10", "13.5", "25.5"]
    assert Product.objects.filter(name_fi=None).count() == 0
    assert services.products_import(path=DEMO / "products.csv", by=None).status == "unchanged"


def test_every_code_of_the_demo_files_has_labels_in_both_languages() -> None:
    services.customer_sync(path=DEMO / "customer_master.csv", by=None)
    services.products_import(path=DEMO / "products.csv", by=None)
    with (DEMO / "look_ups.csv").open(encoding="utf-8-sig", newline="") as file:
        labelled = {
            (row["look_up"], row["code"]) for row in csv.DictReader(file, delimiter=";") if row["label_en"] and row["label_fi"]
        }
    models = MASTER_LOOK_UPS | {"product_group": ProductGroup}
    brought = {(name, code) for name, model in models.items() for code in model.objects.values_list("code", flat=True)}
    assert brought - labelled == set()
