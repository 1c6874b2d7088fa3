"""Reads of quotes. `…_for_update` are the only locks."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Case, F, Max, Q, QuerySet, Subquery, When
from django.db.models.lookups import IsNull

from approvals.routing import Rules
from catalog.configuration import Inside
from catalog.models import Product
from catalog.selectors import marks_inside, products_inside
from core import clock, db, money
from core.errors import NotFound
from core.models import Link
from core.prepared import Prepared
from core.set_up import kept
from quotes import approval_case, pricing, triggers
from quotes.choices import PRICED_KINDS, TEXT_KINDS, LineKind, QuoteStatus
from quotes.line_texts import (
    COLUMNS,
    PARTS,
    SOW_CODE,
    USAGE,
    Guidance,
    ProductTexts,
    Sold,
    extras_of,
    inside_of,
    keys_in,
    parts_in,
    product_texts,
    statement_sold,
    statement_texts,
    usage_in,
)
from quotes.models import MarginTarget, Quote, QuoteDocument, QuoteLine, QuoteSnapshot
from quotes.sections import Block, subtotals
from users.models import User

_RELATED = ("account", "contact", "opportunity", "owner", "payment_term", "payment_type", "last_editor")


@functools.cache
def _with(*related: str) -> Prepared:
    return Prepared(lambda user, pk: Quote.objects.visible_to(user).select_related(*related).filter(pk=pk).order_by())


def quote_for(user: User, quote_id: int, related: Sequence[str] = _RELATED) -> Quote:
    """A quote in sight of this user, with what its page shows, or with `related`. Raises: NotFound."""
    return _found(_with(*related).first(user, quote_id))


def _found(quote: Quote | None) -> Quote:
    if quote is None:
        raise NotFound
    return quote


_SHOWN = (
    *(field.name for field in Quote._meta.concrete_fields),
    "account__name", "account__tma2", "account__channel", "payment_term__code", "payment_type__code",
)  # fmt: skip
_shown = Prepared(
    lambda user, pk: (
        Quote.objects.visible_to(user)
        .select_related("account", "payment_term", "payment_type")
        .only(*_SHOWN)
        .filter(pk=pk)
        .order_by()
    )
)


def quote_shown(user: User, quote_id: int) -> Quote:
    """A quote in sight of this user, with the few columns of others that programs are shown. Raises: NotFound."""
    return _found(_shown.first(user, quote_id))


_status = Prepared(lambda user, pk: Quote.objects.visible_to(user).filter(pk=pk).order_by().values_list("status", flat=True))


def status_for(user: User, quote_id: int) -> str:
    """The state of a quote in sight of this user, alone. Raises: NotFound."""
    status: str | None = _status.first(user, quote_id)
    if status is None:
        raise NotFound
    return status


_LOCKED_WITH = ("account", "payment_term", "payment_type")


def _for_update(quotes: QuerySet[Quote]) -> QuerySet[Quote]:
    return quotes.select_for_update(**db.lock_options()).select_related(*_LOCKED_WITH)


_locked = Prepared(lambda pk: _for_update(Quote.objects.filter(pk=pk)).order_by())
_locked_in_sight = Prepared(lambda user, pk: _for_update(Quote.objects.visible_to(user).filter(pk=pk)).order_by())


def quote_for_update(quote_id: int) -> Quote:
    """The quote, its row locked until the transaction ends. Raises: NotFound."""
    return _found(_locked.first(quote_id))


def quote_in_sight_for_update(user: User, quote_id: int) -> Quote:
    """As `quote_for_update`; a quote that this person does not see is not found."""
    return _found(_locked_in_sight.first(user, quote_id))


def _numbered(user: User, quote_id: int) -> QuerySet[Quote]:
    number = Subquery(Quote.objects.visible_to(user).filter(pk=quote_id).order_by().values("number"))
    return _for_update(Quote.objects.filter(number=number)).select_related("contact", "owner").order_by("pk")


_revisions = Prepared(_numbered)


def revisions_for_update(user: User, quote_id: int) -> tuple[Quote, list[Quote]]:
    """`(quote, revisions)`: the quote and all revisions of its number, locked, ordered by pk. Raises: NotFound."""
    revisions: list[Quote] = _revisions.rows(user, quote_id)
    return _found(next((revision for revision in revisions if revision.pk == quote_id), None)), revisions


_quote_of_document = Prepared(lambda pk: Quote.objects.select_for_update(**db.lock_options()).filter(documents=pk).order_by())
_document_and_link = Prepared(
    lambda pk: (
        QuoteDocument.objects.select_for_update(**db.lock_options("link"))
        .select_related("link", "snapshot")
        .filter(pk=pk)
        .order_by()
    )
)


def document_for_update(document_id: int) -> QuoteDocument:
    """The document with its snapshot; its quote is locked, then its link. Raises: NotFound."""
    quote = _found(_quote_of_document.first(document_id))
    document: QuoteDocument = _document_and_link.rows(document_id)[0]
    document.quote = quote
    return document


_AMOUNT_FIELDS = (
    "id", "quantity", "list_price", "vat_percent", "discount_kind", "discount_value", "cost", "floor_price",
    "optional", "selected", "kind", "alternative_to", "numerator", "denominator",
)  # fmt: skip
_OUTSIDE = Case(When(IsNull(PARTS, True), then=F("product__outside_catalogue")))
"""Of a bundle nothing is known before its parts are asked."""
PRICING_FIELDS: tuple[Any, ...] = (*_AMOUNT_FIELDS, _OUTSIDE)
"""What `pricing.Line` takes, in its order."""


def pricing_lines(quote_id: int) -> list[pricing.Line]:
    """The lines of a quote that have a price, as plain values, in their order: one query, two more where there is a bundle."""
    return _with_catalogue(quote_id, list(map(pricing.Line._make, _pricing.rows(quote_id))))


def amount_lines(quote_id: int) -> list[pricing.Line]:
    """The same where nothing but amounts is asked for: without the products, which take as long to read as the lines."""
    return [pricing.Line._make((*row, None)) for row in _amounts.rows(quote_id)]


def lines_with(*columns: Any) -> Prepared:
    lines = QuoteLine.objects.filter(kind__in=PRICED_KINDS).order_by("position", "id")
    return Prepared(lambda quote_id: lines.filter(quote_id=quote_id).values_list(*columns))


_pricing, _amounts = lines_with(*PRICING_FIELDS), lines_with(*_AMOUNT_FIELDS)


def _marked(quote_id: int) -> QuerySet[QuoteLine, tuple[Any, ...]]:
    """Lines that are outside the catalogue, or whose parts may be."""
    lines = QuoteLine.objects.filter(Q(product__outside_catalogue=True) | Q(IsNull(PARTS, False)), quote_id=quote_id)
    return lines.order_by().values_list("pk", "product__outside_catalogue", PARTS)


_marked_lines = Prepared(_marked)


def with_catalogue(quote: Quote, result: pricing.PricedQuote) -> pricing.PricedQuote:
    """The priced quote with what the catalogue says of its lines: one query where it was not asked (`amount_lines`, bundles), one
    more where there is a bundle."""
    lines = [row.line for row in result.lines]
    known = _with_catalogue(quote.pk, lines)
    if known is lines:
        return result
    rows = [pricing.PricedLine._make((line, *row[1:])) for line, row in zip(known, result.lines, strict=True)]
    return replace(result, lines=tuple(rows))


def _with_catalogue(quote_id: int, lines: list[pricing.Line]) -> list[pricing.Line]:
    """The same lines where all is known of them."""
    if all(line.outside_catalogue is not None or line.kind != LineKind.PRODUCT for line in lines):
        return lines
    marked = [(key, is_outside, parts_in(text)) for key, is_outside, text in _marked_lines.rows(quote_id)]
    inside = marks_inside(keys_in(parts for _key, is_outside, parts in marked if not is_outside))
    outside = {key for key, is_outside, parts in marked if is_outside or any(inside[part["product"]][1] for part in parts)}
    return [pricing.Line._make((*line[:-1], line.id in outside)) for line in lines]


class Quoted(NamedTuple):
    """A quote with its prices, the texts of its lines by their ids, and the headings and notes between them."""

    priced: pricing.PricedQuote
    texts: dict[int, ProductTexts]
    blocks: tuple[Block, ...] = ()
    work_days: Decimal | None = None
    """What all of it takes customer success, in working days; None: nothing."""
    products: "Products" = {}


class Catalogued(NamedTuple):
    """The product of a line, its group, and what one bundle of it holds."""

    product: int
    group: int | None
    inside: tuple[Inside, ...] = ()


Products = Mapping[int, Catalogued]
"""By the lines that have a product."""


_SOLD = ("text", "product__sku", PARTS, USAGE)


def _rows(*columns: Any) -> Prepared:
    """All lines, headings and notes too."""
    lines = QuoteLine.objects.order_by("position", "id")
    return Prepared(lambda quote_id: lines.filter(quote_id=quote_id).values_list(*PRICING_FIELDS, *columns))


_EXTRAS = ("cs_days", "use_within_months", "bundle_shows_parts", "fixed_quantity")
_everything = _rows(
    *_SOLD,
    *("target_price", "start_price", "product", "product__group", "product__outside_catalogue", "effort_days"),
    *(f"product__{name}" for name in _EXTRAS),
    *COLUMNS,
)


def quoted(quote: Quote) -> Quoted:
    """Everything that a quote says of its lines, priced now: one query at any length, one more where there is a bundle."""
    texts: dict[int, ProductTexts] = {}
    work: list[Decimal] = []
    products: dict[int, Catalogued] = {}
    lines, blocks, columns = apart(_everything.rows(quote.pk))
    bundled = {line.id: parts_in(row[2]) for line, row in zip(lines, columns, strict=True) if row[2]}
    inside = products_inside(keys_in(bundled.values()))
    groups = {key: product.group_id for key, product in inside.items()}
    for place, (line, row) in enumerate(zip(lines, columns, strict=True)):
        text, sku, _parts, used, target, start, product, group, is_outside, effort, days, months, shows_parts, fixed, *more = row
        parts = bundled.get(line.id, ())
        if product is not None:
            products[line.id] = Catalogued(product, group, inside_of(parts, groups))
        if parts:
            is_outside = is_outside or any(inside[part["product"]].outside_catalogue for part in parts)
            lines[place] = line._replace(outside_catalogue=is_outside)
            days = _days_inside(parts, inside) if days is None else days
        if effort or days:
            work.append((effort or money.ZERO) * line.quantity + (days or money.ZERO) * line.priced_quantity)
        found = product_texts(Sold(sku, sku, parts, usage_in(used)), *more) if sku else statement_texts(text)
        texts[line.id] = found if target is start is None else found._replace(guidance=Guidance(target, start))
        if months or used or fixed or parts:
            extras = extras_of(found.sold, months, fixed is not None, shows_parts, inside)
            texts[line.id] = texts[line.id]._replace(extras=extras)
    all_days = money.cents(sum(work, money.ZERO)) if work else None
    return Quoted(pricing.price_quote(lines, header_of(quote)), texts, tuple(blocks), all_days, products)


def _days_inside(parts: Iterable[dict[str, Any]], inside: Mapping[int, Product]) -> Decimal:
    """What one bundle takes customer success, where nobody has said it of the whole."""
    return sum((Decimal(part["quantity"]) * (inside[part["product"]].cs_days or money.ZERO) for part in parts), money.ZERO)


_COUNTED = len(PRICING_FIELDS)


def apart(rows: Iterable[tuple[Any, ...]]) -> tuple[list[pricing.Line], list[Block], list[tuple[Any, ...]]]:
    """Rows of all lines, told apart: those that have a price, the headings and notes between them, and the further columns of the
    former. The columns begin with `PRICING_FIELDS` and the text."""
    lines: list[pricing.Line] = []
    blocks: list[Block] = []
    columns: list[tuple[Any, ...]] = []
    for row in rows:
        line = pricing.Line(*row[:_COUNTED])
        if line.kind in TEXT_KINDS:
            blocks.append(Block(line.id, line.kind, row[_COUNTED], len(lines)))
        else:
            lines.append(line)
            columns.append(row[_COUNTED:])
    return lines, blocks, columns


def line_of(quote: Quote, line_id: int) -> QuoteLine | None:
    """The line with its product; None when it is no longer there."""
    line: QuoteLine | None = _line_of.first(quote.pk, line_id)
    if line is not None:
        line.quote = quote
    return line


_LINE_WITH = ("product__unit", "unit", "price_list")
_line_of = Prepared(lambda quote_id, pk: QuoteLine.objects.filter(quote=quote_id, pk=pk).select_related(*_LINE_WITH).order_by())


def last_position(quote: Quote) -> int:
    """The place of the last line; 0 when there is none."""
    last: int | None = quote.lines.order_by().aggregate(last=Max("position"))["last"]
    return last or 0


def header_of(quote: Quote) -> pricing.Header:
    return pricing.Header(quote.account_discount, quote.header_discount_kind, quote.header_discount_value)


def committed(quote: Quote) -> tuple[pricing.PricedQuote, dict[int, Sold], list[Block]]:
    """What a quote commits to: its prices, what its lines sell by their ids, its headings and notes. One query."""
    lines, blocks, columns = apart(_committed.rows(quote.pk))
    sold = {
        line.id: Sold(sku, sku, parts_in(parts), usage_in(used)) if sku else statement_sold(text)
        for line, (text, sku, parts, used) in zip(lines, columns, strict=True)
    }
    return pricing.price_quote(lines, header_of(quote)), sold, blocks


_committed = _rows(*_SOLD)


def priced(quote: Quote) -> pricing.PricedQuote:
    """The quote with all its prices, computed now: one query, two more where there is a bundle."""
    return pricing.price_quote(pricing_lines(quote.pk), header_of(quote))


_guidance = Prepared(
    lambda quote_id: (
        QuoteLine.objects.filter(Q(target_price__isnull=False) | Q(start_price__isnull=False), quote_id=quote_id)
        .order_by()
        .values_list("pk", "target_price", "start_price")
    )
)


def guidance_of(quote: Quote) -> dict[int, Guidance]:
    """The prices to aim at and to begin with, by the lines that have one: one query."""
    return {key: Guidance(target, start) for key, target, start in _guidance.rows(quote.pk)}


_headings = Prepared(
    lambda quote_id: (
        QuoteLine.objects.filter(quote_id=quote_id, kind=LineKind.SECTION)
        .order_by("position", "id")
        .values_list("pk", "position")
    )
)
_places = Prepared(lambda quote_id: QuoteLine.objects.filter(quote_id=quote_id).order_by().values_list("pk", "position"))


def subtotals_of(quote: Quote, priced: pricing.PricedQuote) -> dict[int, Decimal]:
    """What comes under each heading, by its id: one query where there are none, else two."""
    headings = _headings.rows(quote.pk)
    if not headings:
        return {}
    places = dict(_places.rows(quote.pk))
    blocks = [
        Block(key, LineKind.SECTION.value, "", sum(places[row.line.id] < place for row in priced.lines))
        for key, place in headings
    ]
    return subtotals(blocks, priced.lines)


def next_line(line: QuoteLine) -> int | None:
    """The line below, a heading or a note too; None when it is the last."""
    below = QuoteLine.objects.filter(quote=line.quote_id).filter(
        Q(position__gt=line.position) | Q(position=line.position, id__gt=line.pk)
    )
    return below.order_by("position", "id").values_list("pk", flat=True).first()


@kept("quotes_margintarget")
def margin_targets() -> tuple[pricing.Target, ...]:
    """The margin table: one query."""
    rows = MarginTarget.objects.values_list("id", "tma2", "channel", "min_amount", "target_percent")
    return tuple(pricing.Target(*row) for row in rows)


def targets_of(quote: Quote) -> pricing.Targets:
    """The margin table for this quote's customer: one query."""
    return pricing.Targets(margin_targets(), quote.account.tma2_id, quote.account.channel_id)


