"""Numbers in text cells → exact integers of the smallest unit (cents, thousandths). Vectorised; no float anywhere."""

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from integration.choices import Rule

Ints = npt.NDArray[np.int64]

_NOISE = re.compile(r"[\s\u00a0\u202f\u2009'’]|[€%]$")
_DECISIVE_COMMA = r"^[+-]?(?:\d{1,3}(?:\.\d{3})+,\d*|\d*,\d{1,2}|\d*,\d{4,}|0,\d+|\d{4,},\d+)$"
_DECISIVE_DOT = r"^[+-]?(?:\d{1,3}(?:,\d{3})+\.\d*|\d*\.\d{1,2}|\d*\.\d{4,}|0\.\d+|\d{4,}\.\d+)$"


def bare(cells: pd.Series) -> pd.Series:
    """Without spaces, currency and percent signs; a typographic minus becomes a plain one."""
    return cells.str.replace(_NOISE, "", regex=True).str.replace("\u2212", "-", regex=False)


def decimal_mark(columns: list[pd.Series], in_doubt: str) -> str:
    """The comma or the point: what most cells show beyond doubt, else `in_doubt`.

    "1,234" alone decides nothing: it may be a thousand or a decimal.
    """
    commas = sum(int(column.str.match(_DECISIVE_COMMA).sum()) for column in map(bare, columns))
    dots = sum(int(column.str.match(_DECISIVE_DOT).sum()) for column in map(bare, columns))
    if commas == dots:
        return in_doubt
    return "," if commas > dots else "."


def scaled(cells: pd.Series, *, mark: str, places: int, accepted: int, digits: int = 12) -> tuple[Ints, dict[Rule, pd.Series]]:
    """Each cell times 10 ** `places` as an integer, and per rule a mask of the cells that break it (their number is 0).

    `accepted` decimals may be written, those beyond `places` are rounded half-up, away from zero; `digits` may stand before
    the mark; blank is 0.
    The other mark and spaces may group thousands. "NaN", "1e309" and the like are no numbers.
    """
    text = bare(cells)
    group, point = (r"\.", ",") if mark == "," else (",", r"\.")
    shape = rf"^(?P<sign>[+-]?)(?P<whole>\d{{1,3}}(?:{group}\d{{3}})+|\d+|(?={point}\d))(?:{point}(?P<part>\d*))?$"
    parts = text.str.extract(shape, flags=re.ASCII)
    blank = text == ""
    not_a_number = parts["sign"].isna() & ~blank
    whole = parts["whole"].fillna("").str.replace("." if mark == "," else ",", "", regex=False).str.lstrip("0")
    part = parts["part"].fillna("").str.rstrip("0")
    faults = {
        Rule.NOT_A_NUMBER: not_a_number,
        Rule.TOO_LARGE: whole.str.len() > digits,
        Rule.TOO_MANY_DECIMALS: part.str.len() > accepted,
    }
    good = ~(faults[Rule.NOT_A_NUMBER] | faults[Rule.TOO_LARGE] | faults[Rule.TOO_MANY_DECIMALS])
    magnitude: Ints = ("0" + whole + part.str.ljust(accepted, "0")).where(good, "0").to_numpy(dtype=object).astype(np.int64)
    sign = np.where((parts["sign"] == "-").to_numpy(), -1, 1)
    return np.asarray(sign * _rounded(magnitude, accepted - places), dtype=np.int64), faults


def _rounded(magnitude: Ints, beyond: int) -> Ints:
    """Without the last `beyond` digits, half-up."""
    if beyond <= 0:
        return magnitude
    step = 10**beyond
    return np.asarray((magnitude + step // 2) // step, dtype=np.int64)
