"""Reading a feed of Price Manager over HTTP, page by page, until every row of one snapshot is there, or not at all.

"Answered with 200" is not "complete": the rows of all pages are counted and compared with what the source says there are.
Source: docs/requirements.md S0.28, S0.33.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any, Protocol

import polars as pl

from core import outbound
from core.languages import Sentence as _
from integration.errors import Incomplete
from integration.reading import JSON, MAX_CELL, MAX_COLUMNS, MAX_ROWS, Table

CUSTOMER_MASTER, PRODUCTS = "/api/customer-master", "/api/products"
ROWS_AT_ONCE = 5_000
KEPT_EVERY = 100_000
"""Rows; so many at most are read again after a worker has died."""
STARTS = 3
"""How often reading begins anew when the source has made another snapshot meanwhile."""

Told = Callable[[int, int], None]
"""Hears how many rows are there and how many there will be."""


@dataclass(frozen=True)
class Feed:
    """All rows of one snapshot."""

    table: Table
    snapshot: str


@dataclass(frozen=True)
class Half:
    """What was read of a snapshot before the source could not be reached any more; `cursor` names the next page."""

    rows: pl.DataFrame
    snapshot: str
    total: int
    cursor: str


class Spool(Protocol):
    """Keeps the half of a snapshot from one attempt to the next. What is kept is laid behind what is there already."""

    def load(self) -> Half | None: ...
    def keep(self, half: Half) -> None: ...
    def clear(self) -> None: ...


class _NoSpool:
    def load(self) -> None:
        return None

    def keep(self, half: Half) -> None: ...
    def clear(self) -> None: ...


class _OtherSnapshot(Exception):
    pass


def read_feed(
    client: outbound.Client, path: str, *, tell: Told | None = None, at_once: int = ROWS_AT_ONCE, spool: Spool | None = None
) -> Feed:
    """The rows as a table of texts. What has come is kept in `spool` now and then, and the next attempt goes on there if the
    source still has the same snapshot; what was kept and does not fit the rest is dropped, and all is read anew.

    Raises: outbound.Refused; Incomplete with what is missing, for everything else.
    """
    spool = spool or _NoSpool()
    half = spool.load()
    for _start in range(STARTS):
        pages, was_kept, half = _Pages(client, path, at_once, half, spool), half is not None, None
        try:
            table = _table(pages.frame(tell), pages)
        except outbound.Unreachable as failure:
            pages.keep()
            raise Incomplete(failure.detail) from failure
        except _OtherSnapshot:
            spool.clear()
        except (Incomplete, outbound.Refused):
            spool.clear()
            if not was_kept:
                raise
        else:
            spool.clear()
            return Feed(table, pages.snapshot)
    raise Incomplete(_("The source made a new snapshot each time while it was read."))


class _Pages:
    """The pages in their order, each checked against the ones before."""

    def __init__(self, client: outbound.Client, path: str, at_once: int, half: Half | None, spool: Spool) -> None:
        self.client, self.path, self.at_once, self.spool = client, path, at_once, spool
        self.snapshot, self.total, self.read, self.cursor = "", -1, 0, ""
        self.starts: list[int] = []
        self.frames: list[pl.DataFrame] = []
        self.columns: set[str] = set()
        if half:
            self.snapshot, self.total, self.cursor = half.snapshot, half.total, half.cursor
            self._take(half.rows)
        self.kept = len(self.frames)

    def _take(self, frame: pl.DataFrame) -> None:
        self.starts.append(self.read)
        self.frames.append(frame)
        self.read += len(frame)

    def keep(self) -> None:
        """What has come since the last time."""
        fresh, self.kept = self.frames[self.kept :], len(self.frames)
        if fresh:
            self.spool.keep(Half(joined(fresh), self.snapshot, self.total, self.cursor))

    def frame(self, tell: Told | None) -> pl.DataFrame:
        """All rows, as texts."""
        for rows in self._pages():
            found = {_whole(name): cells for name, cells in _by_column(rows).items()}
            self.columns |= found.keys()
            if len(self.columns) > MAX_COLUMNS:
                raise Incomplete(_("The file has more than %(limit)s columns.") % {"limit": MAX_COLUMNS})
            self._take(pl.DataFrame({name: _column(cells) for name, cells in found.items()}))
            if tell:
                tell(self.read, self.total)
        return joined(self.frames) if self.frames else pl.DataFrame()

    def _pages(self) -> Iterator[list[Mapping[str, Any]]]:
        seen = {"", self.cursor}
        while True:
            answer = self.client.get_json(self.path, {"limit": self.at_once} | ({"cursor": self.cursor} if self.cursor else {}))
            rows, following = self._checked(answer)
            if self.read + len(rows) > self.total:
                raise Incomplete(_("The source sent more rows than the %(total)s it speaks of.") % {"total": self.total})
            if rows:
                yield rows
            if following is None:
                break
            if following in seen:
                raise Incomplete(_("The pages of the source go round in a circle."))
            seen.add(following)
            self.cursor = following
            if sum(map(len, self.frames[self.kept :])) >= KEPT_EVERY:
                self.keep()
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
            } if total >= 0 and _is_name(name, 200) and all(isinstance(row, dict) for row in rows):
                if following is not None and not _is_name(following, 1000):
                    raise Incomplete(_("The source answered in a shape that was not agreed."))
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


def joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """A column that turns up late is blank before, one that is left out is blank there."""
    return pl.concat(frames, how="diagonal").with_columns(pl.all().fill_null(""))


def _is_name(text: str, longest: int) -> bool:
    """Whether a snapshot or a page can be called so."""
    return 0 < len(text) <= longest and text.isprintable()


def _by_column(rows: Sequence[Mapping[str, Any]]) -> dict[str, Sequence[Any]]:
    """The values of each column; rows are of one shape as a rule, which is quicker to turn."""
    shapes = set(map(tuple, rows))
    if len(shapes) == 1:
        return dict(zip(shapes.pop(), zip(*[row.values() for row in rows], strict=True), strict=True))
    names = dict.fromkeys(chain.from_iterable(rows))
    return {name: [row.get(name) for row in rows] for name in names}


def _column(cells: Sequence[Any]) -> pl.Series:
    texts = _texts(cells)
    try:
        return pl.Series(texts, dtype=pl.String)
    except UnicodeEncodeError:
        return pl.Series([_whole(text) for text in texts], dtype=pl.String)


def _whole(text: str) -> str:
    """JSON may hold halves of characters, which are none."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


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
    if isinstance(value, Decimal):
        return format(value, "f") if abs(value.adjusted()) <= _MOST_DIGITS else str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


