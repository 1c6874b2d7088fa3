from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given, strategies as st

from integration import amounts
from integration.choices import Rule

pytestmark = pytest.mark.once


def scaled(text: str, mark: str = ",", **shape) -> int | Rule:
    numbers, masks = amounts.scaled(pl.Series([text], dtype=pl.String), mark=mark, **({"places": 2, "accepted": 6} | shape))
    broken = [rule for rule, mask in masks.items() if mask[0]]
    return broken[0] if broken else int(numbers[0])


@pytest.mark.parametrize(
    ("text", "mark", "cents"),
    [
        ("", ",", 0),
        ("12", ",", 1200),
        ("1 234,5", ",", 123450),
        ("1\u00a0234\u202f567,89", ",", 123456789),
        ("1.234,50", ",", 123450),
        ("1,234.50", ".", 123450),
        ("-0,01", ",", -1),
        ("\u22127,5", ",", -750),
        ("+3", ",", 300),
        (",5", ",", 50),
        ("5,", ",", 500),
        ("25,5 %", ",", 2550),
        ("9,90 €", ",", 990),
        ("0,005", ",", 1),
        ("-0,005", ",", -1),
        ("0,0049", ",", 0),
        ("1,00000000000", ",", 100),
        ("999999999999,99", ",", 99999999999999),
    ],
)
def test_a_number_is_read_exactly(text: str, mark: str, cents: int) -> None:
    assert scaled(text, mark) == cents


@pytest.mark.parametrize(
    "text", ["NaN", "nan", "inf", "-Infinity", "1e309", "1E3", "0x1F", "abc", "--1", "1.2.3", "1,2,3", "12.50", "١٢", "-"]
)
def test_what_is_no_number_is_noted(text: str) -> None:
    assert scaled(text) == Rule.NOT_A_NUMBER


def test_numbers_out_of_bounds_are_noted() -> None:
    assert scaled("1000000000000") == Rule.TOO_LARGE
    assert scaled("9" * 400) == Rule.TOO_LARGE
    assert scaled("1," + "0" * 39 + "1") == Rule.TOO_MANY_DECIMALS
    assert scaled("1,23456", places=4, accepted=4) == Rule.TOO_MANY_DECIMALS


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=6))
def test_every_number_equals_what_decimal_makes_of_it(value: Decimal) -> None:
    expected = int(value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP).scaleb(2))
    assert scaled(format(value, "f").replace(".", ",")) == expected


@pytest.mark.parametrize(
    ("cells", "in_doubt", "mark"),
    [
        (["1234,5", "7"], ".", ","),
        (["1234.5", "7"], ",", "."),
        (["1.234,50"], ".", ","),
        (["1,234.50"], ",", "."),
        (["12.50", "1,234"], ",", "."),
        (["1,234"], ",", ","),
        (["1.234"], ".", "."),
        (["1.234"], ",", ","),
        (["0.125"], ",", "."),
        ([""], ",", ","),
    ],
)
def test_the_decimal_mark_is_found(cells: list[str], in_doubt: str, mark: str) -> None:
    assert amounts.decimal_mark([pl.Series(cells, dtype=pl.String)], in_doubt) == mark
