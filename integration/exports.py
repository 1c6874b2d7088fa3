"""The rows that a run left out, as a CSV file that can be put right and read again as it is."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from core.downloads import Listing
from core.exports import Column, Kind, unescape
from core.models import JobRun
from integration.models import QuarantinedRow

if TYPE_CHECKING:  # reading brings polars, which pages do without
    from integration.reading import Table

OWN_COLUMNS = ("row", "key", "rule", "reason")
"""They stand before the columns of the source, in no language: by them a file of ours is known."""


def quarantine_listing(run: JobRun) -> Listing:
    """Row number, key, rule and reason, then the cells under the names they have in the source; cells too many come last."""
    header: list[str] = run.counts.get("header", [])
    columns = [
        Column("row", "row", lambda row: row.row_number, Kind.INTEGER),
        Column("key", "key", lambda row: row.key),
        Column("rule", "rule", lambda row: row.code),
        Column("reason", "reason", lambda row: row.reason),
        *(_cell(name) for name in header),
    ]
    return Listing(
        "quarantine",
        f"{_('Quarantine')} {run.pk}",
        reverse("sync_quarantine", args=[run.pk]),
        columns,
        order=("row_number", "pk"),
        rest=lambda row: _too_many(row, header),
        delimiter=delimiter_for(run),
    )


def delimiter_for(run: JobRun) -> str:
    """What goes between the cells of this run's rows: commas where the decimal mark is a point. When they are read again, it
    says how to take a number that can be read in two ways."""
    read_as = run.counts.get("read_as", {})
    point = read_as["decimal"] == "." if "decimal" in read_as else read_as.get("delimiter", ";") in ("", ",")
    return "," if point else ";"


def _cell(name: str) -> Column:
    return Column(name, name, lambda row: row.raw.get(name, ""))


def _too_many(row: QuarantinedRow, header: Sequence[str]) -> list[str]:
    return [str(cell) for name, cell in row.raw.items() if name not in header]


def restored(table: "Table") -> "Table":
    """The table; of a file that came from here, without our own columns, and with the cells as they were before they were made
    harmless."""
    own = len(OWN_COLUMNS)
    if tuple(table.header[:own]) != OWN_COLUMNS:
        return table
    import polars as pl  # pages do without

    cells = [pl.col(name).alias(str(position)) for position, name in enumerate(table.rows.columns[own:])]
    return replace(
        table,
        header=[unescape(cell) for cell in table.header[own:]],
        rows=table.rows.select(cell.map_elements(unescape, return_dtype=pl.String) for cell in cells),
        broken={number: [unescape(cell) for cell in cells[own:]] for number, cells in table.broken.items()},
        is_returned=True,
    )


def written(header: Sequence[str], rows: Sequence[Mapping[str, str]], *, delimiter: str) -> bytes:
    """A file of these rows, in UTF-8."""
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="", extrasaction="ignore", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
