"""The one writer of tables for spreadsheet programs, CSV and XLSX: no text in them can become a formula.

In CSV a text that a program would run is escaped, and `unescape` gives it back; in XLSX text is always a string cell.
Numbers, dates and truth values are typed by their column and never escaped: a negative number stays a number.
Rows are read one by one and never kept. Source: OWASP ASVS 1.2.10.
"""

import csv
import datetime as dt
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import zip_longest
from typing import IO, Any

from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from core.templatetags.ui import plain_input

Text = str | Promise
Record = Sequence[Any]


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
_RUNS = re.compile(r"[\s'\"\x00]*[=+\-@＝＋－＠]|['\"]*[\t\r\n\x00]")
"""What a program may take for a formula, also behind spaces and quotation marks, or for the end of a cell.

Whatever it matches, it matches with one more apostrophe in front: that is why `unescape` is exact.
"""


def escape(text: str) -> str:
    """The text; an apostrophe before what a spreadsheet program would take for a formula."""
    return f"'{text}" if _RUNS.match(text) else text


def unescape(text: str) -> str:
    """What `escape` was given: `unescape(escape(text)) == text` for every text."""
    return text[1:] if text.startswith("'") and _RUNS.match(text, 1) else text


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
            return _local(value).isoformat(" ", "minutes")
        case Kind.BOOLEAN:
            return _("Yes") if value else _("No")


def _local(instant: dt.datetime) -> dt.datetime:
    """The seller's local time, without its offset."""
    return timezone.localtime(instant).replace(tzinfo=None)


# --- XLSX -------------------------------------------------------------------------------------------------------------
XLSX_ROWS = 1_048_575
"""Rows that a sheet holds below its header."""
_FIRST_YEAR = 1900
_OUTSIDE_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_WIDTHS = {Kind.TEXT: 26, Kind.DATETIME: 18}
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


class _PlainSheet(Worksheet):  # type: ignore[misc]
    """The library writes a text `<r>…</r>` into the file as markup, formulas included: here it is text like any other."""

    def _xml_rich_inline_string(self, string: str, attributes: Any) -> None:
        self._xml_inline_string(string, True, attributes)


def xlsx_file(columns: Sequence[Column], records: Iterable[Record], *, title: str, by: str, at: dt.datetime) -> IO[bytes]:
    """An XLSX file with one sheet, to be read from its start. It has no name on the disk and is gone when it is closed.

    A bold header that stays in sight; `by` and `at` are properties of the document. Text is cut after the 32,767 characters
    that a cell can hold.
    """
    target = tempfile.TemporaryFile()  # noqa: SIM115  whoever sends it closes it
    try:
        with tempfile.TemporaryDirectory() as folder, Workbook(target, {**_OPTIONS, "tmpdir": folder}) as book:
            book.set_properties({"title": title, "author": xlsx_text(by), "created": at.astimezone(dt.UTC)})
            _write_sheet(book, columns, records, title)
    except BaseException:
        target.close()
        raise
    target.seek(0)
    return target


def _write_sheet(book: Any, columns: Sequence[Column], records: Iterable[Record], title: str) -> None:
    sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\]", " ", title)[:31], worksheet_class=_PlainSheet)
    sheet.freeze_panes(1, 0)
    bold, inert = book.add_format({"bold": True, "text_wrap": True}), book.add_format({"quote_prefix": True})
    formats = [_format(book, column) for column in columns]
    for number, column in enumerate(columns):
        sheet.set_column(number, number, _WIDTHS.get(column.kind, 14))
        sheet.write_string(0, number, xlsx_text(column.heading), bold)
    kinds = [column.kind for column in columns]
    for row, record in enumerate(records, start=1):
        for number, value in enumerate(record):
            if value is None or value == "":
                continue
            kind, look = (kinds[number], formats[number]) if number < len(kinds) else (Kind.TEXT, None)
            _write_cell(sheet, row, number, value, kind, look, inert)


def _write_cell(sheet: Any, row: int, number: int, value: Any, kind: Kind, look: Any, inert: Any) -> None:
    """A typed cell. `inert` keeps a text from becoming a formula when somebody edits its cell."""
    match kind:
        case Kind.NUMBER | Kind.MONEY | Kind.UNIT_PRICE | Kind.INTEGER:
            sheet.write_number(row, number, float(value), look)
        case Kind.PERCENT:
            sheet.write_number(row, number, float(Decimal(value) / 100), look)
        case Kind.DATE | Kind.DATETIME if value.year >= _FIRST_YEAR:
            sheet.write_datetime(row, number, _local(value) if kind is Kind.DATETIME else value, look)
        case Kind.BOOLEAN:
            sheet.write_boolean(row, number, bool(value))
        case _:
            text = xlsx_text(str(value))
            sheet.write_string(row, number, text, inert if _RUNS.match(text) else None)


def xlsx_text(text: str) -> str:
    """The text without what XML cannot carry, and with plain line breaks."""
    return _OUTSIDE_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _format(book: Any, column: Column) -> Any:
    finnish = (translation.get_language() or "").startswith("fi")
    date = "d.m.yyyy" if finnish else "d mmm yyyy"
    shape = {
        Kind.NUMBER: f"#,##0.{'0' * column.decimals}##" if column.decimals else "General",
        Kind.MONEY: "#,##0.00",
        Kind.UNIT_PRICE: "#,##0.00##",
        Kind.PERCENT: "0.0#%",
        Kind.INTEGER: "0",
        Kind.DATE: date,
        Kind.DATETIME: f"{date} h:mm",
    }.get(column.kind)
    return book.add_format({"num_format": shape}) if shape else None
