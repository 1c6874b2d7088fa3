"""The half of a snapshot, kept in the database until the next attempt goes on with it."""

import io

import polars as pl

from core import clock
from integration.models import FeedPage
from integration.price_manager import Half


class StoredHalf:
    """What was read of `feed`, an address with its path."""

    def __init__(self, feed: str) -> None:
        self.feed = feed[:500]

    def load(self) -> Half | None:
        page = FeedPage.objects.filter(feed=self.feed).first()
        if page is None:
            return None
        return Half(pl.read_parquet(io.BytesIO(bytes(page.rows))), page.snapshot, page.total, page.following)

    def keep(self, half: Half) -> None:
        FeedPage.objects.update_or_create(
            feed=self.feed,
            number=0,
            defaults={
                "snapshot": half.snapshot,
                "following": half.cursor,
                "total": half.total,
                "rows": as_bytes(half.rows),
                "read_at": clock.now(),
            },
        )

    def clear(self) -> None:
        FeedPage.objects.filter(feed=self.feed).delete()


def as_bytes(frame: pl.DataFrame, metadata: dict[str, str] | None = None) -> bytes:
    """The table in Parquet, with a note of what it is."""
    out = io.BytesIO()
    frame.write_parquet(out, compression="lz4", metadata=metadata)
    return out.getvalue()
