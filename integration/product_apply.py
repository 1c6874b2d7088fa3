"""Compare checked products with the catalogue, and write what differs: look-ups, products, standard prices, with history."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from catalog.models import Price, PriceList, Product, ProductGroup, UnitOfMeasure, VatRate
from catalog.selectors import STANDARD
from core import db, money
from core.models import JobRun
from integration.look_ups import LookUps
from integration.product_validation import DEFAULT_UNIT, DEFAULT_VAT, LONGEST, PRICE_PLACES, PRICES, ProductRows
from users.models import User

MODELS: dict[str, type[Any]] = {"group": ProductGroup, "unit": UnitOfMeasure, "vat_rate": VatRate, "price_list": PriceList}
UNIT_LABELS = {
    "kg": ("kg", "kg"), "g": ("g", "g"), "l": ("l", "l"), "pcs": ("pcs", "kpl"), "box": ("box", "ltk"), "pack": ("pack", "pkt"),
    "bottle": ("bottle", "plo"), "hour": ("hour", "h"), "day": ("day", "pv"), "m": ("m", "m"),
}  # fmt: skip
UNIT_CODES = {"kpl": "pcs", "ltk": "box", "pkt": "pack", "plo": "bottle", "h": "hour", "pv": "day", "pc": "pcs", "ea": "pcs"}
"""Finnish and other common words for the same units."""
STANDARD_LABELS = ("Standard prices", "Vakiohinnat")
_BATCH = 25


class Start(NamedTuple):
    """What tells the prices of a list apart."""

    sku: str
    valid_from: dt.date | None


@dataclass(frozen=True)
class Wanted:
    """A product and its price as the file has them; None in `price`: the file has no such amount."""

    sku: str
    texts: dict[str, str]
    codes: dict[str, str]
    flags: dict[str, bool]
    price: dict[str, Decimal | None]
    valid_from: dt.date | None
    valid_to: dt.date | None


@dataclass
class ProductPlan:
    """What an import would write: rows in memory, new ones without a pk. `wanted`: a row of each product, as all its rows say the
    same of it; `wanted_prices`: every row."""

    look_ups: LookUps
    wanted: dict[str, Wanted] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    new_skus: set[str] = field(default_factory=set)
    updated_skus: set[str] = field(default_factory=set)
    wanted_prices: dict[Start, Wanted] = field(default_factory=dict)
    prices: dict[Start, Price] = field(default_factory=dict)
    new_prices: set[Start] = field(default_factory=set)
    updated_prices: set[Start] = field(default_factory=set)

    @property
    def changed_rows(self) -> int:
        skus, prices = self.new_skus | self.updated_skus, self.new_prices | self.updated_prices
        return sum(start.sku in skus or start in prices for start in self.wanted_prices)

    def counts(self) -> dict[str, int]:
        return {
            "products_created": len(self.new_skus),
            "products_updated": len(self.updated_skus),
            "products_unchanged": len(self.wanted) - len(self.new_skus) - len(self.updated_skus),
            "prices_created": len(self.new_prices),
            "prices_updated": len(self.updated_prices),
        }


def plan_products(checked: ProductRows) -> ProductPlan:
    """Compare with the catalogue. Columns the file lacks are left as they are. Reads only."""
    rows = list(_wanted(checked))
    plan = ProductPlan(LookUps(MODELS), {wanted.sku: wanted for wanted in rows})
    plan.wanted_prices = {Start(wanted.sku, wanted.valid_from): wanted for wanted in rows}
    for batch in db.batches(plan.wanted, db.keys_at_once()):
        plan.products |= {product.sku: product for product in Product.objects.filter(sku__in=batch)}
        for price in Price.objects.filter(product__sku__in=batch, price_list__code=STANDARD, min_quantity=0).select_related(
            "product"
        ):
            plan.prices[Start(price.product.sku, price.valid_from)] = price
    for wanted in plan.wanted.values():
        _compare_product(plan, wanted)
    for start, wanted in plan.wanted_prices.items():
        _compare_price(plan, start, wanted)
    return plan


def _wanted(checked: ProductRows) -> Iterator[Wanted]:
    present = checked.present
    texts = [name for name in LONGEST if name in present and name not in ("sku", "group", "unit")]
    for row in checked.rows.iter_rows(named=True):
        yield Wanted(
            sku=row["sku"],
            texts={name: row[name] for name in texts},
            codes=_codes(row, present),
            flags={
                ours: row[name]
                for name, ours in (("active", "is_active"), ("outside_catalogue", "outside_catalogue"))
                if name in present
            },
            price={name: _amount(row[name]) for name in PRICES if name in present},
            valid_from=_day(row["valid_from"]),
            valid_to=_day(row["valid_to"]),
        )


def _codes(row: Mapping[Any, Any], present: frozenset[str]) -> dict[str, str]:
    """Codes of the look-ups that the row names."""
    codes = {"group": row["group"]} if row["group"] else {}
    if row["unit"]:
        codes["unit"] = UNIT_CODES.get(row["unit"].casefold(), row["unit"])
    if row["vat_rate"] >= 0:
        codes["vat_rate"] = money.plain(Decimal(row["vat_rate"]).scaleb(-PRICE_PLACES))
    return codes


def _amount(scaled: int) -> Decimal | None:
    return None if scaled < 0 else Decimal(scaled).scaleb(-PRICE_PLACES)


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _compare_product(plan: ProductPlan, wanted: Wanted) -> None:
    product = plan.products.get(wanted.sku)
    if product is None:
        plan.new_skus.add(wanted.sku)
        return
    look_ups = {name: plan.look_ups.code(name, getattr(product, f"{name}_id")) for name in wanted.codes}
    now = (
        {name: getattr(product, name) or "" for name in wanted.texts},
        look_ups,
        {name: getattr(product, name) for name in wanted.flags},
    )
    if now != (wanted.texts, wanted.codes, wanted.flags):
        plan.updated_skus.add(wanted.sku)


def _compare_price(plan: ProductPlan, start: Start, wanted: Wanted) -> None:
    price = plan.prices.get(start)
    if price is None:
        plan.new_prices.add(start)
    elif price.valid_to != wanted.valid_to or any(getattr(price, name) != amount for name, amount in wanted.price.items()):
        plan.updated_prices.add(start)


def apply_plan(plan: ProductPlan, run: JobRun, by: User | None, at: dt.datetime) -> None:
    """Write what the plan found to differ."""
    history: dict[str, Any] = {
        "default_user": by, "default_change_reason": f"{run.kind} {run.pk}", "default_date": at, "batch_size": _BATCH,
    }  # fmt: skip
    _create_look_ups(plan, by, history["default_change_reason"])
    _write_products(plan, history)
    _write_prices(plan, history)


def _create_look_ups(plan: ProductPlan, by: User | None, reason: str) -> None:
    changed = [plan.wanted[sku].codes for sku in plan.new_skus | plan.updated_skus]
    groups = {codes["group"] for codes in changed if "group" in codes}
    units = {codes.get("unit", DEFAULT_UNIT) for codes in changed}
    rates = {codes.get("vat_rate", DEFAULT_VAT) for codes in changed}
    look_ups = plan.look_ups
    look_ups.create("group", {code: (code, code) for code in groups}, by=by, reason=reason)
    look_ups.create("unit", {code: UNIT_LABELS.get(code, (code, code)) for code in units}, by=by, reason=reason)
    look_ups.create(
        "vat_rate",
        {code: _rate_labels(code) for code in rates},
        by=by,
        reason=reason,
        rate={code: Decimal(code) for code in rates},
    )
    if plan.new_prices:
        look_ups.create("price_list", {STANDARD: STANDARD_LABELS}, by=by, reason=reason)


def _rate_labels(code: str) -> tuple[str, str]:
    return f"VAT {code}%", f"ALV {code.replace('.', ',')} %"


def _write_products(plan: ProductPlan, history: dict[str, Any]) -> None:
    created = [_filled(plan, Product(sku=sku), plan.wanted[sku]) for sku in sorted(plan.new_skus)]
    if created:
        plan.products |= {row.sku: row for row in bulk_create_with_history(created, Product, **history)}
    updated = [_filled(plan, plan.products[sku], plan.wanted[sku]) for sku in sorted(plan.updated_skus)]
    if updated:
        fields = [*LONGEST, "name", "description", "vat_rate", "is_active", "outside_catalogue"]
        fields.remove("sku")
        bulk_update_with_history(updated, Product, fields, **history)


def _filled(plan: ProductPlan, product: Product, wanted: Wanted) -> Product:
    """The product with what the file says, in memory; a new one gets the default unit and VAT rate where the file names none."""
    for name, value in (wanted.texts | wanted.flags).items():
        setattr(product, name, value)
    codes = wanted.codes if product.pk else {"unit": DEFAULT_UNIT, "vat_rate": DEFAULT_VAT} | wanted.codes
    for name, code in codes.items():
        setattr(product, f"{name}_id", plan.look_ups.pk(name, code))
    return product


def _write_prices(plan: ProductPlan, history: dict[str, Any]) -> None:
    standard = plan.look_ups.pks["price_list"].get(STANDARD, 0)
    created = [
        Price(
            price_list_id=standard,
            product=plan.products[wanted.sku],
            valid_from=wanted.valid_from,
            valid_to=wanted.valid_to,
            **wanted.price,
        )
        for start, wanted in plan.wanted_prices.items()
        if start in plan.new_prices
    ]
    if created:
        bulk_create_with_history(created, Price, **history)
    updated = [price for start, price in plan.prices.items() if start in plan.updated_prices]
    for price in updated:
        wanted = plan.wanted_prices[Start(price.product.sku, price.valid_from)]
        price.valid_to = wanted.valid_to
        for name, amount in wanted.price.items():
            setattr(price, name, amount)
    if updated:
        bulk_update_with_history(updated, Price, [*PRICES, "valid_to"], **history)
