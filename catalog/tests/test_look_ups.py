"""Products read with what they share."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from catalog.models import Product, UnitOfMeasure
from catalog.tests.factories import ProductFactory, ProductGroupFactory
from core import db


def shown(products: Iterable[Product]) -> list[Any]:
    return [(row.sku, row.name, row.group and row.group.label, row.unit.label, row.vat_rate.rate) for row in products]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "fi"])
def test_what_many_rows_share_is_read_with_them_and_made_once(language: str) -> None:
    group = ProductGroupFactory()
    ProductFactory(sku="A", name_en="Milk", name_fi="Maito", group=group)
    ProductFactory(sku="B", group=group)
    ProductFactory(sku="C", group=None, unit=UnitOfMeasure.objects.create(code="T", label_en="tonne", label_fi="tonni"))
    with translation.override(language):
        with CaptureQueriesContext(connection) as queries:
            rows = db.with_look_ups(Product.objects.order_by("sku"), "group", "unit", "vat_rate")
            found = shown(rows)
        assert len(queries) == 1
        assert found == shown(Product.objects.order_by("sku").select_related("group", "unit", "vat_rate"))
    assert [rows[0].group is rows[1].group, rows[0].unit is rows[1].unit, rows[2].group] == [True, True, None]
    assert rows[2].unit.code == "T"
