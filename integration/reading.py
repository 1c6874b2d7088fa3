"""A delimited text file → a table of text cells. Nothing is taken for a number here: "00123" stays "00123"."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from django.utils.translation import gettext as _

from core import gzipped
from integration import excel
from integration.errors import UnreadableFile

MAX_BYTES = 256 * 1024 * 1024
MAX_ROWS = 2_000_000
MAX_COLUMNS = 500
MAX_CELL = 100_000
"""Characters of one cell, and of the line that holds it."""

JSON, EXCEL = "JSON", "Excel"
"""The encodings of tables that are no text: their numbers have a point."""
DELIMITERS = (";", "\t", "|", ",")
_LONGEST_RECORD = 200
"""Lines that one row may span through line breaks in its cells; more means that a quotation mark is not closed."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0", "Excel (xls)"),
    (b"%PDF", "PDF"),
    (b"\x1f\x8b", "gzip"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"SQLite format 3", "SQLite"),
)
_MARKUP = re.compile(rb"\s*(<!doctype|<html|<\?xml|<!--|<head|<body)", re.IGNORECASE)
_JSON = re.compile(rb"\s*(\{\s*\"|\[\s*[\[{\"]|\{\s*\}|\[\s*\])")
_UTF8_INSIDE = re.compile(rb"\xc3[\x80-\xbf]|\xe2\x82\xac")
"""UTF-8 letters of western languages, or its euro sign: in a file that is not UTF-8 they mean two encodings in one file."""


