"""Tables that go to spreadsheet programs: no cell may become a formula there."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from integration.models import QuarantinedRow

_FORMULA_STARTS = tuple("=+-@\t\r\n\x00＝＋－＠")


def safe_cell(text: str) -> str:
    """The text; an apostrophe before what a spreadsheet program would take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def csv_lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The rows as lines of a CSV file that Finnish spreadsheet programs open: semicolons, a byte order mark first."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";")
    yield "\ufeff"
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def quarantine_rows(rows: Iterable[QuarantinedRow], header: Sequence[str]) -> Iterator[list[str]]:
    """Row number, key, rule and reason, then the cells under their own names; cells too many come last."""
    yield ["row", "key", "rule", "reason", *header]
    for row in rows:
        cells = [str(row.raw.get(name, "")) for name in header]
        cells += [str(cell) for name, cell in row.raw.items() if name not in header]
        yield [str(row.row_number), row.key, row.code, row.reason, *cells]
