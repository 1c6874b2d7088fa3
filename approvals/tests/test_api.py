"""Approvals over HTTP: decided by the same services as on the page."""

from typing import Any

import pytest

from approvals.choices import Via
from approvals.models import Decision, Request, Run
from approvals.tests.conftest import World
from approvals.tests.factories import LINES, Probe, ask, change, make_probe
from core.models import OutboxMessage
from users.tests.factories import TeamFactory, UserFactory
from users.tests.programs import Program

pytestmark = pytest.mark.once("postgresql")

SECOND = {"probe_first": None, "probe_second": None}


@pytest.fixture
def asked(world: World) -> Request:
    return ask(world.probe, by=world.rep, reason="A rival asks less").requests.get()


def ids(program: Program, query: str = "") -> list[int]:
    return [row["id"] for row in program.get(f"approvals/?{query}").json()["results"]]


# --- Reading ----------------------------------------------------------------------------------------------------------
def test_a_request_shows_the_frozen_facts_and_what_a_decision_is_bound_to(world: World, asked: Request) -> None:
    body = Program(world.pricing).get(f"approvals/{asked.pk}/").json()
    assert (body["subject"], body["title"], body["customer"]) == (f"probe:{world.probe.pk}", "Probe P-1", "Äyräs & Pojat Oy")
    assert (body["status"], body["is_open"], body["can_decide"], body["can_recall"]) == ("pending", True, True, False)
    assert (body["version"], body["content_hash"], body["reason"]) == (1, asked.run.content_hash, "A rival asks less")
    assert (body["approver"], body["requested_by"], body["decision"]) == (world.pricing.pk, world.rep.pk, None)
    assert body["gates"] == [{"gate": "probe_first", "label": "Probe first"}]
    assert [step["id"] for step in body["steps"]] == [asked.pk]
    assert [fact["label"] for fact in body["facts"]["facts"]] == ["Net total", "Margin"]
    assert body["facts"]["sentences"] == ["Line 4 is below its floor."]
    line = body["facts"]["lines"][0]
    assert (line["net_price"], line["marks"], line["details"][-1], line["margin"]) == (
        "9.5000", ["Option, chosen"], "Contains:", None,
    )  # fmt: skip


def test_facts_are_in_the_language_of_the_reader(world: World, asked: Request) -> None:
    pricing = Program(world.pricing)
    assert pricing.get(f"approvals/{asked.pk}/", Accept_Language="fi").json()["facts"]["sentences"] == [
        "Rivi 4 alittaa pohjahinnan."
    ]
    row = pricing.get("approvals/", Accept_Language="fi").json()["results"][0]
    assert (row["title"], row["gates"][0]["label"]) == ("Koe P-1", "Portti probe_first")


def test_margins_are_absent_for_those_who_may_not_see_them(world: World) -> None:
    asked = ask(world.probe, by=world.rep, gates={"probe_beside": world.success.pk}).requests.get()
    body = Program(world.success).get(f"approvals/{asked.pk}/").json()
    assert [fact["label"] for fact in body["facts"]["facts"]] == ["Net total"]
    assert [limit["what"] for limit in body["facts"]["limits"]] == ["Floor of line 4"]
    assert "12.3" not in str(body)


def test_the_list_is_narrowed_by_subject_status_and_to_ones_own(world: World, asked: Request) -> None:
    other = ask(make_probe(world.rep.unit_id), by=world.rep).requests.get()
    rep, pricing, steward = Program(world.rep), Program(world.pricing), Program(world.steward)
    assert ids(pricing) == ids(rep) == ids(steward) == [other.pk, asked.pk]
    assert ids(pricing, "ordering=id") == [asked.pk, other.pk]
    assert ids(pricing, f"subject=probe:{world.probe.pk}") == [asked.pk]
    assert ids(pricing, f"subject=probe:{10**17}") == []
    assert (ids(pricing, "status=pending"), ids(pricing, "status=approved")) == ([other.pk, asked.pk], [])
    assert (ids(pricing, "mine=1"), ids(rep, "mine=1"), ids(steward, "mine=1")) == ([other.pk, asked.pk], [], [])
    assert ids(rep, "mine=0") == [other.pk, asked.pk]


def test_the_queue_is_for_every_steward_but_the_one_who_asked(world: World) -> None:
    asking = UserFactory(roles=["sales_rep", "data_steward"], team=TeamFactory())
    queued = ask(make_probe(asking.unit_id), by=asking).requests.get()
    assert queued.approver is None
    assert (ids(Program(world.steward), "mine=1"), ids(Program(asking), "mine=1"), ids(Program(asking))) == (
        [queued.pk],
        [],
        [queued.pk],
    )
    body = Program(world.steward).post(f"approvals/{queued.pk}/approve/").json()
    assert (body["approver"], body["status"]) == (None, "approved")


@pytest.mark.parametrize(
    "query", ["subject=", "subject=none:1", "subject=probe", "subject=probe:x", "status=open", "mine=yes", "tab=done"]
)
def test_a_parameter_that_makes_no_sense_is_refused(world: World, query: str) -> None:
    answer = Program(world.pricing).get(f"approvals/?{query}")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [query.partition("=")[0]])


