"""The second step: required of those who work in the administration, offered to everybody."""

import re
import threading
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from core import rate_limits
from core.models import Event
from core.tests.rivals import at_once
from tests.access_policy import ANONYMOUS, POLICY
from tests.paths import path_to
from users.models import User
from users.roles import ROLES, Perm
from users.tests.codes import code, give_password, recovery_codes, set_up
from users.tests.factories import UserFactory

pytestmark = pytest.mark.once("postgresql")

ON, OFF, CODES, NEW_CODES = (f"/profile/second-step/{name}/" for name in ("on", "off", "codes", "codes/new"))
GIVE, AGAIN = "/login/code/", "/login/reauthenticate/code/"


@pytest.fixture
def _required(settings: Settings) -> None:
    settings.MFA_REQUIRED = True


def steward(**more: Any) -> Any:
    return UserFactory(roles=["data_steward"], **more)


def logged_in(user: User) -> Client:
    """A browser of somebody who has just given the password, and a code if one is asked for."""
    client = Client()
    if give_password(client, user) == GIVE:
        secret = Authenticator.objects.get(user=user, type="totp").wrap()
        from users.adapter import SecondFactorAdapter

        client.post(GIVE, {"code": code(SecondFactorAdapter().decrypt(secret.instance.data["secret"]))})
    return client


def secret_on(page: Any) -> str:
    return re.sub(r"\s", "", re.search(r'id="second-step-key">([^<]+)<', page.content.decode()).group(1))


def is_of_api(name: str) -> bool:
    """Whether programs ask there: they are told, not sent to a page."""
    return name.startswith("api:") or name == "api_schema"


# --- Who must -------------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.usefixtures("_required")
@pytest.mark.parametrize("role", ROLES)
def test_those_of_the_administration_reach_nothing_before_they_have_one(role: str) -> None:
    client = logged_in(UserFactory(roles=[role]))
    must = bool(ROLES[role].permissions & {Perm.ADMIN, Perm.STEWARD})
    assert must is (role in {"data_steward", "pricing"})
    answer = client.get("/")
    assert (answer.status_code, answer.headers.get("Location")) == ((302, ON) if must else (200, None))


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.usefixtures("_required")
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("hx", [False, True])
def test_no_address_but_those_that_are_public_answers_before(method: str, hx: bool) -> None:
    client = logged_in(steward())
    inside = [name for name, row in POLICY.items() if ANONYMOUS not in row.who and not is_of_api(name)]
    more = ["admin:index", "admin:users_user_changelist", "admin:jsi18n", "mfa_view_recovery_codes", "mfa_deactivate_totp"]
    for path in map(path_to, [*inside, *more, "account_change_password"]):
        answer = getattr(client, method)(path, headers={"HX-Request": "true"} if hx else {})
        target = answer.headers.get("HX-Redirect" if hx else "Location")
        assert (answer.status_code, target) == (401 if hx else 302, ON), path


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.usefixtures("_required")
@pytest.mark.parametrize("method", ["get", "post", "patch", "delete"])
def test_the_api_refuses_such_a_session(method: str) -> None:
    client = logged_in(steward())
    for path in map(path_to, [name for name in POLICY if is_of_api(name)]):
        answer = getattr(client, method)(path)
        assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json"), path


@pytest.mark.django_db
@pytest.mark.usefixtures("_required")
def test_refusals_show_no_menu_before(client: Client) -> None:
    page = logged_in(steward()).get("/ei/ole/").content.decode()
    assert "/admin/" not in page
    assert "navbar-vertical" not in page


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/admin/", "/quotes/"])
def test_in_the_demo_nobody_must(settings: Settings, path: str) -> None:
    assert settings.MFA_REQUIRED is False
    assert logged_in(steward()).get(path).status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("_required")
def test_a_session_of_before_the_role_must_too() -> None:
    user, client = UserFactory(), Client()
    client.force_login(user)
    user.role_assignments.create(role="pricing")
    assert client.get("/")["Location"].startswith("/login/?")
    client.force_login(User.objects.get())
    assert client.get("/")["Location"] == ON


