"""What a steward clears up in the catalogue: similar names, products that nobody uses or can buy, texts that are missing."""

import datetime as dt
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When, Window
from django.db.models.functions import Lag, Lead, Left, Length, Replace, StrIndex, Substr
from django.db.models.lookups import Exact, GreaterThanOrEqual
from django.utils.translation import gettext_lazy

from catalog import uses
from catalog.choices import BundlePricing
from catalog.likeness import ALIKE, ALMOST_THE_SAME, MARK
from catalog.models import BundlePart, Price, Product, ProductQuerySet
from catalog.selectors import valid_on
from core import clock
from core.db import searching
from core.db.searching import Similarity
from core.languages import CODES

UNUSED_DAYS = 730
"""Products that nothing has used for so long are shown as unused: 24 months."""
GROUPS_AT_ONCE = 20
ROWS_AT_ONCE = 200


# --- Similar names ----------------------------------------------------------------------------------------------------
class Alike(NamedTuple):
    """A page of groups of products with similar names. `after`: the key to go on from; None at the end."""

    groups: list[list[Product]]
    after: int | None


def alike(after: int | None = None) -> Alike:
    """The groups that come after the product with this key, in the order of `Product.match_key`.

    Each product is compared with its neighbours in that order, so all of it is one pass over an index at most; names that stand
    apart are found by `similar_to`. Merged products are left out. Two queries, three behind the first page.
    """
    rows = Product.objects.filter(merged_into=None).exclude(match_key="")
    start = Product.objects.filter(pk=after).values_list("match_key", flat=True).first() if after is not None else None
    if start is not None:
        rows = rows.filter(Q(match_key__gt=start) | Q(match_key=start, pk__gt=after))
    found = list(_neighbours(rows)[: ROWS_AT_ONCE + 1])
    groups: list[list[int]] = []
    for key, joins in found:
        if joins and groups:
            groups[-1].append(key)
        else:
            groups.append([key])
    is_cut = len(found) > ROWS_AT_ONCE
    if is_cut and len(groups) > 1:
        groups.pop()  # it may go on
    shown = groups[:GROUPS_AT_ONCE]
    products = Product.objects.select_related("unit", "group").in_bulk([key for group in shown for key in group])
    after = shown[-1][-1] if is_cut or len(groups) > GROUPS_AT_ONCE else None
    return Alike([[products[key] for key in group] for group in shown], after)


def _neighbours(rows: ProductQuerySet) -> Any:
    """Keys of those that are like the one before or behind them, and whether like the one before."""
    order = [F("match_key").asc(), F("id").asc()]
    beside = rows.annotate(before=Window(Lag("match_key"), order_by=order), behind=Window(Lead("match_key"), order_by=order))
    told = beside.annotate(joins=_is_like(F("before")), leads=_is_like(F("behind")))
    return told.filter(Q(joins=True) | Q(leads=True)).order_by("match_key", "id").values_list("id", "joins")


def _is_like(other: Any) -> Case:
    """The same numbers, and words that are alike."""
    own = F("match_key")
    likeness = Similarity(_words(own), _words(other))
    as_many = Exact(_spaces(own), _spaces(other))
    words = Q(GreaterThanOrEqual(likeness, ALMOST_THE_SAME)) | Q(as_many) & Q(GreaterThanOrEqual(likeness, ALIKE))
    same = Q(Exact(own, other)) | Q(Exact(_numbers(own), _numbers(other))) & words
    return Case(When(same, then=Value(True)), default=Value(False))


def _numbers(key: Any) -> Left:
    return Left(key, StrIndex(key, Value(MARK)))


def _words(key: Any) -> Substr:
    return Substr(key, StrIndex(key, Value(MARK)) + Value(1))


def _spaces(key: Any) -> Any:
    return Length(key) - Length(Replace(key, Value(" ")))


MOST_SIMILAR = 10


def similar_to(product: Product) -> list[Product]:
    """Products in use with a name like that of this one, the most similar first."""
    others = Product.objects.sellable().exclude(pk=product.pk).select_related("unit", "group")
    return searching.alike(
        others,
        "name_en",
        getattr(product, "name_en", "") or getattr(product, "name_fi", "") or "",
        "catalog_product_search",
        MOST_SIMILAR,
    )


# --- Unused and ended -------------------------------------------------------------------------------------------------
def unused(today: dt.date) -> ProductQuerySet:
    """Products in use that nothing has used for `UNUSED_DAYS`, which are not newer than that and no part of a bundle in use."""
    since = today - dt.timedelta(days=UNUSED_DAYS)
    start = clock.end_of_day(since)
    made_since = Product.history.filter(id=OuterRef("pk"), history_type="+", history_date__gt=start)  # type: ignore[attr-defined]
    in_bundles = BundlePart.objects.filter(part=OuterRef("pk"), bundle__is_active=True)
    rows: ProductQuerySet = Product.objects.sellable().filter(uses.unused_since(since), ~Exists(made_since), ~Exists(in_bundles))
    return rows.select_related("unit", "group")


def ended(today: dt.date) -> ProductQuerySet:
    """Products that nobody can buy: taken out of use, or without a price on `today` on any list."""
    priced = Price.objects.filter(valid_on(today), product=OuterRef("pk"))
    unpriced = Q(is_active=True) & ~Q(bundle_pricing=BundlePricing.PARTS) & ~Exists(priced)
    rows: ProductQuerySet = Product.objects.filter(Q(is_active=False, merged_into=None) | unpriced)
    return rows.select_related("unit", "group")


# --- Missing texts ----------------------------------------------------------------------------------------------------
_TEXTS = {"name": gettext_lazy("Name"), "description": gettext_lazy("Description")}
LANGUAGES = dict(settings.LANGUAGES)


def without_texts() -> ProductQuerySet:
    """Products in use without a name or a description in one of the languages: customers would read it in another one, or not
    at all."""
    missing = Q()
    for name in (f"{text}_{code}" for text in _TEXTS for code in CODES):
        missing |= Q(**{name: ""}) | Q(**{name: None})
    rows: ProductQuerySet = Product.objects.sellable().filter(missing)
    return rows.select_related("unit", "group")


def missing_texts(product: Product) -> list[str]:
    """ "Description, Finnish", of each text that is missing; in the active language."""
    return [
        f"{label}, {LANGUAGES[code]}"
        for text, label in _TEXTS.items()
        for code in CODES
        if not getattr(product, f"{text}_{code}")
    ]
