"""Products as lines of quotes need them, in memory."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalog.models import Price, Product
from catalog.selectors import STANDARD
from crm.demo_large.products import PREFIX
from quotes.line_texts import ProductTexts, texts_of_product


@dataclass(frozen=True)
class Item:
    """A product with its prices, the largest break first: (from quantity, list price, cost, floor price)."""

    pk: int
    texts: ProductTexts
    vat_percent: Decimal
    outside_catalogue: bool
    breaks: tuple[tuple[Decimal, Decimal, Decimal | None, Decimal | None], ...]

    @property
    def is_plain(self) -> bool:
        """Sold without anybody's yes at a usual discount."""
        return not self.outside_catalogue and all(None not in row for row in self.breaks)

    def price(self, quantity: Decimal) -> tuple[Decimal, Decimal | None, Decimal | None]:
        """As `catalog.selectors.price_for` chooses it: (list price, cost, floor price)."""
        return next((row[1:] for row in self.breaks if quantity >= row[0]), self.breaks[-1][1:])


def items(most: int = 20_000) -> list[Item]:
    """Products of the large demo that are sold, in the order of their codes."""
    sold = Product.objects.sellable().filter(sku__startswith=PREFIX).select_related("unit", "vat_rate").order_by("sku")[:most]
    products = list(sold)
    last = products[-1].sku if products else PREFIX
    prices = Price.objects.filter(price_list__code=STANDARD, product__sku__startswith=PREFIX, product__sku__lte=last)
    breaks: dict[int, list[Any]] = {}
    rows = prices.order_by("-min_quantity").values_list("product_id", "min_quantity", "list_price", "cost", "floor_price")
    for product, *row in rows:
        breaks.setdefault(product, []).append(tuple(row))
    return [
        Item(
            pk=product.pk,
            texts=texts_of_product(product),
            vat_percent=product.vat_rate.rate,
            outside_catalogue=product.outside_catalogue,
            breaks=tuple(breaks[product.pk]),
        )
        for product in products
    ]
