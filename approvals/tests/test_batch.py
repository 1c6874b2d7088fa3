"""Several requests approved in one go: what is listed, what may go together, and what becomes of each."""

import html
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import services
from approvals.choices import RequestStatus, Verdict, Via
from approvals.models import ApprovalSettings, Decision, Request
from approvals.tests.conftest import World
from approvals.tests.factories import FACTS, Probe, ask, change, make_probe
from approvals.tests.test_inbox import asked, client_of
from approvals.tests.test_pages import without_session
from approvals.tests.test_services import row_hash
from core.models import JobRun
from users.tests.factories import UserFactory
from users.tests.programs import Program

PATH = "/approvals/approve/"
LIMIT = "Its value is above €10,000.00. Decide it on its own page."
OTHER_KIND = "It is of another kind than the others. Decide it on its own page, or together with its like."


def titled(request: Request, title: str) -> Request:
    Request.objects.filter(pk=request.pk).update(summary={**FACTS, "title": {"en": title, "fi": title}})
    return request


@pytest.fixture
def three(world: World) -> list[Request]:
    return [titled(asked(world, amount="9999.99"), f"Number {number}") for number in (1, 2, 3)]


def seen(request: Request) -> str:
    return f"{request.pk}:{request.run.subject_version}:{request.run.content_hash}"


def propose(client: Client, *requests: Request) -> str:
    answer = client.get(PATH, {"pick": [request.pk for request in requests]})
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def approve(client: Client, *requests: Request, comment: str = "", **more: Any) -> Any:
    return client.post(PATH, {"request": [seen(request) for request in requests], "comment": comment, **more})


def text_of(answer: Any) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))).replace("\xa0", " ")


def statuses(*requests: Request) -> list[str]:
    return [Request.objects.get(pk=request.pk).status for request in requests]


# --- The list ---------------------------------------------------------------------------------------------------------
@pytest.mark.req("S3.38")
def test_the_page_lists_exactly_what_will_be_approved(world: World, three: list[Request]) -> None:
    before = row_hash()
    text = propose(client_of(world.pricing), *three[:2])
    assert re.findall(r'name="request" value="(.*?)"', text) == [seen(request) for request in three[:2]]
    parts = ("Number 1", "Number 2", "Äyräs & Pojat Oy", "Floor of line 4", "€9,999.99", "12.3%", "2 requests will be approved")
    for part in parts:
        assert part in text, part
    assert ("Number 3" in text, re.search(r"</svg> Approve 2 requests</button>", text) is not None) == (False, True)
    assert row_hash() == before, "looking changes nothing"


def test_a_margin_is_listed_for_those_who_may_see_it_only(world: World) -> None:
    request = asked(world, gates={"probe_beside": world.success.pk})
    text = propose(client_of(world.success), request)
    assert ("Probe P-1" in text, "12.3" in text, "Margin" in text) == (True, False, False)


def test_what_is_above_the_limit_is_left_out_and_says_so(world: World, three: list[Request]) -> None:
    large = titled(asked(world, amount="10000.01"), "Large one")
    text = propose(client_of(world.pricing), *three, large)
    assert (text.count('name="request"'), LIMIT in text, "Large one" in text) == (3, True, True)
    ApprovalSettings.objects.create(pk=1, batch_limit=Decimal("10000.01"))
    assert propose(client_of(world.pricing), *three, large).count('name="request"') == 4


def test_what_has_no_value_counts_as_nothing(world: World) -> None:
    assert propose(client_of(world.pricing), asked(world)).count('name="request"') == 1


def test_only_one_kind_goes_together_that_of_most(world: World, three: list[Request]) -> None:
    both = UserFactory(roles=["pricing", "sales_manager"], team=world.rep.team)
    mine = [asked(world, gates={"probe_first": both.pk}) for _number in range(2)]
    other = asked(world, gates={"probe_first": both.pk, "probe_second": both.pk})
    text = propose(client_of(both), other, *mine)
    assert re.findall(r'name="request" value="(\d+):', text) == [str(request.pk) for request in mine]
    assert OTHER_KIND in text


def test_what_cannot_be_decided_says_why(world: World, three: list[Request]) -> None:
    services.request_decide(request_id=three[0].pk, verdict=Verdict.APPROVE, comment="", by=world.pricing, via=Via.PAGE)
    second = ask(make_probe(world.rep.unit_id), by=world.rep, gates={"probe_first": None, "probe_second": world.manager.pk})
    later = second.requests.get(approver=world.manager)
    text = propose(client_of(world.pricing), *three)
    assert (text.count('name="request"'), "Already approved by Pirkko Pöyry" in text) == (2, True)
    assert "An earlier step is not approved yet." in propose(client_of(world.manager), later)


