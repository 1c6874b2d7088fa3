"""What of a quote needs somebody's yes: pure functions over a priced quote. Deliberately few kinds."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from quotes.choices import LineKind, Trigger
from quotes.pricing import PricedQuote, Target

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
    quote or days, as the reason says; None where there is no number."""

    reason: Reason
    line_id: int | None = None
    limit: Decimal | None = None
    actual: Decimal | None = None

    @property
    def gate(self) -> Trigger:
        return GATE_OF[self.reason]


def breaches(quote: PricedQuote, target: Target | None) -> list[Breach]:
    """Every limit the quote passes, line by line, then the whole. Optional lines count as if they were chosen.

    Margin: strictly below the target. A missing cost leaves the margin unknown, and pricing decides; without a row of the
    margin table for this quote the stewards do. Source: docs/pricing.md.
    """
    found = _line_breaches(quote)
    totals = quote.totals
    counted = [row for row in quote.lines if row.counts]
    if not counted or totals.cost_total is None:
        return found
    if totals.net_total == 0:
        if totals.cost_total > 0:
            found.append(Breach(Reason.NOTHING_TO_PAY, limit=totals.cost_total, actual=totals.net_total))
    elif target is None:
        found.append(Breach(Reason.NO_MARGIN_TARGET, actual=totals.margin_percent))
    elif (totals.net_total - totals.cost_total) * 100 < target.target_percent * totals.net_total:
        found.append(Breach(Reason.MARGIN_BELOW_TARGET, limit=target.target_percent, actual=totals.margin_percent))
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


def gates(found: Sequence[Breach]) -> list[Trigger]:
    """The approval gates behind these breaches, each once, in the order of `Trigger`."""
    hit = {breach.gate for breach in found}
    return [gate for gate in Trigger if gate in hit]
