"""The inbox and the review page of people who are signed in."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import services, tasks
from approvals.choices import Verdict, Via
from approvals.models import Decision, Gate, Request, Run
from approvals.tests.conftest import World
from approvals.tests.factories import LINES, Probe, ask, make_probe
from approvals.tests.test_links import text_of
from approvals.tests.test_services import row_hash
from core.models import Link
from users.models import User
from users.tests.factories import UserFactory

pytestmark = pytest.mark.once("postgresql")


@pytest.fixture
def asked(world: World) -> Request:
    return ask(world.probe, by=world.rep).requests.get()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(client: Client, request: Request, verdict: str, comment: str = "") -> object:
    hidden = {"version": request.run.subject_version, "content_hash": request.run.content_hash}
    return client.post(reverse("approval_detail", args=[request.pk]), {"verdict": verdict, "comment": comment, **hidden})


def test_the_inbox_sorts_requests_by_what_they_are_to_me(world: World, asked: Request) -> None:
    rep, pricing = signed_in(world.rep), signed_in(world.pricing)
    path = reverse("approval_list")
    assert "Probe P-1" in text_of(pricing.get(path))
    assert "Nothing waits for you" in text_of(rep.get(path))
    assert "Probe P-1" in text_of(rep.get(path, {"tab": "asked"}))
    assert "You have not decided anything yet" in text_of(pricing.get(path, {"tab": "done"}))
    assert post(pricing, asked, "approve").status_code == 302
    assert "Nothing waits for you" in text_of(pricing.get(path))
    assert "Probe P-1" in text_of(pricing.get(path, {"tab": "done"}))


def test_an_unknown_tab_is_the_first_one(world: World, asked: Request) -> None:
    assert "Probe P-1" in text_of(signed_in(world.pricing).get(reverse("approval_list"), {"tab": "x"}))


def test_the_queue_is_in_the_inbox_of_stewards_except_of_the_one_who_asked(world: World) -> None:
    ask(world.probe, by=world.steward, gates={"not_defined": None})
    other = UserFactory(roles=["data_steward"])
    assert "Nothing waits for you" in text_of(signed_in(world.steward).get(reverse("approval_list")))
    assert "Probe P-1" in text_of(signed_in(other).get(reverse("approval_list")))


def test_a_request_is_seen_by_requester_approver_and_stewards_only(world: World, asked: Request) -> None:
    path = reverse("approval_detail", args=[asked.pk])
    people = {"rep": 200, "pricing": 200, "steward": 200, "manager": 404, "success": 404}
    assert {name: signed_in(getattr(world, name)).get(path).status_code for name in people} == people
    anonymous = Client().get(path)
    assert (anonymous.status_code, anonymous.headers["Location"].startswith("/login/")) == (302, True)


@pytest.mark.parametrize("person", ["rep", "steward", "manager"])
def test_nobody_but_the_approver_decides_here(world: World, asked: Request, person: str) -> None:
    client = signed_in(getattr(world, person))
    before = row_hash()
    assert b'value="approve"' not in client.get(reverse("approval_detail", args=[asked.pk])).content
    assert post(client, asked, "approve").status_code == (404 if person == "manager" else 403)
    assert row_hash() == before


def test_an_approver_decides_in_the_page(world: World, asked: Request) -> None:
    client = signed_in(world.pricing)
    assert post(client, asked, "reject").status_code == 422
    assert post(client, asked, "reject", "Liian halpa").status_code == 302
    decision = Decision.objects.get()
    assert (decision.verdict, decision.comment, decision.via) == (Verdict.REJECT, "Liian halpa", Via.PAGE)
    text = text_of(client.get(reverse("approval_detail", args=[asked.pk])))
    assert "Already rejected by Pirkko Pöyry" in text
    assert "Liian halpa" in text
    again = post(client, asked, "approve")
    assert (again.status_code, "Already rejected by" in text_of(again)) == (409, True)


def test_the_requester_takes_back_and_nobody_else(world: World, asked: Request) -> None:
    path = reverse("approval_recall", args=[asked.pk])
    assert b"/recall/" in signed_in(world.rep).get(reverse("approval_detail", args=[asked.pk])).content
    assert b"/recall/" not in signed_in(world.pricing).get(reverse("approval_detail", args=[asked.pk])).content
    before = row_hash()
    assert signed_in(world.rep).get(path).status_code == 405
    assert signed_in(world.manager).post(path).status_code == 404
    assert signed_in(world.pricing).post(path).status_code == 403
    assert row_hash() == before
    response = signed_in(world.rep).post(path)
    assert (response.status_code, response.headers["Location"]) == (302, f"/probe/{world.probe.pk}/")
    assert Run.objects.get().status == "recalled"


def test_taking_back_what_has_ended_is_a_conflict(world: World, asked: Request) -> None:
    services.run_recall(subject_type="probe", subject_id=world.probe.pk, by=world.rep)
    ask(world.probe, by=world.rep)
    before = row_hash()
    assert signed_in(world.rep).post(reverse("approval_recall", args=[asked.pk])).status_code == 409
    assert row_hash() == before


def test_margins_are_kept_from_a_requester_who_may_not_see_them(world: World) -> None:
    support = UserFactory(roles=["sales_support"], team=world.rep.team)
    request = ask(world.probe, by=support).requests.get()
    path = reverse("approval_detail", args=[request.pk])
    assert "17.7%" not in text_of(signed_in(support).get(path))
    assert "17.7%" in text_of(signed_in(world.pricing).get(path))


def without_session(queries: CaptureQueriesContext) -> int:
    """How many there were; the session is left out, it may be in the cache."""
    return sum("django_session" not in query["sql"] for query in queries.captured_queries)


INBOX_QUERIES = {"waiting": 8, "asked": 7, "done": 8}
"""User, rows, their gates, the kinds of the filter, saved views, how many wait (in the menu of approvers too), teams managed."""


@pytest.mark.parametrize("count", [2, 20])
@pytest.mark.parametrize("tab", ["waiting", "asked", "done"])
def test_the_inbox_costs_the_same_for_few_and_many(world: World, tab: str, count: int) -> None:
    for _number in range(count):
        request = ask(make_probe(world.probe.counts["unit"]), by=world.rep).requests.get()
        if tab == "done":
            services.request_decide(request_id=request.pk, verdict=Verdict.APPROVE, comment="", by=world.pricing, via=Via.PAGE)
    client = signed_in(world.rep if tab == "asked" else world.pricing)
    path = reverse("approval_list")
    client.get(path, {"tab": tab})
    with CaptureQueriesContext(connection) as queries:
        response = client.get(path, {"tab": tab})
    assert without_session(queries) == INBOX_QUERIES[tab]
    assert response.content.decode().count("Probe P-1") == count


REVIEW_QUERIES = 10


@pytest.mark.parametrize("lines", [2, 200])
def test_the_review_page_costs_the_same_for_few_and_many_lines(world: World, lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Probe, "lines", lambda *_ignored: LINES * lines)
    request = ask(world.probe, by=world.rep).requests.get()
    client = signed_in(world.pricing)
    client.get(reverse("approval_detail", args=[request.pk]))
    with CaptureQueriesContext(connection) as queries:
        response = client.get(reverse("approval_detail", args=[request.pk]))
    assert without_session(queries) == REVIEW_QUERIES
    assert response.content.decode().count("JUUSTO-1") == lines


# --- The clock, by hand ---
def test_the_sweep_counts_what_is_overdue_and_forgets_old_links(world: World, clock: object) -> None:
    ask(world.probe, by=world.rep)
    assert tasks.sweep() == 0
    clock.shift(48 * 3600 + 1)
    out = StringIO()
    call_command("approvals_sweep", stdout=out)
    assert out.getvalue() == "overdue requests 1, old links removed 0, reminded of 1, passed on 1\n"
    clock.shift(366 * 86400 + 14 * 86400)
    call_command("approvals_sweep", stdout=out)
    assert out.getvalue().splitlines()[1] == "overdue requests 1, old links removed 1, reminded of 0, passed on 0"
    assert Link.objects.count() == 0
    assert Request.objects.get().status == "pending"


# --- The admin ---
def test_gates_are_edited_in_the_admin_and_rounds_only_read(world: World, asked: Request) -> None:
    client = signed_in(world.steward)
    gate = Gate.objects.get(code="probe_first")
    assert client.get(reverse("admin:approvals_gate_change", args=[gate.pk])).status_code == 200
    fields = {
        "code": gate.code,
        "label_en": "Pohja",
        "label_fi": "Pohja",
        "permission": gate.permission,
        "position": 5,
        "sla_hours": 4,
        "remind_hours": 2,
        "clock": "calendar",
        "is_active": "on",
    }
    assert client.post(reverse("admin:approvals_gate_change", args=[gate.pk]), fields).status_code == 302
    gate.refresh_from_db()
    assert (gate.position, gate.sla_hours) == (5, 4)
    services.request_decide(request_id=asked.pk, verdict=Verdict.APPROVE, comment="", by=world.pricing, via=Via.PAGE)
    before = row_hash()
    for record in (asked.run, asked, Decision.objects.get()):
        name = f"admin:approvals_{record._meta.model_name}"
        assert client.get(reverse(f"{name}_changelist")).status_code == 200
        assert client.get(reverse(f"{name}_change", args=[record.pk])).status_code == 200
        assert client.get(reverse(f"{name}_add")).status_code == 403
        assert client.post(reverse(f"{name}_change", args=[record.pk]), {"status": "open"}).status_code == 403
        assert client.post(reverse(f"{name}_delete", args=[record.pk]), {"post": "yes"}).status_code == 403
        marked = {"action": "delete_selected", "_selected_action": [record.pk], "post": "yes"}
        client.post(reverse(f"{name}_changelist"), marked)
    assert row_hash() == before
