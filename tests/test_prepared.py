"""Look-ups that are compiled once."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.utils import translation

from accounts.models import Account, CategoryTma2
from accounts.tests.factories import AccountFactory
from core import db
from core.prepared import Prepared
from users.models import User
from users.roles import ROLES
from users.tests.factories import BusinessUnitFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db

BIGGEST = 2**63


def named() -> Prepared:
    return Prepared(lambda name: Account.objects.filter(name=name).select_related("owner"))


def seen() -> Prepared:
    return Prepared(lambda user, pk: Account.objects.visible_to(user).filter(pk=pk).order_by())


def test_rows_are_those_of_the_queryset_for_each_value() -> None:
    one, other = AccountFactory(name="Äyräs Oy"), AccountFactory(name="Öljy Oy")
    look_up = named()
    assert look_up.rows("Äyräs Oy") == [one]
    assert look_up.rows("Öljy Oy") == [other]
    assert look_up.first("Nobody") is None


def test_related_objects_come_along(django_assert_num_queries: Any) -> None:
    account = AccountFactory(name="Äyräs Oy", owner=UserFactory())
    with django_assert_num_queries(1):
        assert named().rows("Äyräs Oy")[0].owner == account.owner


def test_it_is_built_once() -> None:
    built: list[int] = []

    def build(pk: int) -> Any:
        built.append(pk)
        return Account.objects.filter(pk=pk)

    look_up = Prepared(build)
    statements = [look_up.sql_with_params(pk) for pk in (1, 2, 3)]
    assert len(built) == 1
    assert [statement[1] for statement in statements if statement] == [(1,), (2,), (3,)]


def test_a_row_changed_in_between_is_read_anew() -> None:
    account = AccountFactory(name="Äyräs Oy")
    look_up = seen()
    steward = UserFactory(roles=["data_steward"])
    assert look_up.first(steward, account.pk).name == "Äyräs Oy"
    Account.objects.filter(pk=account.pk).update(name="Uusi Oy")
    assert look_up.first(steward, account.pk).name == "Uusi Oy"


@pytest.mark.parametrize("pk", [BIGGEST, -BIGGEST - 1, 10**30])
def test_a_number_that_no_column_holds_finds_nothing(pk: int) -> None:
    assert seen().rows(UserFactory(roles=["data_steward"]), pk) == []


def test_what_somebody_sees_is_asked_for_them_alone() -> None:
    unit, other_unit = BusinessUnitFactory(), BusinessUnitFactory()
    team, other_team = TeamFactory(unit=unit), TeamFactory(unit=other_unit)
    look_up = Prepared(lambda user: Account.objects.visible_to(user).order_by("pk"))
    people = [UserFactory(roles=[role], team=where) for role in sorted(ROLES) for where in (team, other_team, None)]
    for where in (team, other_team):
        AccountFactory(owner=UserFactory(team=where))
    for person in people:  # the first of a role prepares for all who come later
        assert look_up.rows(person) == list(Account.objects.visible_to(person).order_by("pk")), person.role_codes


def test_somebody_without_the_right_sees_nothing() -> None:
    account = AccountFactory()
    assert seen().rows(UserFactory(roles=[]), account.pk) == []


def test_a_deactivated_person_sees_nothing_although_a_colleague_has_prepared_it() -> None:
    account, look_up = AccountFactory(), seen()
    assert look_up.first(UserFactory(roles=["data_steward"]), account.pk) == account
    assert look_up.first(UserFactory(roles=["data_steward"], is_active=False), account.pk) is None


def test_each_language_has_its_own() -> None:
    CategoryTma2.objects.create(code="T", label_en="Wholesale", label_fi="Tukku")
    look_up = Prepared(lambda code: CategoryTma2.objects.filter(code=code).values_list("label", flat=True))
    found = []
    for language in ("en", "fi", "en"):
        with translation.override(language):
            found.append(look_up.first("T"))
    assert found == ["Wholesale", "Tukku", "Wholesale"]


@pytest.mark.parametrize("text", ["yrä", "100 %", "a_b", "\\", "%", "_", "' OR 1=1"])
def test_a_text_is_looked_for_within_others_as_it_is(text: str) -> None:
    for name in ("Äyräs Oy", "100 % Oy", "a_b Oy", "axb Oy", "back\\slash", "x' OR 1=1 Oy"):
        AccountFactory(name=name)
    look_up = Prepared(lambda name, status: Account.objects.filter(name__contains=name, status=status).order_by("pk"))
    look_up.rows("else", "active")
    expected = Account.objects.filter(name__contains=text).order_by("pk")
    assert look_up.rows(text, "active") == list(expected)
    assert look_up.sql_with_params(text, "active") == expected.filter(status="active").query.sql_with_params()
    assert len(expected) == 1


def test_an_argument_that_gets_lost_is_an_error() -> None:
    with pytest.raises(ValueError, match="got lost"):
        Prepared(lambda pk: Account.objects.filter(pk=pk + 1)).rows(1)


def test_a_limit_and_plain_columns_stay() -> None:
    for name in "CAB":
        AccountFactory(name=name)
    look_up = Prepared(lambda status: Account.objects.filter(status=status).order_by("name").values_list("name")[:2])
    assert look_up.rows("active") == [("A",), ("B",)]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_lock_needs_a_transaction_every_time() -> None:
    account = AccountFactory()
    look_up = Prepared(lambda pk: Account.objects.select_for_update(**db.lock_options()).filter(pk=pk).order_by())
    with transaction.atomic():
        assert look_up.first(account.pk) == account
    with pytest.raises(TransactionManagementError):
        look_up.first(account.pk)


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_through_its_own_connection() -> None:
    person: Any = UserFactory()
    look_up = Prepared(lambda pk: User.objects.filter(pk=pk))
    assert look_up.first(person.pk) == person
    found: list[Any] = []

    def ask() -> None:
        found.append(look_up.first(person.pk))
        connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found == [person]


def test_languages_that_make_no_difference_share_a_plan() -> None:
    plain = Prepared(lambda pk: Account.objects.filter(pk=pk).order_by())
    labelled = Prepared(lambda pk: CategoryTma2.objects.filter(pk=pk).order_by("label"))
    names: dict[Prepared, set[str]] = {plain: set(), labelled: set()}
    for language in ("en", "fi"):
        with translation.override(language):
            for look_up in names:
                look_up.rows(1)
    for look_up, found in names.items():
        found.update(statement.name for statement in look_up._statements.values() if statement)
    assert (len(names[plain]), len(names[labelled])) == (1, 2)


@pytest.mark.postgresql
def test_a_connection_plans_once_and_counts_it_as_no_statement(django_assert_num_queries: Any) -> None:
    AccountFactory(name="Äyräs Oy")
    look_up = named()
    with django_assert_num_queries(2) as queries:
        assert [len(look_up.rows(name)) for name in ("Äyräs Oy", "Nobody")] == [1, 0]
    assert [query["sql"].split(" ")[0] for query in queries.captured_queries] == ["EXECUTE", "EXECUTE"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%accounts_account%%name%%'")
        planned = cursor.fetchone()[0]
        look_up.rows("Öljy Oy")
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%accounts_account%%name%%'")
        assert cursor.fetchone()[0] == planned


@pytest.mark.postgresql
def test_a_plan_outlives_the_transaction_it_was_made_in() -> None:
    account = AccountFactory(name="Äyräs Oy")
    look_up = named()
    with transaction.atomic():
        assert look_up.rows("Äyräs Oy") == [account]
        transaction.set_rollback(True)
    assert look_up.rows("Äyräs Oy") == [account]


@pytest.mark.postgresql
def test_behind_a_pool_of_transactions_nothing_is_planned_ahead(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    account = AccountFactory(name="Äyräs Oy")
    with django_assert_num_queries(1) as queries:
        assert named().rows("Äyräs Oy") == [account]
    assert queries.captured_queries[0]["sql"].startswith("SELECT")
