"""Making and changing drafts. Every change locks the quote, checks the version, writes what changed and the totals."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Contact, PaymentTerm
from accounts.selectors import account_to_quote, payment_term_advice, usual_payment_type
from catalog import selectors as catalog
from catalog.models import Product
from core import clock, events, histories, money, numbering, versions
from core.errors import Invalid, NotFound, WrongState, require
from opportunities import services as opportunities
from opportunities.models import Opportunity
from quotes import policies, pricing, selectors
from quotes.choices import DiscountKind, HeaderDiscountKind, QuoteStatus
from quotes.models import Quote, QuoteLine
from quotes.repricing import PRICES
from users.models import Language, User
from users.roles import Perm

SERIES = "Q"
VALID_DAYS = 30
MOST_LINES = 1000
TOO_MUCH = Decimal(10) ** 12
TOO_MUCH_A_LINE = Decimal(10) ** 10
NO_FIGURE = Decimal(10) ** 6
_TOO_MANY = _("A quote has at most %(most)s lines.")
TOTALS = ("list_total", "net_total", "gross_total", "margin_percent")
AMOUNTS = ("line_list", "line_net")


@dataclass(frozen=True)
class Discount:
    """A discount as typed: percent (10 = 10 %), amount per unit in EUR, or net unit price in EUR."""

    kind: str = DiscountKind.NONE
    value: Decimal = Decimal(0)


@dataclass(frozen=True)
class LineDraft:
    """A line to add: the product and how much of it."""

    product: Product
    quantity: Decimal
    discount: Discount = Discount()
    optional: bool = False


@transaction.atomic
def quote_create(
    *,
    account_id: int,
    by: User,
    opportunity_id: int | None = None,
    language: str = "",
    lines: Sequence[LineDraft] = (),
    header: Discount | None = None,
) -> Quote:
    """A numbered draft for the account, with its payment term advised and everything else prefilled.

    Raises: NotFound for an account or opportunity out of sight, Invalid for an inactive account or a bad line.
    """
    require(by.may(Perm.QUOTE_EDIT))
    found = account_to_quote(by, account_id)
    if found is None:
        raise NotFound(_("There is no such account."))
    account = found.account
    if account.status != "active":
        text = _("This account is inactive.")
        raise Invalid(text, fields={"account": text})
    quote = Quote(
        account=account,
        opportunity=_opportunity(by, account, opportunity_id),
        contact_id=found.contact_id,
        owner=by,
        last_editor=by,
        language=language or found.contact_language or account.language or Language.FINNISH,
        valid_until=clock.today() + dt.timedelta(days=VALID_DAYS),
        price_date=clock.today(),
        payment_term=account.payment_term or payment_term_advice(account, None).payment_term,
        payment_type=account.payment_type or usual_payment_type(),
        account_discount=account.default_discount,
    )
    if header is not None:
        quote.header_discount_kind, quote.header_discount_value = header.kind, header.value
        _check_header(by, quote)
    made = _new_lines(quote, by, lines, start=1)
    priced = _price(quote, [_plain(line, line.position) for line in made])
    quote.number = numbering.next_number(SERIES)  # late: the counter is held until commit
    quote.save(force_insert=True)
    quote.priced = _insert(made, priced, by)
    events.record(quote, "created", by=by)
    if quote.opportunity_id:
        opportunities.opportunity_follow_quote(opportunity_id=quote.opportunity_id, stage="quoting", by=by)
    return quote


@transaction.atomic
def line_add(*, quote_id: int, draft: LineDraft, by: User, version: int | None = None) -> QuoteLine:
    """The product as the last line of the draft. Raises: NotFound, NotAllowed, WrongState, StaleVersion, Invalid."""
    quote = _draft_for_update(quote_id, by, version)
    lines = selectors.pricing_lines(quote.pk)
    if len(lines) >= MOST_LINES:
        raise Invalid(_TOO_MANY % {"most": MOST_LINES})
    made = _new_lines(quote, by, [draft], start=selectors.last_position(quote) + 1)
    new = _plain(made[0], max((line.id for line in lines), default=0) + 1)
    priced = _insert(made, _price(quote, [*lines, new]), by)
    _saved(quote, by, priced)
    return made[0]


@transaction.atomic
def line_change(
    *,
    quote_id: int,
    line_id: int,
    by: User,
    version: int | None = None,
    quantity: Decimal | None = None,
    discount: Discount | None = None,
    optional: bool | None = None,
) -> QuoteLine:
    """The line with what was given changed; the price follows the quantity's break. Raises: as `line_add`."""
    quote = _draft_for_update(quote_id, by, version)
    line = _line(quote, line_id)
    changed = {*AMOUNTS}
    if quantity is not None:
        line.quantity = quantity
        _copy_prices(line, catalog.prices_on([line.product_id], quote.price_date).get(line.product_id, []))
        changed |= {"quantity", *PRICES}
    if discount is not None:
        line.discount_kind, line.discount_value = discount.kind, discount.value
        _check_surcharge(by, line, quote)
        changed |= {"discount_kind", "discount_value"}
    if optional is not None:
        line.optional, line.selected = optional, False
        changed |= {"optional", "selected"}
    others = selectors.pricing_lines(quote.pk)
    place = [other.id for other in others].index(line.pk)
    priced = _price(quote, [*others[:place], _plain(line, line.pk), *others[place + 1 :]])
    _take_amounts([line], priced.lines[place : place + 1])
    line.save(update_fields=changed)
    _saved(quote, by, priced)
    return line


