"""Numbers as people type them."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from core.forms import DecimalField

pytestmark = pytest.mark.once


def percent_field() -> DecimalField:
    return DecimalField(max_digits=7, decimal_places=4, min_value=0, max_value=100, required=False)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("12,5", "12.5"),
        ("12.5", "12.5"),
        (" 12,50 % ", "12.50"),
        ("10.500000", "10.500000"),
        ("0", "0"),
        ("100", "100"),
    ],
)
def test_both_notations_are_understood(typed: str, expected: str) -> None:
    assert percent_field().clean(typed) == Decimal(expected)


def test_thousands_are_understood_in_both_notations() -> None:
    field = DecimalField(max_digits=14, decimal_places=2)

    assert [field.clean(typed) for typed in ("1 234,50 €", "1\u00a0234,50", "€1,234.50")] == [Decimal("1234.50")] * 3


def test_nothing_is_none() -> None:
    assert percent_field().clean("  ") is None


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("NaN", "“NaN” is not a number."),
        ("Infinity", "“Infinity” is not a number."),
        ("1e309", "“1e309” is not a number."),
        ("abc", "“abc” is not a number."),
        ("=1+1", "“=1+1” is not a number."),
        ("9" * 60, "“" + "9" * 60 + "” is not a number."),
        ("12,34567", "At most 4 decimals."),
        ("1000", "At most 3 digits before the decimal mark."),
        ("-0,1", "At least 0."),
        ("100,01", "At most 100."),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(typed: str, sentence: str) -> None:
    field = percent_field()
    if typed == "1000":
        field.max_value = None

    with pytest.raises(ValidationError) as refused:
        field.clean(typed)

    assert refused.value.messages == [sentence]


def test_a_limit_that_is_not_allowed_itself() -> None:
    with pytest.raises(ValidationError) as refused:
        DecimalField(max_digits=12, decimal_places=3, above=0).clean("0")

    assert refused.value.messages == ["More than 0."]


def test_the_input_shows_the_notation_of_the_language() -> None:
    with translation.override("fi"):
        assert percent_field().prepare_value(Decimal("12.5000")) == "12,5"


def test_another_notation_of_the_same_number_is_no_change() -> None:
    assert not percent_field().has_changed(Decimal("12.5000"), "12,5")
    assert percent_field().has_changed(Decimal("12.5000"), "12,6")
