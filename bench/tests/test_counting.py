"""Which statements count."""

import pytest

from bench.counting import is_counted

USER = 'SELECT "users_user"."id", "users_user"."email" FROM "users_user" WHERE "users_user"."id" = %s LIMIT 21'
ROLES = (
    'SELECT "users_roleassignment"."id" FROM "users_roleassignment" WHERE "users_roleassignment"."user_id" = %s '
    'ORDER BY "users_roleassignment"."id" ASC'
)


@pytest.mark.parametrize(
    "sql",
    [
        'SAVEPOINT "s1"', 'RELEASE SAVEPOINT "s1"', 'ROLLBACK TO SAVEPOINT "s1"', USER, ROLES,
        'SELECT "django_session"."session_key" FROM "django_session" WHERE "django_session"."session_key" = %s LIMIT 21',
        "EXECUTE users_roleassignment_3 (%s)", "EXECUTE users_apitoken_1 (%s)",
        'UPDATE "users_apitoken" SET "last_used_at" = %s WHERE "users_apitoken"."id" = %s',
    ],
)  # fmt: skip
def test_transactions_sessions_and_the_signed_in_person_do_not_count(sql: str) -> None:
    assert not is_counted(sql)


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT "quotes_quote"."id" FROM "quotes_quote" WHERE "quotes_quote"."id" = %s LIMIT 21 FOR UPDATE',
        'SELECT "users_user"."id" FROM "users_user" WHERE "users_user"."is_active" ORDER BY "users_user"."display_name" ASC',
        'INSERT INTO "quotes_quoteline" ("quote_id") VALUES (%s)',
    ],
)
def test_what_the_work_asks_counts(sql: str) -> None:
    assert is_counted(sql)