# --- Deciding ---------------------------------------------------------------------------------------------------------
def test_a_yes_is_recorded_as_given_by_the_api(world: World, asked: Request) -> None:
    seen = {"version": 1, "content_hash": asked.run.content_hash}
    answer = Program(world.pricing).post(f"approvals/{asked.pk}/approve/", {"comment": "Fine", **seen})
    body = answer.json()
    assert (answer.status_code, body["status"], body["run_status"], body["can_decide"]) == (200, "approved", "approved", False)
    assert (body["decision"]["verdict"], body["decision"]["comment"], body["decision"]["via"]) == ("approve", "Fine", "api")
    decision = Decision.objects.get()
    assert (decision.decided_by, decision.via, decision.ip) == (world.pricing, Via.API, "127.0.0.1")
    world.probe.refresh_from_db()
    assert world.probe.phase == "approved"


def test_a_no_says_why(world: World, asked: Request) -> None:
    pricing = Program(world.pricing)
    for body in ({}, {"comment": " "}):
        answer = pricing.post(f"approvals/{asked.pk}/reject/", body)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["comment"])
    assert Decision.objects.count() == 0
    body = pricing.post(f"approvals/{asked.pk}/reject/", {"comment": "Too cheap"}).json()
    assert (body["status"], body["run_status"], body["standing"][:16]) == ("rejected", "rejected", "Already rejected")


def test_a_later_step_waits_for_the_earlier_one(world: World) -> None:
    first, second = ask(world.probe, by=world.rep, gates=SECOND).requests.order_by("position")
    manager = Program(world.manager)
    early = manager.post(f"approvals/{second.pk}/approve/")
    assert (early.status_code, early.json()["detail"]) == (409, "An earlier step is not approved yet.")
    steps = Program(world.pricing).post(f"approvals/{first.pk}/approve/").json()["steps"]
    assert [(step["status"], step["is_open"]) for step in steps] == [("approved", False), ("pending", True)]
    assert manager.post(f"approvals/{second.pk}/approve/").json()["run_status"] == "approved"


def test_a_decision_on_what_was_not_read_is_refused(world: World, asked: Request) -> None:
    pricing = Program(world.pricing)
    for seen in ({"version": 2}, {"content_hash": "0" * 64}):
        answer = pricing.post(f"approvals/{asked.pk}/approve/", seen)
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    change(world.probe, "50 %")
    assert pricing.post(f"approvals/{asked.pk}/approve/").status_code == 409
    assert Decision.objects.count() == 0


def test_a_second_answer_is_a_409(world: World, asked: Request) -> None:
    pricing = Program(world.pricing)
    pricing.post(f"approvals/{asked.pk}/approve/")
    answer = pricing.post(f"approvals/{asked.pk}/reject/", {"comment": "After all"})
    assert (answer.status_code, answer.json()["code"], Decision.objects.get().verdict) == (409, "wrong_state", "approve")


def test_a_key_decides_once(world: World, asked: Request) -> None:
    pricing = Program(world.pricing)
    first, second = (pricing.post(f"approvals/{asked.pk}/approve/", Idempotency_Key="k1") for _turn in range(2))
    assert (first.status_code, second.status_code, first.json()) == (200, 200, second.json())
    assert (second["Idempotent-Replayed"], Decision.objects.count()) == ("true", 1)


def test_who_asked_takes_it_back_and_nobody_else(world: World, asked: Request) -> None:
    refused = Program(world.pricing).post(f"approvals/{asked.pk}/recall/")
    assert (refused.status_code, Run.objects.get().status) == (403, "open")
    rep = Program(world.rep)
    assert rep.get(f"approvals/{asked.pk}/").json()["can_recall"] is True
    body = rep.post(f"approvals/{asked.pk}/recall/").json()
    assert (body["status"], body["run_status"], body["can_recall"]) == ("cancelled", "recalled", False)
    assert rep.post(f"approvals/{asked.pk}/recall/").status_code == 409


# --- Who may ----------------------------------------------------------------------------------------------------------
def test_nobody_answers_what_they_asked_themselves(world: World, asked: Request) -> None:
    for move, body in (("approve", {}), ("reject", {"comment": "x"})):
        for person in (world.rep, world.steward):
            answer = Program(person).post(f"approvals/{asked.pk}/{move}/", body)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert (Decision.objects.count(), OutboxMessage.objects.count()) == (0, 1)


def test_a_request_out_of_sight_is_not_there(world: World, asked: Request) -> None:
    stranger = Program(world.manager)
    assert ids(stranger) == []
    for method, to, body in (
        ("GET", "", None), ("POST", "approve/", {}), ("POST", "reject/", {"comment": "x"}), ("POST", "recall/", {})
    ):  # fmt: skip
        answer = stranger.call(method, f"approvals/{asked.pk}/{to}", body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Decision.objects.count() == 0


@pytest.mark.parametrize("lines", [2, 20])
def test_a_request_costs_the_same_for_few_and_for_many_lines(
    world: World, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch, lines: int
) -> None:
    monkeypatch.setattr(Probe, "lines", lambda *_ignored: LINES * lines)
    asked = ask(world.probe, by=world.rep, gates=SECOND).requests.order_by("pk")[0]
    steward = Program(world.steward)
    steward.get("approvals/")
    with django_assert_num_queries(10):
        steward.get(f"approvals/{asked.pk}/")
