"""The one writer of tables for spreadsheet programs, CSV here and XLSX in core.workbooks: no text can become a formula.

In CSV a text that a program would run is escaped, and `unescape` gives it back; in XLSX text is always a string cell.
Numbers, dates and truth values are typed by their column and never escaped: a negative number stays a number.
Rows are read one by one and never kept. Source: OWASP ASVS 1.2.10.
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Any

from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from core.templatetags.ui import plain_input

Text = str | Promise
Record = Sequence[Any]
XLSX_ROWS = 1_048_575
"""Rows that a sheet of XLSX holds below its header."""


class Kind(StrEnum):
    """What the cells of a column are. Amounts, prices and percentages say their unit in the header."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    UNIT_PRICE = "unit_price"
    PERCENT = "percent"
    INTEGER = "integer"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"


_UNITS = {Kind.MONEY: ", EUR", Kind.UNIT_PRICE: ", EUR", Kind.PERCENT: ", %"}


@dataclass(frozen=True)
class Column:
    """A column: `value` reads it from a row (None: an empty cell), `decimals` is how many a number shows at least."""

    key: str
    label: Text
    value: Callable[[Any], Any]
    kind: Kind = Kind.TEXT
    decimals: int = 2

    @property
    def heading(self) -> str:
        return f"{self.label}{_UNITS.get(self.kind, '')}"


# --- Formulas ---------------------------------------------------------------------------------------------------------
RUNS = re.compile(r"[\s'\"\x00]*[=+\-@＝＋－＠]|['\"]*[\t\r\n\x00]")
"""What a program may take for a formula, also behind spaces and quotation marks, or for the end of a cell.

Whatever it matches, it matches with one more apostrophe in front: that is why `unescape` is exact.
"""


def escape(text: str) -> str:
    """The text; an apostrophe before what a spreadsheet program would take for a formula."""
    return f"'{text}" if RUNS.match(text) else text


def unescape(text: str) -> str:
    """What `escape` was given: `unescape(escape(text)) == text` for every text."""
    return text[1:] if text.startswith("'") and RUNS.match(text, 1) else text


# --- CSV --------------------------------------------------------------------------------------------------------------
BYTES_AT_ONCE = 64 * 1024


def csv_bytes(columns: Sequence[Column], records: Iterable[Record], *, delimiter: str = "") -> Iterator[bytes]:
    """A CSV file in pieces: UTF-8 with a byte order mark, semicolons and decimal commas in Finnish, else commas and points.

    Cells of a record that no column is left for are text. The language is the one that is active when a piece is asked for.
    """
    buffer = io.StringIO("\ufeff", newline="")
    buffer.seek(0, io.SEEK_END)
    writer = csv.writer(buffer, delimiter=delimiter or _delimiter(), lineterminator="\r\n")
    writer.writerow([escape(column.heading) for column in columns])
    kinds = [(column.kind, column.decimals) for column in columns]
    for record in records:
        writer.writerow([_csv_cell(value, *kind) for value, kind in zip_longest(record, kinds, fillvalue=(Kind.TEXT, 0))])
        if buffer.tell() >= BYTES_AT_ONCE:
            yield _emptied(buffer)
    yield _emptied(buffer)


def _delimiter() -> str:
    return ";" if (translation.get_language() or "").startswith("fi") else ","


def _emptied(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8", "replace")


def _csv_cell(value: Any, kind: Kind, decimals: int) -> str:
    if value is None:
        return ""
    match kind:
        case Kind.TEXT:
            return escape(str(value))
        case Kind.NUMBER | Kind.MONEY | Kind.UNIT_PRICE:
            return plain_input(value, decimals)
        case Kind.PERCENT | Kind.INTEGER:
            return plain_input(value)
        case Kind.DATE:
            return str(value.isoformat())
        case Kind.DATETIME:
            return local(value).isoformat(" ", "minutes")
        case Kind.BOOLEAN:
            return _("Yes") if value else _("No")


def local(instant: dt.datetime) -> dt.datetime:
    """The seller's local time, without its offset."""
    return timezone.localtime(instant).replace(tzinfo=None)
