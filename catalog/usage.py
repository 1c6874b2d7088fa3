"""Prices by use: what a year of page views costs. Pure functions.

Each step's price holds for the units beyond its quantity, up to the next step; what lies below the first step is included in the
product's own price.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import combinations
from typing import NamedTuple

from django.utils.translation import gettext as _

from core import money
from core.errors import Invalid


class Step(NamedTuple):
    """From the units beyond `from_quantity` (a year) on, each costs `price`, EUR with 4 places. `cost` None: unknown."""

    from_quantity: Decimal
    price: Decimal
    cost: Decimal | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class Row(NamedTuple):
    """A line of the table that contracts print: units beyond `above` up to and including `up_to` (None: without end)."""

    above: Decimal
    up_to: Decimal | None
    price: Decimal
    cost: Decimal | None

    @property
    def is_included(self) -> bool:
        return self.price == 0


class Charge(NamedTuple):
    """For a year, EUR with 2 places, each rounded once. `cost` is None where that of any unit used is unknown."""

    price: Decimal
    cost: Decimal | None


def table(steps: Iterable[Step]) -> list[Row]:
    """The steps of one day as a table without gaps, the smallest quantity first. Raises: Invalid for two steps that start at the
    same quantity."""
    ordered = sorted(steps, key=lambda step: step.from_quantity)
    require_distinct(ordered)
    if ordered and ordered[0].from_quantity > 0:
        ordered.insert(0, Step(Decimal(0), Decimal(0), Decimal(0)))
    ends = [step.from_quantity for step in ordered[1:]]
    return [
        Row(step.from_quantity, end, step.price, step.cost)
        for step, end in zip(ordered, [*ends, None][: len(ordered)], strict=True)
    ]


def yearly(steps: Iterable[Step], volume: Decimal) -> Charge:
    """What so many units a year cost the customer, and us. Raises: as `table`; Invalid for a negative volume."""
    if volume < 0:
        raise Invalid(fields={"volume": _("The expected volume cannot be negative.")})
    price, cost = Decimal(0), Decimal(0)
    is_known = True
    for row in table(steps):
        used = (volume if row.up_to is None else min(volume, row.up_to)) - row.above
        if used <= 0:
            break
        price += used * row.price
        is_known = is_known and row.cost is not None
        cost += used * (row.cost or 0)
    return Charge(money.cents(price), money.cents(cost) if is_known else None)


def require_distinct(steps: Sequence[Step]) -> None:
    """Raises: Invalid where two steps of one list and measure start at the same quantity on the same day."""
    for one, other in combinations(sorted(steps, key=lambda step: step.from_quantity), 2):
        if one.from_quantity == other.from_quantity and overlap(one, other):
            words = {"quantity": money.plain(one.from_quantity)}
            raise Invalid(_("Two steps start at %(quantity)s, and both are valid on the same days.") % words)


def overlap(one: Step, other: Step) -> bool:
    """Whether there is a day on which both are valid."""
    starts = max(one.valid_from or dt.date.min, other.valid_from or dt.date.min)
    return starts <= min(one.valid_to or dt.date.max, other.valid_to or dt.date.max)
