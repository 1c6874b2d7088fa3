"""A delimited text file → a table of text cells. Nothing is taken for a number here: "00123" stays "00123"."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from core import db, gzipped
from core.languages import Sentence as _
from integration import excel
from integration.errors import UnreadableFile

MAX_BYTES = 512 * 1024 * 1024
MOST_PACKED = 100
"""Times as large as its gzip a file may be, from `_ALWAYS` bytes on: texts of a feed shrink to a tenth."""
_ALWAYS = 32 * 1024 * 1024
MAX_ROWS = 5_000_000
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
    """The cells of a file, without blanks around them. `rows` has a column of texts per header cell, called by its position.

    `numbers` are the numbers of these rows in a spreadsheet: the header is row `skip_rows` + 1. `broken` are rows with another
    number of cells, by their number.
    """

    header: list[str]
    rows: pl.DataFrame
    numbers: pl.Series
    encoding: str
    delimiter: str
    broken: dict[int, list[str]] = field(default_factory=dict)
    is_returned: bool = False
    """Whether these are rows that were left out before, put right."""
    ends_open: bool = False
    """Whether it is a text whose last line has no end."""
    cut: int = 0
    """The number of the row in which it breaks off, if anybody knows it does."""

    def __len__(self) -> int:
        return len(self.numbers) + len(self.broken)

    def only(self, numbers: pl.Series) -> "Table":
        """The rows of these numbers."""
        wanted = self.numbers.is_in(numbers.implode())
        return replace(self, rows=self.rows.filter(wanted), numbers=self.numbers.filter(wanted), broken={})

    def cut_off(self) -> "Table":
        """The same, known to break off in its last row."""
        return replace(self, cut=max(self.numbers.tail(1).to_list() + list(self.broken)))

    def join(self) -> None:
        """Put every column in one piece, one after the other. What works on several columns at once would put all of them
        together first, each time, and need as much memory again."""
        for at in range(self.rows.width):
            self.rows.replace_column(at, self.rows.to_series(at).rechunk())

    @property
    def breaks_off(self) -> bool:
        """Whether the last row has fewer cells than the header: who knows what stood below it."""
        last = max(self.broken, default=0)
        return bool(self.cut) or (last > max(self.numbers.tail(1), default=0) and len(self.broken[last]) < len(self.header))

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
    encoding = _encoding(content, encoding)
    if _is_blank(content.removeprefix(codecs.BOM_UTF8)):
        raise UnreadableFile(_("The file is empty."))
    head = content[:_HEAD]
    plain = encoding in _LINES_ARE_BYTES and b'"' not in content and b"\x00" not in content
    if plain and head.count(b"\r") - head.count(b"\r\n") <= head.endswith(b"\r"):
        table = _plain_table(content, encoding, delimiter, skip_rows)
        if table:
            return replace(table, ends_open=_ends_open(content))
    text = content.decode(encoding).removeprefix("\ufeff")
    if not text.strip():
        raise UnreadableFile(_("The file is empty."))
    delimiter = delimiter or _delimiter(text, skip_rows)
    return replace(_headed(_records(text, delimiter, skip_rows), encoding, delimiter), ends_open=not text.endswith(("\n", "\r")))


def _ends_open(content: bytes) -> bool:
    return not content.endswith((b"\n", b"\r"))


_HEAD = 2**20
_LINES_ARE_BYTES = frozenset({"utf-8", "utf-8-sig", "cp1252", "ascii"})
_BLOCK = 16 * 1024 * 1024
_AROUND = 10_000
"""Lines before the header and blank ones, which are no rows."""


def _is_blank(content: bytes) -> bool:
    return not (content[:_HEAD].strip() or content.strip())


def _plain_table(content: bytes, encoding: str, delimiter: str, skip_rows: int) -> Table | None:
    """The table of a text without a quotation mark, whole columns at once; None: this needs the slow way."""
    found = _header(content, encoding, skip_rows)
    if found is None:
        return None
    line, number, start = found
    delimiter = delimiter or max(DELIMITERS, key=line.count)
    header = _checked_header(line.split(delimiter))
    names = [str(position) for position in range(len(header))]
    broken: dict[int, list[str]] = {}
    frames, numbers = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))], [pl.Series(dtype=pl.UInt32)]
    for block in _blocks(content, start):
        lines = _Lines(block, encoding)
        frame = lines.whole(delimiter, names)
        if frame is None:
            if lines.longest() > MAX_CELL:
                return None
            frame, wrong = lines.split(delimiter, names, number)
            broken |= wrong
        else:
            frame = frame.with_columns(pl.int_range(number, number + len(frame), dtype=pl.UInt32).alias("#"))
        frames.append(frame.select(names))
        numbers.append(frame["#"])
        number += lines.count
        if number - len(broken) > MAX_ROWS + _AROUND:
            raise _too_many()
    return _bounded(Table(header, pl.concat(frames), pl.concat(numbers), encoding, delimiter, broken))


def _blocks(content: bytes, start: int) -> Iterator[bytes]:
    """The content from there on, in pieces that end with a line."""
    while start < len(content):
        end = content.find(b"\n", start + _BLOCK) + 1 or len(content)
        yield content[start:end]
        start = end


def _header(content: bytes, encoding: str, skip_rows: int) -> tuple[str, int, int] | None:
    """(the first line with anything in it, the number of the line behind it, where that begins); None when there is none, it
    holds nothing but marks, or is longer than a line may be."""
    start, number = (len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0), 1
    while start < len(content):
        end = content.find(b"\n", start) + 1 or len(content)
        if end - start > MAX_CELL:
            return None
        line = content[start:end].decode("utf-8" if encoding == "utf-8-sig" else encoding).strip("\r\n")
        start, number = end, number + 1
        if number - 1 > skip_rows and line.strip():
            return (line, number, start) if _has_cells(line) else None
    return None


def _has_cells(line: str) -> bool:
    """Whether anything stands in it but marks between cells."""
    return bool(line.strip("".join(DELIMITERS) + " \t\r"))


class _Lines:
    """A piece of a text that ends with a line."""

    def __init__(self, block: bytes, encoding: str) -> None:
        if encoding not in ("utf-8", "utf-8-sig", "ascii"):
            block = block.decode(encoding).encode()
        self.text = block.removesuffix(b"\n")
        self.count = self.text.count(b"\n") + 1
        self._lines: pl.Series | None = None

    @property
    def lines(self) -> pl.Series:
        if self._lines is None:
            text = self.text.replace(b"\r\n", b"\n").removesuffix(b"\r").decode()
            self._lines = pl.Series([text]).str.split("\n").explode()
        return self._lines

    def longest(self) -> int:
        longest: Any = self.lines.str.len_bytes().max()
        return int(longest or 0)

    def whole(self, delimiter: str, names: Sequence[str]) -> pl.DataFrame | None:
        """The cells, if every line has as many as `names` and none is blank."""
        width = len(names) - 1
        if not width or self.text.count(delimiter.encode()) != self.count * width:
            return None
        schema = dict.fromkeys(names, pl.String)
        options: dict[str, Any] = {"has_header": False, "quote_char": None, "empty_string_is_null": False}
        try:
            frame = pl.read_csv(self.text, separator=delimiter, schema=schema, **options)
        except pl.exceptions.PolarsError:
            return None
        if len(frame) != self.count or frame[names[-1]].null_count():
            return None
        frame = frame.with_columns(pl.all().str.strip_chars())
        if max(frame.select(pl.all().str.len_bytes().max()).row(0)) > MAX_CELL:
            return None
        blank = frame.filter(pl.col(names[0]) == "")
        return None if len(blank) and bool(blank.select(pl.all_horizontal(pl.all() == "").any()).item()) else frame

    def split(self, delimiter: str, names: Sequence[str], number: int) -> tuple[pl.DataFrame, dict[int, list[str]]]:
        """(cells of the whole rows with their number "#", the broken rows by number), from `number` on."""
        frame = pl.DataFrame({"line": self.lines, "#": pl.int_range(number, number + self.count, eager=True, dtype=pl.UInt32)})
        width = len(names) - 1
        right = pl.col("line").str.count_matches(delimiter, literal=True) == width
        broken = {
            at: [cell.strip() for cell in line.split(delimiter)]
            for line, at in frame.filter(~right).iter_rows()
            if _has_cells(line)
        }
        cells = pl.col("line").str.split_exact(delimiter, width).struct.rename_fields(list(names))
        whole = frame.filter(right).select(pl.col("#"), cells.alias("cells")).unnest("cells")
        whole = whole.with_columns(pl.col(names).str.strip_chars())
        return whole.filter(~pl.all_horizontal(pl.col(names) == "")), broken


def _checked_header(cells: Sequence[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    if len(header) > MAX_COLUMNS:
        raise UnreadableFile(_("The file has more than %(limit)s columns.") % {"limit": MAX_COLUMNS})
    return header


def _bounded(table: Table) -> Table:
    if len(table) > MAX_ROWS:
        raise _too_many()
    if not len(table):
        raise UnreadableFile(_("The file has a header but no rows."))
    return table


def _too_many() -> UnreadableFile:
    return UnreadableFile(_("The file has more than %(limit)s rows.") % {"limit": MAX_ROWS})


_AT_ONCE = 50_000


def _headed(records: Iterator[tuple[int, list[str]]], encoding: str, delimiter: str) -> Table:
    first = next(records, None)
    if first is None:
        raise UnreadableFile(_("The file has no header row."))
    header = _checked_header(first[1])
    names = [str(position) for position in range(len(header))]
    broken: dict[int, list[str]] = {}
    frames, numbers = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))], [pl.Series(dtype=pl.UInt32)]
    total = 0
    for batch in db.batches(records, _AT_ONCE):
        whole = [(number, cells) for number, cells in batch if len(cells) == len(header)]
        broken |= {number: [cell.strip() for cell in cells] for number, cells in batch if len(cells) != len(header)}
        frame = pl.DataFrame([cells for _number, cells in whole], schema=dict.fromkeys(names, pl.String), orient="row")
        frames.append(frame.with_columns(pl.all().str.strip_chars()))
        numbers.append(pl.Series([number for number, _cells in whole], dtype=pl.UInt32))
        total += len(batch)
        if total > MAX_ROWS:
            raise _too_many()
    return _bounded(Table(header, pl.concat(frames), pl.concat(numbers), encoding, delimiter, broken))


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
            if size > max(_ALWAYS, MOST_PACKED * len(content)):
                facts = {"times": MOST_PACKED}
                raise UnreadableFile(_("Unpacked, the file is more than %(times)s times as large. Send it as it is.") % facts)
            if size > MAX_BYTES:
                raise UnreadableFile(_("The file is larger than %(limit)s MB.") % {"limit": MAX_BYTES // 2**20})
    except gzipped.BreaksOff as error:
        raise UnreadableFile(_("The compressed file breaks off.")) from error
    return b"".join(parts)


def _refuse_other_types(content: bytes) -> None:
    """Name what was sent instead of a text file."""
    if len(content) > MAX_BYTES:
        raise UnreadableFile(_("The file is larger than %(limit)s MB.") % {"limit": MAX_BYTES // 2**20})
    if _is_blank(content):
        raise UnreadableFile(_("The file is empty."))
    kind = next((name for signature, name in _SIGNATURES if content.startswith(signature)), "")
    bare = content[:_HEAD].removeprefix(codecs.BOM_UTF8)
    if _MARKUP.match(bare):
        kind = "HTML / XML"
    elif _JSON.match(bare):
        kind = "JSON"
    if kind:
        raise UnreadableFile(_("This is not a delimited text file (CSV) but %(kind)s.") % {"kind": kind})


_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def _encoding(content: bytes, encoding: str) -> str:
    """The encoding of the text: as told, else by its byte order mark, else UTF-8, else Windows-1252."""
    if encoding:
        return _told(content, encoding)
    marked = next((name for mark, name in _BOMS if content.startswith(mark)), "")
    if marked:
        return _told(content, marked)
    if content[:4096].count(0) > len(content[:4096]) // 20:
        raise UnreadableFile(_("This is not a delimited text file (CSV) but %(kind)s.") % {"kind": _("binary data")})
    try:
        _check(content, "utf-8")
        return "utf-8"
    except UnicodeDecodeError as error:
        line = _line_of(content, error)
    if not _UTF8_INSIDE.search(content):
        try:
            _check(content, "cp1252")
            return "cp1252"
        except UnicodeDecodeError:
            pass
    raise UnreadableFile(_("The text of row %(row)s is neither UTF-8 nor Windows-1252, or the file mixes both.") % {"row": line})


def _told(content: bytes, encoding: str) -> str:
    try:
        _check(content, encoding)
    except LookupError as error:
        raise UnreadableFile(_("There is no encoding “%(name)s”.") % {"name": encoding}) from error
    except UnicodeDecodeError as error:
        facts = {"row": _line_of(content, error), "encoding": encoding}
        raise UnreadableFile(_("The text of row %(row)s is not %(encoding)s.") % facts) from error
    return encoding


def _check(content: bytes, encoding: str) -> None:
    """Raises: UnicodeDecodeError, whose object is the piece that is wrong; LookupError."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for start in range(0, len(content), _BLOCK):
        decoder.decode(content[start : start + _BLOCK], start + _BLOCK >= len(content))


def _line_of(content: bytes, error: UnicodeDecodeError) -> int:
    return content.count(b"\n", 0, content.find(error.object) + error.start) + 1


def _delimiter(text: str, skip_rows: int) -> str:
    """The character that cuts the header into most cells."""
    for line in io.StringIO(text[:_HEAD], newline=None):
        if skip_rows:
            skip_rows -= 1
        elif line.strip():
            return max(DELIMITERS, key=lambda mark: _cells_in(line, mark))
    return DELIMITERS[0]


def _cells_in(line: str, mark: str) -> int:
    """How many cells the mark cuts the line into; none when a cell is too long, which is said when the rows are read."""
    try:
        return len(next(csv.reader([line], delimiter=mark)))
    except csv.Error:
        return 0


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
