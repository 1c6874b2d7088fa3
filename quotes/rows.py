"""What a line of a quote shows, as ready text: the templates of long quotes stay flat."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core import money
from core.languages import active
from core.rows import RowTemplate
from core.templatetags.ui import Notation, notation
from quotes import sections
from quotes.choices import DiscountKind, LineKind
from quotes.line_texts import Guidance, ProductTexts, use_within
from quotes.models import Quote
from quotes.pricing import Line, PricedLine
from quotes.sections import Block
from quotes.selectors import Quoted


@dataclass(slots=True)
class Row:
    """One line as the editor and the read view show it. Every text is ready: their templates of a row have no conditions."""

    id: int
    position: int
    url: str
    css: str
    sku: str
    name: str
    description: str
    flag: str
    optional: str
    unit: str
    per: str
    quantity: str
    quantity_input: str
    quantity_css: str
    quantity_lock: str
    list_price: str
    discount: str
    discount_input: str
    discount_css: str
    net_price: str
    net_price_input: str
    net_price_css: str
    line_net: str
    net: str
    vat: str
    margin: str
    guidance: str
    least: str
    low: str
    high: str
    most: str
    at: str
    said: str
    required: str
    error: str


@dataclass(slots=True)
class TextRow:
    """A heading with what its lines come to, or a note."""

    id: int
    url: str
    kind: str
    label: str
    text: str
    subtotal: str
    css: str
    error: str


EDITOR_ROW = RowTemplate("quotes/_editor_row.html", Row)
PAGE_ROW = RowTemplate("quotes/_page_row.html", Row)
STATEMENT_ROW = RowTemplate("quotes/_statement_row.html", Row)
SECTION_ROW = RowTemplate("quotes/_section_row.html", TextRow)
NOTE_ROW = RowTemplate("quotes/_note_row.html", TextRow)
PAGE_TEXT_ROW = RowTemplate("quotes/_page_text_row.html", TextRow)

INPUTS = ("quantity", "discount", "net_price")


def rows_of(
    quote: Quote,
    quoted: Quoted,
    *,
    editing: bool,
    sees_margin: bool,
    said: Mapping[int, str] | None = None,
    required: Mapping[int, str] | None = None,
    ordered: dt.date | None = None,
) -> SafeString:
    """The rows of all lines, headings and notes, in the active language. `said`: what the customer said of a line, by its id;
    `required`: what the customer requires of it; `ordered`: the day on which they accepted."""
    made = _rows(quote, quoted, said or {}, required or {}, ordered, editing=editing)
    drawn = (
        template.render(map(itemgetter(1), rows), sees_margin=sees_margin) for template, rows in groupby(made, key=itemgetter(0))
    )
    return format_html_join("", "{}", ((html,) for html in drawn))


def _rows(
    quote: Quote,
    quoted: Quoted,
    said: Mapping[int, str],
    required: Mapping[int, str],
    ordered: dt.date | None,
    *,
    editing: bool,
) -> Iterator[tuple[RowTemplate, Any]]:
    shown, language, url = notation(), active(), _lines_url(quote)
    sums = sections.subtotals(quoted.blocks, quoted.priced.lines)
    positions = {row.line.id: position for position, row in enumerate(quoted.priced.lines, 1)}
    blocks = iter([*quoted.blocks, None])
    block = next(blocks)
    for place, row in enumerate(quoted.priced.lines):
        while block is not None and block.before == place:
            yield _template_of(block.kind, editing=editing), text_row(quote, block, sums.get(block.id))
            block = next(blocks)
        stands_for = positions.get(row.line.alternative_to) if row.line.alternative_to else None
        made = _row(shown, language, url, place + 1, row, quoted.texts[row.line.id], stands_for, ordered)
        made.said, made.required = _said(said.get(row.line.id)), required.get(row.line.id, "")
        yield _template_of(row.line.kind, editing=editing), made
    while block is not None:
        yield _template_of(block.kind, editing=editing), text_row(quote, block, sums.get(block.id))
        block = next(blocks)


_OF_KIND = {
    LineKind.PRODUCT.value: EDITOR_ROW,
    LineKind.SOW.value: STATEMENT_ROW,
    LineKind.SECTION.value: SECTION_ROW,
    LineKind.NOTE.value: NOTE_ROW,
}


def _template_of(kind: str, *, editing: bool) -> RowTemplate:
    if editing:
        return _OF_KIND[kind]
    return PAGE_TEXT_ROW if kind in (LineKind.SECTION.value, LineKind.NOTE.value) else PAGE_ROW


def row_of(
    quote: Quote,
    position: int,
    row: PricedLine,
    texts: ProductTexts,
    *,
    sees_margin: bool,
    stands_for: int | None = None,
    said: str | None = None,
    required: str = "",
    typed: Mapping[str, str] | None = None,
    error: str = "",
) -> tuple[Row, SafeString]:
    """A row of the editor and its HTML; `typed` (field → text) and `error` keep what somebody typed that could not be used.

    `said`, `required`: as for `rows_of`.
    """
    made = _row(notation(), active(), _lines_url(quote), position, row, texts, stands_for)
    for name, text in (typed or {}).items():
        if name in INPUTS:
            setattr(made, f"{name}_input", text)
            setattr(made, f"{name}_css", " is-invalid" if error else "")
    made.said, made.required, made.error = _said(said), required, error
    return made, _template_of(row.line.kind, editing=True).render([made], sees_margin=sees_margin)


def text_row(quote: Quote, block: Block, subtotal: Decimal | None, *, typed: str | None = None, error: str = "") -> TextRow:
    """A heading or a note; `typed` and `error` as for `row_of`."""
    return TextRow(
        id=block.id,
        url=f"{_lines_url(quote)}{block.id}/",
        kind=block.kind,
        label=str(LineKind(block.kind).label),
        text=block.text if typed is None else typed,
        subtotal="" if subtotal is None else notation().money(subtotal),
        css=" is-invalid" if error else "",
        error=error,
    )


def text_html(row: TextRow, *, sees_margin: bool) -> SafeString:
    return _OF_KIND[row.kind].render([row], sees_margin=sees_margin)


def _lines_url(quote: Quote) -> str:
    """The address of the lines; that of one line is below it."""
    return reverse("quote_line_add", args=[quote.pk])


def _row(
    shown: Notation,
    language: str,
    url: str,
    position: int,
    row: PricedLine,
    texts: ProductTexts,
    stands_for: int | None,
    ordered: dt.date | None = None,
) -> Row:
    line, discount, margin = row.line, row.discount_percent, row.margin_percent
    net_price, line_net = row.net_price, shown.money(row.line_net)
    meter = meter_of(shown, row, texts.guidance)
    return Row(
        id=line.id,
        position=position,
        url=f"{url}{line.id}/",
        css=_css(row),
        sku=texts.sku,
        name=texts.name[language],
        description=_description(texts, language, ordered),
        flag=_flag(row, stands_for) if line.optional or not row.counts else "",
        optional="1" if line.optional else "",
        unit=texts.unit[language],
        per=f"/ {texts.price_unit[language]}" if texts.price_unit else "",
        quantity=shown.quantity(line.quantity),
        quantity_input=shown.plain_input(line.quantity),
        quantity_css="",
        quantity_lock="readonly" if texts.extras and texts.extras.is_fixed else "",
        list_price=shown.unit_price(line.list_price),
        discount=shown.percent(discount) if discount else "–",
        discount_input=_discount_input(shown, line, discount),
        discount_css="",
        net_price=shown.unit_price(net_price),
        net_price_input=shown.plain_input(net_price, 2),
        net_price_css="",
        line_net=line_net,
        net=_("included") if row.is_included else line_net,
        vat=shown.percent(line.vat_percent),
        margin="–" if margin is None else shown.percent(margin, 1),
        guidance=meter.guidance,
        least=meter.least,
        low=meter.low,
        high=meter.high,
        most=meter.most,
        at=meter.at,
        said="",
        required="",
        error="",
    )


def _description(texts: ProductTexts, language: str, ordered: dt.date | None) -> str:
    """That of the catalogue, with what a bundle consists of and until when a service is to be used."""
    said, extras = [texts.description[language]], texts.extras
    if extras and extras.parts:
        shown = notation()
        parts = (f"{shown.quantity(part.quantity)} {part.unit[language]} {part.name[language]}" for part in extras.parts)
        said.append(_("Contains: %(parts)s.") % {"parts": ", ".join(parts)})
        within = ((part.name[language], part.use_within_months) for part in extras.parts)
        said += [f"{name}: {use_within(months, ordered)}" for name, months in within if months]
    if extras and extras.use_within_months:
        said.append(use_within(extras.use_within_months, ordered))
    return " ".join(text for text in said if text)


def _said(text: str | None) -> str:
    """What the customer said of the line when they declined the revision before."""
    return _("The customer declined: %(said)s") % {"said": text} if text else ""


def _css(row: PricedLine) -> str:
    return " ".join(name for name, holds in (("is-below-floor", row.below_floor), ("is-left-out", not row.counts)) if holds)


def _flag(row: PricedLine, stands_for: int | None) -> str:
    """What a line is that not everybody gets."""
    if stands_for is not None:
        text = _("Alternative to line %(line)s") % {"line": stands_for}
    elif row.line.optional:
        text = _("Option")
    else:
        return _("Replaced by the alternative that was chosen")
    return _("%(what)s, chosen") % {"what": text} if row.counts else text


@dataclass(frozen=True, slots=True)
class Meter:
    """Where the price of a line stands between floor, target and start, as a meter takes it. `guidance`: those in words; "" where
    there are none, and no meter is shown."""

    id: int
    guidance: str = ""
    least: str = "0"
    low: str = "0"
    high: str = "1"
    most: str = "1"
    at: str = "0"


METER = RowTemplate("quotes/_guidance.html", Meter)


def meter_of(shown: Notation, row: PricedLine, known: Guidance | None) -> Meter:
    """That of the price after the line's share of the discount on the whole quote, which is what the floor is held against."""
    line = row.line
    target, start = (known.target, known.start) if known else (None, None)
    said = [(_("Floor"), line.floor_price or None), (_("Target"), target or None), (_("Start"), start or None)]
    prices = [price for _name, price in said if price is not None]
    if not prices:
        return Meter(line.id)
    at = _price_left(row)
    low = line.floor_price or min(prices)
    high = max(low, target or low)
    least, most = min(low * Decimal("0.8"), at), max(*prices, high, line.list_price, at)
    sentence = " · ".join(f"{name} {shown.unit_price(price)}" for name, price in said if price is not None)
    if not line.floor_price:
        low = least  # nothing is too little
    return Meter(line.id, sentence, f"{least:f}", f"{low:f}", f"{high:f}", f"{most:f}", f"{at:f}")


_STEP = Decimal("0.0001")


def _price_left(row: PricedLine) -> Decimal:
    """What a pricing unit brings in, 4 places; on the side of the floor on which the whole line is."""
    price, floor = money.unit_price(row.net / row.line.priced_quantity), row.line.floor_price
    if floor is None:
        return price
    return min(price, floor - _STEP) if row.below_floor else max(price, floor)


def _discount_input(shown: Notation, line: Line, discount: Decimal | None) -> str:
    """What was typed, or the percentage it comes to."""
    if line.discount_kind == DiscountKind.PERCENT:
        return shown.plain_input(line.discount_value)
    if line.discount_kind == DiscountKind.AMOUNT:
        return f"{shown.plain_input(line.discount_value, 2)} €"
    return shown.plain_input(discount) if discount else ""
