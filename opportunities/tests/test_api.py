"""Opportunities over HTTP."""

from typing import Any

import pytest

from accounts.tests.factories import AccountFactory
from core.models import Event
from opportunities.models import Opportunity
from opportunities.tests.factories import OpportunityFactory
from users.models import User
from users.tests.factories import TeamFactory, UserFactory
from users.tests.programs import Program

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]


@pytest.fixture
def owner() -> User:
    return UserFactory.create(roles=["sales_rep"], team=TeamFactory())


@pytest.fixture
def rep(owner: User) -> Program:
    return Program(owner)


def test_an_opportunity_is_made_read_and_changed(rep: Program, owner: User) -> None:
    account = AccountFactory(owner=owner)
    made = rep.post("opportunities/", {"account": account.pk, "name": "Kevät", "value": "1200.5", "close_date": "2026-12-31"})
    body = made.json()
    assert (made.status_code, made["ETag"]) == (201, '"1"')
    assert made["Location"] == f"http://testserver/api/v1/opportunities/{body['id']}/"
    assert (body["name"], body["account"], body["account_name"], body["owner"]) == ("Kevät", account.pk, account.name, owner.pk)
    assert (body["status"], body["value"], body["currency"], body["close_date"]) == ("new", "1200.50", "EUR", "2026-12-31")
    path = made["Location"].removeprefix("http://testserver")
    assert rep.get(path).json() == body
    changed = rep.patch(path, {"value": "0", "close_date": None}, If_Match='"1"')
    assert (changed.status_code, changed["ETag"]) == (200, '"2"')
    assert changed.json() == {**body, "value": "0.00", "close_date": None, "version": 2}
    stale = rep.patch(path, {"name": "Syksy"}, If_Match='"1"')
    assert (stale.status_code, stale.json()["code"], Opportunity.objects.get().name) == (409, "stale_version", "Kevät")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "account"),
        ({"account": 1}, "name"),
        ({"account": 1, "name": "x", "currency": "USD"}, "currency"),
        ({"account": 1, "name": "x", "status": "ordered"}, "status"),
        ({"account": 1, "name": "x", "owner": 1}, "owner"),
        ({"account": 1, "name": "x", "value": "-1"}, "value"),
        ({"account": 1, "name": "x", "value": "1e20"}, "value"),
        ({"account": 1, "name": "x", "close_date": "31.12.2026"}, "close_date"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_by_field(rep: Program, body: Any, field: str) -> None:
    answer = rep.post("opportunities/", body)
    assert (answer.status_code, field in answer.json()["fields"]) == (400, True)
    assert Opportunity.objects.count() == 0


def test_the_stage_and_the_account_never_change_by_hand(rep: Program, owner: User) -> None:
    opportunity = OpportunityFactory(account__owner=owner)
    for field, value in (("status", "ordered"), ("account", 1), ("owner", 1), ("version", 9)):
        answer = rep.patch(f"opportunities/{opportunity.pk}/", {field: value})
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    opportunity.refresh_from_db()
    assert (opportunity.status, opportunity.version) == ("new", 1)


def test_the_list_is_filtered_and_ordered(rep: Program, owner: User) -> None:
    first = OpportunityFactory(account__owner=owner, name="Kevät")
    OpportunityFactory(account__owner=owner, name="Syksy")
    OpportunityFactory(name="Vieras")

    def found(query: str) -> list[str]:
        return [row["name"] for row in rep.get(f"opportunities/?{query}").json()["results"]]

    assert found("") == found("ordering=-name") == ["Syksy", "Kevät"]
    assert found("ordering=id") == found("ordering=name") == ["Kevät", "Syksy"]
    assert found("q=kev") == found(f"account={first.account_id}") == ["Kevät"]
    assert (found("status=new&limit=1"), found("status=lost")) == (["Syksy"], [])
    for query in ("status=gone", "account=x", "account=1.5", "account=-1", "owner=1", "ordering=value"):
        answer = rep.get(f"opportunities/?{query}")
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [query.partition("=")[0]])


def test_a_foreign_opportunity_is_not_there_and_a_foreign_account_gets_none(owner: User) -> None:
    opportunity = OpportunityFactory(account__owner=owner)
    stranger = Program(UserFactory(roles=["sales_rep"], team=TeamFactory()))
    path = f"opportunities/{opportunity.pk}/"
    assert (stranger.get(path).status_code, stranger.patch(path, {"name": "x"}).status_code) == (404, 404)
    assert stranger.post("opportunities/", {"account": opportunity.account_id, "name": "x"}).status_code == 404
    assert (Opportunity.objects.count(), Event.objects.count()) == (1, 0)


def test_a_colleague_reads_and_does_not_write(owner: User) -> None:
    opportunity = OpportunityFactory(account__owner=owner)
    colleague = Program(UserFactory(roles=["sales_rep"], team=owner.team))
    path = f"opportunities/{opportunity.pk}/"
    assert (colleague.get(path).status_code, colleague.patch(path, {"name": "x"}).status_code) == (200, 403)
    assert colleague.post("opportunities/", {"account": opportunity.account_id, "name": "x"}).status_code == 403
    assert Event.objects.count() == 0


@pytest.mark.parametrize(
    ("role", "read", "write"), [("sales_leadership", 200, 403), ("finance", 403, 403), ("technical_team", 403, 403)]
)
def test_reading_and_writing_need_their_rights(role: str, read: int, write: int) -> None:
    program = Program(UserFactory(roles=[role]))
    account = AccountFactory()
    assert program.get("opportunities/").status_code == read
    assert program.post("opportunities/", {"account": account.pk, "name": "x"}).status_code == write
    assert Opportunity.objects.count() == 0
