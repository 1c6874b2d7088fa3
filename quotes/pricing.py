"""What a quote costs: pure functions over plain values, the same for page, program and document.

Waterfall of a line: list price → account discount → *base* → line discount → line net → share of the header discount.
Each line's net is rounded once, half-up. Source: docs/adr/0004-rounding.md, docs/pricing.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import repeat
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from catalog import measures
from catalog.measures import Factor
from core import money
from core.errors import Invalid
from core.money import NO_CENTS, ZERO
from quotes.choices import DiscountKind, HeaderDiscountKind, LineKind

HUNDRED = Decimal(100)
_PERCENT = Decimal("0.01")
PERCENT, AMOUNT, NET_PRICE = DiscountKind.PERCENT.value, DiscountKind.AMOUNT.value, DiscountKind.NET_PRICE.value
HEADER_PERCENT, HEADER_AMOUNT = HeaderDiscountKind.PERCENT.value, HeaderDiscountKind.AMOUNT.value
"""Plain texts: a member of an enumeration costs more to look up than a line costs to price."""


class Line(NamedTuple):
    """One line as typed and as the price list has it. Unit prices EUR, percents as numbers (10 = 10 %); None: unknown.

    Prices are per pricing unit, of which one unit of the quantity has `numerator / denominator`.
    """

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
    kind: str = LineKind.PRODUCT.value
    alternative_to: int | None = None
    numerator: int = 1
    denominator: int = 1
    outside_catalogue: bool | None = False
    """None: no product, or the catalogue was not asked."""

    @property
    def priced_quantity(self) -> Decimal:
        """The quantity in pricing units."""
        if self.numerator == self.denominator:
            return self.quantity
        return self.quantity * self.numerator / self.denominator

    def amount(self, price: Decimal) -> Decimal:
        """What all of it comes to at a price per pricing unit: rounded once, and exact before that."""
        if self.numerator == self.denominator:
            return money.cents(price * self.quantity)
        return measures.amount(price, self.quantity, Factor(self.numerator, self.denominator))


@dataclass(frozen=True, slots=True)
class Header:
    """What holds for the whole quote: the account's discount in percent, and the header discount as typed."""

    account_discount: Decimal | None = None
    discount_kind: str = HeaderDiscountKind.NONE
    discount_value: Decimal = ZERO


class PricedLine(NamedTuple):
    """A line with its amounts; the rest is derived when somebody looks at it, because totals need none of it.

    `exact_price`: net per unit before the header discount, not rounded. `share`: the line's part of that discount; `net` is what
    is left: `line_net - share`. `counts`: whether it is in the totals. `cost`: of the whole line, EUR, 2 places; None: unknown.
    """

    line: Line
    account_discount: Decimal | None
    exact_price: Decimal
    line_list: Decimal
    line_net: Decimal
    share: Decimal
    counts: bool
    cost: Decimal | None

    @property
    def base_price(self) -> Decimal:
        """What line discounts apply to, per unit, 4 places."""
        return money.unit_price(base_price(self.line.list_price, self.account_discount))

    @property
    def net_price(self) -> Decimal:
        """Net price per unit before the header discount, 4 places."""
        return money.unit_price(self.exact_price)

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
        if self.line.discount_kind == PERCENT and self.base_price == self.line.list_price:
            return self.line.discount_value
        return money.percent_of(self.line.list_price - self.net_price, self.line.list_price)

    @property
    def is_included(self) -> bool:
        """Costs nothing: the document says "included"."""
        return self.line_net == 0

    @property
    def margin_percent(self) -> Decimal | None:
        """Margin after the header share, percent of the net; None without a cost or a price."""
        net = self.net
        return None if self.cost is None else money.percent_of(net - self.cost, net)

    @property
    def below_floor(self) -> bool:
        return self.line.floor_price is not None and self.net < self.line.amount(self.line.floor_price)


class Step(NamedTuple):
    """One step of the waterfall: the unit price after it (None where it has none), and its part of the amount of the line."""

    name: str
    unit_price: Decimal | None
    amount: Decimal


STEPS = ("list_price", "agreement_price", "account_discount", "line_discount", "header_discount", "net")
"""The waterfall in its order. An agreement price would take the place of the account's discount: both lead to the base. Nothing
makes agreements yet, so no line has that step."""


def waterfall(row: PricedLine) -> list[Step]:
    """From the list price to the net: those of `STEPS` that the line has, in their order. The amounts add up."""
    line, before = row.line, row.line_list
    discounted = line.discount_kind != DiscountKind.NONE
    steps = [Step("list_price", line.list_price, before)]
    if row.base_price != line.list_price:
        after = line.amount(row.base_price) if discounted else row.line_net
        steps.append(Step("account_discount", row.base_price, after - before))
        before = after
    if discounted:
        steps.append(Step("line_discount", row.net_price, row.line_net - before))
    if row.share:
        steps.append(Step("header_discount", None, -row.share))
    return [*steps, Step("net", None, row.net)]


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
    header: Header


