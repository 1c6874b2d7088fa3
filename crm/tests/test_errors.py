"""Refusals and failures in the shape the asker reads."""

import json
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from core.errors import DomainError, Invalid, NotAllowed, NotFound, StaleVersion, WrongState
from users.access import public, requires, signed_in
from users.roles import Perm
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("crm.tests.test_errors"), pytest.mark.once]

REFUSALS: dict[str, type[DomainError]] = {
    "invalid": Invalid, "not_allowed": NotAllowed, "not_found": NotFound, "wrong_state": WrongState,
    "stale_version": StaleVersion,
}  # fmt: skip


@public
def refuse(request: HttpRequest, code: str) -> HttpResponse:
    raise REFUSALS[code]("Ei käy <b>näin</b>.", fields={"quantity": "Liian suuri."} if code == "invalid" else None)


@public
def fail(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


@signed_in
def inside(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


@requires(Perm.STEWARD)
def stewards(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [
    path("refuse/<slug:code>/", refuse),
    path("fail/", fail),
    path("inside/", inside),
    path("stewards/", stewards),
    path("", include("crm.urls")),
]
handler400 = "crm.problems.bad_request"
handler403 = "crm.problems.forbidden"
handler404 = "crm.problems.not_found"
handler500 = "crm.problems.server_error"


@pytest.fixture
def people() -> Iterator[SimpleNamespace]:
    rep = Client(raise_request_exception=False)
    rep.force_login(UserFactory(roles=["sales_rep"]))
    return SimpleNamespace(rep=rep, anyone=Client(raise_request_exception=False))


@pytest.mark.parametrize(("code", "status"), [(code, error.status) for code, error in REFUSALS.items()])
@pytest.mark.parametrize("who", ["rep", "anyone"])
def test_a_refusal_is_a_page_with_its_sentence(people: SimpleNamespace, who: str, code: str, status: int) -> None:
    answer = getattr(people, who).get(f"/refuse/{code}/")

    text = answer.content.decode()
    assert answer.status_code == status
    assert "Ei käy &lt;b&gt;näin&lt;/b&gt;." in text
    assert text.count("<h1") == 1
    assert ("Liian suuri." in text) is (code == "invalid")
    assert ("X-Reference" in answer) is (status == 403)


def test_a_refused_fragment_goes_to_the_place_for_problems(people: SimpleNamespace) -> None:
    answer = people.rep.post("/refuse/stale_version/", headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Retarget"], answer["HX-Reswap"]) == (409, "#problem", "innerHTML")
    assert answer["HX-Reselect"] == "unset"
    assert 'role="alert"' in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert "HX-Request" in answer["Vary"]


@pytest.mark.parametrize("accept", ["application/json", "application/problem+json"])
def test_programs_read_the_code(people: SimpleNamespace, accept: str) -> None:
    answer = people.rep.post("/refuse/invalid/", headers={"Accept": accept})

    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert json.loads(answer.content) == {
        "title": "This cannot be done",
        "status": 422,
        "code": "invalid",
        "detail": "Ei käy <b>näin</b>.",
        "fields": {"quantity": "Liian suuri."},
    }


def test_a_failure_names_its_reference_and_nothing_else(people: SimpleNamespace) -> None:
    answer = people.rep.get("/fail/")

    assert answer.status_code == 500
    assert len(answer["X-Reference"]) == 36
    assert answer["X-Reference"] in answer.content.decode()
    assert "ZeroDivisionError" not in answer.content.decode()
    program = people.rep.get("/fail/", headers={"Accept": "application/json"})
    assert json.loads(program.content)["reference"] == program["X-Reference"]


def test_a_failure_of_a_part_of_a_page_is_a_part_of_it(people: SimpleNamespace) -> None:
    answer = people.rep.post("/fail/", headers={"HX-Request": "true"})

    text = answer.content.decode()
    assert (answer.status_code, text.count('role="alert"'), "<html" in text) == (500, 1, False)
    assert answer["X-Reference"] in text
    assert "ZeroDivisionError" not in text


def test_a_page_without_the_right_is_refused_with_a_reference(people: SimpleNamespace) -> None:
    answer = people.rep.get("/stewards/")

    assert answer.status_code == 403
    assert answer["X-Reference"] in answer.content.decode()
    assert people.rep.get("/stewards/", headers={"HX-Request": "true"})["HX-Retarget"] == "#problem"


def test_an_unknown_address_is_a_page_of_ours(people: SimpleNamespace) -> None:
    for client in (people.rep, people.anyone):
        answer = client.get("/ei/ole/")
        assert answer.status_code == 404
        assert "There is nothing at this address, or it is not yours to see." in answer.content.decode()


def test_a_fragment_asked_for_after_the_session_leads_to_the_log_in_page(people: SimpleNamespace) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/accounts/7/?x=1"}

    answer = people.anyone.get("/inside/", headers=headers)

    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/login/?next=%2Faccounts%2F7%2F%3Fx%3D1")
    assert people.anyone.get("/inside/")["Location"] == "/login/?next=/inside/"


def test_a_form_that_is_too_old_is_refused_in_words() -> None:
    client = Client(enforce_csrf_checks=True)

    answer = client.post("/login/", {"login": "x", "password": "y"})

    assert answer.status_code == 403
    assert "The form was too old, or cookies are blocked." in answer.content.decode()


def test_a_foreign_host_is_refused(client: Client) -> None:
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 400
