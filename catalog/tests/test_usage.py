"""What a year of use costs."""

import datetime as dt
from decimal import Decimal as D

import pytest
from hypothesis import given, strategies as st

from catalog import usage
from catalog.usage import Charge, Row, Step
from core.errors import Invalid

pytestmark = [pytest.mark.req("S1.30"), pytest.mark.once]
VIEWS = [Step(D(50_000), D("0.008"), D("0.003")), Step(D(0), D("0.02"), D("0.005")), Step(D(10_000), D("0.0125"), D("0.004"))]


def test_the_table_has_no_gaps_and_ends_open() -> None:
    assert usage.table(VIEWS) == [
        Row(D(0), D(10_000), D("0.02"), D("0.005")),
        Row(D(10_000), D(50_000), D("0.0125"), D("0.004")),
        Row(D(50_000), None, D("0.008"), D("0.003")),
    ]


@pytest.mark.parametrize(
    ("volume", "price", "cost"),
    [
        ("0", "0.00", "0.00"),
        ("1", "0.02", "0.01"),
        ("10000", "200.00", "50.00"),
        ("10001", "200.01", "50.00"),
        ("50000", "700.00", "210.00"),
        ("120000", "1260.00", "420.00"),
        ("0.25", "0.01", "0.00"),
    ],
)
def test_each_price_holds_for_the_units_of_its_step_alone(volume: str, price: str, cost: str) -> None:
    assert usage.yearly(VIEWS, D(volume)) == Charge(D(price), D(cost))


def test_what_lies_below_the_first_step_is_included() -> None:
    steps = [Step(D(1000), D("0.5"), D("0.1"))]
    assert [(row.above, row.up_to, row.is_included) for row in usage.table(steps)] == [(0, 1000, True), (1000, None, False)]
    assert [usage.yearly(steps, D(volume)).price for volume in (1000, 1002)] == [D("0.00"), D("1.00")]


def test_the_cost_is_unknown_once_a_step_of_unknown_cost_is_reached() -> None:
    steps = [Step(D(0), D(1), D("0.5")), Step(D(10), D("0.9"), None)]
    assert [usage.yearly(steps, D(volume)).cost for volume in (10, 11)] == [D("5.00"), None]


def test_no_steps_cost_nothing() -> None:
    assert (usage.table([]), usage.yearly([], D(7))) == ([], Charge(D("0.00"), D("0.00")))


def test_a_negative_volume_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        usage.yearly(VIEWS, D(-1))
    assert list(refusal.value.fields) == ["volume"]


def day(month: int) -> dt.date:
    return dt.date(2026, month, 1)


@pytest.mark.parametrize(
    ("one", "other", "refused"),
    [
        ((None, None), (None, None), True),
        ((None, day(3)), (day(3), None), True),
        ((None, day(2)), (day(3), None), False),
        ((day(1), day(6)), (day(2), day(3)), True),
    ],
)
def test_two_steps_from_the_same_quantity_are_refused_where_their_days_meet(one, other, refused: bool) -> None:
    steps = [Step(D(10), D(1), None, *one), Step(D(10), D(2), None, *other), Step(D(0), D(3))]
    if not refused:
        usage.require_distinct(steps)
        return
    with pytest.raises(Invalid, match="Two steps start at 10, and both are valid on the same days"):
        usage.require_distinct(steps)


@given(
    starts=st.lists(st.integers(0, 500), unique=True, min_size=1, max_size=6),
    prices=st.lists(st.decimals(min_value=0, max_value=9, places=4), min_size=6, max_size=6),
    volume=st.integers(0, 700),
)
def test_a_year_costs_what_its_units_cost_one_by_one(starts: list[int], prices: list[D], volume: int) -> None:
    steps = [Step(D(start), price) for start, price in zip(starts, prices, strict=False)]

    def of(unit: int) -> D:
        reached = [step for step in steps if step.from_quantity < unit]
        return max(reached, key=lambda step: step.from_quantity).price if reached else D(0)

    one_by_one = sum((of(unit) for unit in range(1, volume + 1)), D(0))
    assert usage.yearly(reversed(steps), D(volume)).price == usage.money.cents(one_by_one)