def test_what_is_out_of_sight_is_not_mentioned(world: World, three: list[Request]) -> None:
    text = propose(client_of(world.success), *three)
    assert ("Number" in text, "Choose at least one request." in text) == (False, True)
    assert "Choose at least one request." in propose(client_of(world.pricing))
    assert client_of(world.pricing).get(PATH, {"pick": ["x", "", str(10**30)]}).status_code == 200


# --- Approving --------------------------------------------------------------------------------------------------------
@pytest.mark.req("S3.38")
def test_all_of_them_are_approved_with_the_comment(world: World, three: list[Request]) -> None:
    answer = approve(client_of(world.pricing), *three, comment="Kelpaa", next="/approvals/?tab=waiting&q=x")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/approvals/?tab=waiting&q=x")
    decisions = Decision.objects.order_by("pk")
    assert [(one.verdict, one.comment, one.via, one.ip) for one in decisions] == [("approve", "Kelpaa", "page", "127.0.0.1")] * 3
    assert statuses(*three) == [RequestStatus.APPROVED] * 3
    subjects = JobRun.objects.filter(pk__in=[one.run.subject_id for one in three])
    assert list(subjects.values_list("phase", flat=True)) == ["approved"] * 3


def test_a_second_click_says_that_it_is_done_already(world: World, three: list[Request]) -> None:
    client = client_of(world.pricing)
    approve(client, *three)
    before = row_hash()
    again = approve(client, *three)
    assert (again.status_code, text_of(again).count("Already approved by Pirkko Pöyry")) == (409, 3)
    assert "3 requests were not approved" in text_of(again)
    assert row_hash() == before


def test_what_is_refused_is_told_by_name_and_the_rest_is_approved(world: World, three: list[Request]) -> None:
    first, second, _third = three
    services.request_decide(request_id=first.pk, verdict=Verdict.REJECT, comment="No", by=world.pricing, via=Via.PAGE)
    change(JobRun.objects.get(pk=second.run.subject_id), "50 %")
    answer = approve(client_of(world.pricing), *three)
    text = text_of(answer)
    assert answer.status_code == 200
    assert re.search(r"Number 1 Äyräs & Pojat Oy Already rejected by Pirkko Pöyry", text)
    assert re.search(r"Number 2 Äyräs & Pojat Oy The content has changed since you were asked", text)
    assert "1 request approved Number 3" in text
    assert statuses(*three) == [RequestStatus.REJECTED, RequestStatus.PENDING, RequestStatus.APPROVED]
    assert Decision.objects.count() == 2


def test_what_was_not_read_is_refused(world: World, three: list[Request]) -> None:
    first, second, _third = three
    stale = [f"{first.pk}:{first.run.subject_version + 1}:{first.run.content_hash}", f"{second.pk}:1:{'0' * 64}"]
    before = row_hash()
    answer = client_of(world.pricing).post(PATH, {"request": stale})
    assert (answer.status_code, text_of(answer).count("The content has changed since you were asked")) == (409, 2)
    assert row_hash() == before


def test_the_limit_and_the_kind_hold_whatever_is_posted(world: World, three: list[Request]) -> None:
    both = UserFactory(roles=["pricing", "sales_manager"], team=world.rep.team)
    fits = [asked(world, gates={"probe_first": both.pk}, amount="1") for _number in range(2)]
    large = asked(world, gates={"probe_first": both.pk}, amount="10000.01")
    other = asked(world, gates={"probe_first": both.pk, "probe_second": both.pk}, amount="1")
    answer = approve(client_of(both), large, other, *fits)
    assert (answer.status_code, LIMIT in text_of(answer), OTHER_KIND in text_of(answer)) == (200, True, True)
    assert statuses(large, other, *fits) == [RequestStatus.PENDING] * 2 + [RequestStatus.APPROVED] * 2


def test_nobody_approves_what_is_not_theirs(world: World, three: list[Request]) -> None:
    before = row_hash()
    found = {name: approve(client_of(getattr(world, name)), *three).status_code for name in ("rep", "steward", "manager")}
    assert found == {"rep": 403, "steward": 403, "manager": 404}
    assert row_hash() == before


def test_a_steward_approves_what_is_in_the_queue(world: World) -> None:
    queued = [asked(world, gates={"not_defined": None}) for _number in range(2)]
    assert approve(client_of(world.steward), *queued).status_code == 302
    assert statuses(*queued) == [RequestStatus.APPROVED] * 2


