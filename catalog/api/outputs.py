"""What programs get to see of products: plain dicts, and their shapes for the description.

Prices are EUR per unit with 4 places. Cost, floor and target are left out for those who may not see margins.
"""

from collections.abc import Iterable, Sequence

from rest_framework import serializers

from catalog import selectors, usage
from catalog.models import BundlePart, Price, Product, ProductUnit
from catalog.selectors import PriceRow
from core import clock
from core.api.fields import Exact, Output
from core.api.values import Json, day, number, short

_INSIDE = ("cost", "floor_price", "target_price", "start_price")


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
    use_within_months = serializers.IntegerField(allow_null=True, help_text="Of a service: months from the order.")
    fixed_quantity = Exact(allow_null=True, help_text="The one quantity that this code is sold in.")
    cs_days = Exact(allow_null=True, help_text="Working days of customer success for each unit.")
    bundle_pricing = serializers.CharField(allow_blank=True, help_text="Empty: no bundle; else `parts` or `fixed`.")
    merged_into = serializers.CharField(allow_null=True, help_text="The code of the product that is sold in its place.")
    list_price = Exact(allow_null=True)
    cost = Exact(allow_null=True, required=False)
    floor_price = Exact(allow_null=True, required=False)
    target_price = Exact(allow_null=True, required=False)
    start_price = Exact(allow_null=True, required=False)


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
    start_price = Exact(allow_null=True, required=False)


class UnitOut(Output):
    """A further unit: one of it is `numerator / denominator` pricing units."""

    unit = serializers.CharField(help_text="A code.")
    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField()


class PartOut(Output):
    """So many pricing units of a product in one bundle."""

    sku = serializers.CharField()
    quantity = Exact()
    is_option = serializers.BooleanField()


class UsageRowOut(Output):
    """What each unit costs beyond `above` and up to `up_to` of a year; null: without end."""

    above = Exact()
    up_to = Exact(allow_null=True)
    price = Exact()
    cost = Exact(allow_null=True, required=False)


class UsageOut(Output):
    """The prices by one measure of use: of a product today's, on lists without their own; of a line those of its quote."""

    metric = serializers.CharField(help_text="A code.")
    rows = UsageRowOut(many=True)


class ProductOut(ProductRowOut):
    """A product with its texts in both languages and all its prices."""

    name_en = serializers.CharField(allow_blank=True)
    name_fi = serializers.CharField(allow_blank=True)
    description_en = serializers.CharField(allow_blank=True)
    description_fi = serializers.CharField(allow_blank=True)
    prices = PriceOut(many=True)
    units = UnitOut(many=True)
    parts = PartOut(many=True)
    usage = UsageOut(many=True)


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
        "use_within_months": product.use_within_months,
        "fixed_quantity": short(product.fixed_quantity),
        "cs_days": short(product.cs_days),
        "bundle_pricing": product.bundle_pricing,
        "merged_into": product.merged_into.sku if product.merged_into else None,
        "list_price": number(price.list_price) if price else None,
    }
    if margin:
        shown |= {name: number(getattr(price, name)) if price else None for name in _INSIDE}
    return shown


def product_out(product: Product, *, margin: bool) -> Json:
    """The whole product. Three queries, one more for the parts of a bundle and one for prices by use."""
    texts = ("name_en", "name_fi", "description_en", "description_fi")
    return {
        **rows_out([product], margin=margin)[0],
        **{name: getattr(product, name) or "" for name in texts},
        "prices": [_price_out(price, margin=margin) for price in product.prices.select_related("price_list")],
        "units": [_unit_out(unit) for unit in product.units.select_related("unit")],
        "parts": [_part_out(part) for part in product.parts.select_related("part")] if product.is_bundle else [],
        "usage": usage_out([(one.code, one.steps) for one in _usage_of(product)], margin=margin),
    }


def _unit_out(unit: ProductUnit) -> Json:
    return {"unit": unit.unit.code, "numerator": unit.numerator, "denominator": unit.denominator}


def _part_out(part: BundlePart) -> Json:
    return {"sku": part.part.sku, "quantity": short(part.quantity), "is_option": part.is_option}


def _usage_of(product: Product) -> Sequence[selectors.Usage]:
    return selectors.usage_on([product.pk], clock.today()).get(product.pk, ()) if product.has_usage else ()


def usage_out(found: Iterable[tuple[str, Sequence[usage.Step]]], *, margin: bool) -> list[Json]:
    """Prices by use: each measure, by its code, as a table."""
    return [{"metric": code, "rows": [_usage_row_out(row, margin=margin) for row in usage.table(steps)]} for code, steps in found]


def _usage_row_out(row: usage.Row, *, margin: bool) -> Json:
    shown = {"above": short(row.above), "up_to": short(row.up_to), "price": number(row.price)}
    return shown | {"cost": number(row.cost)} if margin else shown


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
