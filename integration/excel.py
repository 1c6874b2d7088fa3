"""Tables in Excel workbooks (xlsx), as texts: numbers without what Excel hides, days as ISO 8601."""

import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from core.languages import Sentence as _
from integration.errors import UnreadableFile

SIGNATURE = b"PK\x03\x04"
_CHUNK = 1024 * 1024


def records(content: bytes, *, sheet: str, skip_rows: int, most_bytes: int) -> Iterator[tuple[int, list[str]]]:
    """Row number and cells of each row that is not blank, as wide as the first of them. `sheet`: by name, else the first.

    Raises: UnreadableFile: not a workbook, no such sheet, more than `most_bytes` when unpacked.
    """
    width = 0
    for number, values in enumerate(_rows(content, sheet, most_bytes), start=1):
        cells = [_text(value) for value in values]
        if number <= skip_rows or not any(cells):
            continue
        while cells and not cells[-1].strip() and len(cells) > width:
            cells.pop()
        width = width or len(cells)
        yield number, cells + [""] * (width - len(cells))


def _rows(content: bytes, sheet: str, most_bytes: int) -> list[list[Any]]:
    from python_calamine import CalamineError, CalamineWorkbook

    _require_bounded(content, most_bytes)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        if sheet and sheet not in book.sheet_names:
            raise UnreadableFile(_("The workbook has no sheet “%(name)s”.") % {"name": sheet})
        found = book.get_sheet_by_name(sheet) if sheet else book.get_sheet_by_index(0)
        return found.to_python(skip_empty_area=False)
    except CalamineError as error:
        raise UnreadableFile(_("This cannot be read as an Excel workbook: %(reason)s") % {"reason": error}) from error


def _require_bounded(content: bytes, most_bytes: int) -> None:
    """What a small file unpacks to is counted by unpacking it: the sizes that it names may be lies."""
    size = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for member in packed.infolist():
                with packed.open(member) as opened:
                    while chunk := opened.read(_CHUNK):
                        size += len(chunk)
                        if size > most_bytes:
                            raise UnreadableFile(_("The file is larger than %(limit)s MB.") % {"limit": most_bytes // 2**20})
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise UnreadableFile(_("This cannot be read as an Excel workbook: %(reason)s") % {"reason": error}) from error


def _text(value: Any) -> str:
    """Excel keeps every number as a binary fraction, of which it shows 15 digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(format(value, ".15g")), "f")
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        value = value.date()
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
