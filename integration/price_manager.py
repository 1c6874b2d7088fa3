"""Reading a feed of Price Manager over HTTP, page by page, until every row of one snapshot is there, or not at all.

"Answered with 200" is not "complete": the rows of all pages are counted and compared with what the source says there are.
Source: docs/requirements.md S0.28, S0.33.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any

import pandas as pd
from django.utils.translation import gettext as _

from core import outbound
from integration.errors import Incomplete
from integration.reading import JSON, MAX_CELL, MAX_COLUMNS, MAX_ROWS, Table

CUSTOMER_MASTER = "/api/customer-master"
ROWS_AT_ONCE = 5_000
STARTS = 3
"""How often reading begins anew when the source has made another snapshot meanwhile."""

Told = Callable[[int, int], None]
"""Hears how many rows are there and how many there will be."""


@dataclass(frozen=True)
class Feed:
    """All rows of one snapshot."""

    table: Table
    snapshot: str


class _OtherSnapshot(Exception):
    pass


def read_feed(client: outbound.Client, path: str, *, tell: Told | None = None, at_once: int = ROWS_AT_ONCE) -> Feed:
    """The rows as a table of texts. Raises: outbound.Refused; Incomplete with what is missing, for everything else."""
    for _start in range(STARTS):
        try:
            pages = _Pages(client, path, at_once)
            columns = _columns(pages, tell)
            return Feed(_table(columns, pages), pages.snapshot)
        except _OtherSnapshot:
            continue
        except outbound.Unreachable as failure:
            raise Incomplete(failure.detail) from failure
    raise Incomplete(_("The source made a new snapshot each time while it was read."))


class _Pages:
    """The pages in their order, each checked against the ones before."""

    def __init__(self, client: outbound.Client, path: str, at_once: int) -> None:
        self.client, self.path, self.at_once = client, path, at_once
        self.snapshot, self.total, self.read = "", -1, 0
        self.starts: list[int] = []

    def __iter__(self) -> Iterator[list[Mapping[str, Any]]]:
        cursor, seen = "", {""}
        while True:
            answer = self.client.get_json(self.path, {"limit": self.at_once} | ({"cursor": cursor} if cursor else {}))
            rows, following = self._checked(answer)
            self.starts.append(self.read)
            self.read += len(rows)
            if self.read > self.total:
                raise Incomplete(_("The source sent more rows than the %(total)s it speaks of.") % {"total": self.total})
            yield rows
            if following is None:
                break
            if following in seen:
                raise Incomplete(_("The pages of the source go round in a circle."))
            seen.add(following)
            cursor = following
        if self.read < self.total:
            facts = {"read": self.read, "total": self.total}
            raise Incomplete(_("Only %(read)s of %(total)s rows came.") % facts)

    def _checked(self, answer: Any) -> tuple[list[Mapping[str, Any]], str | None]:
        """`(rows, next cursor)` of an answer in the agreed shape, of the snapshot that was begun."""
        match answer:
            case {
                "rows": list(rows),
                "next_cursor": None | str() as following,
                "total": int(total),
                "snapshot": str(name),
            } if total >= 0 and following != "" and all(isinstance(row, dict) for row in rows):
                self._belongs(name, total)
                return rows, following
        raise Incomplete(_("The source answered in a shape that was not agreed."))

    def _belongs(self, snapshot: str, total: int) -> None:
        if total > MAX_ROWS:
            raise Incomplete(_("The file has more than %(limit)s rows.") % {"limit": MAX_ROWS})
        if self.total < 0:
            self.snapshot, self.total = snapshot, total
        elif snapshot != self.snapshot:
            raise _OtherSnapshot
        elif total != self.total:
            raise Incomplete(_("The source changed its mind about how many rows there are."))


def _columns(pages: _Pages, tell: Told | None) -> dict[str, list[str]]:
    """The cells by column; a column that turns up late is blank before, one that is left out is blank there."""
    columns: dict[str, list[str]] = {}
    for rows in pages:
        found = _by_column(rows)
        if len(columns.keys() | found.keys()) > MAX_COLUMNS:
            raise Incomplete(_("The file has more than %(limit)s columns.") % {"limit": MAX_COLUMNS})
        for name in found:
            columns.setdefault(name, [""] * (pages.read - len(rows)))
        for name, cells in columns.items():
            cells.extend(_texts(found[name]) if name in found else [""] * len(rows))
        if tell:
            tell(pages.read, pages.total)
    return columns


def _by_column(rows: Sequence[Mapping[str, Any]]) -> dict[str, Sequence[Any]]:
    """The values of each column; rows are of one shape as a rule, which is quicker to turn."""
    shapes = set(map(tuple, rows))
    if len(shapes) == 1:
        return dict(zip(shapes.pop(), zip(*[row.values() for row in rows], strict=True), strict=True))
    names = dict.fromkeys(chain.from_iterable(rows))
    return {name: [row.get(name) for row in rows] for name in names}


def _texts(values: Sequence[Any]) -> Sequence[str]:
    if set(map(type, values)) == {str} and max(map(len, values)) <= MAX_CELL:
        return values
    return [_text(value) for value in values]


def _text(value: Any) -> str:
    """A value as a cell of a file has it; a point in numbers, nothing for null."""
    if type(value) is str:
        return value if len(value) <= MAX_CELL else value[: MAX_CELL + 1]  # too long for every field: the row is left out
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False, default=str)


def _table(columns: dict[str, list[str]], pages: _Pages) -> Table:
    if not pages.read:
        raise Incomplete(_("The source has no rows."))
    frame = pd.DataFrame(dict(enumerate(columns.values())), index=pd.RangeIndex(1, pages.read + 1), dtype="str")
    _require_unshifted(frame, pages)
    return Table(header=list(columns), rows=frame, encoding=JSON, delimiter="")


def _require_unshifted(frame: pd.DataFrame, pages: _Pages) -> None:
    """A row that came on two pages means that rows moved while they were read, and that others were passed over."""
    if any(frame[name].is_unique for name in frame):
        return
    page = pd.Series(0, index=frame.index)
    page.iloc[[start for start in pages.starts if 0 < start < len(frame)]] = 1
    page = page.cumsum()
    again = frame[frame.duplicated(keep=False)]
    if not again.empty and page[again.index].groupby([again[name] for name in again]).nunique().max() > 1:
        raise Incomplete(_("Rows moved from page to page while the source was read."))
