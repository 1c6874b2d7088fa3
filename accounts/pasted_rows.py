"""Child rows that somebody pasted, to try the rules on. Pure: text in, rows and sentences out."""

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from accounts.survivorship import AMOUNTS, COLUMNS, NAMES
from core import money
from core.templatetags.ui import quantity

TAKEN = ("child_id", "parent_id", *COLUMNS, *NAMES.values(), "updated_at")
"""The columns that a heading may name."""
_called: dict[str, str] = {}
MOST_ROWS, MOST_LETTERS = 500, 200_000
_PLACES = {"revenue": 2, "volume": 3}
_MOST_FAULTS = 20
_LARGEST = 10**15


@dataclass(frozen=True)
class Pasted:
    """The rows as `accounts.survivorship.decide` takes them, or what is wrong with them: sentences that name row and column."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def also_called(names: Mapping[str, str]) -> None:
    """A heading may use the names of a source, `{ours: theirs}`. Its columns that no rule looks at are passed over then."""
    _called.update({theirs.casefold(): ours for ours, theirs in names.items()})


def read(text: str) -> Pasted:
    """Rows with a heading, parted by tabs, semicolons or commas. The heading is row 1. Blank lines count, and are left out."""
    if len(text) > MOST_LETTERS:
        return Pasted(faults=[_("That is too much text: at most %(most)s characters.") % {"most": quantity(MOST_LETTERS)}])
    try:
        lines = [(number, cells) for number, cells in enumerate(_cells(text), start=1) if any(cells)]
    except csv.Error:
        return Pasted(faults=[_("The text is no table. Paste rows from a spreadsheet or a file.")])
    if len(lines) < 2:
        return Pasted(faults=[_("Paste a heading with column names and at least one row below it.")])
    if len(lines) > MOST_ROWS + 1:
        return Pasted(faults=[_("At most %(most)s rows.") % {"most": MOST_ROWS}])
    written = [name.casefold() for name in lines[0][1]]
    heading = [_called.get(name, name) for name in written]
    known = heading if any(name in _called and name not in TAKEN for name in written) else TAKEN
    faults = list(_faults_of_heading(lines[0][0], heading, known)) or list(_faults_of_rows(heading, lines[1:]))
    if faults:
        return Pasted(faults=faults[:_MOST_FAULTS])
    return Pasted([_row(heading, number, cells) for number, cells in lines[1:]])


def _cells(text: str) -> Iterator[list[str]]:
    """The trimmed cells of each row; cells that end a row and are blank are left out."""
    lines = text.removeprefix("\ufeff").splitlines()
    first = next((line for line in lines if line.strip()), "")
    delimiter = max("\t;,", key=first.count)
    for cells in csv.reader(lines, delimiter=delimiter, strict=True):
        trimmed = [cell.strip() for cell in cells]
        while trimmed and not trimmed[-1]:
            trimmed.pop()
        yield trimmed


def _faults_of_heading(number: int, heading: Sequence[str], known: Collection[str]) -> Iterator[str]:
    for place, name in enumerate(heading, start=1):
        if not name:
            yield _("Row %(row)s, column %(place)s: the heading has no name.") % {"row": number, "place": place}
        elif name not in known:
            yield _("Row %(row)s: there is no column “%(name)s”.") % {"row": number, "name": name[:60]}
        elif name in heading[: place - 1]:
            yield _("Row %(row)s: the column “%(name)s” is there twice.") % {"row": number, "name": name}


def _faults_of_rows(heading: Sequence[str], lines: Iterable[tuple[int, list[str]]]) -> Iterator[str]:
    children: dict[str, int] = {}
    parent = ""
    for number, cells in lines:
        if len(cells) > len(heading):
            yield _("Row %(row)s has more cells (%(cells)s) than the heading has columns (%(columns)s).") % {
                "row": number, "cells": len(cells), "columns": len(heading),
            }  # fmt: skip
            continue
        row = dict(zip(heading, cells, strict=False))
        for name in AMOUNTS:
            yield from _faults_of_amount(number, name, row.get(name, ""))
        if "child_id" in heading and not row.get("child_id"):
            yield _("Row %(row)s, column child_id: the site number is missing.") % {"row": number}
        elif (child := row.get("child_id", "")) in children:
            yield _("Row %(row)s, column child_id: “%(child)s” is in row %(other)s already.") % {
                "row": number, "child": child[:60], "other": children[child],
            }  # fmt: skip
        elif child:
            children[child] = number
        parent = parent or row.get("parent_id", "")
        if row.get("parent_id") and row["parent_id"] != parent:
            yield _("Row %(row)s, column parent_id: “%(parent)s” is another customer. Try one at a time.") % {
                "row": number, "parent": row["parent_id"][:60],
            }  # fmt: skip


def _faults_of_amount(number: int, name: str, cell: str) -> Iterator[str]:
    amount = money.parse(cell) if cell else Decimal(0)
    words = {"row": number, "column": name, "cell": cell[:60], "places": _PLACES[name]}
    if amount is None:
        yield _("Row %(row)s, column %(column)s: “%(cell)s” is not a number.") % words
    elif abs(amount) >= _LARGEST:
        yield _("Row %(row)s, column %(column)s: “%(cell)s” is too large.") % words
    elif amount != round(amount, _PLACES[name]):
        yield _("Row %(row)s, column %(column)s: “%(cell)s” has more than %(places)s decimals.") % words


def _row(heading: Sequence[str], number: int, cells: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"child_id": str(number), **dict(zip(heading, cells, strict=False))}
    amounts = {name: money.parse(row[name]) or Decimal(0) for name in AMOUNTS if row.get(name)}
    return row | dict.fromkeys(AMOUNTS, 0) | {name: int(amount.scaleb(_PLACES[name])) for name, amount in amounts.items()}
