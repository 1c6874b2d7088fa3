"""Whether anything changed in the database: digests of tables, and the statements that write."""

import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connection

IGNORED_TABLES = frozenset({"core_ratebucket", "django_session"})
"""Whose rows are nobody's record: that somebody came by, or tried, is no change."""

PASSING = ('UPDATE "users_apitoken" SET "last_used_at" =',)
"""Statements that only note that somebody came by."""

_WRITE = re.compile(r'\b(?:INTO|UPDATE|FROM|TABLE|COPY)\s+"?(\w+)"?')
_READ = re.compile(r"\s*(SELECT|SAVEPOINT|RELEASE|ROLLBACK|PRAGMA)\b")


def state() -> dict[str, str]:
    """A digest of every row of every table."""
    return {table: digest for table in tables() if (digest := _state_of(table))}


@functools.cache
def tables() -> list[str]:
    """Every table of the product and its libraries but the ignored ones."""
    models = apps.get_models(include_auto_created=True)
    return sorted({model._meta.db_table for model in models} - IGNORED_TABLES)


def _state_of(table: str) -> str:
    """A digest of every row of a table; empty for an empty one."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}"')
        rows = sorted(repr([bytes(cell) if isinstance(cell, memoryview) else cell for cell in row]) for row in cursor.fetchall())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest() if rows else ""


@dataclass
class Watch:
    """Notes the statements that write. Their tables are compared afterwards: what was undone on the way is no change."""

    statements: list[str] = field(default_factory=list)

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not _READ.match(sql) and not sql.startswith(PASSING):
            self.statements.append(sql)
        return execute(sql, params, many, context)

    def tables(self) -> list[str]:
        """The tables that these statements name."""
        return sorted({table for sql in self.statements for table in _WRITE.findall(sql)} & set(tables()))

    def changed(self, before: Mapping[str, str]) -> str:
        """The first table that holds something else than before; empty where none does."""
        return next((table for table in self.tables() if _state_of(table) != before.get(table, "")), "")
