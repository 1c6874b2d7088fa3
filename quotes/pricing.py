"""What a quote costs: pure functions over plain values, the same for page, program and document.

Waterfall of a line: list price → account discount → *base* → line discount → line net → share of the header discount.
Each line's net is rounded once, half-up. Source: docs/adr/0004-rounding.md, docs/pricing.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from core import money
from core.errors import Invalid
from core.money import ZERO
from quotes.choices import DiscountKind, HeaderDiscountKind

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Line:
    """One line as typed and as the price list has it. Unit prices EUR, percents as numbers (10 = 10 %); None: unknown."""

    id: int
    quantity: Decimal
    list_price: Decimal
    vat_percent: Decimal
    discount_kind: str = DiscountKind.NONE
    discount_value: Decimal = ZERO
    cost: Decimal | None = None
    floor_price: Decimal | None = None
    optional: bool = False
    selected: bool = False
    outside_catalogue: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is in the totals: an optional line is, once it is chosen."""
        return self.selected or not self.optional


@dataclass(frozen=True, slots=True)
class Header:
    """What holds for the whole quote: the account's discount in percent, and the header discount as typed."""

    account_discount: Decimal | None = None
    discount_kind: str = HeaderDiscountKind.NONE
    discount_value: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with its prices. `share` is its part of the header discount; `net` is what is left: `line_net - share`."""

    line: Line
    base_price: Decimal
    net_price: Decimal
    line_list: Decimal
    line_net: Decimal
    share: Decimal

    @property
    def net(self) -> Decimal:
        return self.line_net - self.share

    @property
    def discount_amount(self) -> Decimal:
        """Shown discount per unit, 4 places: list − net, before the header share."""
        return money.unit_price(self.line.list_price - self.net_price)

    @property
    def discount_percent(self) -> Decimal | None:
        """Shown discount, percent of the list price, 2 places; as typed where a percent was typed on the bare list price."""
        if self.line.discount_kind == DiscountKind.PERCENT and self.base_price == self.line.list_price:
            return self.line.discount_value
        return money.percent_of(self.line.list_price - self.net_price, self.line.list_price)

    @property
    def is_included(self) -> bool:
        """Costs nothing: the document says "included"."""
        return self.line_net == 0

    @property
    def cost(self) -> Decimal | None:
        """Cost of the line, EUR, 2 places; None when the cost is unknown."""
        return None if self.line.cost is None else money.cents(self.line.cost * self.line.quantity)

    @property
    def margin_percent(self) -> Decimal | None:
        """Margin after the header share, percent of the net; None without a cost or a price."""
        return None if self.cost is None else money.percent_of(self.net - self.cost, self.net)

    @property
    def below_floor(self) -> bool:
        return self.line.floor_price is not None and self.net < money.cents(self.line.floor_price * self.line.quantity)


@dataclass(frozen=True, slots=True)
class VatLine:
    """One rate of the document: base = line nets less shares, EUR."""

    rate: Decimal
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """Totals of a quote, EUR, 2 places. Cost and margin are None while the cost of a counted line is unknown."""

    list_total: Decimal
    line_total: Decimal
    header_discount: Decimal
    net_total: Decimal
    vat: tuple[VatLine, ...]
    cost_total: Decimal | None

    @property
    def discount_total(self) -> Decimal:
        return self.list_total - self.net_total

    @property
    def discount_percent(self) -> Decimal | None:
        return money.percent_of(self.discount_total, self.list_total)

    @property
    def vat_total(self) -> Decimal:
        return money.total(row.amount for row in self.vat)

    @property
    def gross_total(self) -> Decimal:
        return self.net_total + self.vat_total

    @property
    def margin_amount(self) -> Decimal | None:
        return None if self.cost_total is None else self.net_total - self.cost_total

    @property
    def margin_percent(self) -> Decimal | None:
        return None if self.margin_amount is None else money.percent_of(self.margin_amount, self.net_total)


@dataclass(frozen=True, slots=True)
class PricedQuote:
    lines: tuple[PricedLine, ...]
    totals: Totals


def base_price(list_price: Decimal, account_discount: Decimal | None) -> Decimal:
    """The unit price that line discounts apply to; exact, not rounded."""
    return list_price if not account_discount else list_price * (HUNDRED - account_discount) / HUNDRED


def net_price(base: Decimal, kind: str, value: Decimal) -> Decimal:
    """The unit price after the line discount; exact, not rounded. Raises Invalid when it would be negative."""
    if kind == DiscountKind.PERCENT:
        net = base * (HUNDRED - value) / HUNDRED
    elif kind == DiscountKind.AMOUNT:
        net = base - value
    elif kind == DiscountKind.NET_PRICE:
        net = value
    else:
        net = base
    if net < 0:
        raise Invalid(
            _("The discount is larger than the price."), fields={"discount": _("The discount is larger than the price.")}
        )
    return net


def header_discount(line_total: Decimal, kind: str, value: Decimal) -> Decimal:
    """The header discount on the sum of line nets, EUR, rounded once. Raises Invalid when it exceeds the sum."""
    if kind == HeaderDiscountKind.PERCENT:
        return money.cents(line_total * value / HUNDRED)
    if kind == HeaderDiscountKind.AMOUNT:
        if value > line_total:
            text = _("The discount is larger than the total.")
            raise Invalid(text, fields={"header_discount": text})
        return money.cents(value)
    return Decimal("0.00")


def line_amounts(line: Line, account_discount: Decimal | None) -> tuple[Decimal, Decimal]:
    """`(line_list, line_net)` of one line before the header discount: EUR, 2 places, each rounded once."""
    net = net_price(base_price(line.list_price, account_discount), line.discount_kind, line.discount_value)
    return money.cents(line.list_price * line.quantity), money.cents(net * line.quantity)


def price_quote(lines: Sequence[Line], header: Header) -> PricedQuote:
    """Price all lines. The result does not depend on their order but for being in it; shares break ties by line id."""
    bare = [_bare(line, header.account_discount) for line in lines]
    counted = sorted((row for row in bare if row.line.counts), key=lambda row: row.line.id)
    line_total = money.total(row.line_net for row in counted)
    discount = header_discount(line_total, header.discount_kind, header.discount_value)
    sign = -1 if discount < 0 else 1
    shares = money.share_out(abs(discount), [row.line_net for row in counted])
    share_of = {row.line.id: sign * share for row, share in zip(counted, shares, strict=True)}
    discount = money.total(share_of.values())
    priced = tuple(_with_share(row, share_of.get(row.line.id), line_total, discount) for row in bare)
    return PricedQuote(priced, _totals(priced, line_total, discount))


def _bare(line: Line, account_discount: Decimal | None) -> PricedLine:
    base = base_price(line.list_price, account_discount)
    net = net_price(base, line.discount_kind, line.discount_value)
    return PricedLine(
        line=line,
        base_price=money.unit_price(base),
        net_price=money.unit_price(net),
        line_list=money.cents(line.list_price * line.quantity),
        line_net=money.cents(net * line.quantity),
        share=Decimal("0.00"),
    )


def _with_share(row: PricedLine, share: Decimal | None, line_total: Decimal, discount: Decimal) -> PricedLine:
    """The line with its share; one that is not chosen gets the share it would have, for its floor and margin."""
    if share is None:
        share = money.cents(row.line_net * discount / line_total) if line_total else Decimal("0.00")
    return PricedLine(row.line, row.base_price, row.net_price, row.line_list, row.line_net, share)


def _totals(priced: Sequence[PricedLine], line_total: Decimal, discount: Decimal) -> Totals:
    counted = [row for row in priced if row.line.counts]
    bases: dict[Decimal, Decimal] = {}
    for row in counted:
        bases[row.line.vat_percent] = bases.get(row.line.vat_percent, ZERO) + row.net
    costs = [row.cost for row in counted]
    return Totals(
        list_total=money.total(row.line_list for row in counted),
        line_total=line_total,
        header_discount=discount,
        net_total=line_total - discount,
        vat=tuple(VatLine(rate, base, money.cents(base * rate / HUNDRED)) for rate, base in sorted(bases.items(), reverse=True)),
        cost_total=None if any(cost is None for cost in costs) else money.total(cost for cost in costs if cost is not None),
    )


@dataclass(frozen=True, slots=True)
class Target:
    """A row of the margin table; None fits everything."""

    id: int
    tma2: int | None
    channel: int | None
    min_amount: Decimal
    target_percent: Decimal


def margin_target(targets: Sequence[Target], *, tma2: int | None, channel: int | None, amount: Decimal) -> Target | None:
    """The row for this deal: most named criteria, then the largest amount reached, then the smallest id."""
    fitting = [row for row in targets if row.tma2 in (None, tma2) and row.channel in (None, channel) and amount >= row.min_amount]
    return min(
        fitting, key=lambda row: (-(row.tma2 is not None) - (row.channel is not None), -row.min_amount, row.id), default=None
    )
