"""What a quote says of what its lines sell: codes, names, units, parts, in every language."""

import functools
import hashlib
import json
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import TextField, Value
from django.db.models.functions import Cast, NullIf

from accounts.price_list_selectors import price_lists_for
from catalog.models import Product
from catalog.selectors import Usage, usage_on
from core.languages import CODES, by_language, in_languages, texts_of
from quotes.choices import LineKind
from quotes.models import Quote, QuoteLine


class Sold(NamedTuple):
    """What a line sells: the code, a `mark` that is another one as soon as something else is sold, the parts of a bundle."""

    sku: str
    mark: str
    parts: tuple[dict[str, Any], ...] = ()


PARTS = NullIf(Cast("parts", TextField()), Value("[]", TextField()))
"""As text, and nothing of what is no bundle: to decode 200 empty lists takes longer than to read them."""


def parts_in(text: str | None) -> tuple[dict[str, Any], ...]:
    """`parts_of` of a row that was read with `PARTS`."""
    return parts_of(json.loads(text)) if text else ()


def parts_of(stored: Any) -> tuple[dict[str, Any], ...]:
    """What one bundle of a line consists of, as `catalog.offers.Offer.parts`; nothing for what is no bundle."""
    return tuple(stored["parts"]) if stored else ()


def options_of(stored: Any) -> list[int]:
    """The products of the options that are chosen of the bundle of a line."""
    return list(stored.get("options", [])) if stored else []


class Guidance(NamedTuple):
    """The prices per pricing unit to aim at and to begin with, EUR; None: there is none."""

    target: Decimal | None
    start: Decimal | None


class Extras(NamedTuple):
    """What only some products have: months within which a service is to be used, parts that are shown, prices by use.

    `parts`: (code, name by language, quantity, unit by language). `is_fixed`: nobody chooses the quantity.
    """

    use_within_months: int | None = None
    parts: tuple[tuple[str, dict[str, str], Decimal, dict[str, str]], ...] = ()
    usage: tuple[Usage, ...] = ()
    is_fixed: bool = False


class ProductTexts(NamedTuple):
    """What a quote says of what a line sells, by language. `price_unit`: what the price is for, where that is another unit."""

    sold: Sold
    name: dict[str, str]
    description: dict[str, str]
    unit: dict[str, str]
    price_unit: dict[str, str] | None = None
    guidance: Guidance | None = None
    extras: "Extras | None" = None

    @property
    def sku(self) -> str:
        return self.sold.sku


COLUMNS = [
    f"{path}_{code}"
    for path in ("product__name", "product__description", "product__unit__label", "unit__label")
    for code in CODES
]
_NAMES, _DESCRIPTIONS, _UNITS, _ORDERED = (slice(place, place + len(CODES)) for place in range(0, 4 * len(CODES), len(CODES)))


def product_texts(sold: Sold, *texts: str | None) -> ProductTexts:
    unit = by_language(texts[_UNITS])
    ordered = texts[_ORDERED]
    return ProductTexts(
        sold,
        by_language(texts[_NAMES]),
        by_language(texts[_DESCRIPTIONS]),
        by_language(ordered) if any(ordered) else unit,
        unit if any(ordered) else None,
    )


SOW_CODE = "SOW"


def statement_texts(text: str) -> ProductTexts:
    """What a quote says of a statement of work: its free text, the same in every language."""
    return ProductTexts(statement_sold(text), _statement_name(), dict.fromkeys(CODES, text), dict.fromkeys(CODES, ""))


def statement_sold(text: str) -> Sold:
    return Sold(SOW_CODE, f"{SOW_CODE} {hashlib.sha256(text.encode()).hexdigest()[:12]}")


@functools.cache
def _statement_name() -> dict[str, str]:
    return in_languages(lambda: str(LineKind.SOW.label))


def texts_of_line(line: QuoteLine) -> ProductTexts:
    """The same of a line that has been read with its product and units."""
    product = line.product
    if product is None:
        return statement_texts(line.text)
    texts = texts_of_product(product)._replace(
        sold=Sold(product.sku, product.sku, parts_of(line.parts)), guidance=Guidance(line.target_price, line.start_price)
    )
    if line.unit is not None:
        texts = texts._replace(unit=texts_of(line.unit, "label"), price_unit=texts.unit)
    parts = texts.sold.parts if product.bundle_shows_parts else ()
    special = Special(product.pk, product.use_within_months, product.has_usage, parts, product.fixed_quantity is not None)
    return texts._replace(extras=extras_of(line.quote, {line.pk: special})[line.pk]) if any(special[1:]) else texts


def texts_of_product(product: Product) -> ProductTexts:
    """The same of a product that has been read, by itself and in its own unit."""
    name, description, unit = texts_of(product, "name"), texts_of(product, "description"), texts_of(product.unit, "label")
    return ProductTexts(Sold(product.sku, product.sku), name, description, unit)


def shown_part(product: Product, part: dict[str, Any]) -> tuple[str, dict[str, str], Decimal, dict[str, str]]:
    texts = texts_of_product(product)
    return texts.sku, texts.name, Decimal(part["quantity"]), texts.unit


class Special(NamedTuple):
    product: int
    months: int | None
    has_usage: bool
    parts: tuple[dict[str, Any], ...]
    is_fixed: bool


def extras_of(quote: Quote, special: dict[int, Special]) -> dict[int, Extras]:
    """By line. Queries only for what there is: one for parts, two for prices by use."""
    shown = {part["product"] for row in special.values() for part in row.parts}
    products = Product.objects.select_related("unit").in_bulk(shown) if shown else {}
    by_use = {row.product for row in special.values() if row.has_usage}
    lists = price_lists_for(quote.account, quote.price_date) if by_use else ()
    usage = usage_on(by_use, quote.price_date, lists)
    return {
        line_id: Extras(
            row.months,
            tuple(shown_part(products[part["product"]], part) for part in row.parts),
            tuple(usage.get(row.product, ())),
            row.is_fixed,
        )
        for line_id, row in special.items()
    }
