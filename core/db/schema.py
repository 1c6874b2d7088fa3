"""What Django knows nothing of, as operations of migrations in both dialects: guards, indexes, ways of storing."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.migrations.operations import CreateModel, RunSQL
from django.db.migrations.operations.base import Operation

from core.db import is_postgresql


class Tables(Operation):
    """The tables of an app, one after another. By itself each would have Django build all models anew that are related to it, and
    nearly all of the product are: a new database would take four times as long."""

    def __init__(self, *models: CreateModel) -> None:
        self.models = models

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.__dict__.pop("apps", None)  # they are built once the state is whole
        for model in self.models:
            model.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for model in self.models:
            model.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for model in reversed(self.models):
            model.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"The tables of {', '.join(model.name for model in self.models)}"


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


SEARCH_SUFFIX = "_search"


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


def whole_index(name: str, table: str, columns: Sequence[str]) -> Operation:
    """A migration operation for PostgreSQL: one trigram index over `searching.whole` of the columns."""
    together = " || ' ' || ".join(f"COALESCE(\"{column}\", '')" for column in columns)
    made = f"CREATE INDEX {name} ON {table} USING gin (UPPER(({together})::text) gin_trgm_ops)"
    return TriggerSQL(postgresql=(made, f"DROP INDEX {name}"), sqlite=("SELECT 1", "SELECT 1"))


STAMPS, STAMP_SUFFIX = "core_set_up", "_stamped"


def stamps() -> Operation:
    """A migration operation: the table of one row with the stamp of what is set up; see core.set_up."""
    made = f"CREATE TABLE {STAMPS} (id integer PRIMARY KEY CHECK (id = 1), stamp text NOT NULL)"
    first = f"INSERT INTO {STAMPS} (id, stamp) VALUES (1, 'first')"  # noqa: S608 - names of ours
    change = f"BEGIN UPDATE {STAMPS} SET stamp = gen_random_uuid()::text; RETURN NULL; END"  # noqa: S608
    function = f"CREATE FUNCTION {STAMPS}_changed() RETURNS trigger AS $$ {change} $$ LANGUAGE plpgsql"
    drop = f"DROP TABLE {STAMPS}"
    return TriggerSQL(
        postgresql=(f"{made}\n--\n{first}\n--\n{function}", f"DROP FUNCTION {STAMPS}_changed()\n--\n{drop}"),
        sqlite=(f"{made}\n--\n{first}", drop),
    )


def stamped(table: str) -> Operation:
    """A migration operation: each change of `table` gives what is set up a new stamp, one that was never there before."""
    name, verbs = f"{table}{STAMP_SUFFIX}", ("INSERT", "UPDATE", "DELETE")
    change = f"UPDATE {STAMPS} SET stamp = hex(randomblob(16))"  # noqa: S608
    return TriggerSQL(
        postgresql=(
            f"CREATE TRIGGER {name} AFTER {' OR '.join(verbs)} OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {STAMPS}_changed()",
            f"DROP TRIGGER {name} ON {table}",
        ),
        sqlite=(
            "\n--\n".join(f"CREATE TRIGGER {name}_{verb.lower()} AFTER {verb} ON {table} BEGIN {change}; END" for verb in verbs),
            "\n--\n".join(f"DROP TRIGGER {name}_{verb.lower()}" for verb in verbs),
        ),
    )


@contextlib.contextmanager
def triggers_dropped() -> Iterator[None]:
    """Within the block DELETE meets no guard. For emptying a test database; PostgreSQL truncates, which no row trigger sees.

    Triggers that keep a search index or a stamp stay: what is deleted must not be found any more.
    """
    if is_postgresql():
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = [
            (name, sql) for name, sql in cursor.fetchall() if f"{SEARCH_SUFFIX}_" not in name and STAMP_SUFFIX not in name
        ]
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
