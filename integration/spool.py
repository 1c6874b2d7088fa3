"""What was read from the source, kept in the database: half of a snapshot until the next attempt goes on with it, a whole one
until somebody has decided about it."""

import io
import json

import polars as pl

from core import clock
from integration.models import FeedPage
from integration.price_manager import Half, joined, numbered
from integration.reading import Table


class StoredHalf:
    """What was read of `feed`, an address with its path."""

    def __init__(self, feed: str) -> None:
        self.feed = feed[:500]

    def load(self) -> Half | None:
        pages = list(FeedPage.objects.filter(feed=self.feed).order_by("number"))
        if not pages:
            return None
        rows = joined([pl.read_parquet(io.BytesIO(bytes(page.rows))) for page in pages])
        return Half(rows, pages[-1].snapshot, pages[-1].total, pages[-1].following)

    def keep(self, half: Half) -> None:
        FeedPage.objects.create(
            feed=self.feed,
            number=FeedPage.objects.filter(feed=self.feed).count(),
            snapshot=half.snapshot,
            following=half.cursor,
            total=half.total,
            rows=as_bytes(half.rows),
            read_at=clock.now(),
        )

    def clear(self) -> None:
        FeedPage.objects.filter(feed=self.feed).delete()


def as_bytes(frame: pl.DataFrame, metadata: dict[str, str] | None = None) -> bytes:
    """The table in Parquet, with a note of what it is."""
    out = io.BytesIO()
    frame.write_parquet(out, compression="lz4", metadata=metadata)
    return out.getvalue()


def table_as_bytes(table: Table) -> bytes:
    """A table that came over HTTP, to be worked on once more as it is."""
    return as_bytes(table.rows, {_HEADER: json.dumps(table.header)})


def table_of(content: bytes) -> Table:
    header = json.loads(pl.read_parquet_metadata(io.BytesIO(content))[_HEADER])
    rows = pl.read_parquet(io.BytesIO(content))
    return numbered(header, rows)


_HEADER = "header"