@transaction.atomic
def line_remove(*, quote_id: int, line_id: int, by: User, version: int | None = None) -> Quote:
    """The draft without the line. Raises: as `line_add`."""
    quote = _draft_for_update(quote_id, by, version)
    line = _line(quote, line_id)
    priced = _price(quote, [other for other in selectors.pricing_lines(quote.pk) if other.id != line.pk])
    line.delete()
    _saved(quote, by, priced)
    return quote


CHANGEABLE = frozenset(
    {
        "opportunity", "contact", "language", "valid_until", "payment_term", "payment_term_reason", "payment_type",
        "customer_note", "internal_note", "header_discount",
    }
)  # fmt: skip


@transaction.atomic
def quote_change(*, quote_id: int, by: User, version: int | None = None, **changes: Any) -> Quote:
    """The draft's head with `changes` (of `CHANGEABLE`; `header_discount` is a `Discount`) made. Raises: as `line_add`."""
    quote = _draft_for_update(quote_id, by, version)
    unknown = set(changes) - CHANGEABLE
    if unknown:
        raise Invalid(fields=dict.fromkeys(sorted(unknown), _("This cannot be changed.")))
    fields: list[str] = []
    priced = None
    for name, value in changes.items():
        if name == "header_discount":
            quote.header_discount_kind, quote.header_discount_value = value.kind, value.value
            fields += ["header_discount_kind", "header_discount_value"]
            _check_header(by, quote)
            priced = _price(quote, selectors.pricing_lines(quote.pk))
        else:
            setattr(quote, name, _checked(quote, by, name, value))
            fields.append(name)
    _saved(quote, by, priced, *fields)
    if quote.opportunity_id and "opportunity" in changes:
        opportunities.opportunity_follow_quote(opportunity_id=quote.opportunity_id, stage="quoting", by=by)
    return quote


@transaction.atomic
def quote_reprice(*, quote_id: int, by: User, version: int | None = None, seen: str = "") -> Quote:
    """The draft at today's prices; typed discounts stay as typed.

    `seen`: the mark of what the person was shown, if that was asked for (`selectors.price_offer`). Raises: as `line_add`;
    WrongState when something else would change by now.
    """
    quote = _draft_for_update(quote_id, by, version)
    if seen:
        _require_offer(quote, seen)
    since, net_before, quote.price_date = quote.price_date, quote.net_total, clock.today()
    lines = list(quote.lines.select_related("product").order_by("position", "id"))
    prices = catalog.prices_on([line.product_id for line in lines], quote.price_date)
    before = {line.pk: _stored(line) for line in lines}
    for line in lines:
        _copy_prices(line, prices.get(line.product_id, []))
    priced = _price(quote, [_plain(line, line.pk) for line in lines])
    _take_amounts(lines, priced.lines)
    _update([line for line in lines if _stored(line) != before[line.pk]], by)
    _saved(quote, by, priced, "price_date")
    events.record(quote, "repriced", by=by, since=since.isoformat(), net=[str(net_before), str(quote.net_total)])
    return quote


@transaction.atomic
def quote_keep_prices(*, quote_id: int, by: User, seen: str = "") -> Quote:
    """The draft as it is, and nobody is told again of the prices that differ now. Raises: as `quote_reprice`."""
    quote = _draft_for_update(quote_id, by, None)
    found = _require_offer(quote, seen)
    if found.offer.lines and not selectors.is_kept(quote, found):
        events.record(quote, selectors.PRICES_KEPT, by=by, offer=found.mark)
    return quote


def _require_offer(quote: Quote, seen: str) -> selectors.PriceOffer:
    """What today's prices would change, as long as it is what was `seen`; anything where nothing was."""
    found = selectors.price_offer(quote)
    if seen and seen != found.mark:
        raise WrongState(_("The prices have changed once more. Look again at what would change."))
    return found