@pytest.mark.django_db
@pytest.mark.usefixtures("_required")
def test_a_session_that_has_shown_no_code_is_asked_for_one_where_there_is_an_app(clock: time_machine.Traveller) -> None:
    user, client = steward(), Client()
    secret = set_up(user)
    client.force_login(user)
    answer = client.get("/admin/?x=1")
    assert answer["Location"] == f"{AGAIN}?next=%2Fadmin%2F%3Fx%3D1"
    assert client.get(answer["Location"]).status_code == 200
    assert client.post(AGAIN, {"code": "000000"}).status_code == 200
    assert client.get("/admin/").status_code == 302
    answer = client.post(AGAIN, {"code": code(secret), "next": "/admin/?x=1"})
    assert (answer["Location"], client.get("/admin/").status_code) == ("/admin/?x=1", 200)


# --- Setting up -----------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.usefixtures("_required")
def test_setting_up_opens_the_rest(clock: time_machine.Traveller) -> None:
    user, elsewhere = steward(), Client()
    elsewhere.force_login(user)
    client = logged_in(user)
    page = client.get(ON)
    text, secret = page.content.decode(), secret_on(page)
    assert '<img class="bg-white p-2 rounded" src="data:image/svg+xml;base64,' in text
    assert f'href="otpauth://totp/{user.email.replace("@", "%40")}?secret={secret}&amp;issuer=testserver"' in text
    assert 'autocomplete="one-time-code"' in text
    assert client.post(ON, {"code": "000000"}).status_code == 200
    assert client.get("/").status_code == 302
    answer = client.post(ON, {"code": code(secret)})
    assert answer["Location"] == CODES
    codes = client.get(CODES)
    assert re.findall(r"<code[^>]*>(\d{8})</code>", codes.content.decode()) == recovery_codes(user)
    assert len(recovery_codes(user)) == 10
    assert (client.get("/admin/").status_code, elsewhere.get(ON).status_code) == (200, 302)
    assert elsewhere.get("/profile/")["Location"] == "/login/?next=/profile/"


@pytest.mark.django_db
def test_the_database_keeps_no_secret_that_could_be_read() -> None:
    secret = set_up(UserFactory())
    assert secret not in repr(list(Authenticator.objects.values()))


@pytest.mark.django_db
def test_secrets_are_read_after_the_key_was_rotated(settings: Settings, clock: time_machine.Traveller) -> None:
    user = UserFactory()
    secret = set_up(user)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "a new key"
    assert Authenticator.objects.get(user=user, type="totp").wrap().validate_code(code(secret))


@pytest.mark.django_db
def test_a_wrong_first_code_is_counted(clock: time_machine.Traveller) -> None:
    client = logged_in(UserFactory())
    client.get(ON)
    assert [client.post(ON, {"code": "000000"}).status_code for _time in range(12)] == [200] * 10 + [429] * 2


@pytest.mark.django_db
def test_people_are_asked_for_the_password_again_unless_they_have_just_given_it(clock: time_machine.Traveller) -> None:
    client = logged_in(UserFactory())
    assert client.get(ON).status_code == 200
    clock.shift(301)
    answer = client.get(ON)
    assert answer["Location"] == f"/login/reauthenticate/?next={ON.replace('/', '%2F')}"
    page = client.get(answer["Location"])
    assert 'autocomplete="current-password"' in page.content.decode()
    assert client.post("/login/reauthenticate/", {"password": "wrong", "next": ON}).status_code == 200
    assert client.get(ON).status_code == 302
    assert client.post("/login/reauthenticate/", {"password": "demo", "next": ON})["Location"] == ON
    assert client.get(ON).status_code == 200


