"""The only place that asks which database this is."""

import contextlib
import functools
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, chain, islice, pairwise
from operator import attrgetter
from typing import Any, Protocol, TypeVar

from django.db import connection, models, transaction
from django.db.backends.signals import connection_created
from django.db.migrations.operations import RunSQL
from django.db.migrations.operations.base import Operation
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Upper
from django.db.models.lookups import Exact

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


def _sqlite_functions(connection: Any, **kwargs: Any) -> None:
    """Make SQLite fold case like PostgreSQL: its own LIKE and UPPER know ASCII only."""
    if connection.vendor != "sqlite":
        return

    def like(pattern: str | None, text: str | None, escape: str | None = None) -> bool | None:
        if pattern is None or text is None:
            return None
        return _like(str(pattern).casefold(), str(text).casefold(), escape)

    raw = connection.connection
    raw.create_function("like", 2, like, deterministic=True)
    raw.create_function("like", 3, like, deterministic=True)
    raw.create_function("lower", 1, lambda text: None if text is None else str(text).lower(), deterministic=True)
    raw.create_function("upper", 1, lambda text: None if text is None else str(text).upper(), deterministic=True)
    raw.create_function("similarity", 2, _similarity, deterministic=True)


def _similarity(one: str | None, other: str | None) -> float | None:
    """As pg_trgm has it: of the groups of three letters in two texts, the share that both have."""
    if one is None or other is None:
        return None
    ours, theirs = _trigrams(one), _trigrams(other)
    return len(ours & theirs) / len(ours | theirs) if ours and theirs else 0.0


@functools.lru_cache(maxsize=1_000)
def _trigrams(text: str) -> frozenset[str]:
    words = "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
    padded = [f"  {word} " for word in words]
    return frozenset(word[start : start + 3] for word in padded for start in range(len(word) - 2))


class Similarity(models.Func):
    """How alike two texts are, from 0 to 1: the share of groups of three letters that both have."""

    function = "SIMILARITY"
    output_field = models.FloatField()


def _like(pattern: str, text: str, escape: str | None) -> bool:
    """LIKE by plain search where the pattern is `%word%`, which is what lists send; else by a regular expression."""
    inner = pattern[1:-1]
    if pattern[:1] == pattern[-1:] == "%" and len(pattern) > 1 and not any(mark in inner for mark in "%_\\"):
        return inner in text
    import re

    out, index = [], 0
    while index < len(pattern):
        char = pattern[index]
        if escape and char == escape and index + 1 < len(pattern):
            index += 1
            out.append(re.escape(pattern[index]))
        else:
            out.append({"%": ".*", "_": "."}.get(char) or re.escape(char))
        index += 1
    return re.fullmatch("".join(out), text, re.DOTALL) is not None


connection_created.connect(_sqlite_functions, dispatch_uid="core.db.sqlite_functions")


class TriggerSQL(RunSQL):
    """A trigger, or something else that Django knows nothing of, in the dialect of the database that is migrated."""

    def __init__(self, *, postgresql: tuple[str, str], sqlite: tuple[str, str]) -> None:
        self.by_vendor = {"postgresql": postgresql, "sqlite": sqlite}
        super().__init__(sql=RunSQL.noop, reverse_sql=RunSQL.noop)

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return (type(self).__name__, [], self.by_vendor)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._execute(schema_editor, 0)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._execute(schema_editor, 1)

    def _execute(self, schema_editor: Any, which: int) -> None:
        sql = self.by_vendor[schema_editor.connection.vendor][which]
        with schema_editor.connection.cursor() as cursor:
            for statement in sql.split("\n--\n"):
                cursor.execute(statement)


def unlogged(table: str) -> Operation:
    """A migration operation: a crash of the database may empty `table`, whose rows nobody misses; writing waits for no disk."""
    return TriggerSQL(
        postgresql=(f"ALTER TABLE {table} SET UNLOGGED", f"ALTER TABLE {table} SET LOGGED"), sqlite=("SELECT 1", "SELECT 1")
    )


