"""Quantities in one unit and in another, exactly: pure functions. Prices stay per pricing unit, whatever is ordered in."""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

PLACES = 3
"""Of a quantity."""


class Factor(NamedTuple):
    """One of a unit is `numerator` / `denominator` pricing units, both whole and positive: 1 g is 1/1000 kg."""

    numerator: int
    denominator: int


ONE = Factor(1, 1)
"""That of the pricing unit itself."""


def in_pricing_units(quantity: Decimal, factor: Factor) -> Fraction:
    """How many pricing units a quantity is. A `Fraction` compares exactly with Decimals, so breaks are looked up with it."""
    return Fraction(quantity) * factor.numerator / factor.denominator


def converted(quantity: Decimal, source: Factor, target: Factor) -> Decimal | None:
    """The quantity in another unit of the same product; None where that takes more than `PLACES` decimals."""
    exact = in_pricing_units(quantity, source) * target.denominator / target.numerator
    rounded = half_up(exact, PLACES)
    return rounded if rounded == exact else None


def amount(price: Decimal, quantity: Decimal, factor: Factor) -> Decimal:
    """What a quantity costs at a price per pricing unit: EUR, 2 places, half-up, rounded once."""
    return half_up(Fraction(price) * in_pricing_units(quantity, factor), 2)


def half_up(exact: Fraction, places: int) -> Decimal:
    """The number with so many decimals, half-up (away from zero); never a negative zero."""
    scaled = abs(exact) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if exact >= 0 else -whole).scaleb(-places)
