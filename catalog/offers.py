"""What a line of a quote costs, bundles included: the price row and the parts that a quote keeps with it."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from catalog import bundles, selectors
from catalog.choices import BundlePricing
from catalog.models import Product
from catalog.selectors import PartRow, PriceRow, Usage
from core import money


class Asked(NamedTuple):
    """So many pricing units of a product; of a bundle with the options (keys of products) that are chosen."""

    product: Product
    quantity: Decimal | Fraction
    options: Collection[int] = ()


class Offer(NamedTuple):
    """`price` is None where there is none on that day, and `problem` then says why. `parts` of one bundle, nested ones opened, as
    quotes store them: `[{"product": key, "quantity": "1.000", "option": bool}]`; [] for what is no bundle. `usage`: the prices by
    use of the product and of the parts, as `usage_as_stored` has them."""

    price: PriceRow | None
    parts: list[dict[str, Any]]
    problem: str = ""
    usage: list[dict[str, Any]] | None = None


class PricedPart(NamedTuple):
    """So many pricing units of a product in one bundle, and its price at the break that all bundles of the line reach."""

    sku: str
    quantity: Decimal
    price: PriceRow | None


class Explained(NamedTuple):
    """An offer, and what its price is made of: nothing where the product has one of its own."""

    offer: Offer
    parts: list[PricedPart]


def explained_on(asked: Asked, day: dt.date, lists: Sequence[int] = ()) -> Explained:
    """The offer for one product, and the prices of its parts where it costs what they cost. Queries as `offers_on`."""
    catalogue = _catalogue([asked], day, lists)
    offer = catalogue.offer(asked)
    is_of_parts = asked.product.bundle_pricing == BundlePricing.PARTS and offer.price is not None
    return Explained(offer, catalogue.priced_parts(asked) if is_of_parts else [])


def offer_on(asked: Asked, day: dt.date, lists: Sequence[int] = ()) -> Offer:
    """One of `offers_on`."""
    return offers_on([asked], day, lists)[0]


def offers_on(asked: Sequence[Asked], day: dt.date, lists: Sequence[int] = ()) -> list[Offer]:
    """What was asked for at the prices of `day`, in the same order. `lists`: as of `prices_on`.

    One query; one more where there is a bundle, and one where something is priced by use. Parts are looked up at the break of
    what all bundles of the line need of them.
    """
    catalogue = _catalogue(asked, day, lists)
    found = [catalogue.offer(line) for line in asked]
    usage = _usage_by_product(asked, list(catalogue.rows.values()), day, lists)
    return [_with_usage(line.product.pk, offer, usage) for line, offer in zip(asked, found, strict=True)] if usage else found


def _catalogue(asked: Sequence[Asked], day: dt.date, lists: Sequence[int]) -> "_Catalogue":
    rows = selectors.bundle_rows_of({line.product.pk for line in asked if line.product.is_bundle})
    keys = {line.product.pk for line in asked} | {row.part.part for row in rows}
    return _Catalogue(rows, selectors.prices_on(keys, day, lists))


def _usage_by_product(
    asked: Sequence[Asked], rows: Sequence[PartRow], day: dt.date, lists: Sequence[int]
) -> dict[int, list[dict[str, Any]]]:
    """As stored, by product. The steps of a code that was merged are those of the product it became."""
    codes = {row.part.part: row.part.sku for row in rows if row.has_usage}
    kept_by = {key: key for key in codes}
    for product in (line.product for line in asked):
        if product.has_usage or product.merged_into_id:
            codes[product.pk] = product.sku
            kept_by[product.pk] = product.pk if product.has_usage else product.merged_into_id or product.pk
    steps = selectors.usage_on(set(kept_by.values()), day, lists)
    return {key: usage_as_stored(key, codes[key], steps[keeper]) for key, keeper in kept_by.items() if keeper in steps}


def usage_as_stored(product: int, sku: str, found: Sequence[Usage]) -> list[dict[str, Any]]:
    """As quotes store them, a dict for each measure: "product" (key), "sku", "metric" (code), "label" by language, and "steps":
    `[[from, price, cost]]` as texts, EUR; the cost is None where it is unknown."""
    return [
        {
            "product": product,
            "sku": sku,
            "metric": used.code,
            "label": dict(used.label),
            "steps": [[money.plain(step.from_quantity), money.plain(step.price), _known(step.cost)] for step in used.steps],
        }
        for used in found
    ]


def _known(cost: Decimal | None) -> str | None:
    return None if cost is None else money.plain(cost)


def _with_usage(product: int, offer: Offer, usage: Mapping[int, list[dict[str, Any]]]) -> Offer:
    keys = dict.fromkeys([product, *(part["product"] for part in offer.parts)])
    found = [used for key in keys for used in usage.get(key, ())]
    return offer._replace(usage=found) if found else offer


class _Catalogue:
    def __init__(self, rows: Sequence[PartRow], prices: dict[int, list[PriceRow]]) -> None:
        self.prices = prices
        self.rows = {row.part.part: row for row in rows}
        self.whole = {row.part.part for row in rows if row.pricing == BundlePricing.FIXED}
        self.parts: dict[int, list[bundles.Part]] = {}
        for row in rows:
            self.parts.setdefault(row.part.bundle, []).append(row.part)

    def offer(self, asked: Asked) -> Offer:
        product = asked.product
        if not product.is_bundle:
            price = selectors.price_for(self.prices.get(product.pk, []), asked.quantity)
            return Offer(price, [], "" if price else _no_price(product.sku))
        try:
            leaves = bundles.leaves(product.pk, self.parts, asked.options)
        except bundles.Circular as refusal:
            return Offer(None, [], str(refusal))
        parts = [{"product": leaf.product, "quantity": _text(leaf.quantity), "option": leaf.is_option} for leaf in leaves]
        problem = self._problem(product, leaves)
        if problem:
            return Offer(None, parts, problem)
        if product.bundle_pricing == BundlePricing.FIXED:
            price = selectors.price_for(self.prices.get(product.pk, []), asked.quantity)
            return Offer(price, parts, "" if price else _no_price(product.sku))
        price, problem = self._from_parts(asked)
        return Offer(price, parts, problem)

    def _problem(self, bundle: Product, leaves: Sequence[bundles.Leaf]) -> str:
        """Why the bundle cannot be sold as it is."""
        if not leaves:
            return _("%(sku)s is a bundle without parts.") % {"sku": bundle.sku}
        for row in (self.rows[leaf.product] for leaf in leaves):
            words = {"sku": row.part.sku, "bundle": bundle.sku}
            if not row.is_active:
                return _("%(sku)s, a part of %(bundle)s, is no longer sold.") % words
            if row.vat_rate_id != bundle.vat_rate_id:
                return _("%(sku)s, a part of %(bundle)s, has another VAT rate than the bundle.") % words
        return ""

    def priced_parts(self, asked: Asked) -> list[PricedPart]:
        """What a bundle without a price of its own is priced by. Raises: Circular."""
        return [
            PricedPart(
                self.rows[leaf.product].part.sku,
                leaf.quantity,
                selectors.price_for(self.prices.get(leaf.product, []), Fraction(leaf.quantity) * Fraction(asked.quantity)),
            )
            for leaf in bundles.leaves(asked.product.pk, self.parts, asked.options, whole=self.whole)
        ]

    def _from_parts(self, asked: Asked) -> tuple[PriceRow | None, str]:
        priced = []
        for part in self.priced_parts(asked):
            if part.price is None:
                return None, _no_price(part.sku)
            priced.append((part.quantity, part.price))
        lists = {price.price_list_id for _quantity, price in priced}
        amounts = bundles.together(priced)
        row = PriceRow(
            asked.product.pk, Decimal(0), None, None, **amounts._asdict(), price_list_id=lists.pop() if len(lists) == 1 else None
        )
        return row, ""


def _no_price(sku: str) -> str:
    return _("%(sku)s has no price on the date of this quote.") % {"sku": sku}


def _text(quantity: Decimal) -> str:
    """Three decimals, more where a bundle within a bundle needs them."""
    places = max(3, -int(quantity.normalize().as_tuple().exponent))
    return format(quantity.quantize(Decimal(1).scaleb(-places)), "f")
