"""The ground that every endpoint stands on: who asks, in which shape, and how a refusal reads."""

import json
from typing import Any

import pytest
from django.test import Client

from users import tokens
from users.models import ApiToken, User
from users.tests.factories import UserFactory
from users.tests.programs import Program

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]

LIST, PRODUCTS = "/api/v1/opportunities/", "/api/v1/products/"
PROBLEM = "application/problem+json"


@pytest.fixture
def user() -> User:
    return UserFactory.create(roles=["sales_rep"])


def refusal(answer: Any) -> tuple[int, str, str]:
    return answer.status_code, answer["Content-Type"], answer.json()["code"]


# --- By token ---------------------------------------------------------------------------------------------------------
def test_without_token_and_session_nothing_is_told() -> None:
    for method, path in (("GET", LIST), ("POST", LIST), ("PATCH", f"{LIST}1/"), ("GET", "/api/schema/")):
        answer = Client().generic(method, path, "{}", content_type="application/json")
        assert refusal(answer) == (401, PROBLEM, "not_authenticated")
        assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_token_opens_what_its_person_may(user: User) -> None:
    program = Program(user, ApiToken.Scope.READ)
    assert program.get(LIST).status_code == 200
    assert Program(UserFactory(roles=["finance"])).get(LIST).status_code == 403


@pytest.mark.parametrize("text", ["", "none", "crm_", "é", "a b", "x" * 5000])
def test_a_token_that_is_none_is_refused(text: str) -> None:
    answer = Client(headers={"Authorization": f"Bearer {text}"}).get(LIST)
    assert refusal(answer) == (401, PROBLEM, "invalid_token")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_token_is_refused(user: User, clock: Any) -> None:
    program = Program(user)
    clock.shift(24 * 3600 - 1)
    assert program.get(LIST).status_code == 200
    clock.shift(1)
    assert refusal(program.get(LIST)) == (401, PROBLEM, "invalid_token")


def test_a_revoked_token_is_refused(user: User) -> None:
    program = Program(user)
    tokens.token_revoke(by=user, token_id=program.token.pk)
    assert refusal(program.get(LIST)) == (401, PROBLEM, "invalid_token")


def test_a_person_who_may_not_log_in_any_more_has_no_tokens(user: User) -> None:
    program = Program(user)
    user.is_active = False
    user.save()
    answer = program.get(LIST)
    assert refusal(answer) == (401, PROBLEM, "invalid_token")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_wrong_token_is_refused_even_with_a_session(user: User) -> None:
    client = Client()
    client.force_login(user)
    assert client.get(LIST).status_code == 200
    assert refusal(client.get(LIST, headers={"Authorization": "Bearer none"})) == (401, PROBLEM, "invalid_token")


def test_the_token_says_who_asks_where_a_session_says_otherwise(user: User) -> None:
    client = Client(headers={"Authorization": Program(user).client.defaults["HTTP_AUTHORIZATION"]})
    client.force_login(UserFactory(roles=["finance"]))
    assert client.get(LIST).status_code == 200


def test_a_token_to_read_writes_nothing(user: User) -> None:
    program = Program(user, ApiToken.Scope.READ)
    for method, path in (("POST", LIST), ("PATCH", f"{LIST}1/"), ("DELETE", "/api/v1/accounts/1/contacts/1/")):
        assert refusal(program.call(method, path, {})) == (403, PROBLEM, "not_allowed")


def test_the_last_use_is_noted_once_a_minute(user: User, clock: Any) -> None:
    program = Program(user)

    def noted() -> Any:
        program.get(LIST)
        return ApiToken.objects.get().last_used_at

    first = noted()
    clock.shift(59)
    assert noted() == first
    clock.shift(1)
    assert (noted() - first).total_seconds() == 60