def breaches_of(
    quote: Quote, result: pricing.PricedQuote, in_use: Rules | None = None, targets: pricing.Targets | None = None
) -> list[triggers.Breach]:
    """The limits this quote passes, those that only rules of the admin set included: two queries while there are none, one more
    for `with_catalogue`.

    `in_use`: the rules, `targets`: the margin table, where they are known.
    """
    result = with_catalogue(quote, result)
    found = triggers.breaches(result, targets_of(quote) if targets is None else targets)
    return found + approval_case.breaches_by_rule(quote, result, found, in_use)


_snapshots = Prepared(lambda quote_id: QuoteSnapshot.objects.filter(quote=quote_id).order_by("-id")[:1])
_live_documents = Prepared(
    lambda quote_id: QuoteDocument.objects.filter(quote=quote_id, withdrawn_at=None).select_related("snapshot", "link").order_by()
)


def latest_snapshot(quote: Quote) -> QuoteSnapshot | None:
    snapshot: QuoteSnapshot | None = _snapshots.first(quote.pk)
    return snapshot


_frozen = Prepared(
    lambda quote_id, version: QuoteSnapshot.objects.filter(quote=quote_id, version=version).defer("text").order_by()
)


def frozen(quote: Quote) -> QuoteSnapshot | None:
    """What was frozen at this version of the quote, without its text."""
    snapshot: QuoteSnapshot | None = _frozen.first(quote.pk, quote.version)
    return snapshot