def undone(operation: TriggerSQL) -> Operation:
    """A migration operation: takes back what one of these has done, and can be taken back itself."""
    (pg_do, pg_undo), (do, undo) = operation.by_vendor["postgresql"], operation.by_vendor["sqlite"]
    return TriggerSQL(postgresql=(pg_undo, pg_do), sqlite=(undo, do))


def quickly_compressed(table: str, column: str) -> Operation:
    """A migration operation: long texts of `column` are packed in the quicker of the ways that PostgreSQL may know."""
    way = f"ALTER TABLE {table} ALTER COLUMN {column} SET COMPRESSION "
    known = f"DO $$ BEGIN {way} lz4; EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN NULL; END $$"
    return TriggerSQL(postgresql=(known, f"{way} default"), sqlite=("SELECT 1", "SELECT 1"))


def packed_already(table: str, *columns: str) -> Operation:
    """A migration operation: PostgreSQL does not try to make `columns` smaller, as what they hold has been packed before."""
    stored = ", ".join(f"ALTER COLUMN {column} SET STORAGE {{0}}" for column in columns)
    done, undo = (f"ALTER TABLE {table} {stored.format(way)}" for way in ("EXTERNAL", "EXTENDED"))
    return TriggerSQL(postgresql=(done, undo), sqlite=("SELECT 1", "SELECT 1"))


def append_only(table: str) -> TriggerSQL:
    """A migration operation: rows of `table` can be added, never changed or removed, by anyone."""
    name, text = f"{table}_append_only", f"{table} is append-only"
    function = (
        f"CREATE FUNCTION {name}() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION '{text}' "
        f"USING ERRCODE = 'integrity_constraint_violation'; END $$ LANGUAGE plpgsql"
    )
    return TriggerSQL(
        postgresql=(
            f"{function}\n--\nCREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
            f"DROP TRIGGER {name} ON {table}\n--\nDROP FUNCTION {name}()",
        ),
        sqlite=(
            "\n--\n".join(
                f"CREATE TRIGGER {name}_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{text}'); END"
                for verb in ("UPDATE", "DELETE")
            ),
            "\n--\n".join(f"DROP TRIGGER {name}_{verb}" for verb in ("update", "delete")),
        ),
    )


def legal_transitions(table: str, column: str, moves: Sequence[tuple[str, str]], *, start: Sequence[str]) -> Operation:
    """A migration operation: `column` of `table` starts at one of `start` and changes along `moves` only, whoever writes."""
    name, text = f"{table}_{column}_transitions", f"illegal transition of {table}.{column}"
    legal = " OR ".join(f"(OLD.{column} = '{source}' AND NEW.{column} = '{target}')" for source, target in sorted(set(moves)))
    starts = ", ".join(f"'{state}'" for state in start)
    body = (
        f"BEGIN IF TG_OP = 'INSERT' AND NEW.{column} NOT IN ({starts}) THEN RAISE EXCEPTION '{text}' "
        f"USING ERRCODE = 'check_violation'; END IF; "
        f"IF TG_OP = 'UPDATE' AND NEW.{column} <> OLD.{column} AND NOT ({legal}) THEN RAISE EXCEPTION '{text}' "
        f"USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END"
    )
    return TriggerSQL(
        postgresql=(
            f"CREATE FUNCTION {name}() RETURNS trigger AS $$ {body} $$ LANGUAGE plpgsql"
            f"\n--\nCREATE TRIGGER {name} BEFORE INSERT OR UPDATE OF {column} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
            f"DROP TRIGGER {name} ON {table}\n--\nDROP FUNCTION {name}()",
        ),
        sqlite=(
            f"CREATE TRIGGER {name}_insert BEFORE INSERT ON {table} WHEN NEW.{column} NOT IN ({starts}) "
            f"BEGIN SELECT RAISE(ABORT, '{text}'); END"
            f"\n--\nCREATE TRIGGER {name}_update BEFORE UPDATE OF {column} ON {table} "
            f"WHEN NEW.{column} <> OLD.{column} AND NOT ({legal}) BEGIN SELECT RAISE(ABORT, '{text}'); END",
            f"DROP TRIGGER {name}_insert\n--\nDROP TRIGGER {name}_update",
        ),
    )


