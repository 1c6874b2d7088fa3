"""Reads of the catalogue: products, their prices by list, by quantity and by use, their units and parts, rules in force."""

import datetime as dt
import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from catalog import bundles, choices, usage
from catalog.choices import RuleKind
from catalog.configuration import Rule, Thing
from catalog.measures import ONE, Factor
from catalog.models import BundlePart, ConfigurationRule, Price, Product, ProductQuerySet, ProductUnit, UsageStep, VatRate
from core import db
from core.db import searching
from core.errors import NotFound
from core.languages import CODES, by_language
from core.prepared import Prepared
from core.set_up import kept
from users.models import User

STANDARD = choices.STANDARD


# --- Products ---------------------------------------------------------------------------------------------------------
def products_for(user: User) -> ProductQuerySet:
    """Products in sight of this person, with what lists show of them."""
    products: ProductQuerySet = Product.objects.visible_to(user).select_related("group", "unit", "vat_rate", "merged_into")
    return products


def product_for(user: User, product_id: int) -> Product:
    """One of them. Raises: NotFound."""
    product = products_for(user).filter(pk=product_id).first()
    if product is None:
        raise NotFound
    return product


_SOLD_WITH = ("unit", "vat_rate", "merged_into__unit", "merged_into__vat_rate")


def product_by_sku(user: User, sku: str) -> Product | None:
    """The product with this code, in any case; of a code that was merged into another one, the product it became."""
    found: list[Product] = list(Product.objects.visible_to(user).filter(sku__iexact=sku.strip()).select_related(*_SOLD_WITH)[:2])
    exact = next((product for product in found if product.sku == sku), found[0] if found else None)
    return exact and (exact.merged_into or exact)


def products_by_sku(user: User, skus: Collection[str]) -> dict[str, Product]:
    """The same for many codes as they are written: one query; codes of no product are left out."""
    if not skus:
        return {}
    found = Product.objects.visible_to(user).filter(sku__in=skus).select_related(*_SOLD_WITH)
    return {product.sku: product.merged_into or product for product in found}


FEW = 100
"""So many products that fit are all put in order here; of more, whichever: there are too many to find one among them."""


class _Hit(NamedTuple):
    pk: int
    sku: str
    merged_into: int | None

    @property
    def key(self) -> int:
        return self.merged_into or self.pk


def product_search(user: User, text: str, limit: int = 20, first: Collection[int] = ()) -> list[Product]:
    """Sellable products for a type-ahead: the one of just this code, then those of `first` (bought before), then those whose code
    starts with `text`. An old code or name finds the product that it was merged into. Read are code, name and unit: two queries
    where few fit, else three."""
    typed, first = text.strip().casefold(), frozenset(first)

    def place(hit: _Hit) -> tuple[bool, bool, bool, str]:
        code = hit.sku.casefold()
        return code != typed, first.isdisjoint((hit.pk, hit.key)), not code.startswith(typed), hit.sku

    keys = list(dict.fromkeys(hit.key for hit in sorted(_hits(user, text, limit, first), key=place)))[:limit]
    products = {product.pk: product for product in (_suggested.rows(db.together(keys)) if keys else ())}
    return [products[key] for key in keys if key in products]


_SHOWN = ("sku", "unit", *(f"{text}_{code}" for text in ("name", "unit__label") for code in CODES))
_suggested = Prepared(
    lambda keys: Product.objects.sellable().select_related("unit").only(*_SHOWN).order_by().filter(pk__one_of=keys)
)


_HIT = ("id", "sku", "merged_into_id")
_NOTHING = ("SELECT 0 AS id, '' AS sku, 0 AS merged_into_id WHERE 1 = 0", ())


def _hits(user: User, text: str, limit: int, first: Collection[int]) -> list[_Hit]:
    """All that fit where they are few, else some of them, the first ones whose code starts with `text`, and those of `first`."""
    found = searching.some(_fitting(user, text), _HIT, FEW + 1)
    if len(found) > FEW:
        found += _ahead(user, text, limit, list(first))
    return [_Hit(*row) for row in found]


def _ahead(user: User, text: str, limit: int, first: Collection[int]) -> list[tuple[Any, ...]]:
    """Those that stand before the others: one statement where an index of words is asked, or there is no `first`."""
    typed, words, keys = text.strip(), _words_looked_up(text), db.together(first)
    if first and words:
        return _starting_or_known(len(words), limit).rows(user, typed, typed.upper(), *words, keys)
    starting = _starting_first(limit).rows(user, typed, typed.upper())
    known = _sold(user).filter(pk__one_of=keys).containing(text).order_by().values_list(*_HIT) if first else ()
    return [*starting, *known]


