"""What the rules of the catalogue say of a quote: what does not go together, and what would go well with it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.lookups import IsNull

from catalog import configuration, selectors as catalog
from catalog.configuration import Finding, Line, Rule
from catalog.explaining import finding_words
from core import db
from core.prepared import Prepared
from quotes.choices import LineKind
from quotes.line_texts import PARTS, inside_of, keys_in, parts_in
from quotes.models import Quote, QuoteLine
from quotes.pricing import PricedQuote
from quotes.selectors import Catalogued, Products


class Advice(NamedTuple):
    """A rule that the quote breaks, in the active language. `product`: what would mend it in one click, where a product does."""

    text: str
    blocks: bool
    lines: tuple[int, ...]
    product: int | None


def _lines_with(quote_id: int, products: str, groups: str) -> QuerySet[QuoteLine, tuple[Any, ...]]:
    """The lines with one of these products, or a product of one of these groups, and all bundles."""
    spoken_of = Q(product__one_of=products) | Q(product__group__one_of=groups) | Q(IsNull(PARTS, False))
    lines = QuoteLine.objects.filter(spoken_of, quote=quote_id, kind=LineKind.PRODUCT)
    return lines.order_by().values_list("pk", "product", "product__group", PARTS)


_lines_spoken_of = Prepared(_lines_with)


def _spoken_of(quote: Quote, rules: Sequence[Rule]) -> Products:
    rows = _lines_spoken_of.rows(quote.pk, *map(db.together, configuration.named(rules)))
    found = [(key, product, group, parts_in(text)) for key, product, group, text in rows]
    marks = catalog.marks_inside(keys_in(parts for _key, _product, _group, parts in found))
    groups = {key: group for key, (group, _is_outside) in marks.items()}
    return {key: Catalogued(product, group, inside_of(parts, groups)) for key, product, group, parts in found}


def findings_of(quote: Quote, priced: PricedQuote, products: Products | None = None) -> list[Finding]:
    """What the lines that count break on the price date, bundles with what they hold: one query; one more where there are rules
    and the products of the lines are not known, and then one for what bundles hold."""
    rules = catalog.rules_on(quote.price_date)
    if not rules:
        return []
    known = _spoken_of(quote, rules) if products is None else products
    lines = [
        made
        for row in priced.lines
        if row.counts and (sold := known.get(row.line.id))
        for made in configuration.lines_of(Line(row.line.id, sold.product, sold.group, row.line.priced_quantity), sold.inside)
    ]
    return configuration.check(lines, rules, quote.price_date)


def advice_of(quote: Quote, priced: PricedQuote, products: Products | None = None) -> list[Advice]:
    """The same in words, what blocks first."""
    return [
        Advice(finding_words(found), found.blocks, found.lines, found.missing.product if found.missing else None)
        for found in findings_of(quote, priced, products)
    ]
