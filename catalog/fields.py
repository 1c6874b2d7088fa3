"""Columns that fill themselves."""

from typing import Any

from catalog.likeness import name_key
from core.fields import DerivedCharField


class ProductKeyField(DerivedCharField):
    """The key of the product's English name, or of the Finnish one where that is all there is (catalog.likeness)."""

    def derived(self, record: Any) -> str:
        return name_key(record.name_en or record.name_fi or "")
