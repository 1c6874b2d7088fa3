"""Reads of quotes. `…_for_update` are the only locks."""

import functools
import hashlib
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from django.db.models import Max, Q, QuerySet, Subquery
from django.utils.crypto import salted_hmac

from accounts.price_list_selectors import price_lists_for
from approvals.routing import Rules
from catalog import offers
from catalog.models import Product
from catalog.offers import Asked
from catalog.selectors import Usage, usage_on
from core import clock, db, events, money
from core.errors import NotFound
from core.languages import CODES, by_language, in_languages, texts_of
from core.models import Link
from core.prepared import Prepared
from quotes import approval_case, pricing, repricing, triggers
from quotes.choices import PRICED_KINDS, TEXT_KINDS, LineKind, QuoteStatus
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


PRICING_FIELDS = (
    "id", "quantity", "list_price", "vat_percent", "discount_kind", "discount_value", "cost", "floor_price",
    "optional", "selected", "product__outside_catalogue", "kind", "alternative_to", "numerator", "denominator",
)  # fmt: skip
"""What `pricing.Line` takes, in its order."""


def pricing_lines(quote_id: int) -> list[pricing.Line]:
    """The lines of a quote that have a price, as plain values, in their order: one query."""
    return list(map(pricing.Line._make, _pricing.rows(quote_id)))


def _lines(*columns: str) -> Prepared:
    lines = QuoteLine.objects.filter(kind__in=PRICED_KINDS).order_by("position", "id")
    return Prepared(lambda quote_id: lines.filter(quote_id=quote_id).values_list(*PRICING_FIELDS, *columns))


_pricing = _lines()


class Sold(NamedTuple):
    """What a line sells: the code, a `mark` that is another one as soon as something else is sold, the parts of a bundle."""

    sku: str
    mark: str
    parts: tuple[dict[str, Any], ...] = ()


def parts_of(stored: Any) -> tuple[dict[str, Any], ...]:
    """What one bundle of a line consists of, as `catalog.offers.Offer.parts`; nothing for what is no bundle."""
    return tuple(stored["parts"]) if stored else ()


def options_of(stored: Any) -> list[int]:
    """The products of the options that are chosen of the bundle of a line."""
    return list(stored.get("options", [])) if stored else []


class Guidance(NamedTuple):
    """The prices per pricing unit to aim at and to begin with, EUR; None: there is none."""

    target: Decimal | None
    start: Decimal | None


class Extras(NamedTuple):
    """What only some products have: months within which a service is to be used, parts that are shown, prices by use.

    `parts`: (code, name by language, quantity, unit by language). `is_fixed`: nobody chooses the quantity.
    """

    use_within_months: int | None = None
    parts: tuple[tuple[str, dict[str, str], Decimal, dict[str, str]], ...] = ()
    usage: tuple[Usage, ...] = ()
    is_fixed: bool = False


class ProductTexts(NamedTuple):
    """What a quote says of what a line sells, by language. `price_unit`: what the price is for, where that is another unit."""

    sold: Sold
    name: dict[str, str]
    description: dict[str, str]
    unit: dict[str, str]
    price_unit: dict[str, str] | None = None
    guidance: Guidance | None = None
    extras: "Extras | None" = None

    @property
    def sku(self) -> str:
        return self.sold.sku


class Quoted(NamedTuple):
    """A quote with its prices, the texts of its lines by their ids, and the headings and notes between them."""

    priced: pricing.PricedQuote
    texts: dict[int, ProductTexts]
    blocks: tuple[Block, ...] = ()
    work_days: Decimal | None = None
    """What all of it takes customer success, in working days; None: nothing."""


_TEXTS = [
    f"{path}_{code}"
    for path in ("product__name", "product__description", "product__unit__label", "unit__label")
    for code in CODES
]
_COUNT = len(CODES)
_SOLD = ("text", "product__sku", "parts")


def _rows(*columns: str) -> Prepared:
    """All lines, headings and notes too."""
    lines = QuoteLine.objects.order_by("position", "id")
    return Prepared(lambda quote_id: lines.filter(quote_id=quote_id).values_list(*PRICING_FIELDS, *columns))


