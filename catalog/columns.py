"""What a row of the list of products shows, as ready text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from catalog.models import Product
from catalog.selectors import PriceRow
from core.paths import path_to
from core.rows import RowTemplate
from core.templatetags.ui import notation


@dataclass(slots=True)
class Row:
    path: str
    name: str
    sku: str
    group: str
    unit: str
    price: str
    vat: str
    status: str
    colour: str


ROW = RowTemplate("catalog/_row.html", Row)


def rows_of(products: Iterable[Product], prices: Mapping[int, list[PriceRow]]) -> list[Row]:
    """All rows, in the active language, with the price of the smallest quantity."""
    shown, path, in_use, not_in_use = notation(), path_to("product_page"), _("In use"), _("Not in use")
    return [
        Row(
            path=path(product.pk),
            name=product.name,
            sku=product.sku,
            group=str(product.group or ""),
            unit=str(product.unit),
            price=shown.unit_price(prices[product.pk][-1].list_price) if product.pk in prices else "",
            vat=shown.percent(product.vat_rate.rate),
            status=in_use if product.is_active else not_in_use,
            colour="green" if product.is_active else "secondary",
        )
        for product in products
    ]