def never_overlapping(table: str, owner: str, first: str, last: str) -> Operation:
    """A migration operation: the days from `first` to `last`, both included, of rows with the same `owner` never overlap."""
    name, text = f"{table}_never_overlapping", f"days of {table} overlap"
    met = (
        f"SELECT 1 FROM {table} WHERE {owner} = NEW.{owner} AND id <> NEW.id "  # noqa: S608 - names of our own
        f"AND {first} <= NEW.{last} AND {last} >= NEW.{first}"
    )
    return TriggerSQL(
        postgresql=(  # ranges of keys and of days: an index that needs no extension
            f"ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING gist "
            f"(int8range({owner}, {owner}, '[]') WITH &&, daterange({first}, {last}, '[]') WITH &&)",
            f"ALTER TABLE {table} DROP CONSTRAINT {name}",
        ),
        sqlite=(
            "\n--\n".join(
                f"CREATE TRIGGER {name}_{verb.split()[0].lower()} AFTER {verb} ON {table} WHEN EXISTS ({met}) "
                f"BEGIN SELECT RAISE(ABORT, '{text}'); END"
                for verb in ("INSERT", f"UPDATE OF {owner}, {first}, {last}")
            ),
            "\n--\n".join(f"DROP TRIGGER {name}_{verb}" for verb in ("insert", "update")),
        ),
    )


def digest(model: type[models.Model], column: str, key: int) -> str:
    """A short text that is another one as soon as any column of the rows whose `column` is `key` is, or there are others.

    To be compared with one that this database gave before. A migration of the table makes it another one as well.
    """
    if not is_postgresql():
        rows = list(model._default_manager.filter(**{column: key}).order_by("pk").values_list())
        return hashlib.sha256(repr(rows).encode()).hexdigest()
    table, name, pk = map(connection.ops.quote_name, (model._meta.db_table, column, str(model._meta.pk.column)))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT md5(string_agg(t::text, '\n' ORDER BY {pk})) FROM {table} t WHERE {name} = %s", [key])  # noqa: S608
        return cursor.fetchone()[0] or ""


def with_look_ups(queryset: models.QuerySet[Any], *names: str) -> list[Any]:
    """The rows with what their foreign keys `names` lead to, in one query as by `select_related`. A record that many rows share
    is made once, which is most of the work for rows that share units and rates."""
    model, alias = queryset.model, queryset.db
    keys: list[Any] = [model._meta.get_field(name) for name in names]
    columns = [[field.attname for field in kind._meta.concrete_fields] for kind in [model, *(key.related_model for key in keys)]]
    paths = [f"{name}__{column}" for name, some in zip(names, columns[1:], strict=True) for column in some]
    ends = list(accumulate(map(len, columns)))
    plain = queryset.rewrite(False) if hasattr(queryset, "rewrite") else queryset  # columns as they are, in no language
    parts = [
        (key, some, slice(start, end), {None: None})
        for key, some, (start, end) in zip(keys, columns[1:], pairwise(ends), strict=True)
    ]
    records = []
    for row in plain.values_list(*columns[0], *paths):
        record = model.from_db(alias, columns[0], row[: ends[0]])
        for key, some, part, made in parts:
            value = getattr(record, key.attname)
            if value not in made:
                made[value] = key.related_model.from_db(alias, some, row[part])
            key.set_cached_value(record, made[value])
        records.append(record)
    return records


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


