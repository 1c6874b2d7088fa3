"""How far a discount on the whole quote may go: pure functions over plain values, priced and judged just as on submitting.

More discount makes a quote only worse in everything that asks for approval, but for limits that depend on the size of the deal: a
smaller one may have a lower target. So the discounts are cut where such a limit changes, and each piece is searched by halving,
the deepest first. Shares of the discount are whole cents: from one cent to the next a line may get a cent less, so that close to
the floor of a small line the answer is one of several ends.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from approvals.rules import Condition
from core import money
from core.money import CENT, ZERO
from quotes import choosing, pricing, triggers
from quotes.choices import Trigger
from quotes.pricing import HEADER_AMOUNT, HEADER_PERCENT, HUNDRED, Header, Line, PricedQuote, Target, Targets
from quotes.triggers import Breach

CUT = 16
"""So many selections are cut at."""
More = Callable[[PricedQuote, list[Breach]], list[Breach]]
"""The breaches that only rules of the admin know, besides those found."""


class Largest(NamedTuple):
    """`amount`: EUR, 2 places; below 0 where only a surcharge keeps the quote where it is. `percent`: 2 places, rounded down;
    None where no such percentage goes as far without asking. `priced`: the quote with the amount. `new`: what a cent more would
    break; nothing where the amount is the whole sum."""

    amount: Decimal
    percent: Decimal | None
    priced: PricedQuote
    new: list[Breach]

    @property
    def gate(self) -> Trigger | None:
        """The first gate that a cent more would hit."""
        return next(iter(triggers.gates(self.new)), None)


def largest_discount(
    lines: Sequence[Line], header: Header, *, targets: Targets, nets: Iterable[Decimal] = (), more: More | None = None
) -> Largest:
    """The largest discount on the whole quote that asks for no approval beyond those that the quote asks for as it is, whatever
    options the customer chooses.

    `nets`: the net totals from which on `targets` or `more` may answer otherwise than below them, in whole cents. Of quotes with
    more than CUT selections the answer may be the end of a smaller piece than the deepest.
    """

    def at(discount: Header) -> tuple[PricedQuote, list[Breach]]:
        priced = pricing.price_quote(lines, discount)
        found = triggers.breaches(priced, targets)
        return priced, found + (more(priced, found) if more else [])

    def new_with(discount: Header) -> list[Breach]:
        return [breach for breach in at(discount)[1] if breach.gate not in known]

    def fits(cents: int) -> bool:
        return not new_with(_amount(header, cents))

    priced, found = at(header)
    known = set(triggers.gates(found))
    first, last = _in_cents(priced.totals.header_discount), _in_cents(priced.totals.line_total)
    sums = choosing.line_totals(priced, CUT) if any(line.optional for line in lines) else ()
    pieces = _pieces(first, last, nets, {last, *map(_in_cents, sums)})
    cents = next(_last_fitting(start, end, fits) for start, end in pieces if start == first or fits(start))
    percent = _percent(cents, last)
    if percent is not None and new_with(Header(header.account_discount, HEADER_PERCENT, percent)):
        percent = None
    best = at(_amount(header, cents))[0]
    return Largest(Decimal(cents).scaleb(-2), percent, best, new_with(_amount(header, cents + 1)) if cents < last else [])


def _amount(header: Header, cents: int) -> Header:
    return Header(header.account_discount, HEADER_AMOUNT, Decimal(cents).scaleb(-2))


def _in_cents(amount: Decimal) -> int:
    return int(amount * 100)


def _pieces(first: int, last: int, nets: Iterable[Decimal], sums: Iterable[int]) -> Iterator[tuple[int, int]]:
    """`(start, end)` in cents of discount, the deepest first: within a piece no net total of `nets` is passed, whichever of the
    sums of lines is chosen. Nothing to pay is a piece of its own."""
    starts = {whole - _in_cents(net) + 1 for net in (ZERO, CENT, *nets) for whole in sums}
    end = last
    for start in sorted({first, *(start for start in starts if first < start <= last)}, reverse=True):
        yield start, end
        end = start - 1


def _last_fitting(start: int, end: int, fits: Callable[[int], bool]) -> int:
    """The largest number that fits, of which `start` is one, and beyond which none does."""
    if fits(end):
        return end
    while end - start > 1:
        middle = (start + end) // 2
        start, end = (middle, end) if fits(middle) else (start, middle)
    return start


def _percent(cents: int, whole: int) -> Decimal | None:
    return None if cents < 0 or whole <= 0 else (Decimal(cents) * HUNDRED / whole).quantize(CENT, ROUND_DOWN)


# --- Where rules of the admin may answer otherwise --------------------------------------------------------------------
def turning_nets(priced: PricedQuote, conditions: Iterable[Condition], targets: Iterable[Target]) -> set[Decimal]:
    """The net totals at which one of these conditions begins or ceases to hold, as far as it compares what a discount changes."""
    percents = [target.target_percent for target in targets]
    found: set[Decimal] = set()
    for condition in conditions:
        limit = condition.value
        if not isinstance(limit, Decimal):
            continue
        if condition.field == "amount":
            found |= {money.cents(limit), money.cents(limit) + CENT}
        elif condition.field == "discount_percent":
            found |= _turns(priced, _discount, [-limit])
        elif condition.field == "margin_percent":
            found |= _turns(priced, _margin, [limit])
        elif condition.field == "margin_gap":
            found |= _turns(priced, _margin, [percent - limit for percent in percents])
    return found


ValueAt = Callable[[PricedQuote, Decimal], Decimal | None]


def _discount(priced: PricedQuote, net: Decimal) -> Decimal | None:
    """Shown discount of the quote at this net total, turned round, so that it rises with it."""
    percent = money.percent_of(priced.totals.list_total - net, priced.totals.list_total)
    return None if percent is None else -percent


def _margin(priced: PricedQuote, net: Decimal) -> Decimal | None:
    return None if priced.totals.cost_total is None else money.percent_of(net - priced.totals.cost_total, net)


def _turns(priced: PricedQuote, value_at: ValueAt, limits: Iterable[Decimal]) -> set[Decimal]:
    """The least net totals at which the value, which rises with them, reaches a limit, and at which it passes it."""
    most = _in_cents(max(priced.totals.line_total, priced.totals.net_total))

    def least(reached: Callable[[Decimal], bool]) -> Decimal:
        below = _last_fitting(0, most + 1, lambda cents: not _reached(cents, reached))
        return Decimal(below + 1).scaleb(-2)

    def _reached(cents: int, reached: Callable[[Decimal], bool]) -> bool:
        value = value_at(priced, Decimal(cents).scaleb(-2)) if cents else None
        return value is not None and reached(value)

    return {least(reached) for limit in limits for reached in (limit.__le__, limit.__lt__)}
