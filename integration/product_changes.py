"""What a product file changes, as it is noted and as people read it. Pages use it, so nothing here brings tables."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from catalog.models import Price, Product
from core import money
from core.templatetags import ui

PRICES = ("list_price", "cost", "floor_price", "target_price", "start_price")
MEASURES = ("use_within_months", "fixed_quantity", "cs_days")
CREATED, UPDATED, REPRICED = "product_created", "product_updated", "product_repriced"
_FLAGS = ("is_active", "outside_catalogue")
_FIELDS = (
    "name_en", "name_fi", "description_en", "description_fi", "group", "unit", "vat_rate", *_FLAGS, *MEASURES, *PRICES,
    "valid_to",
)  # fmt: skip


def field_of(name: str, valid_from: dt.date | None) -> str:
    """The name of a field of the price that holds from this day on."""
    return f"{name} {valid_from.isoformat()}" if valid_from else name


def as_text(changes: Mapping[str, tuple[Any, Any]]) -> dict[str, list[str]]:
    """As `ProposedChange.changes` keeps it, in no language."""
    return {name: [_plain(value) for value in pair] for name, pair in changes.items()}


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else money.plain(value) if isinstance(value, Decimal) else str(value)


def place(field: str) -> tuple[str, int]:
    """By which fields stand in order: those of the product, then those of each price."""
    name, _space, day = field.partition(" ")
    return day, _FIELDS.index(name)


def label(field: str) -> str:
    """The field in the active language; that of a price with its first day."""
    name, _space, day = field.partition(" ")
    column: Any = (Price if name in PRICES or name == "valid_to" else Product)._meta.get_field(name)
    if not day:
        return str(column.verbose_name)
    return _("%(price)s (from %(day)s)") % {"price": column.verbose_name, "day": shown("valid_to", day)}


def shown(field: str, text: str) -> str:
    """A value in the active language."""
    name = field.partition(" ")[0]
    if not text:
        return ""
    if name in PRICES:
        return ui.unit_price(text)
    if name in MEASURES:
        return ui.quantity(text)
    if name == "vat_rate":
        return ui.percent(text)
    if name == "valid_to":
        return date_format(dt.date.fromisoformat(text), "SHORT_DATE_FORMAT")
    if name in _FLAGS:
        return _("Yes") if text == "yes" else _("No")
    return text
