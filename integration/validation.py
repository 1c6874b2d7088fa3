"""The customer master: which rows may be used, and why the others may not. Nothing is read but the table.

Source: docs/requirements.md S0.29, S0.33.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from django.utils.translation import gettext_noop as _
from stdnum.fi import alv, ytunnus

from integration import amounts, checks
from integration.checks import Fault, Findings
from integration.choices import Rule
from integration.profiles import CUSTOMER_FIELDS, Layout
from integration.reading import JSON, Table

LONGEST = {
    "child_id": 40, "child_name": 200, "parent_id": 40, "parent_name": 200, "salesperson_id": 40, "salesperson_name": 150,
    "tma1": 40, "tma1_name": 120, "tma2": 40, "tma2_name": 120, "industry": 40, "business_size": 40, "classification": 40,
    "channel": 40, "sap_code": 40, "business_id": 20, "vat_number": 20, "street": 200, "postcode": 20, "city": 100, "country": 30,
    "region": 40, "payment_term": 40,
}  # fmt: skip
MONEY_PLACES, VOLUME_PLACES = 2, 3
_ACCEPTED_DECIMALS, _DIGITS = 6, 12
_MOST_CENTS, _MOST_THOUSANDTHS = 9 * 10**15, 9 * 10**17
"""Bounds of a parent's sum, of either sign: what the account's columns and a 64-bit sum hold."""

COUNTRIES = {
    "FIN": "FI", "FINLAND": "FI", "SUOMI": "FI", "SWE": "SE", "SWEDEN": "SE", "RUOTSI": "SE", "SVERIGE": "SE", "NOR": "NO",
    "NORWAY": "NO", "NORJA": "NO", "DNK": "DK", "DENMARK": "DK", "TANSKA": "DK", "EST": "EE", "ESTONIA": "EE", "VIRO": "EE",
    "DEU": "DE", "GERMANY": "DE", "SAKSA": "DE", "LVA": "LV", "LATVIA": "LV", "LTU": "LT", "LITHUANIA": "LT", "LIETTUA": "LT",
}  # fmt: skip
_PATH = 8


@dataclass(frozen=True)
class CustomerRows:
    """A checked customer master. Every row of the file is in exactly one of `rows`, `copies`, `ignored` and `faults`.

    `rows`: our text fields, `revenue` in cents and `volume` in thousandths as int64, `cpq_flag` as bool; child ids are unique.
    `ignored`: `child_id` and `parent_id` of rows without the CPQ flag. `present`: the fields that the file has.
    """

    rows: pd.DataFrame
    copies: list[int]
    ignored: pd.DataFrame
    faults: list[Fault]
    present: frozenset[str]
    decimal: str


def check_customers(table: Table, layout: Layout) -> CustomerRows:
    """Sort the rows of a customer master into usable, repeated, ignored and faulty ones."""
    findings = Findings(layout)
    checks.find_broken(table, findings)
    frame = _with_parents(checks.fields_of(table, layout))
    flagged, ignored = _by_flag(frame, findings)
    checks.find_texts(flagged, findings, longest=LONGEST, required=["child_id"])
    mark = layout.profile.options.decimal or _decimal_mark(flagged, table)
    numbers = _numbers(flagged, findings, mark)
    flagged = _tax_ids(_countries(flagged, findings), findings)
    copies = _find_structure(flagged, findings)
    _find_totals(flagged[~copies], numbers, findings)
    _find_copies_of_faulty(flagged, copies, findings)
    good = flagged[~copies & ~flagged.index.isin(findings.rows())]
    return CustomerRows(
        rows=_complete(good).assign(**numbers.loc[good.index], cpq_flag=True),
        copies=[row for row in flagged.index[copies] if row not in findings.by_row],
        ignored=ignored[["child_id", "parent_id"]],
        faults=findings.faults(table, "child_id" if "child_id" in layout.positions else "parent_id"),
        present=frozenset(layout.positions),
        decimal=mark,
    )


def _with_parents(frame: pd.DataFrame) -> pd.DataFrame:
    """A row without a parent is its own parent, under its own name if it has no other."""
    frame = frame.copy()
    if "child_id" not in frame:
        frame["child_id"] = frame["parent_id"]
    frame["parent_id"] = frame["parent_id"].where(frame["parent_id"] != "", frame["child_id"])
    nameless = (frame["parent_id"] == frame["child_id"]) & (frame["parent_name"] == "")
    if "child_name" in frame:
        frame["parent_name"] = frame["parent_name"].where(~nameless, frame["child_name"])
    return frame


def _by_flag(frame: pd.DataFrame, findings: Findings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(rows that enter, rows that are ignored); without a flag column every row enters."""
    if "cpq_flag" not in frame:
        return frame, frame.iloc[0:0]
    flags = checks.find_flags(frame["cpq_flag"], "cpq_flag", findings, blank=False)
    enters = flags | frame.index.isin(findings.rows())
    return frame[enters].drop(columns="cpq_flag"), frame[~enters]


def _decimal_mark(frame: pd.DataFrame, table: Table) -> str:
    """A point in what came as JSON."""
    if table.encoding == JSON:
        return "."
    return amounts.decimal_mark([frame[name] for name in ("revenue", "volume") if name in frame], table.decimal_in_doubt)


