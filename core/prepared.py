"""Look-ups whose SQL is written once per process, for those that every request makes.

Django builds and compiles a queryset anew each time it is asked; for a row with a few joins that takes longer than the database
does. Here the queryset is built and compiled once, with marks in the place of the values. Each call puts the values in and runs
it through Django's own machinery, so rows come back as they always do, with related objects and prefetches.

PostgreSQL would plan it anew each time, which takes longer than running it; so each connection has it prepared at its first use.
`DISABLE_SERVER_SIDE_CURSORS`, which Django wants behind a pool that hands connections out per transaction, turns that off too.

    _quote = Prepared(lambda user, quote_id: Quote.objects.visible_to(user).filter(pk=quote_id))
    _quote.first(user, 7)

Values are whole numbers, texts that are compared as they are or looked for within others, and people (`Personal`). What else
decides how the query reads, is not an argument: it has a look-up of its own.
"""

import itertools
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol, Self
from weakref import WeakKeyDictionary, WeakSet

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import TransactionManagementError
from django.utils.translation import get_language
from psycopg2.extensions import AsIs

from core import db

_FIRST_MARK = 2_000_000_011  # no key of ours gets there, and every column of numbers takes it
_MOST = 2**63


class Personal(Protocol):
    """An argument of which only some keys get into the SQL. `query_shape` names everything else that decides how it reads."""

    def query_shape(self) -> Hashable: ...

    def query_keys(self) -> Sequence[int]: ...

    def stand_in(self, keys: Sequence[int]) -> Self:
        """Somebody of the same shape with these keys."""


class _Statement(NamedTuple):
    """`params`: constants, and the places of values among those of the arguments. `name`: that of its plan in PostgreSQL."""

    queryset: QuerySet[Any]
    compiler: SQLCompiler
    converters: Any
    sql: str
    params: tuple[Any, ...]
    name: str


class _Place(int):
    """Where in the arguments a value stands."""


class _Within(NamedTuple):
    """A pattern of LIKE around such a value."""

    before: str
    place: _Place
    after: str


_look_ups: "WeakSet[Prepared]" = WeakSet()


def forget() -> None:
    """Compile everything anew: for tests that change how a queryset reads."""
    for look_up in _look_ups:
        look_up._statements.clear()


class Prepared:
    """The queryset that `build` answers for its arguments, compiled once for each shape of them and each language."""

    def __init__(self, build: Callable[..., QuerySet[Any]], *, is_planned_once: bool = True) -> None:
        """`is_planned_once` False: how PostgreSQL best finds the rows depends on the values; it is to look at them each time."""
        self.build, self.is_planned_once = build, is_planned_once
        self._statements: dict[Hashable, _Statement | None] = {}
        _look_ups.add(self)

    def rows(self, *arguments: Any) -> list[Any]:
        """All rows; none for a number that no column can hold."""
        statement, params = self._with_values(arguments)
        return [] if statement is None else list(_about_to_run(statement, params, self.is_planned_once))

    def first(self, *arguments: Any) -> Any | None:
        """The first row, if there is one; the rows are few."""
        return next(iter(self.rows(*arguments)), None)

    def sql_with_params(self, *arguments: Any) -> tuple[str, tuple[Any, ...]] | None:
        """What `rows` would run; None when no row can be meant."""
        statement, params = self._with_values(arguments)
        return None if statement is None else (statement.sql, params)

    def _with_values(self, arguments: Sequence[Any]) -> tuple[_Statement | None, tuple[Any, ...]]:
        shape, values = _taken_apart(arguments)
        if any(isinstance(value, int) and not -_MOST <= value < _MOST for value in values):
            return None, ()
        key = (get_language(), shape)
        if key not in self._statements:
            self._statements[key] = self._compiled(arguments)
        statement = self._statements[key]
        params = statement.params if statement else ()
        return statement, tuple([_filled(param, values) for param in params])

    def _compiled(self, arguments: Sequence[Any]) -> _Statement | None:
        """None when no row can be meant."""
        marked, marks = _marked(arguments)
        queryset = self.build(*marked)
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            return None
        places = tuple(_place_of(param, marks) for param in params)
        found = {place.place if isinstance(place, _Within) else place for place in places if isinstance(place, _Place | _Within)}
        if lost := [mark for number, mark in enumerate(marks) if number not in found and mark in marked]:
            raise ValueError(f"{lost} got lost on the way into {sql}")
        columns = [column for column, _sql, _alias in compiler.select[: compiler.col_count]]
        return _Statement(queryset, compiler, compiler.get_converters(columns), sql, places, _name_of(queryset, sql, places))


