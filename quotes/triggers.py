"""What of a quote needs somebody's yes: pure functions over a priced quote. Deliberately few kinds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from core import money
from quotes import choosing
from quotes.choices import LineKind, Trigger
from quotes.pricing import PricedQuote, Target, Targets

SOW = LineKind.SOW.value


class Reason(StrEnum):
    BELOW_FLOOR = "below_floor"
    MISSING_COST = "missing_cost"
    MARGIN_BELOW_TARGET = "margin_below_target"
    NO_MARGIN_TARGET = "no_margin_target"
    NOTHING_TO_PAY = "nothing_to_pay"
    OUTSIDE_CATALOGUE = "outside_catalogue"
    STATEMENT_OF_WORK = "statement_of_work"
    DISCOUNT = "discount"
    PAYMENT_TERM = "payment_term"


OUTSIDE = frozenset({Reason.OUTSIDE_CATALOGUE, Reason.STATEMENT_OF_WORK})
"""What customer success is asked about."""

GATE_OF = {
    Reason.BELOW_FLOOR: Trigger.FLOOR,
    Reason.MISSING_COST: Trigger.FLOOR,
    Reason.MARGIN_BELOW_TARGET: Trigger.MARGIN,
    Reason.NOTHING_TO_PAY: Trigger.MARGIN,
    Reason.NO_MARGIN_TARGET: Trigger.MARGIN_UNKNOWN,
    Reason.OUTSIDE_CATALOGUE: Trigger.CATALOGUE,
    Reason.STATEMENT_OF_WORK: Trigger.CATALOGUE,
    Reason.DISCOUNT: Trigger.DISCOUNT,
    Reason.PAYMENT_TERM: Trigger.PAYMENT_TERM,
}


@dataclass(frozen=True, slots=True)
class Breach:
    """One limit that is passed. `line_id` is None for the whole quote; `limit` and `actual` are EUR of the line, percent of the
    quote or days, as the reason says; None where there is no number. `by_choice`: not as it is offered, but with options that
    the customer may choose."""

    reason: Reason
    line_id: int | None = None
    limit: Decimal | None = None
    actual: Decimal | None = None
    by_choice: bool = False

    @property
    def gate(self) -> Trigger:
        return GATE_OF[self.reason]


def breaches(quote: PricedQuote, targets: Targets) -> list[Breach]:
    """Every limit the quote passes, line by line, then the whole; then what it passes, or passes further, with other options.
    Optional lines count as if they were chosen.

    Margin: strictly below the target. A missing cost leaves the margin unknown, and pricing decides; without a row of the
    margin table for this quote the stewards do. Source: docs/pricing.md.
    """
    found = _line_breaches(quote)
    totals = quote.totals
    if totals.cost_total is not None and any(row.counts for row in quote.lines):
        offered = _of_margin(totals.net_total, totals.cost_total, targets.at(totals.net_total))
        found += [offered] if offered else []
    if any(row.line.optional for row in quote.lines):
        known = {(breach.gate, breach.line_id): breach for breach in sorted(found, key=lacking)}
        more = _by_choice(quote, targets)
        found += [breach for breach in more if _is_further(breach, known.get((breach.gate, breach.line_id)))]
    return found


def _line_breaches(quote: PricedQuote) -> list[Breach]:
    found = []
    for row in quote.lines:
        line = row.line
        if row.below_floor and line.floor_price is not None:
            limit = line.amount(line.floor_price)
            found.append(Breach(Reason.BELOW_FLOOR, line.id, limit=limit, actual=row.net))
        if line.cost is None:
            found.append(Breach(Reason.MISSING_COST, line.id))
        if line.outside_catalogue is None and line.kind != SOW:
            raise ValueError("The catalogue was not asked about a product.")
        if line.outside_catalogue:
            found.append(Breach(Reason.OUTSIDE_CATALOGUE, line.id))
        if line.kind == SOW:
            found.append(Breach(Reason.STATEMENT_OF_WORK, line.id))
    return found


def _of_margin(net_total: Decimal, cost_total: Decimal, target: Target | None) -> Breach | None:
    """Of amounts in EUR."""
    if net_total == 0:
        return Breach(Reason.NOTHING_TO_PAY, limit=cost_total, actual=net_total) if cost_total > 0 else None
    margin = net_total - cost_total
    if target is None:
        return Breach(Reason.NO_MARGIN_TARGET, actual=money.percent_of(margin, net_total))
    if margin * 100 < target.target_percent * net_total:
        return Breach(Reason.MARGIN_BELOW_TARGET, limit=target.target_percent, actual=money.percent_of(margin, net_total))
    return None


# --- With other options -----------------------------------------------------------------------------------------------
def _by_choice(quote: PricedQuote, targets: Targets) -> Iterator[Breach]:
    """Line by line, and of the margin the worst of each gate."""
    nets = choosing.least_nets(quote)
    for line in (row.line for row in quote.lines if row.line.floor_price is not None and row.line.id in nets):
        limit = line.amount(line.floor_price or money.ZERO)
        if nets[line.id] < limit:
            yield Breach(Reason.BELOW_FLOOR, line.id, limit=limit, actual=nets[line.id], by_choice=True)
    worst: dict[Trigger, Breach] = {}
    for chosen in choosing.selections(quote, targets):
        breach = _of_margin(*chosen)
        if breach and _is_further(breach, worst.get(breach.gate)):
            worst[breach.gate] = breach
    yield from (replace(breach, by_choice=True) for breach in worst.values())


def _is_further(breach: Breach, than: Breach | None) -> bool:
    return than is None or lacking(breach) > lacking(than)


def lacking(breach: Breach) -> Decimal:
    """How far it is below its limit, in the unit of both; no price at all is further than any margin."""
    if breach.reason == Reason.NOTHING_TO_PAY:
        return Decimal("Infinity")
    return money.ZERO if breach.limit is None or breach.actual is None else breach.limit - breach.actual


def gates(found: Sequence[Breach]) -> list[Trigger]:
    """The approval gates behind these breaches, each once, in the order of `Trigger`."""
    hit = {breach.gate for breach in found}
    return [gate for gate in Trigger if gate in hit]
