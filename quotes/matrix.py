"""Quotes beside each other, of an opportunity or as they were selected: what they sell, come to, and on which terms."""

from collections.abc import Callable, Collection, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.errors import Invalid
from core.languages import CODES, active, by_language
from core.templatetags.ui import Notation, notation
from quotes import policies, pricing, selectors, side_by_side
from quotes.choices import PRICED_KINDS, QuoteStatus
from quotes.line_texts import SOW_CODE
from quotes.models import Quote, QuoteLine
from quotes.pricing import PricedLine, PricedQuote, Totals
from quotes.selectors import PRICING_FIELDS
from quotes.side_by_side import Offer
from users.models import User

MOST = 6
NOTHING = "–"


class Shown(NamedTuple):
    """`text` of a cell; `small`: what stands above it. `differs`: it is another than that of the first quote."""

    text: str
    small: str = ""
    differs: bool = False


class ShownRow(NamedTuple):
    label: str
    code: str
    cells: list[Shown]
    differs: bool


class Matrix(NamedTuple):
    """`same`: products that are left out because they are the same in all quotes."""

    quotes: list[Quote]
    products: list[ShownRow]
    figures: list[ShownRow]
    same: int


_CURRENT = [status for status in QuoteStatus if status not in (QuoteStatus.SUPERSEDED, QuoteStatus.CANCELLED)]


def quotes_of_opportunity(user: User, opportunity_id: int) -> list[Quote]:
    """Those of the opportunity that are neither cancelled nor replaced, as many as fit beside each other, the oldest first."""
    of_it = Quote.objects.visible_to(user).filter(opportunity=opportunity_id, status__in=_CURRENT)
    return _read(of_it.order_by("-pk")[:MOST])


def quotes_of(user: User, keys: Collection[int]) -> list[Quote]:
    """Those with these keys that are in sight. Raises: Invalid for more than fit beside each other."""
    if len(keys) > MOST:
        raise Invalid(_("At most %(most)s quotes fit beside each other.") % {"most": MOST})
    return _read(Quote.objects.visible_to(user).filter(pk__in=keys))


def _read(quotes: Any) -> list[Quote]:
    return sorted(quotes.select_related("account", "owner", "payment_term", "opportunity"), key=lambda quote: int(quote.pk))


def matrix_of(quotes: list[Quote], user: User, *, only_differing: bool) -> Matrix:
    """The quotes beside each other, in the active language. One query."""
    lines, names = _lines_of(quotes)
    priced = [pricing.price_quote([line for _code, line in lines[quote.pk]], selectors.header_of(quote)) for quote in quotes]
    offers = [
        Offer([(code, row) for (code, _line), row in zip(lines[quote.pk], found.lines, strict=True)])
        for quote, found in zip(quotes, priced, strict=True)
    ]
    rows = side_by_side.rows_of(offers)
    shown = [row for row in rows if row.differs or not only_differing]
    written, language = notation(), active()
    products = [
        ShownRow(
            names[row.code][language], row.code, [_cell(written, cell.line, cell.differs) for cell in row.cells], row.differs
        )
        for row in shown
    ]
    figures = list(_figures(quotes, priced, margin=policies.may_see_margin(user)))
    return Matrix(quotes, products, figures, len(rows) - len(shown))


_NAMES = [f"product__name_{code}" for code in CODES]


def _lines_of(quotes: Sequence[Quote]) -> tuple[dict[int, list[tuple[str, pricing.Line]]], dict[str, dict[str, str]]]:
    """`(lines, names)`: by quote the codes and lines in their order, and by code the name in every language. One query."""
    columns = ("quote", "product__sku", "text", *_NAMES, *PRICING_FIELDS)
    priced = QuoteLine.objects.filter(quote__in=[quote.pk for quote in quotes], kind__in=PRICED_KINDS)
    rows = priced.order_by("quote", "position", "id")
    lines: dict[int, list[tuple[str, pricing.Line]]] = {quote.pk: [] for quote in quotes}
    names: dict[str, dict[str, str]] = {}
    for quote_id, sku, text, *values in rows.values_list(*columns):
        code = sku or SOW_CODE
        names[code] = names.get(code) or (by_language(values[: len(_NAMES)]) if sku else dict.fromkeys(CODES, text[:80]))
        lines[quote_id].append((code, pricing.Line(*values[len(_NAMES) :])))
    return lines, names


def _cell(written: Notation, row: PricedLine | None, differs: bool) -> Shown:
    if row is None:
        return Shown(NOTHING, differs=differs)
    small = f"{written.quantity(row.line.quantity)} × {written.unit_price(row.net_price)}"
    if not row.counts:
        small = f"{small} ({_('option, not in the total')})"
    return Shown(_("included") if row.is_included else written.money(row.line_net), small, differs)


# --- What they come to ------------------------------------------------------------------------------------------------
def _figures(quotes: Sequence[Quote], priced: Sequence[PricedQuote], *, margin: bool) -> Iterator[ShownRow]:
    written = notation()

    def money(value: Decimal) -> str:
        return written.money(value)

    def percent(value: Decimal | None) -> str:
        return NOTHING if value is None else written.percent(value, 1)

    of_totals: list[tuple[str, Callable[[Totals], str]]] = [
        (_("At list price"), lambda totals: money(totals.list_total)),
        (_("Discount on the whole quote"), lambda totals: money(totals.header_discount) if totals.header_discount else NOTHING),
        (_("Discount"), lambda totals: percent(totals.discount_percent)),
        (_("Net"), lambda totals: money(totals.net_total)),
        (_("Total with VAT"), lambda totals: money(totals.gross_total)),
    ]
    if margin:
        of_totals.append((_("Margin"), lambda totals: _margin(totals, percent)))
    for label, text in of_totals:
        yield _figure(label, [text(found.totals) for found in priced])
    yield _figure(_("Payment term"), [quote.payment_term.label if quote.payment_term else NOTHING for quote in quotes])
    yield _figure(_("Valid until"), [date_format(quote.valid_until, "SHORT_DATE_FORMAT") for quote in quotes])


def _margin(totals: Totals, percent: Callable[[Decimal | None], str]) -> str:
    return _("unknown") if totals.margin_amount is None else percent(totals.margin_percent)


def _figure(label: str, texts: Sequence[str]) -> ShownRow:
    return ShownRow(label, "", [Shown(text, differs=text != texts[0]) for text in texts], len(set(texts)) > 1)
