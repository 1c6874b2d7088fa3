"""What the customer may make of a quote by its options: pure functions over a priced quote.

Of each *slot* the customer gets exactly one: a line, one of its alternatives, or nothing where it is an option.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_FLOOR, Decimal
from functools import partial
from typing import NamedTuple

from core import money
from core.money import CENT, NO_CENTS, ZERO
from quotes import pricing
from quotes.pricing import HEADER_AMOUNT, HEADER_PERCENT, HUNDRED, Header, PricedLine, PricedQuote, Target, Targets

MOST = 1_024
"""So many sums are looked at one by one."""

Slot = list[PricedLine | None]
Amounts = tuple[Decimal, Decimal]
"""Line net and cost of what may be chosen, EUR."""


class Chosen(NamedTuple):
    """What a selection comes to, EUR, and the row of the margin table that it is held to."""

    net_total: Decimal
    cost_total: Decimal
    target: Target | None


def slots(lines: Sequence[PricedLine]) -> list[Slot]:
    of_base: dict[int, Slot] = {}
    for row in lines:
        if not _stands_for_another(row):
            of_base[row.line.id] = [row, None] if row.line.optional else [row]
    for row in lines:
        if _stands_for_another(row):
            of_base.setdefault(row.line.alternative_to or 0, [None]).append(row)
    return list(of_base.values())


def _stands_for_another(row: PricedLine) -> bool:
    return row.line.optional and row.line.alternative_to is not None


def least_nets(quote: PricedQuote) -> dict[int, Decimal]:
    """What a line brings in where the others leave it the most of the discount on the whole quote, by its id; to the cent or two
    that whole cents move. Those lines are left out which come to the same as it is offered: of a percentage, all that count."""
    header, discount = quote.header, quote.totals.header_discount
    if header.discount_kind == HEADER_PERCENT:
        rate = header.discount_value / HUNDRED
        return {row.line.id: _less(row, row.line_net * rate) for row in quote.lines if not row.counts}
    if not discount:
        return {}
    pick = min if discount > 0 else max
    offered = [(slot, pick(map(_net, slot))) for slot in slots(quote.lines)]
    total, found = money.total(net for _slot, net in offered), {}
    for slot, net in offered:
        for row in filter(None, slot):
            whole = max(total - net + row.line_net, discount)
            found[row.line.id] = _less(row, row.line_net * discount / whole if whole else ZERO)
    return found


def _less(row: PricedLine, share: Decimal) -> Decimal:
    return row.line_net - share.quantize(CENT, ROUND_FLOOR)


def _net(row: PricedLine | None) -> Decimal:
    return row.line_net if row else NO_CENTS


def selections(quote: PricedQuote, targets: Targets) -> Iterator[Chosen]:
    """The selections of known cost; of those with one sum the dearest to us. Where they come to more sums than MOST, for each
    step of the margin table that they may reach the one that is furthest below its target, whatever that one comes to."""
    known = [
        [(_net(row), (row and row.cost) or NO_CENTS) for row in slot if row is None or row.cost is not None]
        for slot in slots(quote.lines)
    ]
    if not all(known):
        return
    steps, sums = targets.steps(), _sums(known)
    if sums is None:
        yield from _furthest(known, quote.header, steps)
        return
    for line_total, cost_total in sums.items():
        net = _net_total(line_total, quote.header)
        if net >= 0:
            yield Chosen(net, cost_total, next(target for least, target in steps if net >= least))


def line_totals(quote: PricedQuote, most: int) -> set[Decimal]:
    """The sums of line nets that the customer may choose; the least and the largest alone, where they are more than `most`."""
    nets = [list(map(_net, slot)) for slot in slots(quote.lines)]
    sums = _sums([[(net, NO_CENTS) for net in slot] for slot in nets], most)
    return {money.total(map(pick, nets)) for pick in (min, max)} if sums is None else set(sums)


def _net_total(line_total: Decimal, header: Header) -> Decimal:
    """Below 0 where the discount is larger than the lines, which nobody can choose."""
    if header.discount_kind != HEADER_AMOUNT:
        return line_total - pricing.header_discount(line_total, header.discount_kind, header.discount_value)
    discount = money.cents(header.discount_value)
    return line_total - discount if line_total or discount > 0 else NO_CENTS


def _sums(slots: Sequence[Sequence[Amounts]], most: int = MOST) -> dict[Decimal, Decimal] | None:
    """The largest cost for each sum of line nets; None where there are more than `most`."""
    sums = {NO_CENTS: NO_CENTS}
    for slot in sorted(slots, key=len):  # what leaves no choice first, while there is one sum only
        grown: dict[Decimal, Decimal] = {}
        for net, cost in sums.items():
            for more_net, more_cost in slot:
                key, value = net + more_net, cost + more_cost
                if value > grown.get(key, -CENT):
                    grown[key] = value
        if len(grown) > most:
            return None
        sums = grown
    return sums


def _furthest(
    slots: Sequence[Sequence[Amounts]], header: Header, steps: Sequence[tuple[Decimal, Target | None]]
) -> Iterator[Chosen]:
    def of(taken: Iterable[Amounts], target: Target | None) -> Chosen:
        nets, costs = zip(*taken, strict=True)
        return Chosen(max(_net_total(money.total(nets), header), NO_CENTS), money.total(costs), target)

    left = (HUNDRED - header.discount_value) / HUNDRED if header.discount_kind == HEADER_PERCENT else Decimal(1)
    least, most = (of(map(pick, slots), None).net_total for pick in (min, max))
    above: Decimal | None = None
    for begins, target in steps:
        if begins <= most and (above is None or least < above):
            key = partial(_left_over, left * (HUNDRED - target.target_percent) / HUNDRED) if target else _cheapness
            yield of((min(slot, key=key) for slot in slots), target)
        above = begins


def _left_over(wanted: Decimal, amounts: Amounts) -> Decimal:
    """What there is above cost and target, EUR; `wanted`: the part of the net that may be cost."""
    return amounts[0] * wanted - amounts[1]


def _cheapness(amounts: Amounts) -> Decimal:
    return -amounts[0]