class JsonText(models.Func):
    """What a JSON column holds under `key`, as text. The key stands in the statement, as indexes are found by it."""

    template = "(%(expressions)s ->> '%(key)s')"
    output_field = models.TextField()

    def __init__(self, column: Any, *, key: str, **extra: Any) -> None:
        super().__init__(column, key=key, **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(JSON_EXTRACT(%(expressions)s, '$.%(key)s') AS TEXT)", **context)


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


SEARCH_SUFFIX = "_search"
MOST_WORDS = 10
LEAST_LETTERS = 3
"""Of a word that an index of three letters can find."""


def search_index(name: str, table: str, columns: Sequence[str]) -> Operation:
    """A migration operation: words of `columns` are found by their parts, in any case; `name` ends in `SEARCH_SUFFIX`.

    PostgreSQL: one trigram index over the expressions that `icontains` compares. SQLite: a full-text table of trigrams, kept by
    triggers; a later migration that alters `table` has to make it again, as SQLite loses triggers with the table it rebuilds.
    """
    upper = ", ".join(f'UPPER("{column}"::text) gin_trgm_ops' for column in columns)
    listed, new, old = (", ".join(f'{row}"{column}"' for column in columns) for row in ("", "NEW.", "OLD."))
    insert = f"INSERT INTO {name} (rowid, {listed}) VALUES (NEW.id, {new})"  # noqa: S608 - names of our own
    delete = f"INSERT INTO {name} ({name}, rowid, {listed}) VALUES ('delete', OLD.id, {old})"  # noqa: S608
    fill = f"INSERT INTO {name} ({name}) VALUES ('rebuild')"  # noqa: S608
    triggers = {
        "insert": f"AFTER INSERT ON {table} BEGIN {insert}; END",
        "delete": f"AFTER DELETE ON {table} BEGIN {delete}; END",
        "update": f"AFTER UPDATE OF id, {listed} ON {table} BEGIN {delete}; {insert}; END",
    }
    made = f"CREATE VIRTUAL TABLE {name} USING fts5 ({listed}, content='{table}', content_rowid='id', tokenize='trigram')"
    return TriggerSQL(
        postgresql=(
            f"CREATE EXTENSION IF NOT EXISTS pg_trgm\n--\nCREATE INDEX {name} ON {table} USING gin ({upper})",
            f"DROP INDEX {name}",
        ),
        sqlite=(
            "\n--\n".join([made, fill, *(f"CREATE TRIGGER {name}_{verb} {body}" for verb, body in triggers.items())]),
            "\n--\n".join([*(f"DROP TRIGGER {name}_{verb}" for verb in triggers), f"DROP TABLE {name}"]),
        ),
    )


def contains(queryset: models.QuerySet[Any], fields: Sequence[str], text: str, index: str = "") -> models.QuerySet[Any]:
    """Rows of which every word of `text` occurs in one of `fields`, in any case, in Finnish too.

    `index`: the `search_index` over just these fields, if there is one.
    """
    words = _words(text)
    if index and is_postgresql() and any(len(word) >= LEAST_LETTERS for word in words):
        return _by_few_keys(queryset, [_in_any(fields, word) for word in words])
    return _with_words(queryset, fields, words, index)


def suggests(queryset: models.QuerySet[Any], fields: Sequence[str], text: str, index: str) -> models.QuerySet[Any]:
    """As `contains`, for what somebody is still typing, so that an index always helps: while no word is long enough for `index`,
    a field must begin with the first one, written small, large or with a capital. Each field has its own index. No query."""
    words = _words(text)
    if not words or any(len(word) >= LEAST_LETTERS for word in words):
        return _with_words(queryset, fields, words, index)
    begins = models.Q()
    for word in {words[0], words[0].lower(), words[0].upper(), words[0].capitalize()}:
        begins |= _in_any(fields, word, "startswith")
    return _with_words(queryset.filter(begins), fields, words[1:], index)


def _words(text: str) -> list[str]:
    return text.replace("\x00", "").split()[:MOST_WORDS]


def _with_words(queryset: models.QuerySet[Any], fields: Sequence[str], words: Iterable[str], index: str) -> models.QuerySet[Any]:
    for word in words:
        by_index = index and len(word) >= LEAST_LETTERS and not is_postgresql()
        queryset = queryset.filter(models.Q(pk__in=_rows_of_index(index, word)) if by_index else _in_any(fields, word))
    return queryset


def _in_any(fields: Sequence[str], word: str, how: str = "icontains") -> models.Q:
    any_field = models.Q()
    for field in fields:
        any_field |= models.Q(**{f"{field}__{how}": word})
    return any_field


def some(rows: models.QuerySet[Any], columns: Sequence[str], most: int) -> list[tuple[Any, ...]]:
    """These columns of up to `most` of the rows, whichever, found by an index where there is one.

    PostgreSQL takes a comparison of texts for cheaper than it is: told that few rows are enough, it would rather read the table.
    """
    chosen = rows.order_by().values_list(*columns)
    if not is_postgresql():
        return list(chosen[:most])
    sql, values = chosen.query.sql_with_params()
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"WITH found AS MATERIALIZED ({sql}) SELECT {names} FROM found LIMIT %s", [*values, most])  # noqa: S608
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


