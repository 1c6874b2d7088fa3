"""What programs get to see of products: plain dicts, and their shapes for the description.

Prices are EUR per unit with 4 places. Cost, floor and target are left out for those who may not see margins.
"""

from collections.abc import Sequence

from rest_framework import serializers

from catalog import selectors
from catalog.models import Price, Product
from catalog.selectors import PriceRow
from core import clock
from core.api.fields import Exact, Output
from core.api.values import Json, day, number, short

_INSIDE = ("cost", "floor_price", "target_price")


# --- Shapes -----------------------------------------------------------------------------------------------------------
class ProductRowOut(Output):
    """A product with today's standard price of its smallest quantity; null where there is none."""

    id = serializers.IntegerField()
    sku = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    group = serializers.CharField(allow_null=True, help_text="A code.")
    unit = serializers.CharField(help_text="A code.")
    vat_rate = Exact()
    is_active = serializers.BooleanField()
    outside_catalogue = serializers.BooleanField()
    list_price = Exact(allow_null=True)
    cost = Exact(allow_null=True, required=False)
    floor_price = Exact(allow_null=True, required=False)
    target_price = Exact(allow_null=True, required=False)


class PriceOut(Output):
    """What the product costs from a quantity on, while the price is valid."""

    price_list = serializers.CharField(help_text="A code.")
    min_quantity = Exact()
    valid_from = serializers.DateField(allow_null=True)
    valid_to = serializers.DateField(allow_null=True)
    list_price = Exact()
    cost = Exact(allow_null=True, required=False)
    floor_price = Exact(allow_null=True, required=False)
    target_price = Exact(allow_null=True, required=False)


class ProductOut(ProductRowOut):
    """A product with its texts in both languages and all its prices."""

    name_en = serializers.CharField(allow_blank=True)
    name_fi = serializers.CharField(allow_blank=True)
    description_en = serializers.CharField(allow_blank=True)
    description_fi = serializers.CharField(allow_blank=True)
    prices = PriceOut(many=True)


# --- Values -----------------------------------------------------------------------------------------------------------
def rows_out(products: Sequence[Product], *, margin: bool) -> list[Json]:
    """The products with their prices of today: one query for all of them."""
    prices = selectors.prices_on([product.pk for product in products], clock.today())
    return [_row_out(product, prices[product.pk][-1] if product.pk in prices else None, margin=margin) for product in products]


def _row_out(product: Product, price: PriceRow | None, *, margin: bool) -> Json:
    shown = {
        "id": product.pk,
        "sku": product.sku,
        "name": product.name or "",
        "group": product.group.code if product.group else None,
        "unit": product.unit.code,
        "vat_rate": short(product.vat_rate.rate),
        "is_active": product.is_active,
        "outside_catalogue": product.outside_catalogue,
        "list_price": number(price.list_price) if price else None,
    }
    if margin:
        shown |= {name: number(getattr(price, name)) if price else None for name in _INSIDE}
    return shown


def product_out(product: Product, *, margin: bool) -> Json:
    """The whole product. Two queries: today's prices, and all of them."""
    texts = ("name_en", "name_fi", "description_en", "description_fi")
    return {
        **rows_out([product], margin=margin)[0],
        **{name: getattr(product, name) or "" for name in texts},
        "prices": [_price_out(price, margin=margin) for price in product.prices.select_related("price_list")],
    }


def _price_out(price: Price, *, margin: bool) -> Json:
    shown = {
        "price_list": price.price_list.code,
        "min_quantity": short(price.min_quantity),
        "valid_from": day(price.valid_from),
        "valid_to": day(price.valid_to),
        "list_price": number(price.list_price),
    }
    if margin:
        shown |= {name: number(getattr(price, name)) for name in _INSIDE}
    return shown
