"""Reads of the catalogue."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from catalog.models import Price, Product, ProductQuerySet, VatRate
from core.errors import NotFound
from core.prepared import Prepared
from users.models import User

STANDARD = "STANDARD"


def products_for(user: User) -> ProductQuerySet:
    """Products in sight of this person, with what lists show of them."""
    products: ProductQuerySet = Product.objects.visible_to(user).select_related("group", "unit", "vat_rate")
    return products


def product_for(user: User, product_id: int) -> Product:
    """One of them. Raises: NotFound."""
    product = products_for(user).filter(pk=product_id).first()
    if product is None:
        raise NotFound
    return product


def product_search(user: User, text: str, limit: int = 20) -> list[Product]:
    """Sellable products for a type-ahead: those whose code starts with `text` first."""
    found: ProductQuerySet = Product.objects.visible_to(user).sellable().matching(text).select_related("unit")
    products = list(found.order_by("sku")[: limit * 3])
    start = text.strip().casefold()
    products.sort(key=lambda product: (not product.sku.casefold().startswith(start), product.sku))
    return products[:limit]


class PriceRow(NamedTuple):
    """A `Price`, of the standard list, as quotes and lists need it."""

    product_id: int
    min_quantity: Decimal
    valid_from: dt.date | None
    valid_to: dt.date | None
    list_price: Decimal
    cost: Decimal | None
    floor_price: Decimal | None
    target_price: Decimal | None


def prices_on(product_ids: Iterable[int], day: dt.date) -> dict[int, list[PriceRow]]:
    """The standard prices of these products in force on `day`, per product, the largest quantity break first.

    Of two valid prices for the same break the one that became valid later is in force.
    """
    ids = set(product_ids)
    prices = _of_product.rows(*ids) if len(ids) == 1 else _standard().filter(_valid_on(day), product_id__in=ids)
    by_product: dict[int, list[PriceRow]] = {}
    for price in sorted(
        map(PriceRow._make, prices), key=lambda row: (row.min_quantity, row.valid_from or dt.date.min), reverse=True
    ):
        if (price.valid_from or day) <= day <= (price.valid_to or day):
            found = by_product.setdefault(price.product_id, [])
            if not found or found[-1].min_quantity != price.min_quantity:
                found.append(price)
    return by_product


def _standard() -> QuerySet[Price, tuple[Any, ...]]:
    return Price.objects.filter(price_list__code=STANDARD).order_by().values_list(*PriceRow._fields)


def _valid_on(day: dt.date) -> Q:
    return (Q(valid_from=None) | Q(valid_from__lte=day)) & (Q(valid_to=None) | Q(valid_to__gte=day))


_of_product = Prepared(lambda product_id: _standard().filter(product_id=product_id))


def price_for(prices: list[PriceRow], quantity: Decimal) -> PriceRow | None:
    """The price of the largest break that `quantity` reaches; the smallest break when it reaches none."""
    for price in prices:
        if quantity >= price.min_quantity:
            return price
    return prices[-1] if prices else None


def usual_vat_rate() -> VatRate | None:
    """The general rate, for what has no product: the highest one in use."""
    return VatRate.objects.filter(is_active=True).order_by("-rate", "pk").first()
