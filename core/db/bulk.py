"""Many rows into and out of the database, in the quickest way that it has."""

import contextlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from operator import attrgetter
from typing import Any, Protocol, TypeVar

import orjson
from django.db import connection, models

from core.db import batches, is_postgresql

Item = TypeVar("Item")


ROWS_AT_ONCE = 5_000


def copy_rows(model: type[models.Model], fields: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Add rows in the quickest way there is: COPY on PostgreSQL, one prepared INSERT on SQLite; answers how many.

    `fields` are names of columns as attributes ("account_id"); columns that it leaves out get the defaults of their fields.
    No `save()`, no history and no signal, but every constraint and every trigger. Call it inside a transaction.
    """
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    left_out = [field for field in model._meta.concrete_fields if field.attname not in fields and not field.primary_key]
    fresh = [field for field in left_out if field.unique and field.has_default()]  # a UUID is made for each row
    same = [field for field in left_out if field not in fresh]
    columns = [*(by_name[name] for name in fields), *same, *fresh]
    values = tuple(field.get_default() for field in same)
    complete = ((*row, *values, *(field.get_default() for field in fresh)) for row in rows)
    write = _copy if is_postgresql() else _insert
    total = 0
    for batch in batches(complete, ROWS_AT_ONCE):
        write(model._meta.db_table, columns, batch)
        total += len(batch)
    return total


def copy_objects(model: type[models.Model], objects: Iterable[models.Model]) -> int:
    """The same for objects in memory, all with a key (`new_keys`) or all without; answers how many."""
    first, rest = next(iter(given := iter(objects)), None), given
    if first is None:
        return 0
    names = [field.attname for field in model._meta.concrete_fields if not field.primary_key or first.pk is not None]
    return copy_rows(model, names, map(attrgetter(*names), chain([first], rest)))


def insert_objects(model: type[models.Model], objects: Sequence[Any]) -> None:
    """`bulk_create` of new objects in memory, which get their keys, in one statement: PostgreSQL reads them from one JSON text.
    Django would prepare each value by itself, which takes most of the time."""
    if not is_postgresql():
        model._base_manager.bulk_create(objects)
        return
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    names, values = [field.column for field in fields], attrgetter(*(field.attname for field in fields))
    rows = [dict(zip(names, values(one), strict=True)) for one in objects]
    table, columns = model._meta.db_table, ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::"{table}", %s) '  # noqa: S608  our own
            f'RETURNING "{model._meta.pk.column}"',
            [orjson.dumps(rows, default=str).decode()],
        )
        for one, (key,) in zip(objects, cursor.fetchall(), strict=True):
            one.pk, one._state.adding, one._state.db = key, False, connection.alias


def _copy(table: str, columns: "Sequence[models.Field[Any, Any]]", rows: Sequence[Sequence[Any]]) -> None:
    names = ", ".join(f'"{column.column}"' for column in columns)
    texts = [_json_text if isinstance(column, models.JSONField) else _copy_text for column in columns]
    lines = ("\t".join([text(value) for text, value in zip(texts, row, strict=True)]) for row in rows)
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(f'COPY "{table}" ({names}) FROM STDIN', io.StringIO("\n".join(lines)))


def _copy_text(value: Any) -> str:
    """A value as COPY reads it; dates, numbers and UUIDs read as they print."""
    if value is None:
        return "\\N"
    text = value if type(value) is str else str(value)
    if "\\" in text or "\n" in text or "\t" in text or "\r" in text:
        return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return text


def _json_text(value: Any) -> str:
    return _copy_text(None if value is None else json.dumps(value, ensure_ascii=False))


def _insert(table: str, columns: "Sequence[models.Field[Any, Any]]", rows: Iterable[Sequence[Any]]) -> None:
    prepare: list[Callable[[Any, Any], Any]] = [column.get_db_prep_save for column in columns]
    _insert_ready(table, columns, ([ready(value, connection) for ready, value in zip(prepare, row, strict=True)] for row in rows))


def _insert_ready(table: str, columns: "Sequence[models.Field[Any, Any]]", rows: Iterable[Sequence[Any]]) -> None:
    names = ", ".join(f'"{column.column}"' for column in columns)
    places = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({places})', list(rows))  # noqa: S608  names of our own tables


class Frame(Protocol):
    """As much of a polars table as is needed here; only who reads feeds has the library in memory."""

    @property
    def columns(self) -> list[str]: ...
    def __len__(self) -> int: ...
    def iter_rows(self) -> Iterator[tuple[Any, ...]]: ...
    def iter_slices(self, n_rows: int) -> "Iterator[Frame]": ...
    def with_columns(self, *columns: Any) -> "Frame": ...
    def write_csv(self, file: Any, *, include_header: bool, null_value: str, quote_style: Any) -> None: ...


def copy_frame(model: type[models.Model], frame: Frame) -> int:
    """Add the rows of a table whose columns are named as attributes ("account_id"); answers how many. As `copy_rows`.

    Decimals, instants and JSON may be given as texts. Columns that are left out get the defaults of their fields.
    """
    return copy_frames(model, frame.iter_slices(_SLICE))


def copy_frames(model: type[models.Model], frames: Iterable[Frame]) -> int:
    """The same for tables of the same columns that are made one after the other, in a thread: while one is written, the next one
    is made. Whatever makes them must not ask the database."""
    table, by_name = model._meta.db_table, {field.attname: field for field in model._meta.concrete_fields}
    whole = (_with_defaults(model, frame) for frame in frames)
    done = 0
    with connection.cursor() as cursor, connection.wrap_database_errors:
        if not is_postgresql():
            for frame in whole:
                columns = [by_name[name] for name in frame.columns]
                _insert_ready(table, columns, map(_ready(columns), frame.iter_rows()))
                done += len(frame)
            return done
        for frame, text in _ahead((frame, _as_csv(frame)) for frame in whole):
            names = ", ".join(f'"{by_name[name].column}"' for name in frame.columns)
            _copy_in(cursor, f'"{table}" ({names})', text)
            done += len(frame)
    return done


def _with_defaults(model: type[models.Model], frame: Frame) -> Frame:
    """The frame with the columns it leaves out, as texts where they are neither whole numbers nor yes or no."""
    import polars as pl  # who has a frame has it in memory

    missing = [field for field in model._meta.concrete_fields if field.attname not in frame.columns and not field.primary_key]
    return frame.with_columns(*(pl.lit(_default(field)).alias(field.attname) for field in missing))


def _default(field: "models.Field[Any, Any]") -> str | int | None:
    default = field.get_default()
    if isinstance(field, models.JSONField):
        return json.dumps(default)
    value = field.get_db_prep_save(default, connection)
    return value if value is None or isinstance(value, int) else str(value)


def _ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The items, each made in a thread while the one before is being used."""
    rest = iter(items)
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, rest, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, rest, None)
            yield item


