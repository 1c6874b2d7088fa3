"""Making and changing drafts. Every change locks the quote, checks the version, writes what changed and the totals."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Max
from django.utils.translation import gettext_lazy as _
from simple_history.utils import bulk_create_with_history

from accounts.models import Account, Contact, PaymentTerm, PaymentType
from accounts.selectors import payment_term_advice
from catalog import selectors as catalog
from catalog.models import Product
from core import clock, events, numbering, versions
from core.errors import Invalid, NotFound, WrongState, require
from opportunities import services as opportunities
from opportunities.models import Opportunity
from quotes import policies, pricing, selectors
from quotes.choices import DiscountKind, HeaderDiscountKind, QuoteStatus
from quotes.models import Quote, QuoteLine
from users.models import Language, User
from users.roles import Perm

SERIES = "Q"
VALID_DAYS = 30
MOST_LINES = 1000
TOO_MUCH = Decimal(10) ** 12
NO_FIGURE = Decimal(10) ** 6
_TOO_MANY = _("A quote has at most %(most)s lines.")
TOTALS = ["list_total", "net_total", "gross_total", "margin_percent"]


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
    account = Account.objects.visible_to(by).filter(pk=account_id).first()
    if account is None:
        raise NotFound(_("There is no such account."))
    if account.status != "active":
        text = _("This account is inactive.")
        raise Invalid(text, fields={"account": text})
    contact = account.contacts.filter(is_default=True).first()
    quote = Quote(
        number=numbering.next_number(SERIES),
        account=account,
        opportunity=_opportunity(by, account, opportunity_id),
        contact=contact,
        owner=by,
        last_editor=by,
        language=language or (contact.language if contact else "") or account.language or Language.FINNISH,
        valid_until=clock.today() + dt.timedelta(days=VALID_DAYS),
        price_date=clock.today(),
        payment_term=account.payment_term or payment_term_advice(account, None).payment_term,
        payment_type=account.payment_type or PaymentType.objects.filter(is_active=True).first(),
        account_discount=account.default_discount,
    )
    if header is not None:
        quote.header_discount_kind, quote.header_discount_value = header.kind, header.value
        _check_header(by, quote)
    quote.save()
    _add_lines(quote, by, lines, start=1)
    if lines:
        _total_up(quote)
        quote.save(update_fields=TOTALS)
    events.record(quote, "created", by=by)
    if quote.opportunity_id:
        opportunities.opportunity_follow_quote(opportunity_id=quote.opportunity_id, stage="quoting", by=by)
    return quote


@transaction.atomic
def line_add(*, quote_id: int, draft: LineDraft, by: User, version: int | None = None) -> QuoteLine:
    """The product as the last line of the draft. Raises: NotFound, NotAllowed, WrongState, StaleVersion, Invalid."""
    quote = _draft_for_update(quote_id, by, version)
    places = quote.lines.aggregate(last=Max("position"), count=Count("pk"))
    if places["count"] >= MOST_LINES:
        raise Invalid(_TOO_MANY % {"most": MOST_LINES})
    line = _add_lines(quote, by, [draft], start=(places["last"] or 0) + 1)[0]
    _saved(quote, by)
    return line


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
    line = quote.lines.select_related("product").filter(pk=line_id).first()
    if line is None:
        raise NotFound(_("This line is no longer there."))
    if quantity is not None:
        line.quantity = quantity
        _copy_prices(line, catalog.prices_on([line.product_id], quote.price_date).get(line.product_id, []))
    if discount is not None:
        line.discount_kind, line.discount_value = discount.kind, discount.value
        _check_surcharge(by, line, quote)
    if optional is not None:
        line.optional, line.selected = optional, False
    _price(line, quote)
    line.save()
    _saved(quote, by)
    return line


@transaction.atomic
def line_remove(*, quote_id: int, line_id: int, by: User, version: int | None = None) -> None:
    """The draft without the line. Raises: as `line_add`."""
    quote = _draft_for_update(quote_id, by, version)
    line = quote.lines.filter(pk=line_id).first()
    if line is None:
        raise NotFound(_("This line is no longer there."))
    line.delete()
    _saved(quote, by)


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
    for name, value in changes.items():
        if name == "header_discount":
            quote.header_discount_kind, quote.header_discount_value = value.kind, value.value
            fields += ["header_discount_kind", "header_discount_value"]
            _check_header(by, quote)
        else:
            setattr(quote, name, _checked(quote, by, name, value))
            fields.append(name)
    _saved(quote, by, *fields)
    if quote.opportunity_id and "opportunity" in changes:
        opportunities.opportunity_follow_quote(opportunity_id=quote.opportunity_id, stage="quoting", by=by)
    return quote


@transaction.atomic
def quote_reprice(*, quote_id: int, by: User, version: int | None = None) -> Quote:
    """The draft at today's prices; typed discounts stay as typed. Raises: as `line_add`."""
    quote = _draft_for_update(quote_id, by, version)
    quote.price_date = clock.today()
    lines = list(quote.lines.select_related("product"))
    prices = catalog.prices_on([line.product_id for line in lines], quote.price_date)
    for line in lines:
        _copy_prices(line, prices.get(line.product_id, []))
        _price(line, quote)
        line.save()
    _saved(quote, by, "price_date")
    events.record(quote, "repriced", by=by)
    return quote


