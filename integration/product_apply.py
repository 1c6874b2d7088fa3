"""Compare checked products with the catalogue, and write what differs: look-ups, products, standard prices, with history."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from catalog.likeness import name_key
from catalog.models import Price, PriceList, Product, ProductGroup, UnitOfMeasure, VatRate
from catalog.selectors import STANDARD, prices_on
from core import clock, db, money
from core.models import JobRun
from integration import product_changes
from integration.look_ups import LookUps
from integration.models import ProposedChange
from integration.product_changes import MEASURES, PRICES
from integration.product_validation import DEFAULT_UNIT, DEFAULT_VAT, LONGEST, MEASURE_PLACES, PRICE_PLACES, ProductRows
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
    """A product and its price as the file has them; None in `measures` and `price`: the file has no such number."""

    sku: str
    texts: dict[str, str]
    codes: dict[str, str]
    flags: dict[str, bool]
    measures: dict[str, Decimal | None]
    price: dict[str, Decimal | None]
    valid_from: dt.date | None
    valid_to: dt.date | None


@dataclass
class ProductPlan:
    """What an import would write: rows in memory, new ones without a pk. `wanted`: a row of each product, as all its rows say the
    same of it; `wanted_prices`: every row. `stored`: all standard prices of a product; `prices`: those that rows are about.
    `ignored`: how many rows are about codes that were merged into another one, and are left out."""

    look_ups: LookUps
    today: dt.date
    wanted: dict[str, Wanted] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    stored: dict[str, list[Price]] = field(default_factory=dict)
    new_skus: set[str] = field(default_factory=set)
    updated_skus: set[str] = field(default_factory=set)
    wanted_prices: dict[Start, Wanted] = field(default_factory=dict)
    prices: dict[Start, Price] = field(default_factory=dict)
    new_prices: set[Start] = field(default_factory=set)
    updated_prices: set[Start] = field(default_factory=set)
    ignored: int = 0

    @property
    def changed_rows(self) -> int:
        skus, prices = self.new_skus | self.updated_skus, self.new_prices | self.updated_prices
        return sum(start.sku in skus or start in prices for start in self.wanted_prices)

    def before(self, start: Start) -> Price | None:
        """The price that this one changes or follows: of the smallest quantity break the one in force on its first day, else
        the last one before it."""
        day = start.valid_from or self.today
        earlier = [price for price in self.stored.get(start.sku, ()) if (price.valid_from or day) <= day]
        return self.prices.get(start) or max(
            earlier,
            key=lambda price: ((price.valid_to or day) >= day, -price.min_quantity, price.valid_from or dt.date.min),
            default=None,
        )

    @cached_property
    def moves(self) -> dict[str, Decimal]:
        """By how much of itself the list price of a product changes: 1 is twice the price. The largest change of each."""
        moves: dict[str, Decimal] = {}
        for start in self.new_prices | self.updated_prices:
            before, after = self.before(start), self.wanted_prices[start].price["list_price"]
            if before is not None and after is not None and before.list_price != after:
                move = abs(after / before.list_price - 1) if before.list_price else Decimal("Infinity")
                moves[start.sku] = max(moves.get(start.sku, move), move)
        return moves

    def counts(self) -> dict[str, int]:
        return {
            "products_created": len(self.new_skus),
            "products_updated": len(self.updated_skus),
            "products_unchanged": len(self.wanted) - len(self.new_skus) - len(self.updated_skus),
            "prices_created": len(self.new_prices),
            "prices_updated": len(self.updated_prices),
        }


def plan_products(checked: ProductRows) -> ProductPlan:
    """Compare with the catalogue. Columns the file lacks are left as they are; without one of first days, a row is about the
    price that is in force today. Reads only."""
    rows = list(_wanted(checked))
    plan = ProductPlan(LookUps(MODELS), clock.today(), {wanted.sku: wanted for wanted in rows})
    for batch in db.batches(list(plan.wanted), db.keys_at_once()):
        for product in Product.objects.filter(sku__in=batch):
            if product.merged_into_id is None:
                plan.products[product.sku] = product
            else:
                del plan.wanted[product.sku]
        for price in Price.objects.filter(product__sku__in=batch, price_list__code=STANDARD).select_related("product"):
            plan.stored.setdefault(price.product.sku, []).append(price)
    every = len(rows)
    rows = [wanted for wanted in rows if wanted.sku in plan.wanted]
    plan.ignored = every - len(rows)
    for wanted in plan.wanted.values():
        _compare_product(plan, wanted)
    in_force = {} if "valid_from" in checked.present else _in_force(plan)
    for wanted in rows:
        _compare_price(plan, wanted, in_force.get(wanted.sku), checked.present)
    return plan


def _in_force(plan: ProductPlan) -> dict[str, Price]:
    """The price of each product for its smallest quantity break, as quotes take it today."""
    chosen = set()
    for batch in db.batches((product.pk for product in plan.products.values()), db.keys_at_once()):
        for product, prices in prices_on(batch, plan.today).items():
            chosen.add((product, prices[-1].min_quantity, prices[-1].valid_from))
    return {
        sku: price
        for sku, prices in plan.stored.items()
        for price in prices
        if (price.product_id, price.min_quantity, price.valid_from) in chosen
    }


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
            measures={name: _amount(row[name], MEASURE_PLACES[name]) for name in MEASURES if name in present},
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


def _amount(scaled: int, places: int = PRICE_PLACES) -> Decimal | None:
    return None if scaled < 0 else Decimal(scaled).scaleb(-places)


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _compare_product(plan: ProductPlan, wanted: Wanted) -> None:
    if wanted.sku not in plan.products:
        plan.new_skus.add(wanted.sku)
    elif _differences(plan, wanted):
        plan.updated_skus.add(wanted.sku)


def _differences(plan: ProductPlan, wanted: Wanted) -> dict[str, tuple[Any, Any]]:
    """The fields of a known product that the file has otherwise, before and after."""
    product = plan.products[wanted.sku]
    now = (
        {name: getattr(product, name) or "" for name in wanted.texts}
        | {name: plan.look_ups.code(name, getattr(product, f"{name}_id")) for name in wanted.codes}
        | {name: getattr(product, name) for name in (*wanted.flags, *wanted.measures)}
    )
    said = wanted.texts | wanted.codes | wanted.flags | wanted.measures
    return {name: (now[name], value) for name, value in said.items() if now[name] != value}


def _compare_price(plan: ProductPlan, wanted: Wanted, in_force: Price | None, present: frozenset[str]) -> None:
    """Find the price that the row is about, among those that hold from any quantity on where the file has first days."""
    first = {price.valid_from: price for price in plan.stored.get(wanted.sku, ()) if price.min_quantity == 0}
    known = first.get(wanted.valid_from) if "valid_from" in present else in_force
    if known is not None and wanted.valid_to and known.valid_from and wanted.valid_to < known.valid_from:
        known = None  # what ended before it began is another price
    if known is not None:
        last = wanted.valid_to if "valid_to" in present else known.valid_to
        wanted = replace(wanted, valid_from=known.valid_from, valid_to=last)
    price, start = known or first.get(wanted.valid_from), Start(wanted.sku, wanted.valid_from)
    if price is not None:
        wanted = replace(wanted, price={**wanted.price, **_no_longer_in_order(price, wanted.price)})
    plan.wanted_prices[start] = wanted
    if price is None:
        plan.new_prices.add(start)
        return
    plan.prices[start] = price
    if price.valid_to != wanted.valid_to or any(getattr(price, name) != amount for name, amount in wanted.price.items()):
        plan.updated_prices.add(start)


_GUIDANCE = ("start_price", "target_price", "floor_price")


def _no_longer_in_order(known: Price, said: Mapping[str, Decimal | None]) -> dict[str, None]:
    """The stored guidance of which the file says nothing and which what it says leaves no room for: it is known no more."""
    gone: dict[str, None] = {}
    for place, name in enumerate(_GUIDANCE):
        stored = getattr(known, name)
        if name in said or stored is None:
            continue
        above = [said[other] for other in _GUIDANCE[:place] if said.get(other) is not None]
        below = [said[other] for other in _GUIDANCE[place + 1 :] if said.get(other) is not None]
        if any(stored > other for other in above) or any(stored < other for other in below):
            gone[name] = None
    return gone


def proposals(plan: ProductPlan, run: JobRun) -> Iterator[ProposedChange]:
    """A row for each product that changes: the largest change of a list price first, new products last."""
    starts: dict[str, list[Start]] = {}
    for start in plan.wanted_prices:
        if start in plan.new_prices or start in plan.updated_prices:
            starts.setdefault(start.sku, []).append(start)
    skus = plan.new_skus | plan.updated_skus | starts.keys()
    for sku in sorted(skus, key=lambda sku: (sku in plan.new_skus, -plan.moves.get(sku, Decimal(0)), sku)):
        verb, wanted, known = product_changes.REPRICED, plan.wanted[sku], plan.products.get(sku)
        changes: dict[str, tuple[Any, Any]] = {}
        if known is None:
            verb = product_changes.CREATED
        elif sku in plan.updated_skus:
            verb, changes = product_changes.UPDATED, _differences(plan, wanted)
        for start in starts.get(sku, ()):
            changes |= _price_differences(plan, start)
        name = wanted.texts["name_en"] or (known.name if known else "")
        yield ProposedChange(run=run, number=sku, name=name, verb=verb, changes=product_changes.as_text(changes))


def _price_differences(plan: ProductPlan, start: Start) -> dict[str, tuple[Any, Any]]:
    """The amounts and the last day of a price before and after; of a new one the list price always."""
    before, wanted, is_new = plan.before(start), plan.wanted_prices[start], start in plan.new_prices
    pairs: dict[str, tuple[Any, Any]] = {name: (getattr(before, name, None), amount) for name, amount in wanted.price.items()}
    pairs["valid_to"] = (None if is_new else getattr(before, "valid_to", None), wanted.valid_to)
    return {
        product_changes.field_of(name, start.valid_from): pair
        for name, pair in pairs.items()
        if pair[0] != pair[1] or (is_new and name == "list_price")
    }


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
        fields = [*LONGEST, "name", "description", "vat_rate", "is_active", "outside_catalogue", *MEASURES, "match_key"]
        fields.remove("sku")
        bulk_update_with_history(updated, Product, fields, **history)


def _filled(plan: ProductPlan, product: Product, wanted: Wanted) -> Product:
    """The product with what the file says, in memory; a new one gets the default unit and VAT rate where the file names none."""
    for name, value in (wanted.texts | wanted.flags | wanted.measures).items():
        setattr(product, name, value)
    product.match_key = name_key(getattr(product, "name_en", "") or getattr(product, "name_fi", "") or "")
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
    updated = [plan.prices[start] for start in plan.wanted_prices if start in plan.updated_prices]
    for price in updated:
        wanted = plan.wanted_prices[Start(price.product.sku, price.valid_from)]
        price.valid_to = wanted.valid_to
        for name, amount in wanted.price.items():
            setattr(price, name, amount)
    if updated:
        bulk_update_with_history(updated, Price, [*PRICES, "valid_to"], **history)
