"""Exact numbers: rounding, notation, shares."""

from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as st

from core import money

pytestmark = pytest.mark.once

D = Decimal
amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=6, allow_nan=False, allow_infinity=False)
weights = st.lists(st.decimals(min_value=0, max_value=10**6, places=2), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("value", "cents"),
    [
        ("0.005", "0.01"), ("0.015", "0.02"), ("2.675", "2.68"), ("1.004999", "1.00"), ("-0.005", "-0.01"), ("-1.005", "-1.01"),
        ("-0.004", "0.00"), ("1E+3", "1000.00"),
    ],
)  # fmt: skip
def test_cents_round_half_up_away_from_zero(value: str, cents: str) -> None:
    assert str(money.cents(D(value))) == cents


def test_a_unit_price_has_four_places() -> None:
    assert str(money.unit_price(D("1.23445"))) == "1.2345"


@pytest.mark.parametrize(("part", "whole", "percent"), [("1", "3", "33.33"), ("2", "3", "66.67"), ("-1", "4", "-25.00")])
def test_a_percentage_has_two_places(part: str, whole: str, percent: str) -> None:
    assert str(money.percent_of(D(part), D(whole))) == percent


def test_there_is_no_percentage_of_nothing() -> None:
    assert money.percent_of(D(1), D(0)) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [("1.5000", "1.5"), ("100", "100"), ("1E+2", "100"), ("0.000", "0"), ("-0.10", "-0.1"), ("1E-7", "0.0000001")],
)
def test_plain_notation_is_the_shortest(value: str, text: str) -> None:
    assert money.plain(D(value)) == text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1 234,50", "1234.50"), ("1\u00a0234,50 €", "1234.50"), ("1,234.50", "1234.50"), ("1.234,50", "1234.50"),
        ("12,5 %", "12.5"), ("12,345", "12.345"), ("1,234,567", "1234567"), ("\u2212 5", "-5"), (".5", "0.5"),
        ("5.", "5"), ("+7", "7"), ("0", "0"),
    ],
)  # fmt: skip
def test_both_notations_are_understood(typed: str, meant: str) -> None:
    assert money.parse(typed) == D(meant)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "abc",
        "NaN",
        "Infinity",
        "-inf",
        "1e309",
        "1e5",
        "1.2.3",
        "--1",
        "1-",
        "€",
        "%",
        "=1+1",
        "٣x",
        "1" * 41,
        "0x10",
        "1_000",
    ],
)
def test_what_is_no_number_is_nothing(typed: str) -> None:
    assert money.parse(typed) is None


@given(amounts)
def test_rounding_is_within_half_a_cent_and_stable(value: Decimal) -> None:
    rounded = money.cents(value)
    assert abs(rounded - value) <= D("0.005")
    assert money.cents(rounded) == rounded
    assert money.cents(-value) == -rounded


@given(st.decimals(min_value=0, max_value=10**9, places=4))
def test_plain_text_is_read_back(value: Decimal) -> None:
    assert money.parse(money.plain(value)) == value


@settings(max_examples=200)
@given(weights, st.integers(min_value=0, max_value=100))
def test_shares_add_up_and_none_exceeds_its_line(parts: list[Decimal], percent: int) -> None:
    whole = sum(parts, D(0))
    total = money.cents(whole * percent / 100)
    shares = money.share_out(total, parts)
    assert sum(shares, D(0)) == (total if whole else 0)
    assert all(0 <= share <= part for share, part in zip(shares, parts, strict=True))


def test_leftover_cents_go_to_the_largest_fractions_then_to_the_earlier_line() -> None:
    assert money.share_out(D("0.05"), [D(1), D(1), D(1)]) == [D("0.02"), D("0.02"), D("0.01")]
    assert money.share_out(D("1.00"), [D("0.10"), D("0.30"), D("0.20")]) == [D("0.17"), D("0.50"), D("0.33")]
    assert money.share_out(D("1.00"), [D(0), D(0)]) == [D("0.00"), D("0.00")]


def test_a_total_of_nothing_is_zero_with_cents() -> None:
    assert str(money.total([])) == "0.00"
    assert money.total([D("0.10")] * 3) == D("0.30")
