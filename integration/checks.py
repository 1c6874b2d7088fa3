"""Checks that every feed needs, on whole columns at once; each finding keeps the number of its row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl
from django.utils.translation import gettext, gettext_noop as _

from integration import amounts
from integration.choices import UNSHOWN, Rule
from integration.profiles import Layout
from integration.reading import MAX_CELL, Table

UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]"
"""Control, direction and zero-width characters: they make two codes look alike, or a text read otherwise than it is."""

YES = frozenset({"1", "true", "t", "yes", "y", "x", "on", "kyllä", "k", "tosi"})
NO = frozenset({"0", "false", "f", "no", "n", "off", "ei", "e", "epätosi", "-"})
_SHOWN, _TOLD = 60, 5
LONGEST_CELL = 5000
"""Characters of the longest field there is."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with a row: a message of the catalogue and what it names, read in the language of the reader."""

    rule: Rule
    message: str
    facts: Mapping[str, Any]

    def __str__(self) -> str:
        return gettext(self.message) % self.facts


@dataclass(frozen=True)
class Fault:
    """Why a row is left out: the rule of the first finding, all findings as sentences."""

    row: int
    key: str
    findings: tuple[Finding, ...]

    @property
    def code(self) -> str:
        return self.findings[0].rule.value

    @property
    def reason(self) -> str:
        """In the active language."""
        return " ".join(dict.fromkeys(map(str, self.findings)))[:500]


@dataclass
class Findings:
    """What was found in which row."""

    layout: Layout
    by_row: dict[int, list[Finding]] = field(default_factory=dict)

    def add(self, row: int, rule: Rule, message: str, facts: Mapping[str, Any]) -> None:
        self.by_row.setdefault(int(row), []).append(Finding(rule, message, facts))

    def add_all(self, frame: pl.DataFrame, mask: pl.Series | pl.Expr, rule: Rule, name: str, message: str) -> None:
        """One finding per row of `frame` where `mask` holds; `message` may name the column and the value."""
        column = self.column(name)
        for row, value in frame.filter(mask).select("#", name).iter_rows():
            self.add(row, rule, message, {"column": column, "value": shown(value)})

    def add_shared(self, frame: pl.DataFrame, rule: Rule, name: str, message: str, **told: str) -> None:
        """One finding per row of `frame`. Rows that are alike in `name` share what is told of them: under a name for the message,
        the different values of one column."""
        [(fact, values)] = told.items()
        column = self.column(name)
        shared = dict(frame.group_by(name).agg(pl.col(values).unique().sort().cast(pl.String)).iter_rows())
        for row, value in frame.select("#", name).iter_rows():
            several = [shown(one) for one in shared[value][:_TOLD]] + ["…"] * (len(shared[value]) > _TOLD)
            self.add(row, rule, message, {"column": column, "value": shown(value), fact: ", ".join(several)})

    def column(self, name: str) -> str:
        """The source's word for our field."""
        return self.layout.profile.columns.get(name, name)

    def rows(self) -> list[int]:
        return list(self.by_row)

    def of(self, frame: pl.DataFrame) -> pl.Series:
        """Which rows of the frame something was found in."""
        return frame["#"].is_in(pl.Series(self.rows(), dtype=pl.UInt32).implode())

    def faults(self, table: Table, key: str) -> list[Fault]:
        """One per row, in the order of rows; `key` is our field that tells whose row it is."""
        position = self.layout.positions[key]
        cells = pl.DataFrame({"#": table.numbers, "key": table.rows[str(position)]})
        keys = {row: shown(cell) for row, cell in cells.filter(self.of(cells)).iter_rows()}
        keys |= {row: shown(cells[position]) if position < len(cells) else "" for row, cells in table.broken.items()}
        return [Fault(row, keys.get(row, "")[:100], tuple(found)) for row, found in sorted(self.by_row.items())]


def shown(value: Any) -> str:
    """A cell for a sentence: short, and without what cannot be printed."""
    text = str(value)
    text = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return "".join(char if char.isprintable() else UNSHOWN for char in text)


def fields_of(table: Table, layout: Layout) -> pl.DataFrame:
    """The mapped columns under our names, with the number of the row as "#"."""
    cells = table.rows.select(pl.col(str(position)).alias(name) for name, position in layout.positions.items())
    return cells.with_columns(table.numbers.alias("#"))


def find_broken(table: Table, findings: Findings) -> None:
    """Rows with too few or too many cells, and one in which the file breaks off."""
    if table.cut:
        findings.add(
            table.cut, Rule.CUT_OFF, _("The file may break off in this row: its last line has no end, unlike before."), {}
        )
    for row, cells in table.broken.items():
        facts = {"cells": len(cells), "columns": len(table.header)}
        findings.add(row, Rule.CELL_COUNT, _("The row has %(cells)s cells, the header %(columns)s."), facts)


