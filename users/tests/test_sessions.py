"""How long a session lives, and what ends it at once."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import Event
from users import services, sessions, tokens
from users.models import RoleAssignment, User
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]

HOUR = 3600


def signed_in(**user: Any) -> Client:
    client = Client()
    client.force_login(UserFactory(**user))
    return client


def is_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


# --- Time -----------------------------------------------------------------------------------------------------------------------
def test_a_session_ends_three_hours_after_its_last_use(clock: time_machine.Traveller) -> None:
    client = signed_in()
    assert is_in(client)
    clock.shift(3 * HOUR - 1)
    assert is_in(client)
    clock.shift(3 * HOUR)
    answer = client.get("/profile/")
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/profile/")
    assert client.get("/login/").status_code == 200


def test_a_session_ends_twelve_hours_after_logging_in_however_it_is_used(clock: time_machine.Traveller) -> None:
    client = signed_in()
    for _hour in range(11):
        clock.shift(HOUR)
        assert is_in(client)
    clock.shift(HOUR - 1)
    assert is_in(client)
    clock.shift(1)
    assert not is_in(client)


def test_what_is_over_stays_over_and_its_row_is_gone(clock: time_machine.Traveller) -> None:
    client = signed_in()
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    clock.shift(4 * HOUR)
    assert not is_in(client)
    clock.shift(-4 * HOUR)
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    assert not is_in(client)


def test_a_session_without_its_marks_is_over(client: Client) -> None:
    client.force_login(UserFactory())
    session = client.session
    del session[sessions.STARTED]
    session.save()
    assert not is_in(client)


def session_writes(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return sum("UPDATE" in query["sql"] and "django_session" in query["sql"] for query in queries)


def test_a_session_is_written_once_in_five_minutes_at_most(clock: time_machine.Traveller) -> None:
    client = signed_in()
    writes = []
    for _minute in range(11):
        writes.append(session_writes(client, "/profile/"))
        clock.shift(60)
    assert writes == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]


def test_the_checks_ask_nothing_of_the_database(clock: time_machine.Traveller) -> None:
    client = signed_in(roles=["sales_rep"])
    with CaptureQueriesContext(connection) as queries:
        client.get("/")
    asked = [query["sql"] for query in queries if "django_session" not in query["sql"]]
    assert sum('FROM "users_user"' in sql for sql in asked) == 0
    assert sum("users_roleassignment" in sql for sql in asked) == 1  # the person with roles and team, in one query
    assert sum("mfa_" in sql or "core_ratebucket" in sql for sql in asked) == 0


# --- At once --------------------------------------------------------------------------------------------------------------------
def add_role(user: User) -> None:
    services.roles_set(user=user, roles=["sales_rep", "finance"], by=None)


def take_role(user: User) -> None:
    services.roles_set(user=user, roles=[], by=None)


def add_role_past_the_services(user: User) -> None:
    RoleAssignment.objects.bulk_create([RoleAssignment(user=user, role="finance")])


def change_role_past_the_services(user: User) -> None:
    RoleAssignment.objects.filter(user=user).update(role="data_steward")


def take_role_past_the_services(user: User) -> None:
    RoleAssignment.objects.filter(user=user).delete()


def close(user: User) -> None:
    services.user_deactivate(user=user, by=None)


def close_past_the_services(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def new_password(user: User) -> None:
    user.set_password("purjevene-ja-masto")
    user.save(update_fields=["password"])


def remove(user: User) -> None:
    user.delete()


def lose_phone(user: User) -> None:
    services.second_factor_remove(user=user, by=None)


ENDINGS = [
    add_role, take_role, add_role_past_the_services, change_role_past_the_services, take_role_past_the_services, close,
    close_past_the_services, new_password, remove, lose_phone,
]  # fmt: skip


@pytest.mark.parametrize("happens", ENDINGS)
def test_with_the_next_request_the_person_is_out_and_others_are_not(happens: Callable[[User], None]) -> None:
    user, colleague = UserFactory(roles=["sales_rep"]), signed_in(roles=["sales_rep"])
    first, second = Client(), Client()
    for client in (first, second):
        client.force_login(user)
        assert is_in(client)
    happens(user)
    assert (is_in(first), is_in(second), is_in(colleague)) == (False, False, True)


def test_roles_that_are_the_same_end_nothing() -> None:
    client = Client()
    user = UserFactory(roles=["sales_rep"])
    client.force_login(user)
    assert services.roles_set(user=user, roles=["sales_rep"], by=None) is False
    assert is_in(client)
    assert Event.objects.count() == 0


def test_a_role_that_was_taken_and_given_back_ends_the_session_too() -> None:
    user, client = UserFactory(roles=["sales_rep"]), Client()
    client.force_login(user)
    take_role(user)
    services.roles_set(user=user, roles=["sales_rep"], by=None)
    assert not is_in(client)


def test_an_account_that_is_opened_again_has_no_session_of_before() -> None:
    user, client = UserFactory(), Client()
    client.force_login(user)
    close(user)
    User.objects.update(is_active=True)
    assert not is_in(client)


def test_what_changed_is_an_event() -> None:
    steward, user = UserFactory(), UserFactory(roles=["sales_rep", "finance"])
    services.roles_set(user=user, roles=["finance", "pricing"], by=steward)
    services.user_deactivate(user=user, by=steward)
    assert [(event.verb, event.by, event.data) for event in Event.objects.order_by("pk")] == [
        ("roles changed", steward, {"added": ["pricing"], "removed": ["sales_rep"]}),
        ("deactivated", steward, {}),
    ]


def test_another_password_ends_all_other_sessions_and_keeps_this_one() -> None:
    user, here, elsewhere = UserFactory(), Client(), Client()
    for client in (here, elsewhere):
        client.force_login(user)
    new = {"oldpassword": "demo", "password1": "purjevene-ja-masto", "password2": "purjevene-ja-masto"}
    assert here.post("/password/change/", new).status_code == 302
    assert (is_in(here), is_in(elsewhere)) == (True, False)


def test_another_password_writes_nothing_else_of_the_user() -> None:
    user, client = UserFactory(display_name="Riikka"), Client()
    client.force_login(user)
    before = User.objects.values().get()
    new = {"oldpassword": "demo", "password1": "purjevene-ja-masto", "password2": "purjevene-ja-masto"}
    client.post("/password/change/", new)
    after = User.objects.values().get()
    assert {name for name in before if before[name] != after[name]} == {"password"}


def test_a_fragment_of_a_session_that_is_over_leads_to_the_log_in_page(clock: time_machine.Traveller) -> None:
    client = signed_in(roles=["sales_rep"])
    clock.shift(4 * HOUR)
    answer = client.get("/quotes/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/quotes/"})
    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/login/?next=%2Fquotes%2F")


# --- Through the administration -------------------------------------------------------------------------------------------------
def change(steward: Client, user: User, **changes: str) -> None:
    """Post the page of the user as the browser would, with these changes; an empty value leaves the field out."""
    page = steward.get(f"/admin/users/user/{user.pk}/change/")
    form, inline = page.context["adminform"].form, page.context["inline_admin_formsets"][0].formset
    fields = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items() if name != "password"}
    fields = {name: "on" if value is True else value for name, value in fields.items() if value not in (None, False)}
    rows = {
        "role_assignments-TOTAL_FORMS": inline.total_form_count(),
        "role_assignments-INITIAL_FORMS": inline.initial_form_count(),
    }
    for number, row in enumerate(inline.initial_forms):
        rows[f"role_assignments-{number}-id"] = row.instance.pk
        rows[f"role_assignments-{number}-user"] = user.pk
        rows[f"role_assignments-{number}-role"] = row.instance.role
    posted = {name: value for name, value in {**fields, **rows, **changes}.items() if value != ""}
    answer = steward.post(f"/admin/users/user/{user.pk}/change/", posted)
    assert answer.status_code == 302, answer.context["errors"]


@pytest.fixture
def steward() -> Client:
    return signed_in(username="stiina", roles=["data_steward"])


@pytest.mark.parametrize(
    ("changes", "roles", "is_out"),
    [
        ({"role_assignments-1-role": "finance"}, {"sales_rep", "finance"}, True),
        ({"role_assignments-0-role": "finance"}, {"finance"}, True),
        ({"role_assignments-0-DELETE": "on"}, set(), True),
        ({"role_assignments-0-role": "pricing", "role_assignments-1-role": "sales_rep"}, {"pricing", "sales_rep"}, True),
        ({"is_active": ""}, {"sales_rep"}, True),
        ({"display_name": "Toinen Nimi"}, {"sales_rep"}, False),
    ],
)
def test_the_administration_ends_sessions_with_roles_and_leaving_and_nothing_else(
    steward: Client, changes: dict[str, str], roles: set[str], is_out: bool
) -> None:
    user, client = UserFactory(roles=["sales_rep"]), Client()
    client.force_login(user)
    change(steward, user, **changes)
    saved = User.objects.get(pk=user.pk)
    assert (saved.role_codes, is_in(client)) == (roles, not is_out)
    assert saved.display_name == changes.get("display_name", user.display_name)
    assert saved.is_active is ("is_active" not in changes)


def test_the_administration_writes_only_the_fields_that_were_changed(steward: Client) -> None:
    user = UserFactory(roles=["sales_rep"])
    before = User.objects.values().get(pk=user.pk)
    change(steward, user, display_name="Toinen Nimi", salesperson_id="S-7")
    after = User.objects.values().get(pk=user.pk)
    assert {name for name in before if before[name] != after[name]} == {"display_name", "salesperson_id"}


def test_an_account_is_opened_again_in_the_administration(steward: Client) -> None:
    user = UserFactory(is_active=False)
    change(steward, user, is_active="on")
    assert User.objects.get(pk=user.pk).is_active


def test_the_log_of_the_administration_says_which_roles(steward: Client) -> None:
    from django.contrib.admin.models import LogEntry

    user = UserFactory(roles=["sales_rep"])
    change(steward, user, **{"role_assignments-1-role": "finance"})
    assert LogEntry.objects.get().get_change_message() == "Added role “Finance”."
    assert Event.objects.get().by.username == "stiina"


def test_a_password_that_a_steward_sets_ends_all_sessions(steward: Client) -> None:
    user, client = UserFactory(), Client()
    client.force_login(user)
    new = {"usable_password": "true", "password1": "purjevene-ja-masto", "password2": "purjevene-ja-masto"}
    assert steward.post(f"/admin/users/user/{user.pk}/password/", new).status_code == 302
    assert not is_in(client)


def test_sessions_that_are_over_are_swept(clock: time_machine.Traveller) -> None:
    from django.contrib.sessions.models import Session

    from core.tasks import forget

    signed_in()
    clock.shift(12 * HOUR - 1)
    forget()
    assert Session.objects.count() == 1
    clock.shift(dt.timedelta(seconds=2))
    forget()
    assert Session.objects.count() == 0


def test_tokens_of_somebody_who_left_stay_ended_when_the_account_is_opened_again() -> None:
    user = UserFactory()
    _token, text = tokens.token_create(by=user, name="Kassa", scope="read", days=30)
    assert tokens.find(text) is not None
    close(user)
    User.objects.update(is_active=True)
    assert tokens.find(text) is None
