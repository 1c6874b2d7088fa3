"""Checks that every feed needs, on whole columns at once; each finding keeps the number of its row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pandera.pandas as pa
from django.utils.translation import gettext, gettext_noop as _

from integration import amounts
from integration.choices import Rule
from integration.profiles import Layout
from integration.reading import Table

UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]"
"""Control, direction and zero-width characters: they make two codes look alike, or a text read otherwise than it is."""

YES = frozenset({"1", "true", "t", "yes", "y", "x", "on", "kyllä", "k", "tosi"})
NO = frozenset({"0", "false", "f", "no", "n", "off", "ei", "e", "epätosi", "-"})
_SHOWN = 60


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

    def add_all(self, mask: pd.Series, rule: Rule, name: str, cells: pd.Series, message: str) -> None:
        """One finding per row where `mask` holds; `message` may name the column and the value."""
        column = self.column(name)
        for row, value in cells[mask].items():
            self.add(int(str(row)), rule, message, {"column": column, "value": shown(value)})

    def column(self, name: str) -> str:
        """The source's word for our field."""
        return self.layout.profile.columns.get(name, name)

    def rows(self) -> list[int]:
        return list(self.by_row)

    def faults(self, table: Table, key: str) -> list[Fault]:
        """One per row, in the order of rows; `key` is our field that tells whose row it is."""
        position = self.layout.positions[key]
        return [Fault(row, _cell(table, row, position)[:100], tuple(found)) for row, found in sorted(self.by_row.items())]


def _cell(table: Table, row: int, position: int) -> str:
    """A trimmed cell; blank where the row is too short to have it."""
    if row not in table.broken:
        return shown(str(table.rows.at[row, position]).strip())
    cells = table.broken[row]
    return shown(cells[position].strip()) if position < len(cells) else ""


def shown(value: Any) -> str:
    """A cell for a sentence: short, and without what cannot be printed."""
    text = str(value)
    text = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return "".join(char if char.isprintable() else "�" for char in text)


def fields_of(table: Table, layout: Layout) -> pd.DataFrame:
    """The mapped columns under our names, cells trimmed."""
    frame = table.rows[[*layout.positions.values()]]
    frame.columns = pd.Index(layout.positions)
    return pd.DataFrame({name: frame[name].str.strip() for name in frame})


def find_broken(table: Table, findings: Findings) -> None:
    """Rows with too few or too many cells."""
    for row, cells in table.broken.items():
        facts = {"cells": len(cells), "columns": len(table.header)}
        findings.add(row, Rule.CELL_COUNT, _("The row has %(cells)s cells, the header %(columns)s."), facts)


def find_texts(frame: pd.DataFrame, findings: Findings, *, longest: Mapping[str, int], required: Sequence[str]) -> None:
    """Unprintable characters, texts longer than their field, required cells without a value."""
    schema = pa.DataFrameSchema(
        {name: pa.Column(str, _text_checks(longest.get(name), name in required)) for name in frame.columns}
    )
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        _note_failures(errors.failure_cases, findings, longest)


def _text_checks(longest: int | None, required: bool) -> list[pa.Check]:
    checks = [pa.Check(lambda cells: ~cells.str.contains(UNPRINTABLE, regex=True), error=Rule.CONTROL_CHARACTER.value)]
    if required:
        checks.append(pa.Check(lambda cells: cells != "", error=Rule.REQUIRED.value))
    if longest is not None:
        checks.append(pa.Check.str_length(max_value=longest, error=Rule.TOO_LONG.value))
    return checks


def _note_failures(cases: pd.DataFrame, findings: Findings, longest: Mapping[str, int]) -> None:
    sentences = {
        Rule.CONTROL_CHARACTER: _("%(column)s: “%(value)s” contains a control character."),
        Rule.REQUIRED: _("%(column)s is missing."),
        Rule.TOO_LONG: _("%(column)s: “%(value)s” is longer than %(longest)s characters."),
    }
    for column, check, value, row in cases[["column", "check", "failure_case", "index"]].itertuples(index=False):
        facts = {"column": findings.column(column), "value": shown(value), "longest": longest.get(column)}
        findings.add(row, Rule(check), sentences[Rule(check)], facts)


def find_numbers(
    frame: pd.DataFrame, name: str, findings: Findings, *, mark: str, places: int, accepted: int, digits: int
) -> "pd.Series[int]":
    """The column times 10 ** `places` as integers; cells that are no such number are noted (and 0)."""
    numbers, masks = amounts.scaled(frame[name], mark=mark, places=places, accepted=accepted, digits=digits)
    sentences = {
        Rule.NOT_A_NUMBER: _("%(column)s: “%(value)s” is not a number."),
        Rule.TOO_LARGE: _("%(column)s: “%(value)s” is too large."),
        Rule.TOO_MANY_DECIMALS: _("%(column)s: “%(value)s” has too many decimals."),
    }
    for rule, mask in masks.items():
        findings.add_all(mask, rule, name, frame[name], sentences[rule])
    return pd.Series(numbers, index=frame.index)


def find_flags(cells: pd.Series, name: str, findings: Findings, *, blank: bool) -> "pd.Series[bool]":
    """Yes or no in English, Finnish or digits; `blank` is what an empty cell means. Other words are noted (and no)."""
    words = cells.str.casefold()
    unknown = ~words.isin(YES | NO | {""})
    findings.add_all(unknown, Rule.NOT_A_FLAG, name, cells, _("%(column)s: “%(value)s” is neither yes nor no."))
    return words.isin(YES | {""} if blank else YES)


def repeats(frame: pd.DataFrame, key: Sequence[str]) -> tuple["pd.Series[bool]", "pd.Series[bool]"]:
    """(rows that repeat an earlier row in every cell, rows whose key stands in the file with other values)."""
    copies = frame.duplicated(keep="first")
    firsts = frame[~copies]
    clashing = firsts[firsts.duplicated(subset=list(key), keep=False)]
    keys = pd.MultiIndex.from_frame(frame[list(key)])
    clash = pd.Series(keys.isin(pd.MultiIndex.from_frame(clashing[list(key)])), index=frame.index)
    return copies & ~clash, clash


def raw_cells(table: Table, rows: Iterable[int]) -> dict[int, dict[str, str]]:
    """Per row its cells as they stand, by column name; too many cells are called "+1", "+2", …"""
    names = column_names(table.header)
    wanted = list(rows)
    kept = table.rows.loc[[row for row in wanted if row not in table.broken]]
    cells = {int(str(row)): list(values) for row, values in zip(kept.index, kept.itertuples(index=False), strict=True)}
    cells |= {row: table.broken[row] for row in wanted if row in table.broken}
    return {row: _labelled(names, values) for row, values in cells.items()}


def _labelled(names: list[str], values: Sequence[str]) -> dict[str, str]:
    labels = [*names, *(f"+{number}" for number in range(1, len(values) - len(names) + 1))]
    return {label: str(value)[:1000].replace("\x00", "\ufffd") for label, value in zip(labels, values, strict=False)}


def column_names(header: Sequence[str]) -> list[str]:
    """The cells of the header, made distinct; a blank one is called by its position."""
    names: list[str] = []
    for position, cell in enumerate(header, start=1):
        name = shown(cell) or f"#{position}"
        names.append(f"{name} ({position})" if name in names else name)
    return names