# --- Logging in -----------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_the_password_alone_opens_nothing(clock: time_machine.Traveller) -> None:
    user, client = UserFactory(), Client()
    secret = set_up(user)
    assert give_password(client, user, to="/profile/") == GIVE
    assert client.get("/profile/")["Location"] == "/login/?next=/profile/"
    assert client.get("/login/")["Location"] == GIVE
    assert client.post(GIVE, {"code": "000000"}).status_code == 200
    assert client.get("/profile/").status_code == 302
    answer = client.post(GIVE, {"code": code(secret)})
    assert (answer["Location"], client.get("/profile/").status_code) == ("/profile/", 200)


@pytest.mark.django_db
@pytest.mark.parametrize(("steps", "opens"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(clock: time_machine.Traveller, steps: int, opens: bool) -> None:
    user, client = UserFactory(), Client()
    secret = set_up(user)
    give_password(client, user)
    client.post(GIVE, {"code": code(secret, steps=steps)})
    assert (client.get("/profile/").status_code == 200) is opens


@pytest.mark.django_db
@pytest.mark.parametrize("mark", ["", " ", "-", "."])
def test_a_code_opens_once_however_it_is_written(clock: time_machine.Traveller, mark: str) -> None:
    user = UserFactory()
    shown = code(set_up(user))
    first, second = Client(), Client()
    give_password(first, user)
    first.post(GIVE, {"code": shown})
    assert first.get("/profile/").status_code == 200
    clock.shift(31)
    give_password(second, user)
    again = f"{shown[:3]}{mark}{shown[3:]}"
    answer = second.post(GIVE, {"code": again})
    assert "The code is not right, or it was used already." in answer.content.decode()
    assert second.get("/profile/").status_code == 302


@pytest.mark.django_db
def test_a_recovery_code_opens_once(clock: time_machine.Traveller) -> None:
    user = UserFactory()
    set_up(user)
    spare = recovery_codes(user)[3]
    for opens in (True, False):
        client = Client()
        give_password(client, user)
        client.post(GIVE, {"code": spare})
        assert (client.get("/profile/").status_code == 200) is opens
    assert len(recovery_codes(user)) == 9


@pytest.mark.django_db
def test_codes_are_not_guessed(clock: time_machine.Traveller) -> None:
    user, client = UserFactory(), Client()
    secret = set_up(user)
    give_password(client, user)
    assert [client.post(GIVE, {"code": f"{number:06}"}).status_code for number in range(12)] == [200] * 10 + [429] * 2
    assert client.post(GIVE, {"code": code(secret)}).status_code == 429
    clock.shift(90)
    assert client.post(GIVE, {"code": code(secret)}).status_code == 302


@pytest.mark.django_db
def test_who_is_closed_between_the_steps_stays_out(clock: time_machine.Traveller) -> None:
    user, client = UserFactory(), Client()
    secret = set_up(user)
    give_password(client, user)
    User.objects.update(is_active=False)
    client.post(GIVE, {"code": code(secret)})
    assert client.get("/profile/").status_code == 302


@pytest.mark.django_db
def test_a_new_password_by_mail_does_not_get_past_the_second_step(clock: time_machine.Traveller) -> None:
    user, client = UserFactory(), Client()
    set_up(user)
    from allauth.account.forms import default_token_generator
    from allauth.account.utils import user_pk_to_url_str

    path = f"/password/reset/key/{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}/"
    form = client.get(path, follow=True).request["PATH_INFO"]
    client.post(form, {"password1": "purjevene-ja-masto", "password2": "purjevene-ja-masto"})
    assert client.get("/profile/").status_code == 302
    answer = client.post("/login/", {"login": user.username, "password": "purjevene-ja-masto"})
    assert answer["Location"] == GIVE


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_of_two_who_give_one_code_at_once_one_gets_in(kind: str) -> None:
    user = UserFactory()
    secret = set_up(user)
    given = code(secret) if kind == "app" else recovery_codes(user)[0]
    clients = [Client() for _side in range(4)]
    for client in clients:
        give_password(client, user)
    barrier = threading.Barrier(4)

    def give(client: Client) -> int:
        barrier.wait(timeout=10)
        return client.post(GIVE, {"code": given}).status_code

    assert sorted(at_once(*[lambda client=client: give(client) for client in clients])) == [200, 200, 200, 302]


# --- The door of the administration ---------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.usefixtures("_required")
def test_the_administration_has_no_door_of_its_own(clock: time_machine.Traveller) -> None:
    user, client = steward(), Client()
    secret = set_up(user)
    assert client.get("/admin/users/user/")["Location"] == "/login/?next=/admin/users/user/"
    assert client.get("/admin/login/?next=/admin/users/user/")["Location"] == "/login/?next=/admin/users/user/"
    for path in ("/admin/", "/admin/login/", "/admin/login/?next=/admin/"):
        answer = client.post(path, {"username": user.username, "password": "demo", "next": "/admin/"})
        assert answer["Location"].startswith("/login/?next=/admin/")
    assert give_password(client, user, to="/admin/users/user/") == GIVE
    assert client.get("/admin/").status_code == 302
    assert client.post(GIVE, {"code": code(secret)})["Location"] == "/admin/users/user/"
    assert client.get("/admin/users/user/").status_code == 200


@pytest.mark.django_db
def test_passwords_and_leaving_are_those_of_the_product_in_the_administration_too() -> None:
    client = Client()
    client.force_login(steward())
    assert client.get("/admin/password_change/")["Location"] == "/password/change/"
    assert client.post("/admin/logout/")["Location"] == "/login/"
    assert client.get("/profile/").status_code == 302


@pytest.mark.django_db
def test_the_administration_shows_no_secret_and_helps_who_lost_the_phone() -> None:
    user, client = UserFactory(), Client()
    set_up(user)
    client.force_login(steward(username="stiina"))
    theirs = Client()
    theirs.force_login(user)
    assert "authenticator" not in client.get("/admin/").content.decode().lower()
    assert "icon-yes.svg" in client.get(f"/admin/users/user/{user.pk}/change/").content.decode()
    client.post("/admin/users/user/", {"action": "remove_second_factor", "_selected_action": [user.pk]})
    assert (Authenticator.objects.count(), theirs.get("/profile/").status_code) == (0, 302)
    event = Event.objects.get()
    assert (event.verb, event.subject_id, event.by.username) == ("second factor removed", user.pk, "stiina")


@pytest.mark.django_db
def test_the_command_line_helps_the_last_steward() -> None:
    user, out = steward(username="stiina"), StringIO()
    set_up(user)
    call_command("second_factor_remove", "stiina", stdout=out)
    call_command("second_factor_remove", "stiina", stdout=out)
    assert (out.getvalue(), Authenticator.objects.count()) == ("removed\nthere was none\n", 0)
    with pytest.raises(CommandError):
        call_command("second_factor_remove", "nobody")


# --- On the profile page --------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_everybody_is_offered_it_and_switches_it_on_and_off(clock: time_machine.Traveller) -> None:
    user = UserFactory(roles=["sales_rep"])
    client, elsewhere = logged_in(user), Client()
    assert f'href="{ON}"' in client.get("/profile/").content.decode()
    assert (client.get(OFF).status_code, client.get(CODES).status_code) == (404, 404)
    client.post(ON, {"code": code(secret_on(client.get(ON)))})
    page = client.get("/profile/").content.decode()
    assert (f'href="{ON}"' in page, f'href="{OFF}"' in page, f'href="{CODES}"' in page) == (False, True, True)
    elsewhere.force_login(user)
    assert client.post(OFF)["Location"] == "/profile/second-step/"
    assert client.get("/profile/second-step/")["Location"] == "/profile/"
    assert Authenticator.objects.count() == 0
    assert (client.get("/profile/").status_code, elsewhere.get("/profile/").status_code) == (200, 302)
    assert give_password(Client(), user) == "/"


@pytest.mark.django_db
@pytest.mark.usefixtures("_required")
def test_those_who_must_have_it_cannot_switch_it_off(clock: time_machine.Traveller) -> None:
    user = steward()
    set_up(user)
    client = logged_in(user)
    assert f'href="{OFF}"' not in client.get("/profile/").content.decode()
    assert "it cannot be switched off" in client.get(OFF).content.decode()
    assert "it cannot be switched off" in client.post(OFF).content.decode()
    assert Authenticator.objects.filter(type="totp").count() == 1


@pytest.mark.django_db
def test_new_recovery_codes_replace_the_old_ones(clock: time_machine.Traveller) -> None:
    user = UserFactory()
    set_up(user)
    client, old = logged_in(user), recovery_codes(user)
    assert "The 10 codes that are left open nothing any more then." in client.get(NEW_CODES).content.decode()
    assert client.post(NEW_CODES)["Location"] == CODES
    assert not set(recovery_codes(user)) & set(old)
    assert recovery_codes(user)[0] in client.get(CODES).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", [ON, OFF, CODES, NEW_CODES])
def test_a_session_that_is_not_fresh_gives_the_password_before_it_sees_or_changes(
    clock: time_machine.Traveller, path: str
) -> None:
    user = UserFactory()
    if path != ON:
        set_up(user)
    client = logged_in(user)
    clock.shift(301)
    assert client.get(path)["Location"].startswith("/login/reauthenticate/?next=")
    assert path == CODES or client.post(path)["Location"].startswith("/login/reauthenticate/?next=")
    assert Authenticator.objects.count() == (0 if path == ON else 2)


# --- Told by mail ---------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["switched on", "New recovery codes", "switched off", "password was changed"]),
        ("fi", ["otettiin käyttöön", "Uudet palautuskoodit", "poistettiin käytöstä", "Salasanasi vaihdettiin"]),
    ],
)
def test_a_person_hears_how_the_way_into_the_account_was_changed(
    clock: time_machine.Traveller, outbox_drain: Callable[[], int], settings: Settings, language: str, told: list[str]
) -> None:
    settings.SITE_URL = "https://crm.example"
    user = UserFactory(language=language)
    client = logged_in(user)
    client.post(ON, {"code": code(secret_on(client.get(ON)))})
    client.post(NEW_CODES)
    client.post(OFF)
    new = {"oldpassword": "demo", "password1": "purjevene-ja-masto", "password2": "purjevene-ja-masto"}
    assert client.post("/password/change/", new).status_code == 302
    outbox_drain()
    assert [said in message.subject for said, message in zip(told, mail.outbox, strict=True)] == [True] * 4
    for message in mail.outbox:
        assert (message.to, message.extra_headers["Content-Language"]) == ([user.email], language)
        assert user.username in message.body
        assert user.username in message.alternatives[0].content
        assert "https://crm.example/password/reset/" in message.body


