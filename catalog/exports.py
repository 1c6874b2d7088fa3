"""The list of products as a file: what its page shows; what a product costs us for those who see margins."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog import selectors
from catalog.models import Product
from catalog.selectors import PriceRow
from core import clock
from core.downloads import AT_ONCE, Listing, one_by_one
from core.exports import Column, Kind
from users.models import User
from users.roles import Perm


class Priced(NamedTuple):
    """A product and the price that its list shows: the one of the smallest quantity, today."""

    product: Product
    price: PriceRow | None


def priced(products: QuerySet[Product]) -> Iterator[Priced]:
    """The products with their prices, one query for the prices of each `AT_ONCE` products."""
    today, cursor = clock.today(), one_by_one(products)
    while some := list(islice(cursor, AT_ONCE)):
        prices = selectors.prices_on([product.pk for product in some], today)
        yield from (Priced(product, prices[product.pk][-1] if product.pk in prices else None) for product in some)


def product_listing(user: User) -> Listing:
    columns = [
        Column("name", _("Name"), lambda row: row.product.name),
        Column("sku", _("Code"), lambda row: row.product.sku),
        Column("group", _("Product group"), lambda row: row.product.group),
        Column("unit", _("Unit"), lambda row: row.product.unit),
        Column("list_price", _("List price"), _of_price("list_price"), Kind.UNIT_PRICE),
        Column("vat", _("VAT"), lambda row: row.product.vat_rate.rate, Kind.PERCENT),
        Column("status", _("Status"), lambda row: _("In use") if row.product.is_active else _("Not in use")),
    ]
    if user.may(Perm.MARGIN_VIEW):
        columns += [
            Column("cost", _("Cost"), _of_price("cost"), Kind.UNIT_PRICE),
            Column("floor_price", _("Floor price"), _of_price("floor_price"), Kind.UNIT_PRICE),
            Column("target_price", _("Target price"), _of_price("target_price"), Kind.UNIT_PRICE),
            Column("start_price", _("Start price"), _of_price("start_price"), Kind.UNIT_PRICE),
        ]
    columns += [
        Column("use_within_months", _("Use within, months"), lambda row: row.product.use_within_months, Kind.INTEGER),
        Column("fixed_quantity", _("Fixed quantity"), lambda row: row.product.fixed_quantity, Kind.NUMBER, decimals=0),
        Column("cs_days", _("Effort of customer success, days"), lambda row: row.product.cs_days, Kind.NUMBER, decimals=0),
        Column("bundle", _("Bundle, priced by"), lambda row: row.product.get_bundle_pricing_display()),
        Column("merged_into", _("Merged into"), lambda row: row.product.merged_into and row.product.merged_into.sku),
    ]
    return Listing("products", _("Products"), reverse("product_list"), columns, order=("sku", "pk"), rows=priced)


def _of_price(name: str) -> Callable[[Priced], Any]:
    return lambda row: getattr(row.price, name, None)