def find_texts(frame: pl.DataFrame, findings: Findings, *, longest: Mapping[str, int], required: Sequence[str]) -> None:
    """Unprintable characters, texts longer than their field, required cells without a value."""
    names = [name for name in frame.columns if name != "#"]
    if not len(frame) or not names:
        return
    unprintable = frame.select(pl.col(names).str.contains(UNPRINTABLE).any()).row(0)
    longer = frame.select((pl.col(name).str.len_chars() > longest.get(name, len(frame) + 10**9)).any() for name in names).row(0)
    for name, odd, long in zip(names, unprintable, longer, strict=True):
        cells = pl.col(name)
        if odd:
            sentence = _("%(column)s: “%(value)s” contains a control character.")
            findings.add_all(frame, cells.str.contains(UNPRINTABLE), Rule.CONTROL_CHARACTER, name, sentence)
        if name in required:
            findings.add_all(frame, cells == "", Rule.REQUIRED, name, _("%(column)s is missing."))
        if long:
            column = findings.column(name)
            for row, value in frame.filter(cells.str.len_chars() > longest[name]).select("#", name).iter_rows():
                facts = {"column": column, "value": shown(value), "longest": longest[name]}
                findings.add(row, Rule.TOO_LONG, _("%(column)s: “%(value)s” is longer than %(longest)s characters."), facts)


def find_numbers(
    frame: pl.DataFrame, name: str, findings: Findings, *, mark: str, places: int, accepted: int, digits: int
) -> pl.Series:
    """The column times 10 ** `places` as integers; cells that are no such number are noted (and 0)."""
    numbers, masks = amounts.scaled(frame[name], mark=mark, places=places, accepted=accepted, digits=digits)
    sentences = {
        Rule.NOT_A_NUMBER: _("%(column)s: “%(value)s” is not a number."),
        Rule.TOO_LARGE: _("%(column)s: “%(value)s” is too large."),
        Rule.TOO_MANY_DECIMALS: _("%(column)s: “%(value)s” has too many decimals."),
    }
    for rule, mask in masks.items():
        findings.add_all(frame, mask, rule, name, sentences[rule])
    return numbers


def find_flags(frame: pl.DataFrame, name: str, findings: Findings, *, blank: bool) -> pl.Series:
    """Yes or no in English, Finnish or digits; `blank` is what an empty cell means. Other words are noted (and no)."""
    different = frame[name].unique()
    yes = [word for word in different if word.casefold() in YES or (blank and not word)]
    unknown = [word for word in different if word.casefold() not in YES | NO | {""}]
    if unknown:
        mask = pl.col(name).is_in(unknown)
        findings.add_all(frame, mask, Rule.NOT_A_FLAG, name, _("%(column)s: “%(value)s” is neither yes nor no."))
    return frame[name].is_in(yes)


def repeats(frame: pl.DataFrame, *keys: str) -> tuple[pl.Series, pl.Series]:
    """(rows that repeat an earlier row in every cell, rows whose keys stand in the file with other values), by their numbers.
    Rows without the first key are neither."""
    key = pl.col(keys[0]) if len(keys) == 1 else pl.struct(keys)
    twice = frame.filter(key.is_duplicated() & (pl.col(keys[0]) != ""))
    cells = [name for name in frame.columns if name != "#"]
    first = twice.select(pl.struct(cells).is_first_distinct())[:, 0]
    clashing = twice.filter(first).filter(key.is_duplicated()).select(keys).unique()
    clash = twice.join(clashing, on=keys, how="semi")["#"]
    return twice.filter(~first & ~twice["#"].is_in(clash.implode()))["#"], clash


class Raw(NamedTuple):
    """The cells of a row by column name; too many cells are called "+1", "+2", … `is_cut`: some of them were shortened."""

    cells: dict[str, str]
    is_cut: bool


def raw_cells(table: Table, rows: Iterable[int]) -> dict[int, Raw]:
    """Per row its cells as they stand. Those of a row that is longer than a line may be are cut, each to more than any field
    takes: such a row never passes for a whole one."""
    names = column_names(table.header)
    wanted = list(rows)
    kept = table.only(pl.Series(wanted, dtype=pl.UInt32))
    cells = dict(zip(kept.numbers.to_list(), map(list, kept.rows.iter_rows()), strict=True))
    cells |= {row: table.broken[row] for row in wanted if row in table.broken}
    return {row: _labelled(names, values) for row, values in cells.items()}


def _labelled(names: list[str], values: Sequence[str]) -> Raw:
    labels = [*names, *(f"+{number}" for number in range(1, len(values) - len(names) + 1))]
    is_cut = sum(map(len, values)) > MAX_CELL and max(map(len, values)) > LONGEST_CELL
    if is_cut:
        values = [value if len(value) <= LONGEST_CELL else value[:LONGEST_CELL] + "…" for value in values]
    return Raw({label: value.replace("\x00", UNSHOWN) for label, value in zip(labels, values, strict=False)}, is_cut)


def column_names(header: Sequence[str]) -> list[str]:
    """The cells of the header, made distinct; a blank one is called by its position."""
    names: list[str] = []
    for position, cell in enumerate(header, start=1):
        name = shown(cell) or f"#{position}"
        names.append(f"{name} ({position})" if name in names else name)
    return names
