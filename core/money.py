"""Money and other exact numbers. `Decimal` only; rounding is half-up (away from zero), in this one place.

Source: docs/adr/0004-rounding.md. Shapes: amount 2 places, unit price 4, percent 4, quantity 3.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

ZERO = Decimal("0")
CENT = Decimal("0.01")
NO_CENTS = Decimal("0.00")
CURRENCY = "EUR"

_SPACES = re.compile(r"[\s\u00a0\u202f]")
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_LONGEST = 40
_UNITS = [Decimal(1).scaleb(-places) for places in range(10)]
"""One in the last of 0, 1, 2, … places; made once, because rounding is what pricing does most."""


def quantize(value: Decimal, places: int) -> Decimal:
    """`value` with `places` decimals, half-up away from zero; never a negative zero."""
    return value.quantize(_UNITS[places], ROUND_HALF_UP) + ZERO


def cents(value: Decimal) -> Decimal:
    """An amount: 2 places; never a negative zero."""
    return value.quantize(CENT, ROUND_HALF_UP) or NO_CENTS


def unit_price(value: Decimal) -> Decimal:
    """A price per pricing unit: 4 places."""
    return quantize(value, 4)


def percent_of(part: Decimal, whole: Decimal) -> Decimal | None:
    """`part` as a percentage of `whole`, 2 places; None when there is no whole to measure against."""
    return None if whole == 0 else quantize(part * 100 / whole, 2)


def plain(value: Decimal) -> str:
    """The shortest plain notation: no exponent, no trailing zeros."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def parse(text: str) -> Decimal | None:
    """What a person meant by `text` in Finnish or English notation; None when it is no finite number.

    "1 234,50" and "1,234.50" are the same; a lone comma is a decimal comma; a currency or percent sign may stand at an end.
    """
    bare = _SPACES.sub("", text).replace("\u2212", "-").strip("€%")
    if len(bare) > _LONGEST:
        return None
    if "," in bare and "." in bare:
        decimal_mark = max(",", ".", key=bare.rfind)
        bare = bare.replace("," if decimal_mark == "." else ".", "")
    if bare.count(",") > 1:
        bare = bare.replace(",", "")
    bare = bare.replace(",", ".")
    if not _PLAIN.fullmatch(bare):
        return None
    try:
        return Decimal(bare)
    except InvalidOperation:
        return None


def share_out(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """`total` (2 places, >= 0) split in proportion to `weights` (2 places, >= 0), adding up exactly.

    Largest remainder: each share is floored to cents, the cents left over go to the largest fractions, ties to the earlier one.
    Worked out in whole cents, so that fractions are compared exactly.
    """
    cents_of = [int(weight * 100) for weight in weights]
    whole, left = sum(cents_of), int(total * 100)
    if whole == 0:
        return [NO_CENTS] * len(cents_of)
    parts = [divmod(left * weight, whole) for weight in cents_of]
    shares = [share for share, _fraction in parts]
    left -= sum(shares)
    for index in sorted(range(len(parts)), key=lambda index: -parts[index][1])[:left]:  # stable: ties to the earlier one
        shares[index] += 1
    return [Decimal(share).scaleb(-2) for share in shares]


def total(values: Iterable[Decimal]) -> Decimal:
    """The sum, made here and not in SQL, where SQLite would add floats."""
    return sum(values, NO_CENTS)