def update_frame(model: type[models.Model], frame: Frame) -> int:
    """Give the rows named by the first column (the primary key) the values of the others; answers how many. As `copy_frame`."""
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    columns = [by_name[name] for name in frame.columns]
    table, key = model._meta.db_table, columns[0].column
    if not len(frame):
        return 0
    with connection.cursor() as cursor, connection.wrap_database_errors:
        if not is_postgresql():
            ready = _ready(columns)
            sets = ", ".join(f'"{column.column}" = %s' for column in columns[1:])
            rows = [(*row[1:], row[0]) for row in map(ready, frame.iter_rows())]
            cursor.executemany(f'UPDATE "{table}" SET {sets} WHERE "{key}" = %s', rows)  # noqa: S608  names of our own tables
            return len(rows)
        names = ", ".join(f'"{column.column}"' for column in columns)
        sets = ", ".join(f'"{column.column}" = news."{column.column}"' for column in columns[1:])
        cursor.execute(f'CREATE TEMP TABLE news ON COMMIT DROP AS SELECT {names} FROM "{table}" LIMIT 0')  # noqa: S608
        for text in _ahead(map(_as_csv, frame.iter_slices(_SLICE))):
            _copy_in(cursor, f"news ({names})", text)
        cursor.execute("ANALYZE news")
        cursor.execute(f'UPDATE "{table}" SET {sets} FROM news WHERE "{table}"."{key}" = news."{key}"')  # noqa: S608
        cursor.execute("DROP TABLE news")
    return len(frame)