@dataclass(frozen=True)
class Table:
    """Cells as they stand in the file. `rows` has one column per header cell, by position, and the row number as its index.

    Row numbers are those of a spreadsheet: the header is row `skip_rows` + 1. `broken` are rows with another number of cells.
    """

    header: list[str]
    rows: pd.DataFrame
    encoding: str
    delimiter: str
    broken: dict[int, list[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows) + len(self.broken)

    @property
    def decimal_in_doubt(self) -> str:
        """The mark of "1,234" or "1.234" where nothing else tells which one it is."""
        return "." if self.delimiter == "," or self.encoding in (JSON, EXCEL) else ","


def content_of(path: Path) -> bytes:
    """The bytes of the file. Raises: UnreadableFile when there is none or it is too large."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UnreadableFile(_("The file is larger than %(limit)s MB.") % {"limit": MAX_BYTES // 2**20})
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFile(_("The file cannot be opened: %(reason)s.") % {"reason": error.strerror or error}) from error


def read_table(content: bytes, *, encoding: str = "", delimiter: str = "", skip_rows: int = 0, sheet: str = "") -> Table:
    """The table in `content`: delimited text, or an Excel workbook, gzipped or not. Encoding and delimiter are detected when not
    given; without `sheet` the first one is read.

    Raises: UnreadableFile: another type of file, nothing in it, a header without rows, text in no known encoding, an open
    quotation mark, a compressed file that breaks off.
    """
    content = _unzipped(content)
    if content.startswith(excel.SIGNATURE):
        return _headed(excel.records(content, sheet=sheet, skip_rows=skip_rows, most_bytes=MAX_BYTES), EXCEL, "")
    _refuse_other_types(content)
    text, encoding = _decoded(content, encoding)
    if not text.strip():
        raise UnreadableFile(_("The file is empty."))
    delimiter = delimiter or _delimiter(text, skip_rows)
    return _headed(_records(text, delimiter, skip_rows), encoding, delimiter)


def _headed(records: Iterator[tuple[int, list[str]]], encoding: str, delimiter: str) -> Table:
    first = next(records, None)
    if first is None:
        raise UnreadableFile(_("The file has no header row."))
    header = [cell.strip() for cell in first[1]]
    if len(header) > MAX_COLUMNS:
        raise UnreadableFile(_("The file has more than %(limit)s columns.") % {"limit": MAX_COLUMNS})
    return _table(header, records, encoding, delimiter)


def _table(header: list[str], records: Iterator[tuple[int, list[str]]], encoding: str, delimiter: str) -> Table:
    numbers: list[int] = []
    rows: list[list[str]] = []
    broken: dict[int, list[str]] = {}
    width = len(header)
    for number, cells in records:
        if len(cells) == width:
            numbers.append(number)
            rows.append(cells)
        else:
            broken[number] = cells
        if len(rows) + len(broken) > MAX_ROWS:
            raise UnreadableFile(_("The file has more than %(limit)s rows.") % {"limit": MAX_ROWS})
    if not rows and not broken:
        raise UnreadableFile(_("The file has a header but no rows."))
    frame = pd.DataFrame(rows, index=pd.Index(numbers, dtype="int64"), columns=range(width), dtype="str")
    return Table(header=header, rows=frame, encoding=encoding, delimiter=delimiter, broken=broken)


def _unzipped(content: bytes) -> bytes:
    """What is in a gzip file, or the content as it is."""
    if not content.startswith(gzipped.SIGNATURE):
        return content
    parts: list[bytes] = []
    size = 0
    try:
        for part in gzipped.pieces([content]):
            parts.append(part)
            size += len(part)
            if size > MAX_BYTES:
                raise UnreadableFile(_("The file is larger than %(limit)s MB.") % {"limit": MAX_BYTES // 2**20})
    except gzipped.BreaksOff as error:
        raise UnreadableFile(_("The compressed file breaks off.")) from error
    return b"".join(parts)


def _refuse_other_types(content: bytes) -> None:
    """Name what was sent instead of a text file."""
    if len(content) > MAX_BYTES:
        raise UnreadableFile(_("The file is larger than %(limit)s MB.") % {"limit": MAX_BYTES // 2**20})
    if not content.strip():
        raise UnreadableFile(_("The file is empty."))
    kind = next((name for signature, name in _SIGNATURES if content.startswith(signature)), "")
    bare = content.removeprefix(codecs.BOM_UTF8)
    if _MARKUP.match(bare):
        kind = "HTML / XML"
    elif _JSON.match(bare):
        kind = "JSON"
    if kind:
        raise UnreadableFile(_("This is not a delimited text file (CSV) but %(kind)s.") % {"kind": kind})


_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def _decoded(content: bytes, encoding: str) -> tuple[str, str]:
    """The text and its encoding: as told, else by its byte order mark, else UTF-8, else Windows-1252."""
    if encoding:
        return _told(content, encoding)
    marked = next((name for mark, name in _BOMS if content.startswith(mark)), "")
    if marked:
        return _told(content, marked)
    if content[:4096].count(0) > len(content[:4096]) // 20:
        raise UnreadableFile(_("This is not a delimited text file (CSV) but %(kind)s.") % {"kind": _("binary data")})
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    if not _UTF8_INSIDE.search(content):
        try:
            return content.decode("cp1252"), "cp1252"
        except UnicodeDecodeError:
            pass
    raise UnreadableFile(_("The text of row %(row)s is neither UTF-8 nor Windows-1252, or the file mixes both.") % {"row": line})


def _told(content: bytes, encoding: str) -> tuple[str, str]:
    try:
        return content.decode(encoding).removeprefix("\ufeff"), encoding
    except LookupError as error:
        raise UnreadableFile(_("There is no encoding “%(name)s”.") % {"name": encoding}) from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableFile(_("The text of row %(row)s is not %(encoding)s.") % {"row": line, "encoding": encoding}) from error


def _delimiter(text: str, skip_rows: int) -> str:
    """The character that cuts the header into most cells."""
    for line in io.StringIO(text):
        if skip_rows:
            skip_rows -= 1
        elif line.strip():
            return max(DELIMITERS, key=lambda mark: len(next(csv.reader([line], delimiter=mark))))
    return DELIMITERS[0]


def _records(text: str, delimiter: str, skip_rows: int) -> Iterator[tuple[int, list[str]]]:
    """Row number and cells of each row that is not blank."""
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number, line = 0, 0
    try:
        for number, cells in enumerate(reader, start=1):
            if reader.line_num - line > _LONGEST_RECORD:
                raise _open_quotation(number)
            line = reader.line_num
            if number > skip_rows and any(cells) and any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error as error:
        raise UnreadableFile(
            _("Row %(row)s cannot be read: a cell is longer than %(limit)s characters or a quotation mark is not closed.")
            % {"row": number + 1, "limit": MAX_CELL}
        ) from error
    if _ends_inside_quotes(text, delimiter):
        raise _open_quotation(number)


def _open_quotation(row: int) -> UnreadableFile:
    return UnreadableFile(_("A quotation mark opened in row %(row)s is not closed.") % {"row": row})


def _ends_inside_quotes(text: str, delimiter: str) -> bool:
    """Whether a quoted cell is still open at the end: the strict reader says so, the lenient one swallows the rest in silence."""
    if text.count('"') % 2 == 0:
        return False
    try:
        for _cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False
