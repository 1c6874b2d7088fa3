"""Products and prices: which rows may be used, and why the others may not. Nothing is read but the table."""

from dataclasses import dataclass
from typing import Any

import polars as pl
from django.utils.translation import gettext_noop as _

from integration import amounts, checks
from integration.checks import Fault, Findings
from integration.choices import Rule
from integration.product_changes import MEASURES, PRICES
from integration.profiles import PRODUCT_REQUIRED, Layout
from integration.reading import Table

LONGEST = {
    "sku": 40, "name_en": 200, "name_fi": 200, "description_en": 5000, "description_fi": 5000, "group": 40, "unit": 40,
}  # fmt: skip
PRICE_PLACES, RATE_PLACES = 4, 4
DEFAULT_UNIT, DEFAULT_VAT = "pcs", "25.5"
"""Of rows that name none. 25.5 % is the general Finnish rate."""
_HUNDRED_PERCENT = 100 * 10**RATE_PLACES
MEASURE_PLACES = {"use_within_months": 0, "fixed_quantity": 3, "cs_days": 3}
_DIGITS = {"use_within_months": 3, "fixed_quantity": 9, "cs_days": 6}


@dataclass(frozen=True)
class ProductRows:
    """A checked product file. `rows`: texts; prices and `vat_rate` as int64 with 4 decimals, measures with
    `MEASURE_PLACES` (-1: none); flags; days as ISO text.

    Every row of the file is in exactly one of `rows`, `copies` and `faults`; a SKU and `valid_from` are so once, and rows of one
    SKU differ in their prices only. `present`: the fields the file has. `mark`: the decimal mark of its prices.
    """

    rows: pl.DataFrame
    copies: list[int]
    faults: list[Fault]
    present: frozenset[str]
    mark: str


def check_products(table: Table, layout: Layout) -> ProductRows:
    """Sort the rows of a product file into usable, repeated and faulty ones."""
    findings = Findings(layout)
    checks.find_broken(table, findings)
    frame = checks.fields_of(table, layout)
    checks.find_texts(frame, findings, longest=LONGEST, required=PRODUCT_REQUIRED)
    days = _days(frame, findings)
    copies, clash = _repeats(frame, days["valid_from"])
    sentence = _("%(column)s “%(value)s” stands in rows %(rows)s with different values.")
    findings.add_shared(frame.filter(pl.col("#").is_in(clash.implode())), Rule.DUPLICATE, "sku", sentence, rows="#")
    mark = layout.profile.options.decimal or amounts.decimal_mark(
        [frame[name] for name in PRICES if name in frame.columns], table.decimal_in_doubt
    )
    values: dict[str, Any] = {name: _prices(frame, name, findings, mark) for name in PRICES}
    _find_guidance(frame, values, findings)
    values["vat_rate"] = _rates(frame, findings, mark)
    values |= {name: _measures(frame, name, findings, mark) for name in MEASURES}
    for name, blank in (("active", True), ("outside_catalogue", False)):
        known = name in frame.columns
        values[name] = checks.find_flags(frame, name, findings, blank=blank) if known else pl.lit(blank)
    values |= days
    repeated = frame["#"].is_in(copies.implode())
    bad = findings.of(frame)
    return ProductRows(
        rows=_complete(frame.with_columns(**values).filter(~repeated & ~bad)),
        copies=frame.filter(repeated & ~bad)["#"].to_list(),
        faults=findings.faults(table, "sku"),
        present=frozenset(layout.positions),
        mark=mark,
    )


def _repeats(frame: pl.DataFrame, valid_from: pl.Series) -> tuple[pl.Series, pl.Series]:
    """As `checks.repeats`. A product may have a price for each first day; what else is said of it must be the same."""
    unread = frame.get_column("valid_from", default=valid_from)
    frame = frame.with_columns(valid_from=pl.when(valid_from == "").then(unread).otherwise(valid_from))
    copies, clash = checks.repeats(frame, "sku", "valid_from")
    rest = frame.filter(~pl.col("#").is_in(pl.concat([copies, clash]).implode()))
    said = [name for name in frame.columns if name not in ("#", *PRICES, "valid_from", "valid_to")]
    differing = pl.struct(said).n_unique().over("sku") > 1
    return copies, pl.concat([clash, rest.filter(differing & (pl.col("sku") != ""))["#"]])