@transaction.atomic
def quote_revise(*, quote_id: int, by: User) -> Quote:
    """A new revision in draft with the same lines; the old one holds until the new one is sent.

    Raises: NotAllowed, WrongState when the quote cannot be revised or a draft of it is open.
    """
    old, revisions = selectors.revisions_for_update(by, quote_id)
    require(policies.may_edit(by, old))
    revisable = {QuoteStatus.APPROVED, QuoteStatus.SENT, QuoteStatus.DECLINED, QuoteStatus.EXPIRED}
    if old.status not in revisable:
        raise WrongState(_("Only an approved, sent, declined or expired quote can be revised."))
    if any(revision.status in (QuoteStatus.DRAFT, QuoteStatus.IN_REVIEW) for revision in revisions):
        raise WrongState(_("A newer revision of this quote is already being made."))
    lines = list(old.lines.select_related("alternative_to").order_by("position", "id"))
    new = Quote.objects.get(pk=old.pk)
    new.pk = None
    new._state.adding = True
    new.status = Quote._meta.get_field("status").default  # a copy starts its life anew
    new.revision = max(revision.revision for revision in revisions) + 1
    new.previous, new.owner, new.last_editor, new.version = old, old.owner, by, 1
    new.sent_at = new.sent_by = None
    new.valid_until = max(new.valid_until, clock.today() + dt.timedelta(days=VALID_DAYS))
    new.save()
    _copy_lines(lines, new, by)
    events.record(new, "created", by=by, revision_of=old.revision)
    return new


def _copy_lines(lines: list[QuoteLine], new: Quote, by: User) -> None:
    """The lines, on the new revision; alternatives follow their line."""
    alternatives = {line.position: line.alternative_to.position for line in lines if line.alternative_to}
    for line in lines:
        line.pk, line.quote, line.alternative_to = None, new, None
    QuoteLine.objects.bulk_create(lines)
    histories.record_created(QuoteLine, [line.pk for line in lines], by=by)
    at = {line.position: line for line in lines}
    for position, of in alternatives.items():
        at[position].alternative_to = at[of]
        at[position].save(update_fields=["alternative_to"])


def _draft_for_update(quote_id: int, by: User, version: int | None) -> Quote:
    """The locked quote, still a draft, that this person may edit, at the version they saw."""
    quote = selectors.quote_in_sight_for_update(by, quote_id)
    require(policies.may_edit(by, quote))
    if quote.status != QuoteStatus.DRAFT:
        raise WrongState(_("This quote is no longer a draft, so it cannot be changed."))
    versions.require(quote, version)
    return quote


def _line(quote: Quote, line_id: int) -> QuoteLine:
    line = selectors.line_of(quote, line_id)
    if line is None:
        raise NotFound(_("This line is no longer there."))
    return line


def _saved(quote: Quote, by: User, priced: pricing.PricedQuote | None, *fields: str) -> None:
    """Count the save, remember who made it; the totals are those of `priced`, None when nothing that has a price changed."""
    versions.bump(quote)
    quote.last_editor = by
    quote.priced = priced
    quote.save(update_fields=[*fields, *(TOTALS if priced else ()), "version", "last_editor"])


def _price(quote: Quote, lines: Sequence[pricing.Line]) -> pricing.PricedQuote:
    """The quote with these lines priced in one pass, and its totals set. Raises Invalid for what is no discount or amount."""
    priced = pricing.price_quote(lines, selectors.header_of(quote))
    if max([amount for row in priced.lines for amount in (row.line_list, row.line_net)], default=money.ZERO) >= TOO_MUCH_A_LINE:
        text = _("The amount of this line is too large.")
        raise Invalid(text, fields={"quantity": text})
    totals = priced.totals
    if max(totals.list_total, abs(totals.net_total), totals.gross_total) >= TOO_MUCH:
        raise Invalid(_("The total of the quote is too large."))
    quote.list_total, quote.net_total = totals.list_total, totals.net_total
    quote.gross_total = totals.gross_total
    margin = totals.margin_percent  # of next to nothing it is no figure worth keeping
    quote.margin_percent = None if margin is None or abs(margin) >= NO_FIGURE else margin
    return priced


def _plain(line: QuoteLine, key: int) -> pricing.Line:
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
        outside_catalogue=line.product.outside_catalogue,
    )


def _take_amounts(lines: Sequence[QuoteLine], priced: Sequence[pricing.PricedLine]) -> None:
    for line, row in zip(lines, priced, strict=True):
        line.line_list, line.line_net = row.line_list, row.line_net