FEW = 2_000


def _by_few_keys(queryset: models.QuerySet[Any], words: Sequence[models.Q]) -> models.QuerySet[Any]:
    """The rows by their keys, when the index finds only few of them in the whole table.

    Asked for the first fifty by name, PostgreSQL may read the table in the order of names until it has them. That is quick for a
    word that many have, and reads nearly everything for one that it only thinks many have.
    """
    everything = queryset.model._default_manager.filter(*words).order_by()
    keys = list(everything.values_list("pk", flat=True)[: FEW + 1])
    return queryset.filter(pk__in=keys) if len(keys) <= FEW else queryset.filter(*words)


def _rows_of_index(index: str, word: str) -> RawSQL:
    """Keys of the rows in which the full-text table finds `word`, taken literally."""
    literally = '"' + word.replace('"', '""') + '"'
    return RawSQL(f"SELECT rowid FROM {index} WHERE {index} MATCH %s", [literally])  # noqa: S608, S611 - a name of our own


class _IsAlike(models.Func):
    """What an index of trigrams takes for similar texts."""

    template, arg_joiner = "(%(expressions)s)", " %% "
    output_field = models.BooleanField()


MOST_CANDIDATES = 200


def alike(queryset: models.QuerySet[Any], field: str, text: str, index: str, most: int) -> list[Any]:
    """Up to `most` rows whose `field` is similar to `text`, the most similar first. `index`: a `search_index` with this field."""
    letters = text.replace("\x00", "")
    if is_postgresql():
        own, other = Upper(Cast(field, models.TextField())), Upper(models.Value(letters, output_field=models.TextField()))
        found = queryset.annotate(_alike=Similarity(own, other)).filter(_IsAlike(own, other))
        return list(found.order_by("-_alike", "pk")[:most])
    groups = sorted({letters[start : start + 3].lower() for start in range(len(letters) - 2)})
    if not groups:
        return []
    quoted = " OR ".join('"' + group.replace('"', '""') + '"' for group in groups)
    sql = f"SELECT rowid FROM {index} WHERE {index} MATCH %s ORDER BY rank LIMIT {MOST_CANDIDATES}"  # noqa: S608
    rows = queryset.filter(pk__in=RawSQL(sql, [f"{field} : ({quoted})"]))  # noqa: S611 - names of our own
    told = sorted((-(_similarity(getattr(row, field), letters) or 0), row.pk, row) for row in rows)
    return [row for likeness, _pk, row in told if -likeness >= LEAST_ALIKE][:most]


LEAST_ALIKE = 0.3
"""As PostgreSQL has it where nobody has set it."""


@contextlib.contextmanager
def triggers_dropped() -> Iterator[None]:
    """Within the block DELETE meets no guard. For emptying a test database; PostgreSQL truncates, which no row trigger sees.

    Triggers that keep a search index stay: what is deleted must not be found any more.
    """
    if is_postgresql():
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = [(name, sql) for name, sql in cursor.fetchall() if f"{SEARCH_SUFFIX}_" not in name]
        for name, _sql in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        yield
        for _name, sql in triggers:
            cursor.execute(sql)


def trigger_sources() -> dict[str, str]:
    """Name and SQL of every trigger of the database; of PostgreSQL's the source of the function of the same name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal"
            if is_postgresql()
            else "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        )
        return dict(cursor.fetchall())