@pytest.mark.django_db
def test_a_person_hears_what_an_administrator_did(outbox_drain: Callable[[], int]) -> None:
    person, left = UserFactory(), UserFactory()
    client = Client()
    client.force_login(steward())
    new = {"usable_password": "true", "password1": "purjevene-ja-masto", "password2": "purjevene-ja-masto"}
    for user in (person, left):
        assert client.post(f"/admin/users/user/{user.pk}/password/", new).status_code == 302
    set_up(person)
    client.post("/admin/users/user/", {"action": "remove_second_factor", "_selected_action": [person.pk]})
    User.objects.filter(pk=left.pk).update(is_active=False)
    outbox_drain()
    assert [message.to for message in mail.outbox] == [[person.email]] * 2
    assert "An administrator" in mail.outbox[0].subject
    assert "switched off" in mail.outbox[1].subject


def test_a_limit_of_codes_leaves_guessing_no_chance() -> None:
    from users import limits

    a_day = limits.CODE_EVERYWHERE.times * 24 * 3600 // limits.CODE_EVERYWHERE.seconds
    valid_at_once = 3
    assert a_day * valid_at_once / 10**6 < 0.003
    assert isinstance(limits.CODE_ONCE, rate_limits.Limit)
    assert limits.CODE_ONCE.seconds > 30 * valid_at_once