# --- By session -------------------------------------------------------------------------------------------------------
def test_a_session_writes_only_with_its_csrf_token(user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    body = json.dumps({"account": 987654, "name": "Kevät"})
    assert client.get(LIST).status_code == 200
    bare = client.post(LIST, body, content_type="application/json")
    assert refusal(bare) == (403, PROBLEM, "not_allowed")
    client.get("/profile/")  # any page with a form
    named = {"X-CSRFToken": client.cookies["csrftoken"].value}
    assert refusal(client.post(LIST, body, content_type="application/json", headers=named)) == (404, PROBLEM, "not_found")


def test_a_token_needs_no_csrf_token(user: User) -> None:
    text = tokens.token_create(by=user, name="test", scope="write", days=1)[1]
    client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {text}"})
    answer = client.post(LIST, json.dumps({"account": 987654, "name": "Kevät"}), content_type="application/json")
    assert refusal(answer) == (404, PROBLEM, "not_found")


# --- Shapes -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "path"), [("PUT", f"{LIST}1/"), ("OPTIONS", LIST), ("TRACE", LIST), ("DELETE", LIST), ("POST", PRODUCTS)]
)
def test_a_method_that_is_not_there_is_a_405(user: User, method: str, path: str) -> None:
    answer = Program(user).call(method, path, {})
    assert refusal(answer) == (405, PROBLEM, "method_not_allowed")
    assert "GET" in answer["Allow"] or "PATCH" in answer["Allow"]


def test_an_address_that_is_not_there_is_a_404(user: User) -> None:
    for path in ("/api/none/", "/api/v1/none/", "/api/v1/opportunities/x/", "/api/v2/quotes/"):
        assert refusal(Program(user).get(path)) == (404, PROBLEM, "not_found")
        assert Client().get(path).status_code == 404


@pytest.mark.parametrize("pk", [0, 987654, 2**63, 10**30])
def test_a_record_that_is_not_there_is_a_404(user: User, pk: int) -> None:
    for name in ("accounts", "approvals", "opportunities", "products", "quotes"):
        assert refusal(Program(user).get(f"{name}/{pk}/")) == (404, PROBLEM, "not_found")
    for method, path in (("PATCH", f"accounts/{pk}/contacts/1/"), ("PATCH", f"quotes/1/lines/{pk}/")):
        assert refusal(Program(user).call(method, path, {})) == (404, PROBLEM, "not_found")


@pytest.mark.parametrize("body", ["{", "no", "{'a': 1}", "\x00", '{"a": NaN}', pytest.param("[" * 100_000, id="deep")])
def test_a_body_that_is_no_json_is_a_400(user: User, body: str) -> None:
    answer = Program(user).client.post(LIST, body, content_type="application/json")
    assert refusal(answer) == (400, PROBLEM, "bad_request")


@pytest.mark.parametrize("body", ["[]", "1", '"text"', "null", "true"])
def test_a_body_that_is_no_object_is_a_400(user: User, body: str) -> None:
    answer = Program(user).client.post(LIST, body, content_type="application/json")
    assert refusal(answer) == (400, PROBLEM, "invalid")
    assert list(answer.json()["fields"]) == ["body"]


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "application/xml"]
)
def test_a_body_of_another_kind_is_a_415(user: User, kind: str) -> None:
    answer = Program(user).client.generic("POST", LIST, "name=x", content_type=kind)
    assert refusal(answer) == (415, PROBLEM, "unsupported_media_type")


def test_an_answer_of_another_kind_is_a_406(user: User) -> None:
    assert refusal(Program(user).client.get(LIST, headers={"Accept": "text/html"})) == (406, PROBLEM, "not_acceptable")


@pytest.mark.parametrize("text", ["\u0000", "\ud800"])
def test_a_text_that_no_column_keeps_is_a_400(user: User, text: str) -> None:
    answer = Program(user).post(LIST, {"account": 1, "name": f"a{text}b"})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["name"])
    assert Program(user).get("opportunities/?q=%00").status_code == 400


@pytest.mark.parametrize("key", ["ä", "a b", "x" * 256, " "])
def test_a_key_of_the_wrong_shape_is_refused(user: User, key: str) -> None:
    answer = Program(user).post(LIST, {"account": 1, "name": "x"}, Idempotency_Key=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_an_answer_is_not_kept_by_anybody_on_the_way(user: User) -> None:
    assert Program(user).get(LIST)["Cache-Control"] == "private, no-store"