def base_price(list_price: Decimal, account_discount: Decimal | None) -> Decimal:
    """The unit price that line discounts apply to; exact, not rounded."""
    return list_price if not account_discount else list_price * (HUNDRED - account_discount) * _PERCENT


def net_price(base: Decimal, kind: str, value: Decimal) -> Decimal:
    """The unit price after the line discount; exact, not rounded. Raises Invalid when it would be negative."""
    if kind == PERCENT:
        net = base * (HUNDRED - value) * _PERCENT
    elif kind == AMOUNT:
        net = base - value
    elif kind == NET_PRICE:
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
    if kind not in (HEADER_PERCENT, HEADER_AMOUNT):
        return NO_CENTS
    discount = value if kind == HEADER_AMOUNT else line_total * value / HUNDRED
    if discount > line_total:
        text = _("The discount is larger than the total.")
        raise Invalid(text, fields={"header_discount": text})
    return money.cents(discount)


def _amounts(line: Line, account_discount: Decimal | None) -> tuple[Decimal, Decimal, Decimal]:
    """`(exact_price, line_list, line_net)` of one line before the header discount: amounts EUR, 2 places, each rounded once."""
    base = base_price(line.list_price, account_discount) if account_discount else line.list_price
    price = net_price(base, line.discount_kind, line.discount_value)
    return price, line.amount(line.list_price), line.amount(price)


def counted(lines: Sequence[Line]) -> list[bool]:
    """Which of the lines are in the totals: an option is once it is chosen, and it takes the place of the line it stands for."""
    replaced = {line.alternative_to for line in lines if line.selected}
    return [(line.selected or not line.optional) and line.id not in replaced for line in lines]


def price_quote(lines: Sequence[Line], header: Header) -> PricedQuote:
    """Price all lines. The result does not depend on their order but for being in it; shares break ties by line id."""
    account_discount = header.account_discount
    counts = counted(lines)
    amounts = [_amounts(line, account_discount) for line in lines]
    line_total = money.total(net for is_in, (_price, _listed, net) in zip(counts, amounts, strict=True) if is_in)
    discount = header_discount(line_total, header.discount_kind, header.discount_value)
    shares = _shares_of(lines, counts, [net for _price, _listed, net in amounts], discount, line_total)
    priced = tuple(
        [
            PricedLine(
                line, account_discount, price, listed, net, share, is_in, None if line.cost is None else line.amount(line.cost)
            )
            for line, (price, listed, net), share, is_in in zip(lines, amounts, shares, counts, strict=False)
        ]
    )
    return PricedQuote(priced, _totals(priced, line_total), header)


def _shares_of(
    lines: Sequence[Line], counts: Sequence[bool], nets: Sequence[Decimal], discount: Decimal, line_total: Decimal
) -> Iterable[Decimal]:
    """The header discount over all lines; an option gets the share it would have if it were chosen, for its floor and margin."""
    if not discount:
        return repeat(NO_CENTS)
    shares = _shares(discount, {line.id: net for line, is_in, net in zip(lines, counts, nets, strict=True) if is_in})
    shared = money.total(shares.values())  # nothing, where there is nothing to share it among
    return [
        shares[line.id] if is_in else money.cents(net * shared / line_total) if shared else NO_CENTS
        for line, is_in, net in zip(lines, counts, nets, strict=True)
    ]


def _shares(discount: Decimal, nets: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """The header discount over the line nets, by line id."""
    ids = sorted(nets)
    shares = money.share_out(abs(discount), [nets[line_id] for line_id in ids])
    return dict(zip(ids, shares if discount > 0 else [-share for share in shares], strict=True))


def _totals(priced: Sequence[PricedLine], line_total: Decimal) -> Totals:
    rows = [row for row in priced if row.counts]
    discount = money.total([row.share for row in rows if row.share])
    bases: dict[Decimal, Decimal] = {}
    for row in rows:
        rate = row.line.vat_percent
        bases[rate] = bases.get(rate, NO_CENTS) + (row.net if discount else row.line_net)
    costs = [row.cost for row in rows if row.cost is not None]
    return Totals(
        list_total=money.total([row.line_list for row in rows]),
        line_total=line_total,
        header_discount=discount,
        net_total=line_total - discount,
        vat=tuple(VatLine(rate, base, money.cents(base * rate / HUNDRED)) for rate, base in sorted(bases.items(), reverse=True)),
        cost_total=money.total(costs) if len(costs) == len(rows) else None,
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


class Targets(NamedTuple):
    """The margin table as it holds for one customer."""

    rows: Sequence[Target]
    tma2: int | None = None
    channel: int | None = None

    def at(self, net_total: Decimal) -> Target | None:
        """The row for a deal of this size; None where there is none."""
        return margin_target(self.rows, tma2=self.tma2, channel=self.channel, amount=net_total)

    def steps(self) -> list[tuple[Decimal, Target | None]]:
        """`(from which net total on, the row)`, the largest first, down to 0."""
        amounts = {ZERO, *(row.min_amount for row in self.rows)}
        return [(amount, self.at(amount)) for amount in sorted(amounts, reverse=True)]
