"""Numbers in text cells → exact integers of the smallest unit (cents, thousandths). Whole columns; no float anywhere."""

from collections.abc import Iterable

import polars as pl

from integration.choices import Rule

_NOISE = r"[\s\u00a0\u202f\u2009'’]|[€%]$"
_DECISIVE_COMMA = r"^[+-]?(?:\d{1,3}(?:\.\d{3})+,\d*|\d*,\d{1,2}|\d*,\d{4,}|0,\d+|\d{4,},\d+)$"
_DECISIVE_DOT = r"^[+-]?(?:\d{1,3}(?:,\d{3})+\.\d*|\d*\.\d{1,2}|\d*\.\d{4,}|0\.\d+|\d{4,}\.\d+)$"


def bare(cells: pl.Series) -> pl.Series:
    """Without spaces, currency and percent signs; a typographic minus becomes a plain one."""
    if not cells.str.contains(r"[^0-9.,+-]").any():
        return cells
    return cells.str.replace_all(_NOISE, "").str.replace_all("\u2212", "-", literal=True)


def decimal_mark(columns: Iterable[pl.Series], in_doubt: str) -> str:
    """The comma or the point: what most cells show beyond doubt, else `in_doubt`.

    "1,234" alone decides nothing: it may be a thousand or a decimal.
    """
    commas = dots = 0
    for column in columns:
        marked = column.filter(column.str.contains(r"[.,]"))
        marked = bare(marked)
        commas += int(marked.str.contains(_DECISIVE_COMMA).sum())
        dots += int(marked.str.contains(_DECISIVE_DOT).sum())
    if commas == dots:
        return in_doubt
    return "," if commas > dots else "."


def scaled(
    cells: pl.Series, *, mark: str, places: int, accepted: int, digits: int = 12
) -> tuple[pl.Series, dict[Rule, pl.Series]]:
    """Each cell times 10 ** `places` as an integer, and per rule a mask of the cells that break it (their number is 0).

    `accepted` decimals may be written, those beyond `places` are rounded half-up, away from zero; `digits` may stand before
    the mark; blank is 0.
    The other mark and spaces may group thousands. "NaN", "1e309" and the like are no numbers.
    """
    group, point = (r"\.", ",") if mark == "," else (",", r"\.")
    shape = rf"^([+-]?)((?:[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]*))(?:{point}([0-9]*))?$"
    frame = pl.DataFrame({"text": bare(cells)}).with_columns(
        sign=pl.col("text").str.extract(shape, 1),
        whole=pl.col("text").str.extract(shape, 2).fill_null(""),
        part=pl.col("text").str.extract(shape, 3).fill_null(""),
    )
    no_digit = (pl.col("whole") == "") & (pl.col("part") == "")
    frame = frame.with_columns(
        whole=pl.col("whole").str.replace_all("." if mark == "," else ",", "", literal=True).str.strip_chars_start("0"),
        part=pl.col("part").str.strip_chars_end("0"),
        not_a_number=(pl.col("sign").is_null() | no_digit) & (pl.col("text") != ""),
    )
    frame = frame.with_columns(
        too_large=pl.col("whole").str.len_chars() > digits, too_many=pl.col("part").str.len_chars() > accepted
    )
    good = ~(pl.col("not_a_number") | pl.col("too_large") | pl.col("too_many"))
    text = pl.when(good).then("0" + pl.col("whole") + pl.col("part").str.pad_end(accepted, "0")).otherwise(pl.lit("0"))
    magnitude = text.cast(pl.Int64)
    if accepted > places:
        step = 10 ** (accepted - places)
        magnitude = (magnitude + step // 2) // step
    negative = (pl.col("sign") == "-").fill_null(value=False)
    frame = frame.with_columns(number=pl.when(negative).then(-magnitude).otherwise(magnitude))
    faults = {
        Rule.NOT_A_NUMBER: frame["not_a_number"],
        Rule.TOO_LARGE: frame["too_large"],
        Rule.TOO_MANY_DECIMALS: frame["too_many"],
    }
    return frame["number"], faults