def _sold(user: User) -> ProductQuerySet:
    """Those that can be sold, and those that became one that can."""
    sold: ProductQuerySet = Product.objects.visible_to(user).filter(Q(is_active=True) | Q(merged_into__isnull=False))
    return sold


def _fitting(user: User, text: str) -> tuple[str, Sequence[Any]]:
    """The statement that finds what fits. PostgreSQL is asked in the same way whatever is typed, once a word is long enough."""
    words = _words_looked_up(text)
    if words:
        return _with_words(len(words)).sql_with_params(user, *words) or _NOTHING
    try:
        return _hit_rows(user, text).query.sql_with_params()
    except EmptyResultSet:
        return _NOTHING


def _words_looked_up(text: str) -> list[str]:
    """Those of `text` where what they are decides nothing of the statement, else none."""
    words = searching.words_of(text)
    return words if db.is_postgresql() and searching.has_long_word(words) else []


@functools.cache
def _with_words(_words: int) -> Prepared:
    """The statement for so many words."""
    return Prepared(lambda user, *words: _hit_rows(user, " ".join(words)), is_planned_once=False)


@functools.cache
def _starting_first(limit: int) -> Prepared:
    """So many whose code starts with one of two texts."""
    return Prepared(lambda user, small, large: _starting(user, small, large, limit), is_planned_once=False)


@functools.cache
def _starting_or_known(_words: int, limit: int) -> Prepared:
    """Those, and of some keys those with so many words."""

    def rows(user: User, small: str, large: str, *more: Any) -> QuerySet[Product, tuple[Any, ...]]:
        *words, keys = more
        known = _hit_rows(user, " ".join(words)).filter(pk__one_of=keys)
        return _starting(user, small, large, limit).union(known, all=True)

    return Prepared(rows, is_planned_once=False)


def _starting(user: User, small: str, large: str, limit: int) -> QuerySet[Product, tuple[Any, ...]]:
    """The first ones by code of those whose code starts with one of two texts."""
    starting = _sold(user).filter(Q(sku__startswith=small) | Q(sku__startswith=large))
    return starting.order_by("sku").values_list(*_HIT)[:limit]


def _hit_rows(user: User, text: str) -> QuerySet[Product, tuple[Any, ...]]:
    return _sold(user).suggested(text).order_by().values_list(*_HIT)


# --- Prices -----------------------------------------------------------------------------------------------------------
class PriceRow(NamedTuple):
    """A `Price` as quotes and lists need it. `price_list_id` is None for a bundle whose parts come from several lists."""

    product_id: int
    min_quantity: Decimal
    valid_from: dt.date | None
    valid_to: dt.date | None
    list_price: Decimal
    cost: Decimal | None
    floor_price: Decimal | None
    target_price: Decimal | None
    start_price: Decimal | None = None
    price_list_id: int | None = None


def prices_on(product_ids: Iterable[int], day: dt.date, lists: Sequence[int] = ()) -> dict[int, list[PriceRow]]:
    """The prices of these products in force on `day`, per product, the largest quantity break first.

    They are all of one list: of the first of `lists` (keys, the preferred one first; those not in use do not count) that has a
    price of the product on that day, else of the standard list. Of two valid prices for the same break the one that became
    valid later is in force.
    """
    ids = set(product_ids)
    products, of_lists = db.together(ids), db.together(lists)
    rows: Iterable[tuple[Any, ...]] = (
        _of_few_products.rows(products, of_lists)
        if len(ids) <= _FEW_PRODUCTS
        else _prices(of_lists).filter(valid_on(day), product_id__one_of=products)
    )
    by_product: dict[int, list[PriceRow]] = {}
    valid = [PriceRow._make(row[:-2]) for row in rows if (row[-2] or day) <= day <= (row[-1] or day)]
    for price in sorted(valid, key=_by_preference(lists), reverse=True):
        if (price.valid_from or day) <= day <= (price.valid_to or day):
            found = by_product.setdefault(price.product_id, [])
            if not found or (found[-1].price_list_id == price.price_list_id and found[-1].min_quantity != price.min_quantity):
                found.append(price)
    return by_product


def _by_preference(lists: Sequence[int]) -> Any:
    """The standard list has no place of its own: it comes after all others."""
    places = {key: -place for place, key in enumerate(lists)}
    last = -len(lists)
    return lambda row: (places.get(row.price_list_id, last), row.min_quantity, row.valid_from or dt.date.min)


