"""API tokens: made on the profile page or by a command, shown once, revoked by their person or a steward."""

import io
import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client

from core.models import Event
from users import tokens
from users.models import ApiToken, User
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]
NEW = {"name": "Nightly report", "scope": "read", "days": "90"}


@pytest.fixture
def me() -> Any:
    return UserFactory(username="me", roles=["sales_rep"])


@pytest.fixture
def browser(me: User) -> Client:
    client = Client()
    client.force_login(me)
    return client


def make(user: User, name: str = "mine") -> tuple[ApiToken, str]:
    return tokens.token_create(by=user, name=name, scope="write", days=30)


def opens(text: str) -> bool:
    return Client(headers={"Authorization": f"Bearer {text}"}).get("/api/v1/quotes/").status_code == 200


# --- The page ---------------------------------------------------------------------------------------------------------
def test_a_token_is_shown_in_the_answer_that_made_it_and_nowhere_else(browser: Client, me: User, caplog: Any) -> None:
    answer = browser.post("/profile/tokens/new/", NEW)
    text = re.search(r"crm_[\w-]{43}", answer.content.decode()).group()
    token = ApiToken.objects.get()
    assert (answer.status_code, answer["Cache-Control"], opens(text)) == (201, "private, no-store", True)
    assert (token.user, token.name, token.scope, token.hint) == (me, "Nightly report", "read", text[-4:])
    assert (token.expires_at - token.created_at).days == 90
    later = [browser.get(path).content.decode() for path in ("/profile/", "/")]
    sessions = [str(session.get_decoded()) for session in Session.objects.all()]
    cookies = [morsel.value for morsel in browser.cookies.values()]
    kept = [str(row) for model in (ApiToken, Event) for row in model.objects.values_list()]
    assert [place for place in (*later, *sessions, *cookies, *kept, caplog.text) if text in place] == []


def test_the_profile_lists_ones_own_tokens_the_live_ones_first(browser: Client, me: User, clock: Any) -> None:
    for name in ("old", "gone", "kept"):
        tokens.token_create(by=me, name=name, scope="read", days=1 if name == "old" else 30)
    tokens.token_revoke(by=me, token_id=ApiToken.objects.get(name="gone").pk)
    make(UserFactory(), "somebody else's")
    clock.shift(2 * 86400)
    browser.force_login(me)
    page = browser.get("/profile/")
    assert [(token.name, token.state) for token in page.context["tokens"]] == [
        ("kept", "Valid"), ("gone", "Revoked"), ("old", "Expired"),
    ]  # fmt: skip
    assert page.content.decode().count("/revoke/") == 1


@pytest.mark.parametrize("wrong", [{"name": ""}, {"name": "x" * 101}, {"scope": "all"}, {"days": "31"}, {"days": ""}])
def test_a_token_that_makes_no_sense_is_refused_on_the_page(browser: Client, wrong: dict[str, str]) -> None:
    answer = browser.post("/profile/tokens/new/", {**NEW, **wrong})
    assert (answer.status_code, list(answer.context["token_form"].errors)) == (422, list(wrong))
    assert ApiToken.objects.count() == 0


def test_a_person_has_at_most_twenty(browser: Client, me: User) -> None:
    for _number in range(20):
        make(me)
    assert browser.post("/profile/tokens/new/", NEW).status_code == 422
    assert ApiToken.objects.count() == 20


def test_a_revoked_token_opens_nothing_from_that_moment(browser: Client, me: User) -> None:
    token, text = make(me)
    assert opens(text)
    assert browser.post(f"/profile/tokens/{token.pk}/revoke/")["Location"] == "/profile/"
    assert not opens(text)
    browser.post(f"/profile/tokens/{token.pk}/revoke/")
    assert list(Event.objects.values_list("subject_type", "verb", "by__username")) == [("apitoken", "revoked", "me")]


def test_nobody_revokes_a_token_of_somebody_else(browser: Client) -> None:
    token, text = make(UserFactory(roles=["sales_rep"]))
    assert browser.post(f"/profile/tokens/{token.pk}/revoke/").status_code == 404
    assert opens(text)


@pytest.mark.parametrize("path", ["/profile/tokens/new/", "/profile/tokens/1/revoke/"])
def test_tokens_are_made_and_revoked_by_post_with_a_session_only(browser: Client, me: User, path: str) -> None:
    _token, text = make(me)
    program = Client(headers={"Authorization": f"Bearer {text}"})
    assert browser.get(path).status_code == 405
    assert program.post(path, NEW)["Location"].startswith("/login/")
    assert Client(enforce_csrf_checks=True).post(path, NEW).status_code == 403
    assert ApiToken.objects.count() == 1


# --- The admin --------------------------------------------------------------------------------------------------------
def test_a_steward_sees_every_token_in_the_admin_and_revokes_it(me: User) -> None:
    token, text = make(me)
    steward = Client()
    steward.force_login(UserFactory(username="steward", roles=["data_steward"]))
    assert "mine" in steward.get("/admin/users/apitoken/").content.decode()
    page = steward.get(f"/admin/users/apitoken/{token.pk}/change/").content.decode()
    assert (token.token_hash in page, 'name="_save"' in page) == (False, False)
    steward.post("/admin/users/apitoken/", {"action": "revoke", "_selected_action": [token.pk]})
    assert not opens(text)
    assert Event.objects.get(subject_type="apitoken", verb="revoked").by.username == "steward"


def test_nobody_makes_or_changes_a_token_in_the_admin(me: User) -> None:
    token, _text = make(me)
    steward = Client()
    steward.force_login(UserFactory(roles=["data_steward"]))
    assert steward.get("/admin/users/apitoken/add/").status_code == 403
    assert steward.post(f"/admin/users/apitoken/{token.pk}/change/", {"name": "x"}).status_code == 403
    assert steward.post(f"/admin/users/apitoken/{token.pk}/delete/", {"post": "yes"}).status_code == 403


# --- The command ------------------------------------------------------------------------------------------------------
def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("api_token", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_the_token_and_nothing_else(me: User) -> None:
    printed = command("me")
    assert re.fullmatch(r"crm_[\w-]{43}\n", printed)
    assert opens(printed.strip())
    token = ApiToken.objects.get()
    assert (token.name, token.scope, (token.expires_at - token.created_at).days) == ("manage.py api_token", "write", 30)


def test_the_command_takes_name_rights_and_days(me: User) -> None:
    command("me", "--name", "backup", "--scope", "read", "--days", "365")
    token = ApiToken.objects.get()
    assert (token.name, token.scope, (token.expires_at - token.created_at).days) == ("backup", "read", 365)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nobody"], "Nobody who may log in has the user name nobody."),
        (["gone"], "Nobody who may log in has the user name gone."),
        (["me", "--days", "366"], "Check the marked fields. A token is valid for 1 to 365 days."),
        (["me", "--scope", "all"], "invalid choice: 'all'"),
    ],
)
def test_the_command_refuses(me: User, arguments: list[str], sentence: str) -> None:
    UserFactory(username="gone", is_active=False)
    with pytest.raises(CommandError, match=re.escape(sentence)):
        command(*arguments)
    assert ApiToken.objects.count() == 0
