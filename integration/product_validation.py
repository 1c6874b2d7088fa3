"""Products and prices: which rows may be used, and why the others may not. Nothing is read but the table."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from django.utils.translation import gettext_noop as _

from integration import amounts, checks
from integration.checks import Fault, Findings
from integration.choices import Rule
from integration.profiles import PRODUCT_REQUIRED, Layout
from integration.reading import Table

LONGEST = {
    "sku": 40, "name_en": 200, "name_fi": 200, "description_en": 5000, "description_fi": 5000, "group": 40, "unit": 40,
}  # fmt: skip
PRICES = ("list_price", "cost", "floor_price", "target_price")
PRICE_PLACES, RATE_PLACES = 4, 4
DEFAULT_UNIT, DEFAULT_VAT = "pcs", "25.5"
"""Of rows that name none. 25.5 % is the general Finnish rate."""
_HUNDRED_PERCENT = 100 * 10**RATE_PLACES


@dataclass(frozen=True)
class ProductRows:
    """A checked product file. `rows`: texts; prices and `vat_rate` as int64 with 4 decimals (-1: none); flags; days as ISO text.

    Every row of the file is in exactly one of `rows`, `copies` and `faults`; SKUs are unique. `present`: the fields the file has.
    """

    rows: pd.DataFrame
    copies: list[int]
    faults: list[Fault]
    present: frozenset[str]


def check_products(table: Table, layout: Layout) -> ProductRows:
    """Sort the rows of a product file into usable, repeated and faulty ones."""
    findings = Findings(layout)
    checks.find_broken(table, findings)
    frame = checks.fields_of(table, layout)
    checks.find_texts(frame, findings, longest=LONGEST, required=PRODUCT_REQUIRED)
    copies, clash = checks.repeats(frame, ["sku"])
    clash &= frame["sku"] != ""
    findings.add_all(clash, Rule.DUPLICATE, "sku", frame["sku"], _("%(column)s “%(value)s” stands twice with different values."))
    mark = layout.profile.options.decimal or amounts.decimal_mark(
        [frame[name] for name in PRICES if name in frame], table.decimal_in_doubt
    )
    values: dict[str, Any] = {name: _prices(frame, name, findings, mark) for name in PRICES}
    values["vat_rate"] = _rates(frame, findings, mark)
    for name, blank in (("active", True), ("outside_catalogue", False)):
        values[name] = (
            checks.find_flags(frame[name], name, findings, blank=blank) if name in frame else pd.Series(blank, index=frame.index)
        )
    values |= _days(frame, findings)
    bad = frame.index.isin(findings.rows())
    return ProductRows(
        rows=_complete(frame.assign(**values)[~copies & ~bad]),
        copies=[int(str(row)) for row in frame.index[copies & ~bad]],
        faults=findings.faults(table, "sku"),
        present=frozenset(layout.positions),
    )


def _prices(frame: pd.DataFrame, name: str, findings: Findings, mark: str) -> "pd.Series[int]":
    """EUR with 4 decimals as integers; -1 where there is none: an unknown cost is not 0."""
    if name not in frame:
        return pd.Series(-1, index=frame.index, dtype="int64")
    prices = checks.find_numbers(frame, name, findings, mark=mark, places=PRICE_PLACES, accepted=PRICE_PLACES, digits=8)
    findings.add_all(prices < 0, Rule.NEGATIVE, name, frame[name], _("%(column)s: “%(value)s” is negative."))
    return prices.where(frame[name] != "", -1)


def _rates(frame: pd.DataFrame, findings: Findings, mark: str) -> "pd.Series[int]":
    """Percent with 4 decimals as integers."""
    if "vat_rate" not in frame:
        return pd.Series(-1, index=frame.index, dtype="int64")
    mark = amounts.decimal_mark([frame["vat_rate"]], mark)
    rates = checks.find_numbers(frame, "vat_rate", findings, mark=mark, places=RATE_PLACES, accepted=RATE_PLACES, digits=3)
    findings.add_all(rates < 0, Rule.NEGATIVE, "vat_rate", frame["vat_rate"], _("%(column)s: “%(value)s” is negative."))
    findings.add_all(
        rates > _HUNDRED_PERCENT, Rule.TOO_LARGE, "vat_rate", frame["vat_rate"], _("%(column)s: “%(value)s” is more than 100 %%.")
    )
    return rates.where(frame["vat_rate"] != "", -1)


def _days(frame: pd.DataFrame, findings: Findings) -> "dict[str, pd.Series[str]]":
    """The first and the last day of the price as ISO text; blank is open."""
    days = {name: _iso(frame, name, findings) for name in ("valid_from", "valid_to")}
    both = (days["valid_from"] != "") & (days["valid_to"] != "")
    reverse = both & (days["valid_from"] > days["valid_to"])
    if "valid_to" in frame:
        sentence = _("%(column)s: “%(value)s” is before the first day.")
        findings.add_all(reverse, Rule.DATES_OUT_OF_ORDER, "valid_to", frame["valid_to"], sentence)
    return days


def _iso(frame: pd.DataFrame, name: str, findings: Findings) -> "pd.Series[str]":
    """2026-11-20 and 20.11.2026 are understood."""
    if name not in frame:
        return pd.Series("", index=frame.index, dtype="str")
    cells = frame[name]
    dotted = cells.str.fullmatch(r"\d{1,2}\.\d{1,2}\.\d{4}")
    days = pd.Series(np.datetime64("NaT", "s"), index=cells.index)
    days[dotted] = pd.to_datetime(cells[dotted], format="%d.%m.%Y", errors="coerce")
    days[~dotted] = pd.to_datetime(cells[~dotted], format="%Y-%m-%d", errors="coerce")
    wrong = days.isna() & (cells != "")
    findings.add_all(
        wrong, Rule.NOT_A_DATE, name, cells, _("%(column)s: “%(value)s” is not a date such as 2026-11-20 or 20.11.2026.")
    )
    return days.dt.strftime("%Y-%m-%d").fillna("").astype("str")


def _complete(frame: pd.DataFrame) -> pd.DataFrame:
    """Every text field; those the file lacks are blank."""
    return frame.assign(**{name: "" for name in LONGEST if name not in frame})
