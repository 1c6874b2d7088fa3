"""The shipped demo files, by exact numbers."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from accounts.models import Account, MasterConflict
from catalog.models import Price, Product
from integration import report, services
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

DEMO = Path(settings.BASE_DIR) / "demo"


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
    assert Account.objects.filter(owner__salesperson_id="S001").count() == ACCOUNTS_OF_S001
    assert {account.name for account in Account.objects.filter(parent_customer_id__in=["123", "00123"])} == NAMES_OF_123
    second = services.customer_sync(path=DEMO / "customer_master.csv", by=None)
    assert facts(second, "quarantine") == SECOND


def test_the_products_give_these_numbers_and_then_none() -> None:
    first = services.products_import(path=DEMO / "products.csv", by=None)
    assert facts(first) == PRODUCTS
    assert (Price.objects.filter(cost=None).count(), Product.objects.filter(is_active=False).count()) == (7, 5)
    assert Product.objects.filter(outside_catalogue=True).count() == 5
    assert sorted(Product.objects.values_list("vat_rate__code", flat=True).distinct()) == ["10", "13.5", "25.5"]
    assert Product.objects.filter(name_fi=None).count() == 0
    assert services.products_import(path=DEMO / "products.csv", by=None).status == "unchanged"


FIRST: dict[str, Any] = {}
SECOND: dict[str, Any] = {}
LEFT_OUT: list[Any] = []
CONFLICTS: dict[str, int] = {}
ACCOUNTS_OF_S001 = 0
NAMES_OF_123: set[str] = set()
PRODUCTS: dict[str, Any] = {}
