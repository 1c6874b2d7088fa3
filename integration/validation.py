"""The customer master: which rows may be used, and why the others may not. Nothing is read but the table.

Source: docs/requirements.md S0.29, S0.33.
"""

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl
from django.utils.translation import gettext_noop as _
from stdnum.fi import alv, ytunnus

from accounts import matching
from integration import amounts, checks
from integration.checks import Fault, Findings
from integration.choices import Rule
from integration.profiles import CUSTOMER_FIELDS, Layout
from integration.reading import JSON, Table

LONGEST = {
    "child_id": 40, "child_name": 200, "parent_id": 40, "parent_name": 200, "salesperson_id": 40, "salesperson_name": 150,
    "tma1": 40, "tma1_name": 120, "tma2": 40, "tma2_name": 120, "industry": 40, "business_size": 40, "classification": 40,
    "channel": 40, "sap_code": 40, "business_id": 20, "vat_number": 20, "street": 200, "postcode": 20, "city": 100, "country": 30,
    "region": 40, "payment_term": 40, "updated_at": 40,
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


HASH_VERSION = f"3 {pl.__version__}"
"""Another release of polars may hash in another way: then all rows are compared cell by cell, once."""
TEXTS = tuple(name for name in CUSTOMER_FIELDS if name not in ("revenue", "volume", "cpq_flag"))
CELLS = (*TEXTS, "revenue", "volume")
"""What is used of a row: texts, cents, thousandths."""
_TIES = ("#", "child_id", "parent_id")
NOTHING_KNOWN = pl.DataFrame(schema={"child_id": pl.String, "row_hash": pl.Int64})


@dataclass(frozen=True)
class CustomerRows:
    """A checked customer master. Every row of the file is in exactly one of `rows`, `same`, `copies`, `ignored` and `faults`.

    `rows` are ready to be used: the number of the row "#", `CELLS`, `row_hash`; child ids are unique. `same` are rows that stand
    as they were applied before: "#", `child_id`, `parent_id` (`ready` makes them as those in `rows`). `ignored`: `child_id` and
    `parent_id` of rows that do not enter. `present`: the fields that the file has.
    `mark`: the decimal mark of its amounts.
    """

    rows: pl.DataFrame
    same: pl.DataFrame
    copies: list[int]
    ignored: pl.DataFrame
    faults: list[Fault]
    layout: Layout
    mark: str
    ready: Callable[[pl.DataFrame], pl.DataFrame]
    """The "#" and `CELLS` of rows out of `same`; they have been checked when they were applied."""

    @property
    def present(self) -> frozenset[str]:
        return frozenset(self.layout.positions)


def check_customers(
    table: Table, layout: Layout, *, known: pl.DataFrame = NOTHING_KNOWN, decisions: Mapping[str, str] | None = None
) -> CustomerRows:
    """Sort the rows of a customer master into usable, repeated, ignored and faulty ones.

    `known`: `child_id` and `row_hash` of what has been applied before; a row that has both needs no look at its cells.
    `decisions`: per child id the parent that a steward gave it; "" leaves the row out.
    """
    findings = Findings(layout)
    checks.find_broken(table, findings)
    frame, enters = _entering(table, layout, decisions or {}, findings)
    mark = layout.profile.options.decimal or _decimal_mark(frame, enters, table)
    frame = frame.with_columns(_hashes(frame, mark))
    stands = enters & _as_known(frame, enters, known)
    fresh = without(frame, stands | ~enters)
    checks.find_texts(fresh.drop("row_hash"), findings, longest=LONGEST, required=["child_id"])
    fresh = _checked(fresh, findings, mark)
    same = frame.select(_TIES).filter(stands)

    def ready(rows: pl.DataFrame) -> pl.DataFrame:
        cells, _enters = _entering(table.only(rows["#"]), layout, decisions or {}, Findings(layout))
        return _complete(_checked(cells, Findings(layout), mark))

    copies = _find_structure(fresh, same, findings)
    once = without(fresh, fresh["#"].is_in(copies.implode()))
    _find_totals(once, same, ready, findings)
    _find_copies_of_faulty(fresh, copies, findings)
    return CustomerRows(
        rows=_complete(without(once, findings.of(once)), "row_hash"),
        same=without(same, findings.of(same)),
        copies=[row for row in copies.to_list() if row not in findings.by_row],
        ignored=frame.select("child_id", "parent_id").filter(~enters),
        faults=findings.faults(table, "child_id" if "child_id" in layout.positions else "parent_id"),
        layout=layout,
        mark=mark,
        ready=ready,
    )


def _entering(table: Table, layout: Layout, decisions: Mapping[str, str], findings: Findings) -> tuple[pl.DataFrame, pl.Series]:
    """All rows under our names, each with a parent, and which of them enter."""
    return _by_flag(_decided(_with_parents(checks.fields_of(table, layout)), decisions), findings)


def without(frame: pl.DataFrame, left_out: pl.Series) -> pl.DataFrame:
    """The other rows; the frame itself, without a copy, where there is nothing to leave out."""
    return frame.filter(~left_out) if bool(left_out.any()) else frame


def _with_parents(frame: pl.DataFrame) -> pl.DataFrame:
    """A row without a parent is its own parent, under its own name if it has no other."""
    child, parent, name = pl.col("child_id"), pl.col("parent_id"), pl.col("parent_name")
    if "child_id" not in frame.columns:
        frame = frame.with_columns(child_id=parent)
    frame = frame.with_columns(parent_id=pl.when(parent == "").then(child).otherwise(parent))
    if "child_name" in frame.columns:
        nameless = (parent == child) & (name == "")
        frame = frame.with_columns(parent_name=pl.when(nameless).then(pl.col("child_name")).otherwise(name))
    return frame


def _decided(frame: pl.DataFrame, decisions: Mapping[str, str]) -> pl.DataFrame:
    """The rows with the parents that stewards gave them, and `left_out`. Such a row has no say in what that parent is called."""
    given = {child: parent for child, parent in decisions.items() if parent}
    out = [child for child, parent in decisions.items() if not parent]
    child = pl.col("child_id")
    if given:
        parent = child.replace_strict(given, default=pl.col("parent_id"), return_dtype=pl.String)
        name = pl.when(parent == pl.col("parent_id")).then("parent_name").otherwise(pl.lit(""))
        frame = frame.with_columns(parent_id=parent, parent_name=name)
    return frame.with_columns(left_out=child.is_in(out) if out else pl.lit(value=False))


def _by_flag(frame: pl.DataFrame, findings: Findings) -> tuple[pl.DataFrame, pl.Series]:
    """(the rows, which of them enter); without a flag column every row enters."""
    enters = ~frame["left_out"]
    frame = frame.drop("left_out")
    if "cpq_flag" in frame.columns:
        enters &= checks.find_flags(frame, "cpq_flag", findings, blank=False) | findings.of(frame)
        frame = frame.drop("cpq_flag")
    return frame, enters


def _decimal_mark(frame: pl.DataFrame, enters: pl.Series, table: Table) -> str:
    """A point in what came as JSON."""
    if table.encoding == JSON:
        return "."
    cells = [frame[name].filter(enters) for name in ("revenue", "volume") if name in frame.columns]
    return amounts.decimal_mark(cells, table.decimal_in_doubt)


_AT_ONCE = 100_000


def _hashes(frame: pl.DataFrame, mark: str) -> pl.Series:
    """A number per row that is another one as soon as a cell is another one, or the cells are to be read in another way."""
    names = sorted(name for name in frame.columns if name != "#")
    seed = zlib.crc32("|".join([HASH_VERSION, mark, *names]).encode())
    cells = pl.concat_str(names, separator="\x1f").hash(seed).reinterpret(signed=True)
    parts = [part.select(cells).to_series() for part in frame.select(names).iter_slices(_AT_ONCE)]
    return pl.concat([pl.Series(dtype=pl.Int64), *parts], rechunk=True).alias("row_hash")


def _as_known(frame: pl.DataFrame, enters: pl.Series, known: pl.DataFrame) -> pl.Series:
    """Which rows are, cell by cell, as they were applied before. Rows whose child id enters twice are not."""
    if known.is_empty():
        return pl.repeat(value=False, n=len(frame), eager=True)
    before = frame.select("child_id", "row_hash").join(
        known.select("child_id", before="row_hash"), on="child_id", how="left", maintain_order="left"
    )["before"]
    twice = frame.select("child_id").filter(enters)["child_id"]
    twice = twice.filter(twice.is_duplicated())
    return (before == frame["row_hash"]).fill_null(value=False) & ~frame["child_id"].is_in(twice.implode())


def _checked(frame: pl.DataFrame, findings: Findings, mark: str) -> pl.DataFrame:
    """The rows with amounts as integers and codes in one notation; what is wrong with cells is noted."""
    return _tax_ids(_countries(frame.with_columns(**_numbers(frame, findings, mark)), findings, frame), findings, frame)


def _numbers(frame: pl.DataFrame, findings: Findings, mark: str) -> dict[str, pl.Series | pl.Expr]:
    """Revenue in cents and volume in thousandths; a blank counts 0, so does a column that is not there."""
    numbers: dict[str, pl.Series | pl.Expr] = {name: pl.lit(0, dtype=pl.Int64) for name in ("revenue", "volume")}
    for name, places in (("revenue", MONEY_PLACES), ("volume", VOLUME_PLACES)):
        if name in frame.columns:
            numbers[name] = checks.find_numbers(
                frame, name, findings, mark=mark, places=places, accepted=_ACCEPTED_DECIMALS, digits=_DIGITS
            )
    return numbers


def _countries(frame: pl.DataFrame, findings: Findings, raw: pl.DataFrame) -> pl.DataFrame:
    """Two-letter codes, in capitals; the neighbours' names are understood."""
    if "country" not in frame.columns:
        return frame
    codes = {cell: COUNTRIES.get(cell.upper(), cell.upper()) for cell in frame["country"].unique()}
    wrong = [cell for cell, code in codes.items() if code and not _COUNTRY.fullmatch(code)]
    sentence = _("%(column)s: “%(value)s” is not a two-letter country code.")
    if wrong:
        findings.add_all(raw, pl.col("country").is_in(wrong), Rule.NOT_A_COUNTRY, "country", sentence)
    if all(cell == code for cell, code in codes.items()):
        return frame
    return frame.with_columns(pl.col("country").replace_strict(codes, return_dtype=pl.String))


def _tax_ids(frame: pl.DataFrame, findings: Findings, raw: pl.DataFrame) -> pl.DataFrame:
    """VAT numbers are written without marks, in capitals. Finnish business IDs (which get their hyphen) and VAT numbers must pass
    their check digit; each one is computed once."""
    frame = _compact(frame, "vat_number")
    finnish = frame["country"].is_in(["FI", ""]) if "country" in frame.columns else pl.lit(value=True)
    sentence = _("%(column)s: “%(value)s” is not a Finnish business ID or VAT number.")
    for name, valid in (("business_id", ytunnus.is_valid), ("vat_number", alv.is_valid)):
        if name not in frame.columns:
            continue
        ours = frame.select((finnish & (pl.col(name) != "")) if name == "business_id" else pl.col(name).str.starts_with("FI"))[
            :, 0
        ]
        right = _valid_business_ids if name == "business_id" else _valid_vat_numbers
        different = frame[name].filter(ours).unique()
        suspects = different.filter(~right(different))
        wrong = [text for text in suspects if not valid(text)]
        if wrong:
            findings.add_all(raw, ours & frame[name].is_in(wrong), Rule.NOT_A_BUSINESS_ID, name, sentence)
        if name == "business_id" and bool((ours & frame[name].str.contains(r"^\d{8}$")).any()):
            bare = pl.col(name).str.replace(r"^(\d{7})(\d)$", "${1}-${2}")
            frame = frame.with_columns(pl.when(ours).then(bare).otherwise(pl.col(name)).alias(name))
    return frame


def _compact(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The column without the marks that people put into numbers, in capitals."""
    if name not in frame.columns:
        return frame
    marked = frame[name].filter(frame[name].str.contains("[^0-9A-Z]")).unique()
    if marked.is_empty():
        return frame
    written = {text: matching.compact(text) for text in marked}
    return frame.with_columns(pl.col(name).replace(written))


def _valid_business_ids(texts: pl.Series) -> pl.Series:
    """Which of the texts are plainly right: seven digits, a hyphen or none, the check digit. Others may be, in other notation."""
    digits = [pl.col("text").str.slice(at, 1).cast(pl.Int32, strict=False) for at in range(7)]
    rest = pl.sum_horizontal(digit * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11
    check = pl.when(rest == 0).then(0).when(rest > 1).then(11 - rest)
    shape = pl.col("text").str.contains(r"^\d{7}-?\d$")
    last = pl.col("text").str.tail(1).cast(pl.Int32, strict=False)
    return pl.DataFrame({"text": texts}).select((shape & (check == last)).fill_null(value=False))[:, 0]


def _valid_vat_numbers(texts: pl.Series) -> pl.Series:
    return texts.str.starts_with("FI") & _valid_business_ids(texts.str.slice(2)) & ~texts.str.contains("-", literal=True)


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2)
_COUNTRY = re.compile("[A-Z]{2}")


def _find_structure(frame: pl.DataFrame, same: pl.DataFrame, findings: Findings) -> pl.Series:
    """Note clashing rows, children with two parents, and cycles; answers the numbers of rows that repeat an earlier one."""
    copies, clash = checks.repeats(frame.drop("row_hash"), "child_id")
    clashing = frame.filter(pl.col("#").is_in(clash.implode()))
    if len(clashing):
        divided = clashing.select(pl.col("parent_id").n_unique().over("child_id") > 1)[:, 0]
        sentence = _("%(column)s “%(value)s” has several parents in this file: %(parents)s.")
        findings.add_shared(clashing.filter(divided), Rule.TWO_PARENTS, "child_id", sentence, parents="parent_id")
        sentence = _("%(column)s “%(value)s” stands in rows %(rows)s with different values.")
        findings.add_shared(clashing.filter(~divided), Rule.DUPLICATE, "child_id", sentence, rows="#")
    left = frame.select(_TIES)
    left = left.filter(~pl.col("#").is_in(pl.concat([clash, copies]).implode()) & (pl.col("child_id") != ""))
    for row, path in _cycles(pl.concat([left, same])):
        findings.add(row, Rule.CYCLE, _("The parents form a circle: %(path)s."), {"path": path})
    return copies


def _cycles(frame: pl.DataFrame) -> Iterator[tuple[int, str]]:
    """(row, path) of each row that is among its own ancestors. A row that is its own parent is none.

    Only a row whose parent is another row's child can be on a cycle, again and again; of those left after some rounds, one that
    goes up as many steps as there are rows stands on a cycle or above the top. Doubling the step takes log2(rows) passes.
    """
    left = frame.filter(pl.col("child_id") != pl.col("parent_id"))
    for _round in range(8):
        before = len(left)
        left = left.join(left.select(parent_id="child_id"), on="parent_id", how="semi", maintain_order="left")
        if len(left) in (0, before):
            break
    if left.is_empty():
        return
    top = len(left)
    places = left.select(parent_id="child_id").with_row_index("at")
    above = (
        left.join(places, on="parent_id", how="left", maintain_order="left")["at"]
        .fill_null(top)
        .extend(pl.Series([top], dtype=pl.UInt32))
    )
    far = above
    for _pass in range(top.bit_length()):
        far = far.gather(far)
    ids, up = left["child_id"].to_list(), above.to_list()
    for start in sorted(set(far.to_list()) - {top}):
        yield left["#"][start], _path(ids, up, start)


def _path(ids: list[str], above: list[int], start: int) -> str:
    steps, at = [checks.shown(ids[start])], above[start]
    while at != start and len(steps) < _PATH:
        steps.append(checks.shown(ids[at]))
        at = above[at]
    return " → ".join([*steps, checks.shown(ids[start]) if at == start else "…"])


def _find_totals(
    frame: pl.DataFrame, same: pl.DataFrame, ready: Callable[[pl.DataFrame], pl.DataFrame], findings: Findings
) -> None:
    """Note the rows of parents whose sums no column could hold."""
    large = (pl.col("revenue").abs() > _LARGE) | (pl.col("volume").abs() > _LARGE)
    suspects = frame.filter(large).select("parent_id").unique()
    if suspects.is_empty():
        return
    rows = frame.join(suspects, on="parent_id", how="semi")
    rest = ready(same.join(suspects, on="parent_id", how="semi"))
    names = ["#", "parent_id", "revenue", "volume"]
    rows = pl.concat([rows.select(names), rest.select(names)])
    sums = [pl.col(name).cast(pl.Float64).abs().sum().over("parent_id") for name in ("revenue", "volume")]
    beyond = (sums[0] > _MOST_CENTS) | (sums[1] > _MOST_THOUSANDTHS)
    sentence = _("The revenue or volume of the parent “%(value)s” is too large to be added up.")
    findings.add_all(rows, beyond, Rule.TOTAL_TOO_LARGE, "parent_id", sentence)


_LARGE = 10**10
"""Cents or thousandths of a row that make it worth adding up its parent beforehand: a million such rows fit."""


def _find_copies_of_faulty(frame: pl.DataFrame, copies: pl.Series, findings: Findings) -> None:
    """What repeats a faulty row is as faulty as that row."""
    if copies.is_empty():
        return
    faulty = frame.filter(findings.of(frame)).select("#", "child_id")
    first = {child: findings.by_row[row] for row, child in faulty.iter_rows()}
    for row, child in frame.filter(pl.col("#").is_in(copies.implode())).select("#", "child_id").iter_rows():
        if child in first:
            findings.by_row.setdefault(row, first[child])


def _complete(frame: pl.DataFrame, *more: str) -> pl.DataFrame:
    """Every cell, in one order; texts that the file lacks are blank."""
    blank = [pl.lit("").alias(name) for name in TEXTS if name not in frame.columns]
    return frame.with_columns(blank).select("#", *CELLS, *more)
