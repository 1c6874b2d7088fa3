"""How many statements a request sends to the database, told in a header."""

import re
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse

HEADER = "X-Bench-SQL"
_PLUMBING = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")
_PEOPLE = (
    '"django_session"', '"users_apitoken"', 'FROM "users_roleassignment" WHERE "users_roleassignment"."user_id" ',
    "EXECUTE users_apitoken_", "EXECUTE users_roleassignment_",
)  # fmt: skip
_SIGNED_IN = re.compile(r'SELECT .* FROM "users_user" .*WHERE "users_user"\."id" = %s LIMIT 21')


def is_counted(sql: str) -> bool:
    """Neither the frame of a transaction nor the session, the user and the roles, as the budgets say."""
    if sql.startswith(_PLUMBING) or any(mark in sql for mark in _PEOPLE):
        return False
    return not _SIGNED_IN.fullmatch(sql)


class CountingMiddleware:
    """Counts what goes through the default connection of this thread during the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        statements: list[str] = []

        def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            statements.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            response = self.get_response(request)
        response.headers[HEADER] = str(sum(map(is_counted, statements)))
        return response
