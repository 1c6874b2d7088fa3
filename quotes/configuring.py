"""What the rules of the catalogue say of a quote: what does not go together, and what would go well with it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from catalog import configuration, selectors as catalog
from catalog.configuration import Finding, Line
from catalog.explaining import finding_words
from core import db
from core.prepared import Prepared
from quotes.choices import LineKind
from quotes.models import Quote, QuoteLine
from quotes.pricing import PricedQuote


class Advice(NamedTuple):
    """A rule that the quote breaks, in the active language. `product`: what would mend it in one click, where a product does."""

    text: str
    blocks: bool
    lines: tuple[int, ...]
    product: int | None


def _lines_with(quote_id: int, products: str, groups: str) -> QuerySet[QuoteLine, tuple[Any, ...]]:
    """The lines with one of these products, or a product of one of these groups."""
    spoken_of = Q(product__one_of=products) | Q(product__group__one_of=groups)
    lines = QuoteLine.objects.filter(spoken_of, quote=quote_id, kind=LineKind.PRODUCT)
    return lines.order_by().values_list("pk", "product", "product__group")


_lines_spoken_of = Prepared(_lines_with)


Products = Mapping[int, tuple[int, int | None]]
"""As `selectors.Quoted.products`."""


def findings_of(quote: Quote, priced: PricedQuote, products: Products | None = None) -> list[Finding]:
    """What the lines that count break on the price date: one query; one more where there are rules and the products of the lines
    are not known."""
    rules = catalog.rules_on(quote.price_date)
    if not rules:
        return []
    if products is None:
        spoken_of = map(db.together, configuration.named(rules))
        products = {key: (product, group) for key, product, group in _lines_spoken_of.rows(quote.pk, *spoken_of)}
    lines = [
        Line(row.line.id, *products[row.line.id], row.line.priced_quantity)
        for row in priced.lines
        if row.counts and row.line.id in products
    ]
    return configuration.check(lines, rules, quote.price_date)


def advice_of(quote: Quote, priced: PricedQuote, products: Products | None = None) -> list[Advice]:
    """The same in words, what blocks first."""
    return [
        Advice(finding_words(found), found.blocks, found.lines, found.missing.product if found.missing else None)
        for found in findings_of(quote, priced, products)
    ]