def _prices(frame: pl.DataFrame, name: str, findings: Findings, mark: str) -> Any:
    """EUR with 4 decimals as integers; -1 where there is none: an unknown cost is not 0."""
    if name not in frame.columns:
        return pl.lit(-1, dtype=pl.Int64)
    prices = checks.find_numbers(frame, name, findings, mark=mark, places=PRICE_PLACES, accepted=PRICE_PLACES, digits=8)
    findings.add_all(frame, prices < 0, Rule.NEGATIVE, name, _("%(column)s: “%(value)s” is negative."))
    return prices.set(frame[name] == "", -1)


def _find_guidance(frame: pl.DataFrame, prices: dict[str, Any], findings: Findings) -> None:
    """The start price is at least the target price, that at least the floor price, where the file has both."""
    sentence = _("%(column)s: “%(value)s” is more than the price above it in the order start, target, floor.")
    for higher, lower in (("start_price", "target_price"), ("target_price", "floor_price"), ("start_price", "floor_price")):
        if higher in frame.columns and lower in frame.columns:
            wrong = (prices[higher] >= 0) & (prices[lower] > prices[higher])
            findings.add_all(frame, wrong, Rule.TOO_LARGE, lower, sentence)


def _measures(frame: pl.DataFrame, name: str, findings: Findings, mark: str) -> Any:
    """Whole numbers of the last decimal; -1 where there is none. Of months and quantities 0 is none."""
    if name not in frame.columns:
        return pl.lit(-1, dtype=pl.Int64)
    mark, places = amounts.decimal_mark([frame[name]], mark), MEASURE_PLACES[name]
    numbers = checks.find_numbers(frame, name, findings, mark=mark, places=places, accepted=places, digits=_DIGITS[name])
    findings.add_all(frame, numbers < 0, Rule.NEGATIVE, name, _("%(column)s: “%(value)s” is negative."))
    none = frame[name] == "" if name == "cs_days" else (frame[name] == "") | (numbers == 0)
    return numbers.set(none, -1)


def _rates(frame: pl.DataFrame, findings: Findings, mark: str) -> Any:
    """Percent with 4 decimals as integers."""
    if "vat_rate" not in frame.columns:
        return pl.lit(-1, dtype=pl.Int64)
    mark = amounts.decimal_mark([frame["vat_rate"]], mark)
    rates = checks.find_numbers(frame, "vat_rate", findings, mark=mark, places=RATE_PLACES, accepted=RATE_PLACES, digits=3)
    findings.add_all(frame, rates < 0, Rule.NEGATIVE, "vat_rate", _("%(column)s: “%(value)s” is negative."))
    beyond = rates > _HUNDRED_PERCENT
    findings.add_all(frame, beyond, Rule.TOO_LARGE, "vat_rate", _("%(column)s: “%(value)s” is more than 100 %%."))
    return rates.set(frame["vat_rate"] == "", -1)


def _days(frame: pl.DataFrame, findings: Findings) -> dict[str, Any]:
    """The first and the last day of the price as ISO text; blank is open."""
    days = {name: _iso(frame, name, findings) for name in ("valid_from", "valid_to")}
    reverse = (days["valid_from"] != "") & (days["valid_to"] != "") & (days["valid_from"] > days["valid_to"])
    if "valid_to" in frame.columns:
        sentence = _("%(column)s: “%(value)s” is before the first day.")
        findings.add_all(frame, reverse, Rule.DATES_OUT_OF_ORDER, "valid_to", sentence)
    return days


def _iso(frame: pl.DataFrame, name: str, findings: Findings) -> pl.Series:
    """2026-11-20 and 20.11.2026 are understood."""
    if name not in frame.columns:
        return pl.Series(name, [""] * len(frame), dtype=pl.String)
    cells = pl.col(name)
    dotted = cells.str.extract_groups(r"^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4})$")
    day, month, year = (dotted.struct.field(part) for part in ("day", "month", "year"))
    text = pl.when(year.is_not_null()).then(year + "-" + month.str.zfill(2) + "-" + day.str.zfill(2)).otherwise(cells)
    whole = pl.when(text.str.contains(r"^\d{4}-\d{2}-\d{2}$")).then(text)
    days = frame.select(whole.str.to_date("%Y-%m-%d", strict=False).dt.strftime("%Y-%m-%d").fill_null(""))[:, 0]
    sentence = _("%(column)s: “%(value)s” is not a date such as 2026-11-20 or 20.11.2026.")
    findings.add_all(frame, (days == "") & (frame[name] != ""), Rule.NOT_A_DATE, name, sentence)
    return days


def _complete(frame: pl.DataFrame) -> pl.DataFrame:
    """Every text field; those the file lacks are blank."""
    return frame.with_columns(pl.lit("").alias(name) for name in LONGEST if name not in frame.columns)
