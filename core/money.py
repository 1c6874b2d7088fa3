"""Money and other exact numbers. `Decimal` only; rounding is half-up (away from zero), in this one place.

Source: docs/adr/0004-rounding.md. Shapes: amount 2 places, unit price 4, percent 4, quantity 3.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation

ZERO = Decimal("0")
CENT = Decimal("0.01")
CURRENCY = "EUR"

_SPACES = re.compile(r"[\s\u00a0\u202f]")
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_LONGEST = 40


def quantize(value: Decimal, places: int) -> Decimal:
    """`value` with `places` decimals, half-up away from zero; never a negative zero."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP) + ZERO


def cents(value: Decimal) -> Decimal:
    """An amount: 2 places."""
    return quantize(value, 2)


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
    """`total` (2 places, >= 0) split in proportion to `weights` (>= 0), adding up exactly.

    Largest remainder: each share is floored to cents, the cents left over go to the largest fractions, ties to the earlier one.
    """
    whole = sum(weights, ZERO)
    if whole == 0:
        return [Decimal("0.00") for _ in weights]
    exact = [total * weight / whole for weight in weights]
    shares = [value.quantize(CENT, rounding=ROUND_FLOOR) for value in exact]
    left = int((total - sum(shares, ZERO)) / CENT)
    by_fraction = sorted(range(len(weights)), key=lambda index: (shares[index] - exact[index], index))
    for index in by_fraction[:left]:
        shares[index] += CENT
    return shares


def total(values: Iterable[Decimal]) -> Decimal:
    """The sum, made here and not in SQL, where SQLite would add floats."""
    return sum(values, Decimal("0.00"))