def _new_lines(quote: Quote, by: User, drafts: Sequence[LineDraft], *, start: int) -> list[QuoteLine]:
    """Lines in memory, with the prices of the day."""
    if len(drafts) > MOST_LINES:
        raise Invalid(_TOO_MANY % {"most": MOST_LINES})
    prices = catalog.prices_on([draft.product.pk for draft in drafts], quote.price_date) if drafts else {}
    lines = []
    for position, draft in enumerate(drafts, start):
        product = draft.product
        if not product.is_active:
            text = _("%(sku)s is no longer sold.") % {"sku": product.sku}
            raise Invalid(text, fields={"product": text})
        line = QuoteLine(
            quote=quote,
            position=position,
            product=product,
            quantity=draft.quantity,
            vat_percent=product.vat_rate.rate,
            discount_kind=draft.discount.kind,
            discount_value=draft.discount.value,
            optional=draft.optional,
        )
        _copy_prices(line, prices.get(product.pk, []))
        _check_surcharge(by, line, quote)
        lines.append(line)
    return lines


def _insert(made: Sequence[QuoteLine], priced: pricing.PricedQuote, by: User) -> pricing.PricedQuote:
    """The lines stored with their amounts and history; they are the last ones of `priced`, which is answered with their keys."""
    if not made:
        return priced
    old, new = priced.lines[: -len(made)], priced.lines[-len(made) :]
    _take_amounts(made, new)
    for line in made:
        line.quote_id = line.quote.pk  # which did not have its key yet when the lines were made
    QuoteLine.objects.bulk_create(made)
    histories.record_created(QuoteLine, [line.pk for line in made], by=by)
    keyed = (row._replace(line=row.line._replace(id=line.pk)) for line, row in zip(made, new, strict=True))
    return pricing.PricedQuote((*old, *keyed), priced.totals)


def _update(lines: Sequence[QuoteLine], by: User) -> None:
    """Prices and amounts of lines stored in one statement, with history."""
    if not lines:
        return
    fields = [*PRICES, *AMOUNTS]
    QuoteLine.objects.bulk_create(lines, update_conflicts=True, unique_fields=["id"], update_fields=fields)
    histories.record_changed(QuoteLine, [line.pk for line in lines], by=by)


def _stored(line: QuoteLine) -> list[Any]:
    return [getattr(line, name) for name in (*PRICES, *AMOUNTS)]


def _copy_prices(line: QuoteLine, prices: list[Any]) -> None:
    price = catalog.price_for(prices, line.quantity)
    if price is None:
        text = _("%(sku)s has no price on the date of this quote.") % {"sku": line.product.sku}
        raise Invalid(text, fields={"product": text})
    for name in PRICES:
        setattr(line, name, getattr(price, name))


def _check_surcharge(by: User, line: QuoteLine, quote: Quote) -> None:
    """Selling above the base price, in whatever way it was typed, is for those who may."""
    base = pricing.base_price(line.list_price, quote.account_discount)
    above = line.discount_value > base if line.discount_kind == DiscountKind.NET_PRICE else line.discount_value < 0
    if above and not policies.may_surcharge(by):
        text = _("A price above the list price is not among your rights.")
        raise Invalid(text, fields={"net_price" if line.discount_kind == DiscountKind.NET_PRICE else "discount": text})


def _check_header(by: User, quote: Quote) -> None:
    kind, value = quote.header_discount_kind, quote.header_discount_value
    if kind == HeaderDiscountKind.PERCENT and not -100 <= value <= 100:
        text = _("The discount must be between 0 and 100 %.")
    elif value < 0 and not policies.may_surcharge(by):
        text = _("A price above the list price is not among your rights.")
    else:
        return
    raise Invalid(text, fields={"header_discount": text})


def _opportunity(by: User, account: Account, opportunity_id: int | None) -> Opportunity | None:
    if opportunity_id is None:
        return None
    opportunity = Opportunity.objects.visible_to(by).filter(pk=opportunity_id, account=account).first()
    if opportunity is None:
        text = _("There is no such opportunity on this account.")
        raise Invalid(text, fields={"opportunity": text})
    return opportunity


def _checked(quote: Quote, by: User, name: str, value: Any) -> Any:
    """`value` for a field of the head, when it belongs to this account and makes sense."""
    if name == "opportunity" and value is not None:
        return _opportunity(by, quote.account, value.pk)
    if name == "contact" and value is not None and not Contact.objects.filter(pk=value.pk, account=quote.account).exists():
        text = _("There is no such contact on this account.")
        raise Invalid(text, fields={"contact": text})
    if name == "valid_until" and not clock.today() <= value <= clock.today() + dt.timedelta(days=366):
        text = _("The last valid day must be between today and a year from now.")
        raise Invalid(text, fields={"valid_until": text})
    if name == "payment_term" and not isinstance(value, PaymentTerm):
        text = _("Choose a payment term.")
        raise Invalid(text, fields={"payment_term": text})
    return value