_MOST_DIGITS = 40
"""A number with more of them is written with its exponent, and is none for us: "1e999999999" would be a text of a gigabyte."""


def _table(frame: pl.DataFrame, pages: _Pages) -> Table:
    if not pages.read:
        raise Incomplete(_("The source has no rows."))
    columns = frame.columns
    frame = frame.rename({name: str(position) for position, name in enumerate(columns)}).with_columns(pl.all().str.strip_chars())
    _require_unshifted(frame, pages)
    return numbered(columns, frame)


def numbered(header: list[str], rows: pl.DataFrame) -> Table:
    """The rows as they came, counted from 1."""
    numbers = pl.int_range(1, len(rows) + 1, eager=True, dtype=pl.UInt32)
    return Table(header=header, rows=rows, numbers=numbers, encoding=JSON, delimiter="")


def _require_unshifted(frame: pl.DataFrame, pages: _Pages) -> None:
    """A row that came on two pages means that rows moved while they were read, and that others were passed over."""
    if any(frame[name].n_unique() == len(frame) for name in frame.columns):
        return
    starts = pl.DataFrame({"#": sorted({start for start in pages.starts if 0 < start < len(frame)})}, schema={"#": pl.UInt32})
    page = frame.with_row_index("#").select("#").join(starts.with_columns(first=1), on="#", how="left", maintain_order="left")
    again = frame.with_columns(page["first"].fill_null(0).cum_sum().alias("page")).filter(frame.is_duplicated())
    names = frame.columns
    if len(again) and int(again.group_by(names).agg(pl.col("page").n_unique())["page"].max() or 0) > 1:  # type: ignore[arg-type]
        raise Incomplete(_("Rows moved from page to page while the source was read."))
