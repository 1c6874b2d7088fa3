"""Lines of drafts with the prices of the day: locked, made, priced and stored. What the services of quotes share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.price_list_selectors import price_lists_for
from catalog import offers
from catalog.models import Product, UnitOfMeasure
from catalog.offers import Asked, Offer
from core import histories, money, versions
from core.db import bulk
from core.errors import Invalid, NotFound, WrongState, require
from core.templatetags.ui import notation
from quotes import line_texts, policies, pricing, selectors
from quotes.choices import DiscountKind, HeaderDiscountKind, LineKind, QuoteStatus
from quotes.models import Quote, QuoteLine
from quotes.repricing import PRICES
from users.models import User

MOST_LINES = 1000
TOO_MUCH = Decimal(10) ** 12
TOO_MUCH_A_LINE = Decimal(10) ** 10
NO_FIGURE = Decimal(10) ** 6
TOO_MANY = _("A quote has at most %(most)s lines.")
TOTALS = ("list_total", "net_total", "gross_total", "margin_percent")
AMOUNTS = ("line_list", "line_net")
COPIED = (*PRICES, "target_price", "start_price", "price_list_id")
"""What a line takes over from a price."""
OF_OFFER = ("parts", "usage")
"""What it takes over from the product beside that."""


@dataclass(frozen=True)
class Discount:
    """A discount as typed: percent (10 = 10 %), amount per unit in EUR, or net unit price in EUR."""

    kind: str = DiscountKind.NONE
    value: Decimal = Decimal(0)


@dataclass(frozen=True)
class Measure:
    """A unit that a product is ordered in: one of it is `numerator / denominator` pricing units."""

    unit: UnitOfMeasure | None = None
    numerator: int = 1
    denominator: int = 1


@dataclass(frozen=True)
class LineDraft:
    """A line to add: a product and how much of it; or a text. A statement of work has its own price and cost per unit, EUR."""

    product: Product | None
    quantity: Decimal = Decimal(1)
    discount: Discount = Discount()
    optional: bool = False
    kind: str = LineKind.PRODUCT
    text: str = ""
    measure: Measure = Measure()
    options: tuple[int, ...] = ()
    """Of a bundle: the products of its options that are chosen."""
    list_price: Decimal = money.ZERO
    cost: Decimal | None = None
    vat_percent: Decimal = money.ZERO
    more: dict[str, Any] = field(default_factory=dict)
    """Fields of a line that have no rule: expected yearly volume, effort, specialist, feasibility, origin, whether chosen."""


def draft_for_update(
    quote_id: int, by: User, version: int | None, *, may: Callable[[User, Quote], bool] = policies.may_edit
) -> Quote:
    """The locked quote, still a draft, that this person may edit (`may`: change in another way), at the version they saw."""
    quote = selectors.quote_in_sight_for_update(by, quote_id)
    require(may(by, quote))
    if quote.status != QuoteStatus.DRAFT:
        raise WrongState(_("This quote is no longer a draft, so it cannot be changed."))
    versions.require(quote, version)
    return quote


def require_room(known: Sequence[pricing.Line], more: int = 1) -> None:
    """Raises: Invalid when so many more lines would be too many."""
    if len(known) + more > MOST_LINES:
        raise Invalid(TOO_MANY % {"most": MOST_LINES})


def line_of(quote: Quote, line_id: int) -> QuoteLine:
    """The line with its product. Raises: NotFound."""
    line = selectors.line_of(quote, line_id)
    if line is None:
        raise NotFound(_("This line is no longer there."))
    return line


def saved(quote: Quote, by: User, priced: pricing.PricedQuote | None, *fields: str) -> None:
    """Count the save, remember who made it; the totals are those of `priced`, None when nothing that has a price changed."""
    versions.bump(quote)
    quote.last_editor = by
    quote.priced = priced
    quote.save(update_fields=[*fields, *(TOTALS if priced else ()), "version", "last_editor"])


def price(quote: Quote, lines: Sequence[pricing.Line]) -> pricing.PricedQuote:
    """The quote with these lines priced in one pass, and its totals set. Raises Invalid for what is no discount or amount."""
    priced = pricing.price_quote(lines, selectors.header_of(quote))
    _require_amounts(priced)
    totals = priced.totals
    if max(totals.list_total, abs(totals.net_total), totals.gross_total) >= TOO_MUCH:
        raise Invalid(_("The total of the quote is too large."))
    quote.list_total, quote.net_total = totals.list_total, totals.net_total
    quote.gross_total = totals.gross_total
    margin = totals.margin_percent  # of next to nothing it is no figure worth keeping
    quote.margin_percent = None if margin is None or abs(margin) >= NO_FIGURE else margin
    return priced


def _require_amounts(priced: pricing.PricedQuote) -> None:
    if max([amount for row in priced.lines for amount in (row.line_list, row.line_net)], default=money.ZERO) >= TOO_MUCH_A_LINE:
        text = _("The amount of this line is too large.")
        raise Invalid(text, fields={"quantity": text})


def plain(line: QuoteLine, key: int) -> pricing.Line:
    """A line in memory as pricing sees it, with the decimals it will have once it is stored."""
    return pricing.Line(
        id=key,
        quantity=money.quantize(line.quantity, 3),
        list_price=line.list_price,
        vat_percent=money.quantize(line.vat_percent, 4),
        discount_kind=str(line.discount_kind),
        discount_value=money.quantize(line.discount_value, 4),
        cost=line.cost,
        floor_price=line.floor_price,
        optional=line.optional,
        selected=line.selected,
        outside_catalogue=line.product.outside_catalogue if line.product and not line.parts else None,
        kind=str(line.kind),
        alternative_to=line.alternative_to_id,
        numerator=line.numerator,
        denominator=line.denominator,
    )


def take_amounts(lines: Sequence[QuoteLine], priced: Sequence[pricing.PricedLine]) -> None:
    for line, row in zip(lines, priced, strict=True):
        line.line_list, line.line_net = row.line_list, row.line_net


def new_lines(quote: Quote, by: User, drafts: Sequence[LineDraft], *, start: int) -> list[QuoteLine]:
    """Lines in memory, with the prices of the day. Raises: Invalid naming the product."""
    require_room((), len(drafts))
    found = zip(drafts, _offers_of(quote, drafts), strict=True)
    return [_new_line(quote, by, draft, position, offer) for position, (draft, offer) in enumerate(found, start)]


def problems_of(quote: Quote, by: User, drafts: Sequence[LineDraft]) -> dict[int, Invalid]:
    """Why a draft of this quote would refuse a line, by its index among `drafts`; lines that it would take are left out."""
    problems = {}
    for index, (draft, offer) in enumerate(zip(drafts, _offers_of(quote, drafts), strict=True)):
        try:
            line = _new_line(quote, by, draft, 1, offer)
            if line.is_priced:
                _require_amounts(pricing.price_quote([plain(line, 1)], pricing.Header(quote.account_discount)))
        except Invalid as problem:
            problems[index] = problem
    return problems


def _offers_of(quote: Quote, drafts: Sequence[LineDraft]) -> list[Offer | None]:
    """What the catalogue says of each draft; None of what is no product."""
    found = iter(offers_for(quote, [_asked(draft) for draft in drafts if draft.product]))
    return [next(found) if draft.product else None for draft in drafts]


def _new_line(quote: Quote, by: User, draft: LineDraft, position: int, offer: Offer | None) -> QuoteLine:
    line = QuoteLine(
        quote=quote,
        position=position,
        kind=draft.kind,
        product=draft.product,
        text=draft.text,
        quantity=draft.quantity,
        unit=draft.measure.unit,
        numerator=draft.measure.numerator,
        denominator=draft.measure.denominator,
        list_price=draft.list_price,
        cost=draft.cost,
        vat_percent=draft.product.vat_rate.rate if draft.product else draft.vat_percent,
        discount_kind=draft.discount.kind,
        discount_value=draft.discount.value,
        optional=draft.optional,
        **draft.more,
    )
    if draft.product is not None and offer is not None:
        require_sold(draft.product)
        require_quantity(draft.product, draft.quantity)
        copy_prices(line, offer, options=draft.options)
    if line.is_priced:
        check_surcharge(by, line, quote)
    return line


def _asked(draft: LineDraft) -> Asked:
    assert draft.product is not None  # noqa: S101 - only these are asked for
    factor = Fraction(draft.measure.numerator, draft.measure.denominator)
    return Asked(draft.product, Fraction(draft.quantity) * factor if factor != 1 else draft.quantity, draft.options)


def asked_of(line: QuoteLine) -> Asked:
    """The product of a line as the catalogue is asked for it."""
    assert line.product is not None  # noqa: S101 - only these are asked for
    quantity = Fraction(line.quantity) * Fraction(line.numerator, line.denominator)
    return Asked(line.product, quantity, line_texts.options_of(line.parts))


def offers_for(quote: Quote, asked: Sequence[Asked]) -> list[Offer]:
    """What the catalogue says of each for this account on the price date: two queries, one more where there is a bundle, and
    one where something is priced by use."""
    if not asked:
        return []
    return offers.offers_on(asked, quote.price_date, price_lists_for(quote.account, quote.price_date))


def require_quantity(product: Product, quantity: Decimal) -> None:
    """Of some products nobody chooses how much: it is part of what they are."""
    if product.fixed_quantity is not None and quantity != product.fixed_quantity:
        text = _("%(sku)s is sold as %(quantity)s, which cannot be changed.") % {
            "sku": product.sku,
            "quantity": notation().quantity(product.fixed_quantity),
        }
        raise Invalid(text, fields={"quantity": text})


def require_sold(product: Product) -> None:
    if not product.is_active:
        text = _("%(sku)s is no longer sold.") % {"sku": product.sku}
        raise Invalid(text, fields={"product": text})


def keyed(made: Sequence[QuoteLine], known: Sequence[pricing.Line]) -> list[pricing.Line]:
    """The new lines that have a price as pricing sees them, under keys that follow those of the `known` ones."""
    after = max((line.id for line in known), default=0) + 1
    return [plain(line, key) for key, line in enumerate((line for line in made if line.is_priced), after)]


def insert(made: Sequence[QuoteLine], new: Sequence[pricing.Line], priced: pricing.PricedQuote, by: User) -> pricing.PricedQuote:
    """The lines stored with their amounts and history. `new`: those of `made` that have a price as they are in `priced`, which
    is answered with the keys that they have got."""
    if not made:
        return priced
    of_key = {line.id: line for line in new}
    rows = {row.line.id: row for row in priced.lines if row.line.id in of_key}
    with_price = [line for line in made if line.is_priced]
    take_amounts(with_price, [rows[line.id] for line in new])
    for line in made:
        line.quote_id = line.quote.pk  # which did not have its key yet when the lines were made
    bulk.insert_objects(QuoteLine, made)
    histories.record_created(QuoteLine, [line.pk for line in made], by=by)
    keys = {line.id: stored.pk for line, stored in zip(new, with_price, strict=True)}
    lines = (row._replace(line=row.line._replace(id=keys[row.line.id])) if row.line.id in keys else row for row in priced.lines)
    return replace(priced, lines=tuple(lines))


def update(lines: Sequence[QuoteLine], by: User) -> None:
    """Prices and amounts of lines stored in one statement, with history."""
    if not lines:
        return
    fields = [*(name.removesuffix("_id") for name in COPIED), *OF_OFFER, *AMOUNTS]
    QuoteLine.objects.bulk_create(lines, update_conflicts=True, unique_fields=["id"], update_fields=fields)
    histories.record_changed(QuoteLine, [line.pk for line in lines], by=by)


def stored(line: QuoteLine) -> list[Any]:
    return [getattr(line, name) for name in (*COPIED, *OF_OFFER, *AMOUNTS)]


def copy_prices(line: QuoteLine, offer: Offer, *, options: Sequence[int] | None = None) -> None:
    """The prices, parts and prices by use of the offer, on the line. Raises: Invalid saying why there are none that day."""
    if offer.price is None:
        raise Invalid(offer.problem, fields={"product": offer.problem})
    for name in COPIED:
        setattr(line, name, getattr(offer.price, name))
    line.usage = offer.usage
    chosen = line_texts.options_of(line.parts) if options is None else options
    line.parts = {"options": sorted(chosen), "parts": offer.parts} if offer.parts else []


def check_surcharge(by: User, line: QuoteLine, quote: Quote) -> None:
    """Selling above the base price, in whatever way it was typed, is for those who may."""
    base = pricing.base_price(line.list_price, quote.account_discount)
    above = line.discount_value > base if line.discount_kind == DiscountKind.NET_PRICE else line.discount_value < 0
    if above and not policies.may_surcharge(by):
        text = _("A price above the list price is not among your rights.")
        raise Invalid(text, fields={"net_price" if line.discount_kind == DiscountKind.NET_PRICE else "discount": text})


def check_header(by: User, quote: Quote) -> None:
    kind, value = quote.header_discount_kind, quote.header_discount_value
    if kind == HeaderDiscountKind.PERCENT and not -100 <= value <= 100:
        text = _("The discount must be between 0 and 100 %.")
    elif value < 0 and not policies.may_surcharge(by):
        text = _("A price above the list price is not among your rights.")
    else:
        return
    raise Invalid(text, fields={"header_discount": text})