def _prices(lists: str) -> QuerySet[Price, tuple[Any, ...]]:
    of_list = Q(price_list__code=STANDARD) | Q(price_list__is_active=True, price_list__one_of=lists)
    days = ("price_list__valid_from", "price_list__valid_to")
    return Price.objects.filter(of_list).order_by().values_list(*PriceRow._fields, *days)


def valid_on(day: dt.date) -> Q:
    """The condition of rows with days that are valid on this one."""
    return (Q(valid_from=None) | Q(valid_from__lte=day)) & (Q(valid_to=None) | Q(valid_to__gte=day))


_FEW_PRODUCTS = 20
"""The prices of so many are read by a statement of their own, on whatever day they are valid."""


_of_few_products = Prepared(lambda products, lists: _prices(lists).filter(product_id__one_of=products))


def price_for(prices: list[PriceRow], quantity: Decimal | Fraction) -> PriceRow | None:
    """The price of the largest break that `quantity` (pricing units) reaches; the smallest break when it reaches none."""
    for price in prices:
        if quantity >= price.min_quantity:
            return price
    return prices[-1] if prices else None


def usual_vat_rate() -> VatRate | None:
    """The general rate, for what has no product: the highest one in use."""
    return VatRate.objects.filter(is_active=True).order_by("-rate", "pk").first()


# --- Prices by use ----------------------------------------------------------------------------------------------------
class Usage(NamedTuple):
    """What use of a product costs by one measure; `label` by language."""

    metric_id: int
    code: str
    label: Mapping[str, str]
    steps: tuple[usage.Step, ...]


_LABELS = tuple(f"metric__label_{code}" for code in CODES)


def usage_on(product_ids: Collection[int], day: dt.date, lists: Sequence[int] = ()) -> dict[int, list[Usage]]:
    """The steps of these products in force on `day`, per product and measure, of the first of `lists` that has some, else those
    of no list.

    One query, none for no products: ask only for those with `Product.has_usage`.
    """
    if not product_ids:
        return {}
    of_list = Q(price_list=None) | Q(price_list__in=lists) & Q(price_list__is_active=True)
    valid = UsageStep.objects.filter(valid_on(day), of_list, product_id__in=product_ids).order_by(
        "product", "metric__position", "metric", "from_quantity"
    )
    places = {key: place for place, key in enumerate([*lists, None])}
    found: dict[tuple[int, int], dict[int, Usage]] = {}
    columns = ("product_id", "metric_id", "metric__code", "price_list_id", *usage.Step._fields, *_LABELS)
    for product, metric, code, price_list, *values in valid.values_list(*columns):
        step, labels = usage.Step(*values[: -len(_LABELS)]), values[-len(_LABELS) :]
        by_list = found.setdefault((product, metric), {})
        known = by_list.setdefault(places[price_list], Usage(metric, code, by_language(labels), ()))
        by_list[places[price_list]] = known._replace(steps=(*known.steps, step))
    chosen: dict[int, list[Usage]] = {}
    for (product, _metric), by_list in found.items():
        chosen.setdefault(product, []).append(by_list[min(by_list)])
    return chosen


# --- Units ------------------------------------------------------------------------------------------------------------
class Orderable(NamedTuple):
    """A unit in which a product can be ordered; `label` by language."""

    unit_id: int
    code: str
    label: Mapping[str, str]
    factor: Factor


def units_of(product_ids: Collection[int]) -> dict[int, list[Orderable]]:
    """The units in which these products can be ordered, per product, its pricing unit first. Two queries."""
    labels = [f"unit__label_{code}" for code in CODES]
    own = Product.objects.filter(pk__in=product_ids).values_list("pk", "unit_id", "unit__code", *labels)
    units = {product: [Orderable(unit, code, by_language(texts), ONE)] for product, unit, code, *texts in own.order_by()}
    further = ProductUnit.objects.filter(product__in=product_ids).order_by("unit__position", "unit__code")
    columns = ("product_id", "unit_id", "unit__code", "numerator", "denominator", *labels)
    for product, unit, code, numerator, denominator, *texts in further.values_list(*columns):
        units[product].append(Orderable(unit, code, by_language(texts), Factor(numerator, denominator)))
    return units


# --- Bundles ----------------------------------------------------------------------------------------------------------
_INSIDE = """
    WITH RECURSIVE inside(id) AS (
        SELECT id FROM catalog_product WHERE id IN ({}) AND bundle_pricing <> ''
        UNION SELECT p.id FROM catalog_bundlepart b JOIN inside ON b.bundle_id = inside.id
        JOIN catalog_product p ON p.id = b.part_id WHERE p.bundle_pricing <> ''
    ) SELECT id FROM inside
"""


class PartRow(NamedTuple):
    """A part with what decides about its price."""

    part: bundles.Part
    is_active: bool
    pricing: str
    vat_rate_id: int
    has_usage: bool