@pytest.mark.parametrize("posted", [[], ["x"], ["1:2"], ["1:x:y"], [f"{10**30}:1:a"], ["\x00"]])
def test_what_makes_no_sense_is_refused(world: World, three: list[Request], posted: list[str]) -> None:
    before = row_hash()
    assert client_of(world.pricing).post(PATH, {"request": posted}).status_code == 422
    assert row_hash() == before


def test_one_is_named_once_and_not_too_many(world: World, three: list[Request], monkeypatch: pytest.MonkeyPatch) -> None:
    assert approve(client_of(world.pricing), three[0], three[0]).status_code == 422
    monkeypatch.setattr("approvals.batching.MOST", 2)
    assert approve(client_of(world.pricing), *three).status_code == 422
    assert client_of(world.pricing).get(PATH, {"pick": [one.pk for one in three]}).status_code == 422
    assert statuses(*three) == [RequestStatus.PENDING] * 3


def test_it_leads_to_no_other_site(world: World, three: list[Request]) -> None:
    answer = approve(client_of(world.pricing), *three, next="//evil.example/")
    assert answer.headers["Location"] == reverse("approval_list")


def test_subjects_are_locked_in_their_order(world: World, three: list[Request], monkeypatch: pytest.MonkeyPatch) -> None:
    locked: list[int] = []
    lock = Probe.lock

    def noted(self: Probe, subject_id: int) -> JobRun:
        locked.append(subject_id)
        return lock(self, subject_id)

    monkeypatch.setattr(Probe, "lock", noted)
    approve(client_of(world.pricing), *reversed(three))
    assert locked == sorted(request.run.subject_id for request in three)


@pytest.mark.parametrize("count", [2, 20])
def test_the_page_costs_the_same_for_few_and_many(world: World, count: int) -> None:
    requests = [asked(world, amount="1") for _number in range(count)]
    client = client_of(world.pricing)
    propose(client, *requests)
    with CaptureQueriesContext(connection) as queries:
        propose(client, *requests)
    assert without_session(queries) == 5  # user, requests, gates, settings, how many wait


# --- Programs ---------------------------------------------------------------------------------------------------------
def body(*requests: Request, **more: Any) -> dict[str, Any]:
    named = [{"id": one.pk, "version": one.run.subject_version, "content_hash": one.run.content_hash} for one in requests]
    return {"requests": named, **more}


def test_a_program_approves_several_and_is_told_of_each(world: World, three: list[Request]) -> None:
    first, second, third = three
    services.request_decide(request_id=second.pk, verdict=Verdict.APPROVE, comment="", by=world.pricing, via=Via.PAGE)
    unknown = {"id": 987654, "version": 1, "content_hash": "0" * 64}
    sent = body(third, second, first, comment="Fine")
    sent["requests"].append(unknown)
    answer = Program(world.pricing).post("approvals/approve/", sent)
    results = answer.json()["results"]
    assert answer.status_code == 200
    assert [(row["id"], row["approved"], row["code"]) for row in results] == [
        (third.pk, True, ""),
        (second.pk, False, "wrong_state"),
        (first.pk, True, ""),
        (987654, False, "not_found"),
    ]
    assert results[1]["detail"].startswith("Already approved by Pirkko Pöyry")
    assert list(Decision.objects.order_by("pk").values_list("via", "comment")) == [("page", ""), ("api", "Fine"), ("api", "Fine")]


def test_a_key_approves_once(world: World, three: list[Request]) -> None:
    pricing = Program(world.pricing)
    first, again = (pricing.post("approvals/approve/", body(*three), Idempotency_Key="k1") for _turn in range(2))
    assert (first.json(), again["Idempotent-Replayed"], Decision.objects.count()) == (again.json(), "true", 3)
    assert [row["approved"] for row in first.json()["results"]] == [True] * 3


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"requests": []},
        {"requests": [{"id": 1}]},
        {"requests": [{"id": 1, "version": 1, "content_hash": "a", "verdict": "reject"}]},
        {"requests": [{"id": 1, "version": 1, "content_hash": "a"}] * 101},
    ],
)
def test_a_body_of_another_shape_is_refused(world: World, sent: dict[str, Any]) -> None:
    answer = Program(world.pricing).post("approvals/approve/", sent)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_reading_rights_do_not_approve(world: World, three: list[Request]) -> None:
    assert Program(world.pricing, scope="read").post("approvals/approve/", body(*three)).status_code == 403
    assert Decision.objects.count() == 0