_SLICE = 50_000
_PIECE = 2**20


def _as_csv(frame: Frame) -> io.BytesIO:
    text = io.BytesIO()
    frame.write_csv(text, include_header=False, null_value="\\N", quote_style="non_numeric")
    text.seek(0)
    return text


def _copy_in(cursor: Any, place: str, text: io.BytesIO) -> None:
    cursor.copy_expert(f"COPY {place} FROM STDIN WITH (FORMAT csv, NULL '\\N')", text, _PIECE)


def _ready(columns: "Sequence[models.Field[Any, Any]]") -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Values as the driver of SQLite takes them; JSON is a text already."""
    prepare: list[Callable[[Any, Any], Any]] = [
        (lambda value, _connection: value) if isinstance(column, models.JSONField) else column.get_db_prep_save
        for column in columns
    ]
    return lambda row: tuple(ready(value, connection) for ready, value in zip(prepare, row, strict=True))


def rows_as_csv(rows: models.QuerySet[Any]) -> io.BytesIO | None:
    """What a `values_list` finds, as CSV without a header, the quickest way out of PostgreSQL; None elsewhere."""
    if not is_postgresql():
        return None
    sql, values = rows.query.sql_with_params()
    text = io.BytesIO()
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(f"COPY ({cursor.mogrify(sql, values).decode()}) TO STDOUT WITH (FORMAT csv)", text)
    text.seek(0)
    return text


def new_keys(model: type[models.Model], count: int) -> list[int]:
    """`count` primary keys that nothing else will get, ascending. For `copy_rows` of rows that others point at.

    Call it inside the transaction that uses them: on SQLite nothing but its lock reserves them.
    """
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if is_postgresql():
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [f'"{table}"', count])
            return sorted(chain.from_iterable(cursor.fetchall()))
        cursor.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = %s", [table])
        last = cursor.fetchone()[0]
    return list(range(last + 1, last + count + 1))


@contextlib.contextmanager
def indexes_rebuilt(*tables: type[models.Model]) -> Iterator[None]:
    """Within the block these tables have no index but those of their keys, and nothing looks whether rows are unique or a foreign
    key leads somewhere; the indexes are made anew, and all of it is checked, at the end.

    For a load that multiplies what there is: row by row the same takes several times as long. Locks the tables until the
    transaction ends.
    """
    if not is_postgresql():
        yield
        return
    names = [model._meta.db_table for model in tables]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks still to come cannot be altered
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        cursor.execute(
            "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype IN ('f', 'u') AND conrelid = ANY(%s::regclass[]) ORDER BY contype DESC, conname",
            [names],
        )
        constraints = cursor.fetchall()
        cursor.execute(
            "SELECT i.indexrelid::regclass, pg_get_indexdef(i.indexrelid) FROM pg_index i "
            "WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisprimary AND NOT EXISTS "
            "(SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype = 'u')",
            [names],
        )
        indexes = cursor.fetchall()
        for table, name, _definition in constraints:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for _name, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in constraints:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def refresh_statistics() -> None:
    """Let the planner know how much there is now; outside a transaction PostgreSQL cleans up behind a large load as well."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if is_postgresql() and not connection.in_atomic_block else "ANALYZE")
