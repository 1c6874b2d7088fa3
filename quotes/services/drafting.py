"""Making and changing drafts. Every change locks the quote, checks the version, writes what changed and the totals."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Contact, PaymentTerm
from accounts.selectors import payment_term_advice, payment_types_in_use
from core import clock, events, histories, numbering
from core.errors import Invalid, NotFound, WrongState, require
from opportunities import services as opportunities
from opportunities.models import Opportunity
from quotes import policies, price_offers, pricing, selectors, starter_selectors
from quotes.choices import PRICED_KINDS, HeaderDiscountKind, QuoteStatus
from quotes.models import Quote, QuoteLine
from quotes.services.attachments import attachments_carry_over
from quotes.services.pricing_lines import (
    Discount,
    LineDraft,
    asked_of,
    check_header,
    copy_prices,
    draft_for_update,
    insert,
    keyed,
    new_lines,
    offers_for,
    plain,
    price,
    saved,
    stored,
    take_amounts,
    update,
)
from quotes.services.starter_packs import with_starter_pack
from users.models import Language, User
from users.roles import Perm

SERIES = "Q"
VALID_DAYS = 30


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

    Below its lines stands the starter pack of a new customer, where that is added by itself. Raises: NotFound for an account or
    opportunity out of sight, Invalid for an inactive account or a bad line.
    """
    require(by.may(Perm.QUOTE_EDIT))
    found = starter_selectors.account_to_quote(by, account_id)
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
        payment_type=account.payment_type or next(iter(payment_types_in_use()), None),
        account_discount=account.default_discount,
    )
    if header is not None:
        quote.header_discount_kind, quote.header_discount_value = header.kind, header.value
        check_header(by, quote)
    made = new_lines(quote, by, lines, start=1)
    new = keyed(made, [])
    priced = price(quote, new)
    quote.number = numbering.next_number(SERIES)  # late: the counter is held until commit
    quote.save(force_insert=True)
    quote.priced = insert(made, new, priced, by)
    events.record(quote, "created", by=by)
    if quote.opportunity_id:
        opportunities.opportunity_follow_quote(opportunity_id=quote.opportunity_id, stage="quoting", by=by)
    return with_starter_pack(quote, by) if found.has_packs else quote


FIELDS = frozenset(
    {
        "opportunity", "contact", "language", "valid_until", "payment_term", "payment_term_reason", "payment_type",
        "customer_note", "internal_note",
    }
)  # fmt: skip
CHANGEABLE = FIELDS | {"header_discount", "header_target"}


@transaction.atomic
def quote_change(*, quote_id: int, by: User, version: int | None = None, **changes: Any) -> Quote:
    """The draft's head with `changes` (of `CHANGEABLE`) made. Raises: as `line_add`.

    `header_discount` is a `Discount`; `header_target` the net total that is wanted, EUR, for which the discount is worked out.
    """
    quote = draft_for_update(quote_id, by, version)
    unknown = set(changes) - CHANGEABLE
    if unknown:
        raise Invalid(fields=dict.fromkeys(sorted(unknown), _("This cannot be changed.")))
    fields: list[str] = []
    priced = None
    for name, value in changes.items():
        if name == "header_discount":
            quote.header_discount_kind, quote.header_discount_value = value.kind, value.value
            fields += ["header_discount_kind", "header_discount_value"]
            check_header(by, quote)
            priced = price(quote, selectors.amount_lines(quote.pk))
        elif name == "header_target":
            lines = selectors.amount_lines(quote.pk)
            _aim_at(quote, lines, value)
            fields += ["header_discount_kind", "header_discount_value"]
            check_header(by, quote)
            priced = price(quote, lines)
        else:
            setattr(quote, name, _checked(quote, by, name, value))
            fields.append(name)
    saved(quote, by, priced, *fields)
    if quote.opportunity_id and "opportunity" in changes:
        opportunities.opportunity_follow_quote(opportunity_id=quote.opportunity_id, stage="quoting", by=by)
    return quote


def _aim_at(quote: Quote, lines: Sequence[pricing.Line], target: Decimal) -> None:
    """The discount on the whole quote is the amount that leaves this net total."""
    total = pricing.price_quote(lines, pricing.Header(quote.account_discount)).totals.line_total
    if target < 0:
        text = _("The price cannot be negative.")
        raise Invalid(text, fields={"header_target": text})
    less = total - target
    quote.header_discount_kind = HeaderDiscountKind.AMOUNT if less else HeaderDiscountKind.NONE
    quote.header_discount_value = less


@transaction.atomic
def quote_reprice(*, quote_id: int, by: User, version: int | None = None, seen: str = "") -> Quote:
    """The draft at today's prices; typed discounts stay as typed.

    `seen`: the mark of what the person was shown, if that was asked for (`price_offers.price_offer`). Raises: as `line_add`;
    WrongState when something else would change by now.
    """
    quote = draft_for_update(quote_id, by, version)
    if seen:
        _require_offer(quote, seen)
    since, net_before, quote.price_date = quote.price_date, quote.net_total, clock.today()
    lines = list(quote.lines.filter(kind__in=PRICED_KINDS).select_related("product").order_by("position", "id"))
    of_products = [line for line in lines if line.product_id is not None]
    before = {line.pk: stored(line) for line in lines}
    for line, offer in zip(of_products, offers_for(quote, [asked_of(line) for line in of_products]), strict=True):
        copy_prices(line, offer)
    priced = price(quote, [plain(line, line.pk) for line in lines])
    take_amounts(lines, priced.lines)
    update([line for line in lines if stored(line) != before[line.pk]], by)
    saved(quote, by, priced, "price_date")
    events.record(quote, "repriced", by=by, since=since.isoformat(), net=[str(net_before), str(quote.net_total)])
    return quote


@transaction.atomic
def quote_keep_prices(*, quote_id: int, by: User, seen: str = "") -> Quote:
    """The draft as it is, and nobody is told again of the prices that differ now. Raises: as `quote_reprice`."""
    quote = draft_for_update(quote_id, by, None)
    found = _require_offer(quote, seen)
    if found.offer.lines and not price_offers.is_kept(quote, found):
        events.record(quote, price_offers.PRICES_KEPT, by=by, offer=found.mark)
    return quote


def _require_offer(quote: Quote, seen: str) -> price_offers.PriceOffer:
    """What today's prices would change, as long as it is what was `seen`; anything where nothing was."""
    found = price_offers.price_offer(quote)
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
    new.sent_at = new.sent_by = new.once_approved = None
    new.valid_until = max(new.valid_until, clock.today() + dt.timedelta(days=VALID_DAYS))
    new.save()
    _copy_lines(lines, new, by)
    attachments_carry_over(old, new)
    events.record(new, "created", by=by, revision_of=old.revision)
    return new


def _copy_lines(lines: list[QuoteLine], new: Quote, by: User) -> None:
    """The lines, on the new revision; alternatives follow their line."""
    alternatives = {line.position: line.alternative_to.position for line in lines if line.alternative_to}
    for line in lines:
        line.origin, line.pk, line.quote, line.alternative_to = line.pk, None, new, None
    QuoteLine.objects.bulk_create(lines)
    histories.record_created(QuoteLine, [line.pk for line in lines], by=by)
    at = {line.position: line for line in lines}
    for position, of in alternatives.items():
        at[position].alternative_to = at[of]
        at[position].save(update_fields=["alternative_to"])


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