@transaction.atomic
def quote_revise(*, quote_id: int, by: User) -> Quote:
    """A new revision in draft with the same lines; the old one holds until the new one is sent.

    Raises: NotAllowed, WrongState when the quote cannot be revised or a draft of it is open.
    """
    number = Quote.objects.filter(pk=quote_id).values_list("number", flat=True).first() or ""
    revisions = selectors.revisions_for_update(number)
    old = selectors.quote_for_update(quote_id)
    selectors.require_in_sight(by, old)
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
    copies = bulk_create_with_history(lines, QuoteLine, default_user=by)
    at = {line.position: line for line in copies}
    for position, of in alternatives.items():
        at[position].alternative_to = at[of]
        at[position].save(update_fields=["alternative_to"])


def _draft_for_update(quote_id: int, by: User, version: int | None) -> Quote:
    """The locked quote, still a draft, that this person may edit, at the version they saw."""
    quote = selectors.quote_for_update(quote_id)
    selectors.require_in_sight(by, quote)
    require(policies.may_edit(by, quote))
    if quote.status != QuoteStatus.DRAFT:
        raise WrongState(_("This quote is no longer a draft, so it cannot be changed."))
    versions.require(quote, version)
    return quote


def _saved(quote: Quote, by: User, *fields: str) -> None:
    """Count the save, remember who made it, bring the totals up to date."""
    versions.bump(quote)
    quote.last_editor = by
    _total_up(quote)
    quote.save(update_fields=[*fields, *TOTALS, "version", "last_editor"])


def _total_up(quote: Quote) -> None:
    totals = selectors.priced(quote).totals
    if max(totals.list_total, abs(totals.net_total), totals.gross_total) >= TOO_MUCH:
        raise Invalid(_("The total of the quote is too large."))
    quote.list_total, quote.net_total = totals.list_total, totals.net_total
    quote.gross_total = totals.gross_total
    margin = totals.margin_percent  # of next to nothing it is no figure worth keeping
    quote.margin_percent = None if margin is None or abs(margin) >= NO_FIGURE else margin


def _add_lines(quote: Quote, by: User, drafts: Iterable[LineDraft], *, start: int) -> list[QuoteLine]:
    drafts = list(drafts)
    if len(drafts) > MOST_LINES:
        raise Invalid(_TOO_MANY % {"most": MOST_LINES})
    prices = catalog.prices_on([draft.product.pk for draft in drafts], quote.price_date)
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
        _price(line, quote)
        lines.append(line)
    created: list[QuoteLine] = bulk_create_with_history(lines, QuoteLine, default_user=by) if lines else []
    return created


def _copy_prices(line: QuoteLine, prices: list[Any]) -> None:
    price = catalog.price_for(prices, line.quantity)
    if price is None:
        text = _("%(sku)s has no price on the date of this quote.") % {"sku": line.product.sku}
        raise Invalid(text, fields={"product": text})
    line.list_price, line.cost, line.floor_price = price.list_price, price.cost, price.floor_price


def _price(line: QuoteLine, quote: Quote) -> None:
    """Line amounts from what was typed; a line that would leave the range of an amount is refused."""
    plain = pricing.Line(
        id=0,
        quantity=line.quantity,
        list_price=line.list_price,
        vat_percent=line.vat_percent,
        discount_kind=line.discount_kind,
        discount_value=line.discount_value,
    )
    line.line_list, line.line_net = pricing.line_amounts(plain, quote.account_discount)
    if max(line.line_list, line.line_net) >= Decimal(10) ** 10:
        text = _("The amount of this line is too large.")
        raise Invalid(text, fields={"quantity": text})


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