_EXTRAS = ("cs_days", "use_within_months", "has_usage", "bundle_shows_parts", "fixed_quantity")
_everything = _rows(
    *_SOLD,
    *("target_price", "start_price", "product", "effort_days"),
    *(f"product__{name}" for name in _EXTRAS),
    *_TEXTS,
)


def quoted(quote: Quote) -> Quoted:
    """Everything that a quote says of its lines, priced now: one query at any length."""
    lines: list[pricing.Line] = []
    texts: dict[int, ProductTexts] = {}
    blocks: list[Block] = []
    special: dict[int, _Special] = {}
    work: list[Decimal] = []
    for row in _everything.rows(quote.pk):
        line = pricing.Line(*row[: len(PRICING_FIELDS)])
        text, sku, parts, target, start, product, effort, days, months, has_usage, shows_parts, fixed, *more = row[_COUNTED:]
        if line.kind in TEXT_KINDS:
            blocks.append(Block(line.id, line.kind, text, len(lines)))
        else:
            lines.append(line)
            if effort or days:
                work.append((effort or money.ZERO) * line.quantity + (days or money.ZERO) * line.priced_quantity)
            found = _product_texts(Sold(sku, sku, parts_of(parts)), *more) if sku else statement_texts(text)
            texts[line.id] = found if target is start is None else found._replace(guidance=Guidance(target, start))
            if months or has_usage or fixed or (shows_parts and parts):
                special[line.id] = _Special(product, months, has_usage, parts_of(parts) if shows_parts else (), fixed is not None)
    for line_id, extras in _extras(quote, special).items():
        texts[line_id] = texts[line_id]._replace(extras=extras)
    days = money.cents(sum(work, money.ZERO)) if work else None
    return Quoted(pricing.price_quote(lines, header_of(quote)), texts, tuple(blocks), days)


_COUNTED = len(PRICING_FIELDS)


class _Special(NamedTuple):
    product: int
    months: int | None
    has_usage: bool
    parts: tuple[dict[str, Any], ...]
    is_fixed: bool


def _shown_part(product: Product, part: dict[str, Any]) -> tuple[str, dict[str, str], Decimal, dict[str, str]]:
    texts = texts_of_product(product)
    return texts.sku, texts.name, Decimal(part["quantity"]), texts.unit


def _extras(quote: Quote, special: dict[int, _Special]) -> dict[int, Extras]:
    """By line. Queries only for what there is: one for parts, two for prices by use."""
    shown = {part["product"] for row in special.values() for part in row.parts}
    products = Product.objects.select_related("unit").in_bulk(shown) if shown else {}
    by_use = {row.product for row in special.values() if row.has_usage}
    lists = price_lists_for(quote.account, quote.price_date) if by_use else ()
    usage = usage_on(by_use, quote.price_date, lists)
    return {
        line_id: Extras(
            row.months,
            tuple(_shown_part(products[part["product"]], part) for part in row.parts),
            tuple(usage.get(row.product, ())),
            row.is_fixed,
        )
        for line_id, row in special.items()
    }


def _product_texts(sold: Sold, *texts: str | None) -> ProductTexts:
    names, descriptions, units, ordered = (texts[place : place + _COUNT] for place in range(0, 4 * _COUNT, _COUNT))
    unit = by_language(units)
    if any(ordered):
        return ProductTexts(sold, by_language(names), by_language(descriptions), by_language(ordered), unit)
    return ProductTexts(sold, by_language(names), by_language(descriptions), unit)


SOW_CODE = "SOW"


def statement_texts(text: str) -> ProductTexts:
    """What a quote says of a statement of work: its free text, the same in every language."""
    return ProductTexts(_statement(text), _statement_name(), dict.fromkeys(CODES, text), dict.fromkeys(CODES, ""))


def _statement(text: str) -> Sold:
    return Sold(SOW_CODE, f"{SOW_CODE} {hashlib.sha256(text.encode()).hexdigest()[:12]}")


@functools.cache
def _statement_name() -> dict[str, str]:
    return in_languages(lambda: str(LineKind.SOW.label))