def _numbers(frame: pd.DataFrame, findings: Findings, mark: str) -> pd.DataFrame:
    """Revenue in cents and volume in thousandths; a blank counts 0, so does a column that is not there."""
    numbers = pd.DataFrame({"revenue": 0, "volume": 0}, index=frame.index, dtype="int64")
    for name, places in (("revenue", MONEY_PLACES), ("volume", VOLUME_PLACES)):
        if name in frame:
            numbers[name] = checks.find_numbers(
                frame, name, findings, mark=mark, places=places, accepted=_ACCEPTED_DECIMALS, digits=_DIGITS
            )
    return numbers


def _countries(frame: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """Two-letter codes, in capitals; the neighbours' names are understood."""
    if "country" not in frame:
        return frame
    codes = frame["country"].str.upper().replace(COUNTRIES)
    unknown = ~codes.str.fullmatch("[A-Z]{2}") & (codes != "")
    findings.add_all(
        unknown, Rule.NOT_A_COUNTRY, "country", frame["country"], _("%(column)s: “%(value)s” is not a two-letter country code.")
    )
    return frame.assign(country=codes)


def _tax_ids(frame: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """Finnish business IDs (which get their hyphen) and VAT numbers must pass their check digit; each one is computed once."""
    finnish = frame["country"].isin(["FI", ""]) if "country" in frame else pd.Series(True, index=frame.index)
    for name, valid in (("business_id", ytunnus.is_valid), ("vat_number", alv.is_valid)):
        if name not in frame:
            continue
        cells = frame[name]
        ours = finnish & (cells != "") if name == "business_id" else cells.str.startswith("FI")
        wrong = [text for text in cells[ours].unique() if not valid(text)]
        sentence = _("%(column)s: “%(value)s” is not a Finnish business ID or VAT number.")
        findings.add_all(ours & cells.isin(wrong), Rule.NOT_A_BUSINESS_ID, name, cells, sentence)
        if name == "business_id":
            frame = frame.assign(business_id=cells.where(~ours, cells.str.replace(r"^(\d{7})(\d)$", r"\1-\2", regex=True)))
    return frame


def _find_structure(frame: pd.DataFrame, findings: Findings) -> "pd.Series[bool]":
    """Note clashing rows, children with two parents, and cycles; answers which rows merely repeat an earlier one."""
    copies, clash = checks.repeats(frame, ["child_id"])
    named = frame["child_id"] != ""
    clash &= named
    parents = frame[clash].groupby("child_id")["parent_id"].nunique()
    two = clash & frame["child_id"].isin(parents.index[parents > 1])
    findings.add_all(
        two, Rule.TWO_PARENTS, "child_id", frame["child_id"], _("%(column)s “%(value)s” has two parents in this file.")
    )
    findings.add_all(
        clash & ~two,
        Rule.DUPLICATE,
        "child_id",
        frame["child_id"],
        _("%(column)s “%(value)s” stands twice with different values."),
    )
    for row, path in _cycles(frame[named & ~clash & ~copies]):
        findings.add(row, Rule.CYCLE, _("The parents form a circle: %(path)s."), {"path": path})
    return copies & named


def _cycles(frame: pd.DataFrame) -> Iterator[tuple[int, str]]:
    """(row, path) of each row that is among its own ancestors. A row that is its own parent is none.

    Every child has one parent, so after as many steps upwards as there are rows one stands on a cycle or above the top;
    doubling the step each time needs log2(rows) passes.
    """
    position = pd.Index(frame["child_id"]).get_indexer(pd.Index(frame["parent_id"]))
    top = len(frame)
    above = np.append(np.where((position < 0) | (position == np.arange(top)), top, position), top)
    far = above
    for _pass in range(max(top, 1).bit_length()):
        far = far[far]
    ids = frame["child_id"].to_numpy(dtype=object)
    for start in np.unique(far[far < top]):
        yield int(frame.index[start]), _path(ids, above, int(start))


def _path(
    ids: "np.ndarray[tuple[int], np.dtype[np.object_]]", above: "np.ndarray[tuple[int], np.dtype[np.int64]]", start: int
) -> str:
    steps, at = [checks.shown(ids[start])], int(above[start])
    while at != start and len(steps) < _PATH:
        steps.append(checks.shown(ids[at]))
        at = int(above[at])
    return " → ".join([*steps, checks.shown(ids[start]) if at == start else "…"])


def _find_totals(frame: pd.DataFrame, numbers: pd.DataFrame, findings: Findings) -> None:
    """Note the rows of parents whose sums no column could hold."""
    rows = numbers.loc[frame.index]
    sums = rows.abs().astype("float64").groupby(frame["parent_id"]).sum()
    beyond = sums.index[(sums["revenue"] > _MOST_CENTS) | (sums["volume"] > _MOST_THOUSANDTHS)]
    mask = frame["parent_id"].isin(beyond)
    sentence = _("The revenue or volume of the parent “%(value)s” is too large to be added up.")
    findings.add_all(mask, Rule.TOTAL_TOO_LARGE, "parent_id", frame["parent_id"], sentence)


def _find_copies_of_faulty(frame: pd.DataFrame, copies: "pd.Series[bool]", findings: Findings) -> None:
    """What repeats a faulty row is as faulty as that row."""
    first = {str(frame.at[row, "child_id"]): found for row, found in findings.by_row.items() if row in frame.index}
    for row, child in frame.loc[copies, "child_id"].items():
        if child in first:
            findings.by_row.setdefault(int(str(row)), first[child])


def _complete(frame: pd.DataFrame) -> pd.DataFrame:
    """Every text field; those the file lacks are blank."""
    absent = [name for name in CUSTOMER_FIELDS if name not in frame and name not in ("revenue", "volume", "cpq_flag")]
    return frame.assign(**dict.fromkeys(absent, ""))
