"""What today's prices would change of a draft, and whether somebody has said that it keeps its own."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from django.utils.crypto import salted_hmac

from accounts.price_list_selectors import price_lists_for
from catalog import offers
from catalog.models import Product
from catalog.offers import Asked
from core import clock, events
from core.languages import CODES, by_language
from quotes import pricing, repricing
from quotes.line_texts import options_of
from quotes.models import Quote
from quotes.selectors import PRICING_FIELDS, header_of, lines_with


class PriceOffer(NamedTuple):
    """What today's prices would change of a draft, and the products of the lines that differ by the lines' ids.

    `mark` is equal as long as the same would change to the same. It is keyed, because costs could be guessed from it.
    """

    offer: repricing.Offer
    names: dict[int, tuple[str, dict[str, str]]]
    mark: str


PRICES_KEPT = "prices kept"
_NAMES = [f"product__name_{code}" for code in CODES]
_pricing_with_products = lines_with(*PRICING_FIELDS, "product", "parts", "product__is_active", "product__sku", *_NAMES)


def price_offer(quote: Quote) -> PriceOffer:
    """What today's prices would change: four queries at any length, one more where there is a bundle."""
    rows = _pricing_with_products.rows(quote.pk)
    lines = [pricing.Line(*row[: len(PRICING_FIELDS)]) for row in rows]
    products = [row[len(PRICING_FIELDS) :] for row in rows]
    prices = iter(_prices_today(quote, lines, products))
    today = [
        repricing.Today(line, is_sold=True)  # a statement of work has its own price
        if key is None
        else repricing.Today(next(prices), is_active)
        for line, (key, _parts, is_active, *_texts) in zip(lines, products, strict=True)
    ]
    offer = repricing.offer(lines, header_of(quote), today)
    differing = {row.before.line.id for row in offer.lines}
    names = {
        line.id: (sku, by_language(texts))
        for line, (_key, _parts, _active, sku, *texts) in zip(lines, products, strict=True)
        if line.id in differing
    }
    return PriceOffer(offer, names, salted_hmac("quotes.price_offer", offer.content, algorithm="sha256").hexdigest())


def _prices_today(quote: Quote, lines: Sequence[pricing.Line], products: Sequence[Sequence[Any]]) -> list[Any]:
    """What the catalogue asks today for each line that has a product; None where it has no price."""
    sold = Product.objects.in_bulk([product[0] for product in products if product[0] is not None])
    asked = [
        Asked(sold[key], Fraction(line.quantity) * Fraction(line.numerator, line.denominator), options_of(parts))
        for line, (key, parts, *_more) in zip(lines, products, strict=True)
        if key is not None
    ]
    if not asked:
        return []
    day = clock.today()
    return [offer.price for offer in offers.offers_on(asked, day, price_lists_for(quote.account, day))]


def is_kept(quote: Quote, found: PriceOffer) -> bool:
    """Whether somebody has said of just this that the prices stay: one query."""
    said = events.timeline(quote).filter(verb=PRICES_KEPT).order_by("-pk").first()
    return said is not None and said.data.get("offer") == found.mark
