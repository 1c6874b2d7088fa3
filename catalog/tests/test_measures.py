"""Quantities in one unit and in another."""

from decimal import Decimal as D
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from catalog import measures
from catalog.measures import ONE, Factor
from catalog.selectors import PriceRow, price_for

pytestmark = pytest.mark.once

GRAM, DOZEN, THIRD = Factor(1, 1000), Factor(12, 1), Factor(1, 3)


@pytest.mark.parametrize(
    ("quantity", "factor", "exact"),
    [("10000", GRAM, Fraction(10)), ("1", GRAM, Fraction(1, 1000)), ("2.5", DOZEN, Fraction(30)), ("1", THIRD, Fraction(1, 3))],
)
def test_a_quantity_is_so_many_pricing_units_exactly(quantity: str, factor: Factor, exact: Fraction) -> None:
    assert measures.in_pricing_units(D(quantity), factor) == exact


@pytest.mark.parametrize(
    ("ask", "factor", "price"), [("1", ONE, "10"), ("10", ONE, "9"), ("10000", GRAM, "9"), ("9999.999", GRAM, "10")]
)
def test_breaks_are_reached_in_any_unit_and_the_price_stays_per_pricing_unit(ask: str, factor: Factor, price: str) -> None:
    rows = [
        PriceRow(1, D(least), None, None, D(list_price), None, None, None) for least, list_price in (("10", "9"), ("0", "10"))
    ]
    found = price_for(rows, measures.in_pricing_units(D(ask), factor))
    assert found is not None
    assert found.list_price == D(price)


@pytest.mark.parametrize(
    ("price", "quantity", "factor", "amount"),
    [
        ("9", "10000", GRAM, "90.00"),
        ("10", "1", THIRD, "3.33"),
        ("10", "2", THIRD, "6.67"),
        ("0.0001", "0.001", GRAM, "0.00"),
        ("2.675", "1", ONE, "2.68"),
        ("1.005", "1", ONE, "1.01"),
        ("-2.675", "1", ONE, "-2.68"),
        ("-0.001", "1", ONE, "0.00"),
    ],
)
def test_an_amount_is_rounded_once_half_up(price: str, quantity: str, factor: Factor, amount: str) -> None:
    assert str(measures.amount(D(price), D(quantity), factor)) == amount


@pytest.mark.parametrize(
    ("quantity", "source", "target", "found"),
    [("10", ONE, GRAM, "10000.000"), ("1", GRAM, ONE, "0.001"), ("1", ONE, THIRD, "3.000"), ("1", THIRD, ONE, None)],
)
def test_a_quantity_that_does_not_come_out_even_is_not_converted(
    quantity: str, source: Factor, target: Factor, found: str | None
) -> None:
    answer = measures.converted(D(quantity), source, target)
    assert (None if answer is None else str(answer)) == found


@given(
    quantity=st.decimals(min_value=0, max_value=10**6, places=3),
    numerator=st.integers(1, 10**6),
    denominator=st.integers(1, 10**6),
)
def test_there_and_back_is_where_it_was(quantity: D, numerator: int, denominator: int) -> None:
    there, back = Factor(numerator, denominator), Factor(denominator, numerator)
    assert measures.in_pricing_units(quantity, there) * Fraction(back.numerator, back.denominator) == Fraction(quantity)
