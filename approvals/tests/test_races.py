"""Rivals at the same instant, in threads with connections of their own; and what would happen without the lock.

Every round parks both sides at the same place. With the lock only one can get there, so the barrier breaks after a moment
and the other side goes on when the first has committed; without the lock both pass it together.
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse

from approvals import link_views, policies, selectors, services
from approvals.choices import RequestStatus, RunStatus, Verdict, Via
from approvals.models import Decision, Request, Run
from approvals.services import deciding
from approvals.tests.conftest import World, build_world
from approvals.tests.factories import Probe, ask, make_probe, token_for
from core.errors import WrongState
from core.models import Event, JobRun, OutboxMessage
from core.tests.rivals import at_once
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    return build_world(monkeypatch)


@pytest.fixture
def parked(monkeypatch: pytest.MonkeyPatch) -> threading.Barrier:
    """Both sides meet after everything is read and before anything is written, if the locks let them."""
    barrier = threading.Barrier(2)

    def park() -> None:
        try:
            barrier.wait(timeout=0.3)
        except threading.BrokenBarrierError:
            return

    for module, name in ((policies, "may_decide"), (policies, "may_recall")):
        original = getattr(module, name)

        def parking(*args: Any, original: Callable[..., bool] = original) -> bool:
            answer = original(*args)
            park()
            return answer

        monkeypatch.setattr(module, name, parking)
    return barrier


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same code without row locks and without the conditional update."""

    def requests_of(run_id: int) -> list[Request]:
        return list(Request.objects.filter(run=run_id).select_related("run").order_by("pk"))

    def close(request: Request) -> None:
        request.is_open = False
        request.save(update_fields=["status", "is_open"])

    monkeypatch.setattr(Probe, "lock", lambda self, subject_id: JobRun.objects.get(pk=subject_id))
    monkeypatch.setattr(selectors, "requests_for_update", requests_of)
    monkeypatch.setattr(deciding, "close", close)


def answer(request: Request, by: Any, verdict: Verdict = Verdict.APPROVE) -> Callable[[], Decision]:
    return lambda: services.request_decide(request_id=request.pk, verdict=verdict, comment="näin", by=by, via=Via.PAGE)


def take_back(world: World) -> Callable[[], Run]:
    return lambda: services.run_recall(subject_type="probe", subject_id=world.probe.pk, by=world.rep)


