"""Lead times against tables worked out by hand."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from itertools import count

import pytest
from hypothesis import given, strategies as st

from approvals import lead_times
from approvals.lead_times import Answer, Figures, figures_of, grouped, percentile

START = dt.datetime(2026, 11, 2, 8, tzinfo=dt.UTC)
_keys = count(1)


def answer(hours: float, due: float = 48, *, gate: str = "floor", person: int = 1, request: int | None = None) -> Answer:
    at = START + dt.timedelta(hours=hours)
    return Answer(gate, request or next(_keys), at, START, START + dt.timedelta(hours=due), person, f"Person {person}")


BY_HAND = [
    # hours taken, deadline of each after hours, → number, median, 90th percentile, in time in percent
    ([5], 48, (1, "5.0", "5.0", "100.0")),
    ([1, 3], 2, (2, "2.0", "2.8", "50.0")),  # 1 + 0.9 × 2
    ([1, 2, 3, 4], 3, (4, "2.5", "3.7", "75.0")),  # place 2.7 of 0…3: 3 + 0.7
    ([8, 4, 2, 1, 16], 8, (5, "4.0", "12.8", "80.0")),  # place 3.6: 8 + 0.6 × 8; due to the second is in time
    ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 9.5, (10, "5.5", "9.1", "90.0")),  # place 8.1: 9 + 0.1
    ([0, 0, 100], 1, (3, "0.0", "80.0", "66.7")),  # place 1.8: 0 + 0.8 × 100
    ([0.25, 0.5], 0.1, (2, "0.4", "0.5", "0.0")),  # 0.375 and 0.475, half-up
    ([0.05], 1, (1, "0.1", "0.1", "100.0")),  # exactly half a tenth goes up
]


@pytest.mark.req("S3.39")
@pytest.mark.parametrize(("hours", "due", "figures"), BY_HAND)
def test_figures_are_those_worked_out_by_hand(hours: list[float], due: float, figures: tuple[int, str, str, str]) -> None:
    number, *rest = figures
    assert figures_of(answer(taken, due) for taken in hours) == Figures(number, *map(Decimal, rest))


def test_an_answer_for_several_gates_counts_once() -> None:
    twice = [answer(10, gate="floor", request=7), answer(10, gate="margin", request=7), answer(20, request=8)]
    assert figures_of(twice) == Figures(2, Decimal("15.0"), Decimal("19.0"), Decimal("100.0"))
    by_gate = grouped(twice, lambda one: one.gate)
    assert {gate: (one.number, one.median) for gate, one in by_gate.items()} == {
        "floor": (2, Decimal("15.0")),
        "margin": (1, Decimal("10.0")),
    }


@given(st.lists(st.integers(0, 10**13), min_size=1, max_size=50), st.fractions(0, 1))
def test_a_percentile_lies_between_its_neighbours_and_so_many_lie_below(values: list[int], share: Fraction) -> None:
    ordered = sorted(values)
    found = percentile(ordered, share)
    assert ordered[0] <= found <= ordered[-1]
    assert sum(value < found for value in ordered) <= (len(ordered) - 1) * share + 1
    assert sum(value <= found for value in ordered) >= (len(ordered) - 1) * share
    assert (percentile(ordered, Fraction(0)), percentile(ordered, Fraction(1))) == (ordered[0], ordered[-1])


def test_microseconds_are_not_lost() -> None:
    exact = answer(0)._replace(at=START + dt.timedelta(microseconds=1))
    assert (exact.taken, lead_times.P90) == (1, Fraction(9, 10))
