"""Rows for COPY, with the history that saving them one by one would have left."""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

from django.db.models import Model

from core.db import bulk

Stamp = tuple[dt.datetime, int | None]
"""When something was done, and the key of who did it."""
CREATED, CHANGED = "+", "~"
_HISTORY = ("history_type", "history_date", "history_user_id", "history_change_reason")


def store(model: type[Model], fields: Sequence[str], rows: Iterable[Sequence[Any]], stamps: Iterable[Stamp]) -> None:
    """Add rows and, to a model with history, the note of each one's making. Keys that others point at are among `fields`."""
    kept = list(rows)
    bulk.copy_rows(model, fields, kept)
    remember(model, CREATED, fields, zip(kept, stamps, strict=False))


def remember(model: Any, what: str, fields: Sequence[str], rows: Iterable[tuple[Sequence[Any], Stamp]]) -> None:
    """Add history to a model that has it: each row as it was then, after it was made ("+") or changed ("~")."""
    if not hasattr(model, "history"):
        return
    tracked = {field.attname for field in model.history.model.tracked_fields}
    places = [place for place, name in enumerate(fields) if name in tracked]
    names = [*(fields[place] for place in places), *_HISTORY]
    kept = ((*(row[place] for place in places), what, at, by, "demo") for row, (at, by) in rows)
    bulk.copy_rows(model.history.model, names, kept)


def by_nobody(at: dt.datetime) -> Iterable[Stamp]:
    """The stamp of the system, for every row."""
    return repeat((at, None))
