"""Field history, written by the database: a row of history is the row that was saved, copied in one statement.

The rows are those django-simple-history would make; its admin pages, managers and bulk functions read and write the same table.
"""

import datetime as dt
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection, models
from simple_history.models import HistoricalRecords
from simple_history.utils import get_history_model_for_model

from core import clock, db

if TYPE_CHECKING:
    from users.models import User

CREATED, CHANGED, DELETED = "+", "~", "-"
AT_ONCE = 10_000


class FieldHistory(HistoricalRecords):  # type: ignore[misc]
    """Keeps the history of a model as `HistoricalRecords` does, at a fraction of the cost.

    What is recorded is the stored row, also where the saved object had other values in memory. A deletion has no row left to
    copy and is recorded the slow way. Signals of django-simple-history are not sent.
    """

    def create_historical_record(self, instance: models.Model, history_type: str, using: str | None = None) -> None:
        if history_type == DELETED:
            super().create_historical_record(instance, history_type, using)
            return
        _copy(
            type(instance),
            [instance.pk],
            history_type,
            by=self.get_history_user(instance),
            at=getattr(instance, "_history_date", None),
            reason=self.get_change_reason_for_object(instance, history_type, using),
        )


def record_created(
    model: type[models.Model],
    keys: Sequence[int],
    *,
    by: "User | None",
    at: dt.datetime | None = None,
    reason: str | None = None,
) -> None:
    """The history of rows that were just made many at once: one statement for each `AT_ONCE` of them."""
    _copy(model, keys, CREATED, by=by, at=at, reason=reason)


def record_changed(
    model: type[models.Model],
    keys: Sequence[int],
    *,
    by: "User | None",
    at: dt.datetime | None = None,
    reason: str | None = None,
) -> None:
    """The history of rows that `bulk_update` or `update` has just changed: one statement for each `AT_ONCE` of them."""
    _copy(model, keys, CHANGED, by=by, at=at, reason=reason)


def _copy(
    model: type[models.Model],
    keys: Sequence[int],
    kind: str,
    *,
    by: Any,
    at: dt.datetime | None = None,
    reason: str | None = None,
) -> None:
    stamp = connection.ops.adapt_datetimefield_value(at or clock.now())
    for some in db.batches(keys, AT_ONCE):
        places = ", ".join(["%s"] * len(some))
        with connection.cursor() as cursor:
            cursor.execute(_statement(model).format(places), [kind, stamp, reason, by.pk if by else None, *some])


@functools.cache
def _statement(model: type[models.Model]) -> str:
    """INSERT … SELECT from the table of `model` into that of its history; `{}` stands for the places of the keys."""
    quote, meta = connection.ops.quote_name, get_history_model_for_model(model)
    own = [quote(field.column) for field in meta.tracked_fields]
    stamped = [quote(name) for name in ("history_type", "history_date", "history_change_reason", "history_user_id")]
    table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    return (
        f"INSERT INTO {quote(meta._meta.db_table)} ({', '.join([*stamped, *own])}) "  # noqa: S608 - names of our own columns
        f"SELECT %s, %s, %s, %s, {', '.join(own)} FROM {table} WHERE {key} IN ({{}}) ORDER BY {key}"
    )