def live_document(quote: Quote) -> QuoteDocument | None:
    """What was sent and not withdrawn."""
    document: QuoteDocument | None = _live_documents.first(quote.pk)
    if document is not None:
        document.quote = quote
    return document


_of_link = Prepared(lambda link_id: QuoteDocument.objects.filter(link=link_id).order_by())
_of_link_with_content = Prepared(
    lambda link_id: QuoteDocument.objects.filter(link=link_id).select_related("quote", "snapshot", "sent_by").order_by()
)


def document_of_link(link: Link, *, with_content: bool) -> QuoteDocument | None:
    """The document that this link opens; `with_content`: with what its page shows."""
    document: QuoteDocument | None = (_of_link_with_content if with_content else _of_link).first(link.pk)
    if document is not None:
        document.link = link
    return document


def newest_sent_revision(quote: Quote) -> Quote | None:
    """The revision of the same number that replaced this one."""
    return (
        Quote.objects.filter(number=quote.number, revision__gt=quote.revision, sent_at__isnull=False)
        .order_by("-revision")
        .first()
    )


def quotes_to_expire() -> list[int]:
    """Ids of approved and sent quotes whose last day is over, oldest first."""
    return list(
        Quote.objects.filter(status__in=[QuoteStatus.APPROVED, QuoteStatus.SENT], valid_until__lt=clock.today())
        .order_by("pk")
        .values_list("pk", flat=True)
    )


_skus = Prepared(
    lambda quote_id: (
        QuoteLine.objects.filter(quote=quote_id, kind__in=PRICED_KINDS).order_by().values_list("pk", "product__sku", "text")
    )
)


def skus_of(quote: Quote) -> dict[int, str]:
    """The product codes of the quote's lines by their ids."""
    return {key: sku or SOW_CODE for key, sku, _text in _skus.rows(quote.pk)}


def products_of(quote: Quote) -> dict[int, int]:
    """The keys of the products of the quote's lines, by the lines' ids."""
    lines = QuoteLine.objects.filter(quote=quote, kind=LineKind.PRODUCT).order_by()
    return dict(lines.values_list("pk", "product"))


def marks_of(quote: Quote) -> dict[int, str]:
    """What the quote's lines sell, by their ids; see `ProductTexts`."""
    return {key: sku or statement_sold(text).mark for key, sku, text in _skus.rows(quote.pk)}