def texts_of_line(line: QuoteLine) -> ProductTexts:
    """The same of a line that has been read with its product and units."""
    product = line.product
    if product is None:
        return statement_texts(line.text)
    texts = texts_of_product(product)._replace(
        sold=Sold(product.sku, product.sku, parts_of(line.parts)), guidance=Guidance(line.target_price, line.start_price)
    )
    if line.unit is not None:
        texts = texts._replace(unit=texts_of(line.unit, "label"), price_unit=texts.unit)
    parts = texts.sold.parts if product.bundle_shows_parts else ()
    special = _Special(product.pk, product.use_within_months, product.has_usage, parts, product.fixed_quantity is not None)
    return texts._replace(extras=_extras(line.quote, {line.pk: special})[line.pk]) if any(special[1:]) else texts


def texts_of_product(product: Product) -> ProductTexts:
    """The same of a product that has been read, by itself and in its own unit."""
    name, description, unit = texts_of(product, "name"), texts_of(product, "description"), texts_of(product.unit, "label")
    return ProductTexts(Sold(product.sku, product.sku), name, description, unit)


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
    lines: list[pricing.Line] = []
    sold: dict[int, Sold] = {}
    blocks: list[Block] = []
    for row in _committed.rows(quote.pk):
        line = pricing.Line(*row[: len(PRICING_FIELDS)])
        text, sku, parts = row[len(PRICING_FIELDS) :]
        if line.kind in TEXT_KINDS:
            blocks.append(Block(line.id, line.kind, text, len(lines)))
        else:
            lines.append(line)
            sold[line.id] = Sold(sku, sku, parts_of(parts)) if sku else _statement(text)
    return pricing.price_quote(lines, header_of(quote)), sold, blocks


_committed = _rows(*_SOLD)


def priced(quote: Quote) -> pricing.PricedQuote:
    """The quote with all its prices, computed now: one query."""
    return pricing.price_quote(pricing_lines(quote.pk), header_of(quote))


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


class PriceOffer(NamedTuple):
    """What today's prices would change of a draft, and the products of the lines that differ by the lines' ids.

    `mark` is equal as long as the same would change to the same. It is keyed, because costs could be guessed from it.
    """

    offer: repricing.Offer
    names: dict[int, tuple[str, dict[str, str]]]
    mark: str


PRICES_KEPT = "prices kept"
_NAMES = [f"product__name_{code}" for code in CODES]
_pricing_with_products = _lines("product", "parts", "product__is_active", "product__sku", *_NAMES)


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


_targets = Prepared(lambda: MarginTarget.objects.values_list("id", "tma2", "channel", "min_amount", "target_percent"))


def margin_targets() -> list[pricing.Target]:
    """The margin table: one query."""
    return [pricing.Target(*row) for row in _targets.rows()]


def margin_target(quote: Quote, net_total: Decimal) -> pricing.Target | None:
    """The row of the margin table for this quote; None when there is none. One query."""
    return target_among(margin_targets(), quote, net_total)


def target_among(targets: Sequence[pricing.Target], quote: Quote, net_total: Decimal) -> pricing.Target | None:
    """That of these rows."""
    return pricing.margin_target(targets, tma2=quote.account.tma2_id, channel=quote.account.channel_id, amount=net_total)


def breaches_of(quote: Quote, result: pricing.PricedQuote, in_use: Rules | None = None) -> list[triggers.Breach]:
    """The limits this quote passes, those that only rules of the admin set included: two queries while there are none.

    `in_use`: the rules, where they are known.
    """
    return breaches_against(quote, result, margin_target(quote, result.totals.net_total), in_use)


def breaches_against(
    quote: Quote, result: pricing.PricedQuote, target: pricing.Target | None, in_use: Rules | None = None
) -> list[triggers.Breach]:
    """The same where the row of the margin table is known: one query while rules set no limits."""
    found = triggers.breaches(result, target)
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
    return {key: sku or _statement(text).mark for key, sku, text in _skus.rows(quote.pk)}


def superseded_others(quote: Quote) -> bool:
    """Whether an earlier revision of this number has been replaced."""
    return Quote.objects.filter(number=quote.number, revision__lt=quote.revision, status=QuoteStatus.SUPERSEDED).exists()
