"""What today's prices would change of a draft, and whether somebody has said that it keeps its own."""

import json
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
from quotes.line_texts import options_of, parts_of
from quotes.models import Quote
from quotes.selectors import PRICING_FIELDS, header_of, lines_with

Stored = Sequence[dict[str, Any]]


class PriceOffer(NamedTuple):
    """What today's prices would change of a draft, and the products of the lines that differ by the lines' ids. Prices by use are
    `(before, today)` where they differ, as lines have them.

    `mark` is equal as long as the same would change to the same. It is keyed, because costs could be guessed from it.
    """

    offer: repricing.Offer
    names: dict[int, tuple[str, dict[str, str]]]
    usage: dict[int, tuple[Stored, Stored]]
    mark: str


PRICES_KEPT = "prices kept"
_NAMES = [f"product__name_{code}" for code in CODES]
_pricing_with_products = lines_with(*PRICING_FIELDS, "product", "parts", "usage", "product__is_active", "product__sku", *_NAMES)


def price_offer(quote: Quote) -> PriceOffer:
    """What today's prices would change: four queries at any length, one more where there is a bundle, and one where something is
    priced by use."""
    rows = _pricing_with_products.rows(quote.pk)
    lines = [pricing.Line(*row[: len(PRICING_FIELDS)]) for row in rows]
    products = [row[len(PRICING_FIELDS) :] for row in rows]
    found = iter(_offers_today(quote, lines, products))
    today: list[repricing.Today] = []
    usage: dict[int, tuple[Stored, Stored]] = {}
    for line, (key, parts, used, is_active, *_texts) in zip(lines, products, strict=True):
        if key is None:
            today.append(repricing.Today(line, is_sold=True))  # a statement of work has its own price
            continue
        now = next(found)
        pairs = {"parts": (parts_of(parts), now.parts), "usage": (used or (), now.usage or ())}
        others = {name: _plain(after) for name, (before, after) in pairs.items() if _plain(before) != _plain(after)}
        if "usage" in others:
            usage[line.id] = pairs["usage"]
        today.append(repricing.Today(now.price, is_active, others if now.price else {}))
    offer = repricing.offer(lines, header_of(quote), today)
    differing = {row.before.line.id for row in offer.lines}
    names = {
        line.id: (sku, by_language(texts))
        for line, (_key, _parts, _usage, _active, sku, *texts) in zip(lines, products, strict=True)
        if line.id in differing
    }
    return PriceOffer(offer, names, usage, salted_hmac("quotes.price_offer", offer.content, algorithm="sha256").hexdigest())


def _plain(stored: Stored) -> str:
    """What of it decides, as text: not how it is called."""
    return json.dumps(
        [{name: value for name, value in one.items() if name not in ("label", "sku")} for one in stored], sort_keys=True
    )


def _offers_today(quote: Quote, lines: Sequence[pricing.Line], products: Sequence[Sequence[Any]]) -> list[offers.Offer]:
    """What the catalogue says today of each line that has a product."""
    sold = Product.objects.in_bulk([product[0] for product in products if product[0] is not None])
    asked = [
        Asked(sold[key], Fraction(line.quantity) * Fraction(line.numerator, line.denominator), options_of(parts))
        for line, (key, parts, *_more) in zip(lines, products, strict=True)
        if key is not None
    ]
    if not asked:
        return []
    day = clock.today()
    return offers.offers_on(asked, day, price_lists_for(quote.account, day))


def is_kept(quote: Quote, found: PriceOffer) -> bool:
    """Whether somebody has said of just this that the prices stay: one query."""
    said = events.timeline(quote).filter(verb=PRICES_KEPT).order_by("-pk").first()
    return said is not None and said.data.get("offer") == found.mark