def kinds(results: list[Any]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


@pytest.mark.parametrize("second", Verdict)
@pytest.mark.parametrize("first", Verdict)
def test_of_two_stewards_who_answer_one_request_one_wins(
    world: World, parked: threading.Barrier, first: Verdict, second: Verdict
) -> None:
    other = UserFactory(roles=["data_steward"])
    request = ask(world.probe, by=world.rep, gates={"not_defined": None}).requests.get()
    results = at_once(answer(request, world.steward, first), answer(request, other, second))
    assert kinds(results) == ["Decision", "WrongState"]
    refusal = next(result for result in results if isinstance(result, WrongState))
    assert str(refusal).startswith("Already ")
    assert Decision.objects.count() == 1
    assert OutboxMessage.objects.filter(topic="approval.decided").count() == 2


def test_two_approvers_side_by_side_approve_once(world: World, parked: threading.Barrier) -> None:
    run = ask(world.probe, by=world.rep, gates={"probe_second": None, "probe_beside": None})
    mine, theirs = run.requests.get(approver=world.manager), run.requests.get(approver=world.success)
    assert kinds(at_once(answer(mine, world.manager), answer(theirs, world.success))) == ["Decision", "Decision"]
    run.refresh_from_db()
    world.probe.refresh_from_db()
    assert (run.status, world.probe.phase) == (RunStatus.APPROVED, "approved")
    assert Event.objects.filter(subject_type="jobrun", verb="approved").count() == 1


def test_of_a_yes_and_a_no_side_by_side_the_run_has_one_end(world: World, parked: threading.Barrier) -> None:
    run = ask(world.probe, by=world.rep, gates={"probe_second": None, "probe_beside": None})
    mine, theirs = run.requests.get(approver=world.manager), run.requests.get(approver=world.success)
    results = at_once(answer(mine, world.manager), answer(theirs, world.success, Verdict.REJECT))
    run.refresh_from_db()
    world.probe.refresh_from_db()
    assert (run.status, world.probe.phase) == (RunStatus.REJECTED, "rejected")
    assert isinstance(results[1], Decision)
    assert Decision.objects.count() == sum(isinstance(result, Decision) for result in results)


@pytest.mark.parametrize("verdict", Verdict)
def test_of_an_answer_and_a_recall_one_wins(world: World, parked: threading.Barrier, verdict: Verdict) -> None:
    request = ask(world.probe, by=world.rep).requests.get()
    results = at_once(answer(request, world.pricing, verdict), take_back(world))
    world.probe.refresh_from_db()
    run = Run.objects.get()
    decided = isinstance(results[0], Decision)
    assert isinstance(results[1 if decided else 0], WrongState)
    assert Decision.objects.count() == int(decided)
    word = ("approved" if verdict == Verdict.APPROVE else "rejected") if decided else "recalled"
    assert (run.status, world.probe.phase) == (word, word)
    assert Event.objects.filter(subject_type="jobrun").count() == 1


def test_of_two_requests_for_the_same_subject_one_is_made(world: World) -> None:
    barrier = threading.Barrier(2)

    def submit() -> Run:
        barrier.wait(timeout=5)
        return ask(world.probe, by=world.rep)

    assert kinds(at_once(submit, submit)) == ["Run", "WrongState"]
    assert Request.objects.count() == 1


def test_eight_rivals_over_and_over_leave_one_decision_each(world: World) -> None:
    stewards = [world.steward, *(UserFactory(roles=["data_steward"]) for _number in range(7))]
    for _round in range(15):
        request = ask(make_probe(None), by=world.rep, gates={"not_defined": None}).requests.get()
        results = at_once(*(answer(request, steward) for steward in stewards))
        assert kinds(results) == ["Decision", *["WrongState"] * 7]
    assert Decision.objects.count() == 15
    assert OutboxMessage.objects.filter(topic="approval.decided").count() == 30


@pytest.mark.req("S3.34")
@pytest.mark.parametrize("way", ["page", "link"])
def test_a_double_click_decides_once_and_the_second_page_says_so(world: World, way: str) -> None:
    for number in range(25):
        request = ask(make_probe(world.probe.counts["unit"]), by=world.rep).requests.get()
        client = Client(REMOTE_ADDR=f"10.0.0.{number}")
        if way == "link":
            page = reverse("approval_link_review", args=[request.uuid])
            client.cookies[link_views.COOKIE] = token_for(request.pk, world.pricing)
        else:
            page = reverse("approval_detail", args=[request.pk])
            client.force_login(world.pricing)
        body = {"verdict": "approve", "version": 1, "content_hash": request.run.content_hash}
        first, second = sorted(at_once(*[partial(client.post, page, body)] * 2), key=lambda response: response.status_code)
        assert (first.status_code, second.status_code) == (302, 409)
        assert "Already approved by Pirkko Pöyry" in second.content.decode()
    assert Decision.objects.count() == 25
    assert OutboxMessage.objects.filter(topic="approval.decided").count() == 50


# --- Control: the same rivals without the lock ---
def test_without_the_lock_a_run_that_everybody_approved_is_never_approved(
    world: World, parked: threading.Barrier, unlocked: None
) -> None:
    run = ask(world.probe, by=world.rep, gates={"probe_second": None, "probe_beside": None})
    mine, theirs = run.requests.get(approver=world.manager), run.requests.get(approver=world.success)
    assert kinds(at_once(answer(mine, world.manager), answer(theirs, world.success))) == ["Decision", "Decision"]
    run.refresh_from_db()
    world.probe.refresh_from_db()
    assert set(run.requests.values_list("status", flat=True)) == {RequestStatus.APPROVED}
    assert (run.status, world.probe.phase) == (RunStatus.OPEN, "in_review")


def test_without_the_lock_two_stewards_both_get_through_to_the_last_line_of_defence(
    world: World, parked: threading.Barrier, unlocked: None
) -> None:
    other = UserFactory(roles=["data_steward"])
    request = ask(world.probe, by=world.rep, gates={"not_defined": None}).requests.get()
    results = at_once(answer(request, world.steward), answer(request, other))
    assert kinds(results) == ["Decision", "IntegrityError"], "only the one-to-one row stops the second, as an error"


def test_without_the_lock_an_answer_and_a_recall_collide_in_the_database(
    world: World, parked: threading.Barrier, unlocked: None
) -> None:
    request = ask(world.probe, by=world.rep).requests.get()
    results = at_once(answer(request, world.pricing), take_back(world))
    assert any(isinstance(result, DatabaseError) for result in results), "a deadlock or a trigger, but no sentence"
