"""What administrators set up, read once per process until somebody changes it.

Rules, rates and terms are a few rows that every page of a quote reads and hardly anybody ever writes. A read of them that says
`@kept` with the tables it looks at, is answered from memory as long as none of these tables has changed: each change, whoever
makes it and however, gives all of them a new stamp (`core.db.schema.stamped`), within its own transaction.

    @kept("quotes_margintarget")
    def margin_targets() -> tuple[Target, ...]: ...

The stamp is read once in each request, so a request sees one state of what is set up. Elsewhere (admin, workers, commands), where
one piece of work may both change and read it, nothing comes from memory. What is kept is shared by threads: never change it.
"""

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from core.db.schema import STAMPS

Kept = TypeVar("Kept")
tables_of: dict[Callable[[], object], frozenset[str]] = {}
"""The tables that each kept read looks at."""
_stamp: ContextVar[list[str] | None] = ContextVar("stamp of what is set up", default=None)
"""Of the present request: empty until it was read. None where nothing is answered from memory."""


def kept(*tables: str) -> Callable[[Callable[[], Kept]], Callable[[], Kept]]:
    """The decorated read, which takes no arguments, is answered from memory within requests."""

    def decorate(read: Callable[[], Kept]) -> Callable[[], Kept]:
        known: dict[str | None, tuple[str, Kept]] = {}

        @functools.wraps(read)
        def answer() -> Kept:
            stamp = _present_stamp()
            if stamp is None:
                return read()
            language = get_language()
            found = known.get(language)
            if found is None or found[0] != stamp:
                found = known[language] = (stamp, read())
            return found[1]

        tables_of[answer] = frozenset(tables)
        return answer

    return decorate


def _present_stamp() -> str | None:
    memo = _stamp.get()
    if memo is None:
        return None
    if not memo:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT stamp FROM {STAMPS}")  # noqa: S608 - a name of ours
            memo.append(cursor.fetchone()[0])
    return memo[0]


class SetUpMiddleware:
    """Requests other than the admin's are answered with what is set up from memory."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _stamp.set(None)
        try:
            return self.get_response(request)
        finally:
            _stamp.reset(token)

    def process_view(self, request: HttpRequest, *_view: object) -> None:
        if request.resolver_match is not None and request.resolver_match.app_name != "admin":
            _stamp.set([])
