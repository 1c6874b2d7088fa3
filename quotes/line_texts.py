"""What a quote says of what its lines sell: codes, names, units, parts, in every language."""

import datetime as dt
import functools
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import TextField, Value
from django.db.models.functions import Cast, NullIf
from django.utils.formats import date_format
from django.utils.translation import gettext as _, ngettext

from catalog.configuration import Inside
from catalog.models import Product
from catalog.selectors import products_inside
from catalog.usage import Step
from core import clock, money
from core.languages import CODES, by_language, in_languages, texts_of
from quotes.choices import LineKind
from quotes.models import QuoteLine


class Sold(NamedTuple):
    """What a line sells: the code, a `mark` that is another one as soon as something else is sold, the parts of a bundle, and the
    prices by use as the line has them."""

    sku: str
    mark: str
    parts: tuple[dict[str, Any], ...] = ()
    usage: tuple[dict[str, Any], ...] = ()


PARTS = NullIf(Cast("parts", TextField()), Value("[]", TextField()))
"""As text, and nothing of what is no bundle: to decode 200 empty lists takes longer than to read them."""
USAGE = Cast("usage", TextField())


def parts_in(text: str | None) -> tuple[dict[str, Any], ...]:
    """`parts_of` of a row that was read with `PARTS`."""
    return parts_of(json.loads(text)) if text else ()


def usage_in(text: str | None) -> tuple[dict[str, Any], ...]:
    """The prices by use of a row that was read with `USAGE`, as the line has them."""
    return tuple(json.loads(text) or ()) if text else ()


def keys_in(bundles: Iterable[Iterable[dict[str, Any]]]) -> set[int]:
    """The products of the parts."""
    return {part["product"] for parts in bundles for part in parts}


def inside_of(parts: Iterable[dict[str, Any]], groups: Mapping[int, int | None]) -> tuple[Inside, ...]:
    """What one bundle holds, as the rules of the catalogue look at it. `groups`: by product."""
    return tuple(Inside(part["product"], groups.get(part["product"]), Decimal(part["quantity"])) for part in parts)


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

    `is_fixed`: nobody chooses the quantity.
    """

    use_within_months: int | None = None
    parts: tuple["ShownPart", ...] = ()
    usage: tuple["Used", ...] = ()
    is_fixed: bool = False


class ShownPart(NamedTuple):
    """So many of a product in one bundle; name and unit by language; the months within which it is to be used."""

    sku: str
    name: dict[str, str]
    quantity: Decimal
    unit: dict[str, str]
    use_within_months: int | None = None


class Used(NamedTuple):
    """What use costs by one measure, whose `label` is by language."""

    label: dict[str, str]
    steps: tuple[Step, ...]


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
        sold=Sold(product.sku, product.sku, parts_of(line.parts), tuple(line.usage or ())),
        guidance=Guidance(line.target_price, line.start_price),
    )
    if line.unit is not None:
        texts = texts._replace(unit=texts_of(line.unit, "label"), price_unit=texts.unit)
    inside = products_inside(keys_in([texts.sold.parts]))
    months, is_fixed = product.use_within_months, product.fixed_quantity is not None
    return texts._replace(extras=extras_of(texts.sold, months, is_fixed, product.bundle_shows_parts, inside))


def texts_of_product(product: Product) -> ProductTexts:
    """The same of a product that has been read, by itself and in its own unit."""
    name, description, unit = texts_of(product, "name"), texts_of(product, "description"), texts_of(product.unit, "label")
    return ProductTexts(Sold(product.sku, product.sku), name, description, unit)


def extras_of(
    sold: Sold, months: int | None, is_fixed: bool, shows_parts: bool | None, inside: Mapping[int, Product]
) -> Extras | None:
    """Of what is sold, by the product's own `months` and flags; None where there is nothing to say.

    `inside`: the products of the parts. Where the customer does not see them, what is to be used first of them holds for the
    line, unless the bundle has its own months.
    """
    parts = tuple(_shown_part(inside[part["product"]], part) for part in sold.parts)
    if not shows_parts:
        months = months or min((part.use_within_months for part in parts if part.use_within_months), default=None)
    found = Extras(months, parts if shows_parts else (), _used(sold.usage), is_fixed)
    return found if any(found) else None


def _shown_part(product: Product, part: dict[str, Any]) -> ShownPart:
    texts = texts_of_product(product)
    return ShownPart(texts.sku, texts.name, Decimal(part["quantity"]), texts.unit, product.use_within_months)


def _used(stored: Sequence[dict[str, Any]]) -> tuple[Used, ...]:
    """Each measure with its steps; where two parts of a bundle are measured alike, with their codes."""
    known = Counter(used["metric"] for used in stored)
    return tuple(
        Used(
            {code: f"{text} ({used['sku']})" if known[used["metric"]] > 1 else text for code, text in used["label"].items()},
            tuple(steps_of(used)),
        )
        for used in stored
    )


def steps_of(used: dict[str, Any]) -> list[Step]:
    """The steps of prices by use as a line has them."""
    return [
        Step(Decimal(start), money.unit_price(Decimal(price)), None if cost is None else Decimal(cost))
        for start, price, cost in used["steps"]
    ]


def use_within(months: int, ordered: dt.date | None = None) -> str:
    """By when a service has to be used, in the active language: the day itself where that of the order is known."""
    if ordered is not None:
        last = clock.months_later(ordered, months)
        return _("To be used by %(day)s.") % {"day": date_format(last, "SHORT_DATE_FORMAT")}
    return ngettext(
        "To be used within %(months)s month of the order.", "To be used within %(months)s months of the order.", months
    ) % {"months": months}
