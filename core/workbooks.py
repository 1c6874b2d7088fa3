"""The XLSX half of core.exports: a module of its own, for its library is large and few requests need it."""

import datetime as dt
import re
import tempfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import IO, Any

from django.utils import translation
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from core.exports import RUNS, Column, Kind, Record, local

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
            sheet.write_datetime(row, number, local(value) if kind is Kind.DATETIME else value, look)
        case Kind.BOOLEAN:
            sheet.write_boolean(row, number, bool(value))
        case _:
            text = xlsx_text(str(value))
            sheet.write_string(row, number, text, inert if RUNS.match(text) else None)


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
