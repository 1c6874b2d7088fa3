"""How long answers take: pure functions over plain values.

The median and the 90th percentile are those of spreadsheets (PERCENTILE.INC) and of PostgreSQL's percentile_cont: the value at
place (n - 1) × share of the sorted times, straight between its neighbours where that is no whole number. Exact until they are
rounded to tenths of an hour, once, half-up. Lead times are in hours of all time, nights and weekends included.
"""

import datetime as dt
from collections.abc import Callable, Hashable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, TypeVar

from core import money

Key = TypeVar("Key", bound=Hashable)
MEDIAN, P90 = Fraction(1, 2), Fraction(9, 10)
_HOUR = dt.timedelta(hours=1) // dt.timedelta.resolution


class Answer(NamedTuple):
    """An answer for one gate; one for several gates is there once for each of them, with the same `request`."""

    gate: str
    request: int
    at: dt.datetime
    asked_at: dt.datetime
    due_at: dt.datetime
    person: int
    name: str

    @property
    def taken(self) -> int:
        """Microseconds from being asked."""
        return (self.at - self.asked_at) // dt.timedelta.resolution


class Figures(NamedTuple):
    """`median` and `p90` in hours, 1 place; `in_time`: how many came before their deadline, in percent, 1 place."""

    number: int
    median: Decimal
    p90: Decimal
    in_time: Decimal


def percentile(ordered: Sequence[int], share: Fraction) -> Fraction:
    """The value below which `share` of the ordered values lie, exactly; there is at least one."""
    place = (len(ordered) - 1) * share
    below = place.numerator // place.denominator
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def figures_of(answers: Iterable[Answer]) -> Figures:
    """Of at least one answer; those for several gates count once."""
    by_request = {answer.request: answer for answer in answers}
    ordered = sorted(answer.taken for answer in by_request.values())
    in_time = sum(answer.at <= answer.due_at for answer in by_request.values())
    return Figures(
        number=len(ordered),
        median=_hours(percentile(ordered, MEDIAN)),
        p90=_hours(percentile(ordered, P90)),
        in_time=money.quantize(Decimal(in_time) * 100 / len(ordered), 1),
    )


def _hours(microseconds: Fraction) -> Decimal:
    hours = microseconds / _HOUR
    return money.quantize(Decimal(hours.numerator) / Decimal(hours.denominator), 1)


def grouped(answers: Iterable[Answer], key: Callable[[Answer], Key]) -> dict[Key, Figures]:
    """The figures of the answers of each key."""
    groups: dict[Key, list[Answer]] = {}
    for answer in answers:
        groups.setdefault(key(answer), []).append(answer)
    return {name: figures_of(group) for name, group in groups.items()}
