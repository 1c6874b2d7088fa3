"""Asking back, comments, and what a page shows of the round before."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from approvals import selectors, services
from approvals.choices import RequestStatus, RunStatus, Verdict, Via
from approvals.comparing import compared
from approvals.models import Decision, Gate, Remark, Request
from approvals.registry import Case
from approvals.tests.conftest import World
from approvals.tests.factories import ask, change, make_probe, token_for
from approvals.tests.test_links import answer, opened, text_of
from approvals.tests.test_services import decide, row_hash, topics
from core.errors import Invalid, NotAllowed, NotFound, WrongState
from core.models import Link, MailboxMessage, OutboxMessage
from users.models import User
from users.tests.factories import UserFactory

HOUR = 3600


def ask_back(request: Request, by: User, question: str = "Miksi näin halpa?", **more: Any) -> Remark:
    return services.request_ask_back(request_id=request.pk, question=question, by=by, via=Via.PAGE, **more)


@pytest.fixture
def asked(world: World) -> Request:
    return ask(world.probe, by=world.rep).requests.get()


# --- Asking back ---
@pytest.mark.req("S0.24")
def test_asking_back_returns_it_to_the_requester_and_kills_the_links(world: World, asked: Request) -> None:
    OutboxMessage.objects.all().delete()
    remark = ask_back(asked, world.pricing, lines=[4])
    asked.refresh_from_db()
    world.probe.refresh_from_db()
    assert (asked.status, asked.is_open, asked.run.status) == (RequestStatus.RETURNED, False, RunStatus.RETURNED)
    assert (world.probe.phase, remark.lines, remark.by) == ("returned", [4], world.pricing)
    assert Link.objects.filter(revoked_at=None).count() == 0
    assert topics() == [("approval.asked_back", world.rep.pk)]
    assert Decision.objects.count() == 0
    with pytest.raises(WrongState, match="taken back or ended"):
        decide(asked, world.pricing)


@pytest.mark.parametrize(
    ("question", "lines", "field"),
    [("", [], "comment"), ("  \n", [], "comment"), ("x" * 2001, [], "comment"), ("Why?", [99], "lines")],
)
def test_a_question_says_something_about_lines_that_are_there(
    world: World, asked: Request, question: str, lines: list[int], field: str
) -> None:
    before = row_hash()
    with pytest.raises(Invalid) as refusal:
        ask_back(asked, world.pricing, question, lines=lines)
    assert (list(refusal.value.fields), row_hash()) == ([field], before)


@pytest.mark.parametrize("who", ["rep", "manager", "steward"])
def test_only_who_is_asked_asks_back(world: World, asked: Request, who: str) -> None:
    before = row_hash()
    with pytest.raises((NotAllowed, NotFound)):
        ask_back(asked, getattr(world, who))
    assert row_hash() == before


def test_what_has_changed_is_not_asked_back(world: World, asked: Request) -> None:
    change(world.probe, "5 %")
    before = row_hash()
    with pytest.raises(WrongState, match="has changed"):
        ask_back(asked, world.pricing)
    assert row_hash() == before


def test_the_others_are_let_go_and_their_answers_of_before_still_count(world: World) -> None:
    case = Case(unit=world.rep.unit_id, measures={"probe_first": {"m": D(1)}, "probe_second": {"m": D(1)}})
    gates = {"probe_first": None, "probe_second": None, "probe_beside": None}
    run = ask(world.probe, by=world.rep, gates=gates, case=case)
    yes = decide(run.requests.get(approver=world.pricing), world.pricing)
    OutboxMessage.objects.all().delete()
    ask_back(run.requests.get(approver=world.manager), world.manager)
    assert run.requests.get(approver=world.success).status == RequestStatus.CANCELLED
    assert topics() == sorted([("approval.asked_back", world.rep.pk), ("approval.recalled", world.success.pk)])
    change(world.probe, "better")
    again = ask(world.probe, by=world.rep, gates=gates, case=case)
    assert {request.approver for request in again.requests.all()} == {world.manager, world.success}
    assert again.gates.get(request=None).carried_from == yes
    assert again.compared_with == run


def test_asked_again_it_goes_on_with_the_same_person_and_the_time_that_was_left(
    world: World, clock: time_machine.Traveller
) -> None:
    other = UserFactory(roles=["pricing"], team=world.rep.team)
    asked = ask(world.probe, by=world.rep, gates={"probe_first": other.pk}).requests.get()
    clock.shift(10 * HOUR)
    ask_back(asked, other)
    clock.shift(100 * HOUR)
    change(world.probe, "7 %")
    second = ask(world.probe, by=world.rep).requests.get()
    assert (second.approver, second.continues) == (other, asked)
    assert second.asked_at is not None
    assert second.due_at == second.asked_at + dt.timedelta(hours=38)
    assert second.remind_at == second.asked_at + dt.timedelta(hours=14)
    clock.shift(20 * HOUR)
    ask_back(second, other)
    clock.shift(1 * HOUR)
    change(world.probe, "8 %")
    third = ask(world.probe, by=world.rep).requests.get()
    assert third.asked_at is not None
    assert (third.due_at, third.remind_at) == (third.asked_at + dt.timedelta(hours=18), None)
    decide(third, other)
    world.probe.refresh_from_db()
    assert world.probe.phase == "approved"


def test_working_hours_stand_still_too(world: World, clock: time_machine.Traveller) -> None:
    Gate.objects.filter(code="probe_first").update(clock="working", sla_hours=8)
    asked = ask(world.probe, by=world.rep).requests.get()  # on Friday the 20th at 11 in Helsinki
    clock.shift(2 * HOUR)
    ask_back(asked, world.pricing)
    clock.shift(2 * 24 * HOUR + 20 * HOUR)  # Monday at 9
    change(world.probe, "7 %")
    second = ask(world.probe, by=world.rep).requests.get()
    assert second.due_at == dt.datetime(2026, 11, 23, 13, 0, tzinfo=dt.UTC)


def test_somebody_else_begins_anew(world: World, clock: time_machine.Traveller) -> None:
    other = UserFactory(roles=["pricing"], team=world.rep.team)
    asked = ask(world.probe, by=world.rep, gates={"probe_first": world.pricing.pk}).requests.get()
    clock.shift(10 * HOUR)
    ask_back(asked, world.pricing)
    change(world.probe, "7 %")
    second = ask(world.probe, by=world.rep, gates={"probe_first": other.pk}).requests.get()
    assert second.asked_at is not None
    assert (second.continues, second.due_at) == (None, second.asked_at + dt.timedelta(hours=48))


# --- Comments ---
def test_a_comment_changes_nothing_and_is_told_to_everybody_in_the_round(world: World) -> None:
    run = ask(world.probe, by=world.rep, gates={"probe_second": None, "probe_beside": None})
    OutboxMessage.objects.all().delete()
    before = (run.requests.values_list("status", "is_open", "due_at"), Link.objects.filter(revoked_at=None).count())
    services.remark_add(request_id=run.requests.get(approver=world.manager).pk, text=" Hyvä ", by=world.manager, via=Via.PAGE)
    assert (run.requests.values_list("status", "is_open", "due_at"), Link.objects.filter(revoked_at=None).count()) is not before
    assert Remark.objects.get().text == "Hyvä"
    assert topics() == sorted([("approval.commented", world.rep.pk), ("approval.commented", world.success.pk)])
    assert set(run.requests.values_list("status", flat=True)) == {RequestStatus.PENDING}


@pytest.mark.parametrize(("who", "sees"), [("rep", True), ("pricing", True), ("steward", True), ("manager", False)])
def test_whoever_sees_the_request_comments_before_and_after_the_answer(
    world: World, asked: Request, who: str, sees: bool
) -> None:
    for number in (1, 2):
        if sees:
            services.remark_add(request_id=asked.pk, text="sana", by=getattr(world, who), via=Via.PAGE)
            assert Remark.objects.count() == number
        else:
            with pytest.raises(NotFound):
                services.remark_add(request_id=asked.pk, text="sana", by=getattr(world, who), via=Via.PAGE)
        if number == 1:
            decide(asked, world.pricing)


def test_what_was_said_stays_said(world: World, asked: Request) -> None:
    remark = services.remark_add(request_id=asked.pk, text="sana", by=world.rep, via=Via.PAGE)
    with pytest.raises(DatabaseError), transaction.atomic():
        Remark.objects.filter(pk=remark.pk).update(text="toinen")
    with pytest.raises(DatabaseError), transaction.atomic():
        Remark.objects.filter(pk=remark.pk).delete()


# --- Pages, link and API ---
def test_on_the_page_lines_are_marked_and_everybody_reads_the_question(world: World, asked: Request, client: Client) -> None:
    page = reverse("approval_detail", args=[asked.pk])
    client.force_login(world.pricing)
    assert 'type="checkbox" name="lines" value="4"' in client.get(page).content.decode()
    hidden = {"version": 1, "content_hash": asked.run.content_hash}
    empty = client.post(page, {"verdict": "ask_back", "comment": " ", "lines": ["4"], **hidden})
    assert empty.status_code == 422
    assert "Say what you want to know" in text_of(empty)
    assert 'value="4" form="approval-form" checked' in empty.content.decode()
    assert client.post(page, {"verdict": "ask_back", "comment": "Miksi?", "lines": ["4"], **hidden}).status_code == 302
    after = client.get(page)
    assert "Pirkko Pöyry asked back" in text_of(after)
    assert "It is with Riikka Räsänen now and comes again." in text_of(after)
    assert "line 4" in text_of(after)
    assert 'value="approve"' not in after.content.decode()
    change(world.probe, "7 %")
    second = ask(world.probe, by=world.rep).requests.get()
    assert reverse("approval_detail", args=[second.pk]) in client.get(page).content.decode()
    shown = text_of(client.get(reverse("approval_detail", args=[second.pk])))
    assert "Miksi?" in shown


@pytest.mark.parametrize("lines", [["x"], ["99"], ["9" * 40], ["-1"]])
def test_lines_that_make_no_sense_lead_to_a_sentence_or_are_left_out(
    world: World, asked: Request, client: Client, lines: list[str]
) -> None:
    client.force_login(world.pricing)
    body = {"verdict": "ask_back", "comment": "Miksi?", "lines": lines, "version": 1, "content_hash": asked.run.content_hash}
    assert client.post(reverse("approval_detail", args=[asked.pk]), body).status_code == 422
    assert Remark.objects.count() == 0


def test_by_link_one_asks_back_and_comments(world: World, asked: Request, client: Client) -> None:
    page = opened(client, token_for(asked.pk, world.pricing))
    assert answer(client, page, "comment", "Katson huomenna").status_code == 302
    assert "Katson huomenna" in text_of(client.get(page))
    assert answer(client, page, "ask_back", "Miksi?", lines=["4"]).status_code == 302
    after = client.get(page)
    assert "asked back" in text_of(after)
    assert b"<button" not in after.content.split(b"<main")[1].split(b"</main>")[0]
    assert [(remark.via, remark.text) for remark in Remark.objects.order_by("pk")] == [
        (Via.LINK, "Katson huomenna"),
        (Via.LINK, "Miksi?"),
    ]
    before = row_hash()
    assert answer(client, page, "comment", "vielä").status_code == 409
    assert row_hash() == before


def test_mails_say_what_is_meant(
    world: World, asked: Request, outbox_drain: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "EMAIL_BACKEND", "core.mailbox.MailboxBackend")
    services.remark_add(request_id=asked.pk, text="Katson huomenna", by=world.pricing, via=Via.PAGE)
    ask_back(asked, world.pricing, lines=[4])
    outbox_drain()
    question = MailboxMessage.objects.get(subject__startswith="Asked back")
    assert question.recipients == world.rep.email
    assert "Meant is line 4." in " ".join(question.text.split())
    assert "> Miksi näin halpa?" in question.text
    assert f"/probe/{world.probe.pk}/" in question.text
    assert "> Katson huomenna" in MailboxMessage.objects.get(subject__startswith="Comment").text


# --- What differs ---
def test_the_round_before_is_held_against_this_one() -> None:
    line = {"sku": "A", "quantity": "1", "list_price": "9", "net_price": "8", "line_net": "8", "name": "Aa"}
    before = {
        "facts": [{"label": "Net", "value": "100"}, {"label": "Margin", "value": "20 %"}],
        "limits": [{"what": "Line 1", "limit": "9", "actual": "8"}],
        "lines": [line, {**line, "sku": "B"}],
    }
    now = {
        "facts": [{"label": "Net", "value": "90"}, {"label": "Margin", "value": "20 %"}, {"label": "Term", "value": "30"}],
        "limits": [{"what": "Line 1", "limit": "9", "actual": "7"}, {"what": "Line 2", "limit": "5", "actual": "4"}],
        "lines": [{**line, "net_price": "7"}, line, {**line, "sku": "C"}],
    }
    seen = compared(now, before)
    assert [(row["before"], row["is_new"]) for row in seen["facts"]] == [("100", False), ("", False), ("", True)]
    assert [(row["before"], row["is_new"]) for row in seen["limits"]] == [("8", False), ("", True)]
    assert [(one["before"] and one["before"]["net_price"], one["is_new"]) for one in seen["lines"]] == [
        ("8", False),
        (None, True),
        (None, True),
    ]
    assert [one["sku"] for one in seen["gone"]] == ["B"]


def test_a_first_round_is_held_against_nothing(world: World, asked: Request) -> None:
    assert selectors.compared_with(asked) is None
    services.run_recall(subject_type="probe", subject_id=world.probe.pk, by=world.rep)
    assert ask(world.probe, by=world.rep).compared_with is None, "nobody had looked at it"
    other = make_probe(world.rep.unit_id)
    first = ask(other, by=world.rep)
    decide(first.requests.get(), world.pricing, Verdict.REJECT, "ei")
    assert ask(other, by=world.rep).compared_with == first