def _place_of(param: Any, marks: Sequence[Any]) -> Any:
    """A constant stays as it is."""
    if param in marks:
        return _Place(marks.index(param))
    for number, mark in enumerate(marks):
        if isinstance(param, str) and isinstance(mark, str) and mark in param:
            before, _mark, after = param.partition(mark)
            return _Within(before, _Place(number), after)
    return param


def _filled(param: Any, values: Sequence[Any]) -> Any:
    if isinstance(param, _Within):
        return param.before + connections[DEFAULT_DB_ALIAS].ops.prep_for_like_query(values[param.place]) + param.after
    return values[param] if isinstance(param, _Place) else param


def _is_personal(argument: Any) -> bool:
    return hasattr(argument, "query_shape")


def _taken_apart(arguments: Iterable[Any]) -> tuple[Hashable, list[Any]]:
    """`(shape, values)` of the arguments."""
    shape: list[Hashable] = []
    values: list[Any] = []
    for argument in arguments:
        if _is_personal(argument):
            shape.append(argument.query_shape())
            values.extend(argument.query_keys())
        else:
            values.append(argument)
    return tuple(shape), values


def _marked(arguments: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """`(arguments, marks)`: the arguments with marks for values, and the marks in the order of the values."""
    marks: list[Any] = []
    marked: list[Any] = []
    for argument in arguments:
        first = len(marks)
        if _is_personal(argument):
            marks.extend(_FIRST_MARK + first + number for number in range(len(argument.query_keys())))
            marked.append(argument.stand_in(marks[first:]))
        else:
            marks.append(_FIRST_MARK + first if isinstance(argument, int) else f"\ue000{first}\ue001")
            marked.append(marks[first])
    return marked, marks


def _about_to_run(statement: _Statement, params: tuple[Any, ...], is_planned_once: bool) -> QuerySet[Any]:
    """A queryset that has nothing left to compile, and shares what it does not change with that of the statement."""
    connection = connections[DEFAULT_DB_ALIAS]
    locks = statement.queryset.query.select_for_update and connection.features.has_select_for_update
    if locks and connection.get_autocommit():
        raise TransactionManagementError("a lock needs a transaction")
    by_name = is_planned_once and db.keeps_plans(connection)
    bound = _by_name(statement, params, connection) if by_name else (statement.sql, params)
    compiler: Any = _alike(statement.compiler)
    compiler.connection = connection
    compiler.as_sql = lambda *_ignored, **_also: bound
    compiler.get_converters = lambda _columns: statement.converters
    query, queryset = _alike(statement.queryset.query), _alike(statement.queryset)
    query.get_compiler = lambda *_ignored, **_also: compiler
    queryset._query = query  # past the setter, which would have rows be other things
    return queryset  # type: ignore[no-any-return]


def _alike(thing: Any) -> Any:
    """Another one with the same parts: Django's own copies of a queryset run it, or take it apart."""
    other = object.__new__(type(thing))
    other.__dict__.update(thing.__dict__)
    return other


_names: dict[Hashable, str] = {}


def _name_of(queryset: QuerySet[Any], sql: str, params: tuple[Any, ...]) -> str:
    """One name for one text: languages and shapes that make no difference share a plan."""
    constants = tuple(("value", int(param)) if isinstance(param, _Place) else repr(param) for param in params)
    return _names.setdefault((sql, constants), f"{queryset.model._meta.db_table}_{len(_names) + 1}")


_planned: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
"""The names that each connection knows."""


def _by_name(statement: _Statement, params: tuple[Any, ...], connection: Any) -> tuple[str, list[Any]]:
    """The call of the plan, which is made where this connection has none yet."""
    connection.ensure_connection()
    names = _planned.setdefault(connection.connection, set())
    if statement.name not in names:
        _plan(statement, connection)
        names.add(statement.name)
    values = [value for value, param in zip(params, statement.params, strict=True) if isinstance(param, _Place | _Within)]
    arguments = f"({', '.join(['%s'] * len(values))})" if values else ""
    return f"EXECUTE {statement.name} {arguments}", values


def _plan(statement: _Statement, connection: Any) -> None:
    """Past Django's cursor: it is no statement of the work at hand, and is not counted as one."""
    numbers = itertools.count(1)
    params = [AsIs(f"${next(numbers)}") if isinstance(param, _Place | _Within) else param for param in statement.params]
    with connection.connection.cursor() as cursor:
        cursor.execute(f"PREPARE {statement.name} AS {statement.sql}", params)