def bundle_rows_of(product_ids: Collection[int]) -> list[PartRow]:
    """The parts of those that are bundles, and of the bundles within them at any depth. One query, none for no products: ask only
    for those with `Product.is_bundle`."""
    if not product_ids:
        return []
    places = ", ".join(["%s"] * len(product_ids))
    inside = RawSQL(_INSIDE.format(places), tuple(product_ids))  # noqa: S611 - places only
    rows = BundlePart.objects.filter(bundle__in=inside).order_by("position", "id")
    columns = ("bundle_id", "part_id", "quantity", "is_option", "part__sku")
    further = rows.values_list(*columns, "part__is_active", "part__bundle_pricing", "part__vat_rate_id", "part__has_usage")
    return [PartRow(bundles.Part(*row[:5]), *row[5:]) for row in further]


def bundle_parts_of(product_ids: Collection[int]) -> dict[int, list[bundles.Part]]:
    """The same by bundle, as `catalog.bundles` takes them."""
    parts: dict[int, list[bundles.Part]] = {}
    for row in bundle_rows_of(product_ids):
        parts.setdefault(row.part.bundle, []).append(row.part)
    return parts


_inside = Prepared(lambda keys: Product.objects.select_related("unit").filter(pk__one_of=keys).order_by())
_marks_inside = Prepared(
    lambda keys: Product.objects.filter(pk__one_of=keys).order_by().values_list("pk", "group_id", "outside_catalogue")
)


def products_inside(product_ids: Collection[int]) -> dict[int, Product]:
    """What bundles hold, with the units. One query, none for no products."""
    return {product.pk: product for product in _inside.rows(db.together(product_ids))} if product_ids else {}


def marks_inside(product_ids: Collection[int]) -> dict[int, tuple[int | None, bool]]:
    """`(group, outside the catalogue)` of what bundles hold. One query, none for no products."""
    rows = _marks_inside.rows(db.together(product_ids)) if product_ids else ()
    return {key: (group, is_outside) for key, group, is_outside in rows}


# --- Rules of configuration -------------------------------------------------------------------------------------------
_KEYS = ("subject_product_id", "subject_group_id", "object_product_id", "object_group_id")
_NAMED = ("subject_product__name", "subject_group__label", "object_product__name", "object_group__label", "message")
_RULE = (
    "pk", "kind", "quantity", "valid_from", "valid_to", *_KEYS, "subject_product__sku", "object_product__sku",
    *(f"{name}_{code}" for name in _NAMED for code in CODES),
)  # fmt: skip


@kept("catalog_configurationrule", "catalog_product", "catalog_productgroup")
def rules_in_use() -> tuple[Rule, ...]:
    """All rules that are in use, whenever they are valid. One query."""
    rows = ConfigurationRule.objects.filter(is_active=True).order_by("pk").values_list(*_RULE)
    return tuple(_plain(*row) for row in rows)


def rules_on(day: dt.date) -> list[Rule]:
    """Those valid on `day`. One query."""
    return [rule for rule in rules_in_use() if rule.is_valid_on(day)]


def _plain(
    pk: int,
    kind: str,
    quantity: Decimal | None,
    valid_from: dt.date | None,
    valid_to: dt.date | None,
    subject_product: int | None,
    subject_group: int | None,
    object_product: int | None,
    object_group: int | None,
    subject_sku: str | None,
    object_sku: str | None,
    *texts: str | None,
) -> Rule:
    subject, subjects, other, others, message = (tuple(by_language(some).values()) for some in db.batches(texts, len(CODES)))
    has_object = object_product is not None or object_group is not None
    return Rule(
        pk=pk,
        kind=RuleKind(kind),
        subject=Thing(subject_product, subject_group),
        object=Thing(object_product, object_group) if has_object else None,
        quantity=quantity,
        valid_from=valid_from,
        valid_to=valid_to,
        message=message,
        subject_name=_names(subject_sku, subject) or subjects,
        object_name=_names(object_sku, other) or others,
    )


def _names(sku: str | None, names: Sequence[str]) -> tuple[str, ...]:
    """Of a product in every language; () for none."""
    return tuple(f"{sku} {name}".rstrip() for name in names) if sku else ()


def groups_of(rules: Iterable[Rule]) -> dict[int, int | None]:
    """The group of each product that the rules name: one query."""
    things = [thing for rule in rules for thing in (rule.subject, rule.object) if thing]
    keys = {thing.product for thing in things if thing.product is not None}
    return dict(Product.objects.filter(pk__in=keys).values_list("pk", "group_id")) if keys else {}
