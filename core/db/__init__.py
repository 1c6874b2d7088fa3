"""The only place that asks which database this is: locks, digests and reads in either dialect.

`schema`: what migrations ask of it; `bulk`: many rows at once; `searching`: words in texts; `sqlite`: what SQLite is taught.
"""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice, pairwise
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models, transaction
from django.db.backends.signals import connection_created
from django.db.models.expressions import RawSQL
from django.db.models.lookups import Exact

from core.db import sqlite

Item = TypeVar("Item")


def is_postgresql() -> bool:
    """Whether the default connection speaks to PostgreSQL (else it is SQLite)."""
    return connection.vendor == "postgresql"


def lock_options(*of: str) -> dict[str, Any]:
    """Arguments of `select_for_update`: lock the named relations only (none: the row itself), where the database can."""
    return {"of": of or ("self",)} if is_postgresql() else {}


def keeps_plans(connection: Any) -> bool:
    """Whether a session of this connection outlives its transaction, so that what it has planned is there the next time."""
    return connection.vendor == "postgresql" and not connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")


def keys_at_once() -> int:
    """How many keys a statement may name: as many as are worth while, where the database takes so many parameters."""
    return 20_000 if is_postgresql() else 900


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """`items` in lists of at most `size`."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def skip_locked() -> dict[str, bool]:
    """Arguments of `select_for_update` for workers that take what is free."""
    return {"skip_locked": True} if is_postgresql() else {}


def unwaited(queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """The same rows; an update of them does not wait for the disk, so a crash of the database right after it may undo it. Within
    a transaction it is an update like any other."""
    if not is_postgresql() or connection.in_atomic_block:
        return queryset
    return queryset.filter(Exact(RawSQL("set_config('synchronous_commit', 'off', true)", []), "off"))


@contextlib.contextmanager
def advisory_lock(key: int) -> Iterator[None]:
    """One holder of `key` at a time until its transaction ends. SQLite has one writer anyway."""
    with transaction.atomic():
        if is_postgresql():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
        yield


def digest(model: type[models.Model], column: str, key: int) -> str:
    """A short text that is another one as soon as any column of the rows whose `column` is `key` is, or there are others.

    To be compared with one that this database gave before. PostgreSQL tells versions of a row apart by who wrote them and where
    they lie, for which it need not read them. A migration of the table or a restored backup makes it another one as well.
    """
    if not is_postgresql():
        rows = list(model._default_manager.filter(**{column: key}).order_by("pk").values_list())
        return hashlib.sha256(repr(rows).encode()).hexdigest()
    table, name, pk = map(connection.ops.quote_name, (model._meta.db_table, column, str(model._meta.pk.column)))
    with connection.cursor() as cursor:
        version = "xmin::text || ctid::text"
        cursor.execute(f"SELECT md5(string_agg({version}, ' ' ORDER BY {pk})) FROM {table} WHERE {name} = %s", [key])  # noqa: S608
        return cursor.fetchone()[0] or ""


def with_look_ups(queryset: models.QuerySet[Any], *names: str) -> list[Any]:
    """The rows with what their foreign keys `names` lead to, in one query as by `select_related`. A record that many rows share
    is made once, which is most of the work for rows that share units and rates."""
    return records_of(queryset.model, look_up_values(queryset, *names), *names)


def look_up_values(queryset: models.QuerySet[Any], *names: str) -> models.QuerySet[Any, Any]:
    """What `records_of` makes records of."""
    plain = queryset.rewrite(False) if hasattr(queryset, "rewrite") else queryset  # columns as they are, in no language
    own, *others = _columns(queryset.model, names)
    return plain.values_list(*own, *(f"{name}__{column}" for name, some in zip(names, others, strict=True) for column in some))


def records_of(model: type[models.Model], rows: Iterable[Sequence[Any]], *names: str) -> list[Any]:
    """The records of these rows (`look_up_values`)."""
    keys: list[Any] = [model._meta.get_field(name) for name in names]
    columns = _columns(model, names)
    ends = list(accumulate(map(len, columns)))
    parts = [
        (key, some, slice(start, end), {None: None})
        for key, some, (start, end) in zip(keys, columns[1:], pairwise(ends), strict=True)
    ]
    records = []
    for row in rows:
        record = model.from_db(DEFAULT_DB_ALIAS, columns[0], row[: ends[0]])
        for key, some, part, made in parts:
            value = getattr(record, key.attname)
            if value not in made:
                made[value] = key.related_model.from_db(DEFAULT_DB_ALIAS, some, row[part])
            key.set_cached_value(record, made[value])
        records.append(record)
    return records


def _columns(model: type[models.Model], names: Sequence[str]) -> list[list[str]]:
    """Those of the model, and of the models that the keys lead to."""
    keys: list[Any] = [model._meta.get_field(name) for name in names]
    kinds = [model, *(key.related_model for key in keys)]
    return [[field.attname for field in kind._meta.concrete_fields] for kind in kinds]


def together(keys: Iterable[int]) -> str:
    """Keys as one value, for `__one_of`."""
    listed = ",".join(map(str, keys))
    return f"{{{listed}}}" if is_postgresql() else f"[{listed}]"


@models.ForeignObject.register_lookup  # which does not look among those of other fields
@models.Field.register_lookup
class OneOf(models.Lookup):
    """Whether a column is one of some keys (`together`). However many they are, the statement is the same, and as short."""

    lookup_name, prepare_rhs = "one_of", False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return self._as(compiler, connection, "= ANY(%s)")

    def as_sqlite(self, compiler: Any, connection: Any) -> Any:
        return self._as(compiler, connection, "IN (SELECT value FROM JSON_EACH(%s))")

    def _as(self, compiler: Any, connection: Any, is_among: str) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} {is_among}", [*params, self.rhs]


class JsonText(models.Func):
    """What a JSON column holds under `key`, as text. The key stands in the statement, as indexes are found by it."""

    template = "(%(expressions)s ->> '%(key)s')"
    output_field = models.TextField()

    def __init__(self, column: Any, *, key: str, **extra: Any) -> None:
        super().__init__(column, key=key, **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(JSON_EXTRACT(%(expressions)s, '$.%(key)s') AS TEXT)", **context)


class Seconds(models.Func):
    """How long it is from the second instant to the first."""

    template = "EXTRACT(EPOCH FROM (%(expressions)s))::double precision"
    arg_joiner = " - "
    output_field = models.FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        days = Seconds(*(models.Func(one, function="JULIANDAY") for one in self.get_source_expressions()))
        return days.as_sql(compiler, connection, template="((%(expressions)s) * 86400.0)", **context)


connection_created.connect(sqlite.add_functions, dispatch_uid="core.db.sqlite_functions")
