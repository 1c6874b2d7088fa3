"""Until when an answer is due, who is reminded, and to whom a request goes that nobody answers."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from pytest_django import Settings

from approvals import services, tasks
from approvals.choices import RequestStatus, Verdict, Via
from approvals.models import Gate, Request
from approvals.tests.conftest import World
from approvals.tests.factories import ask, make_probe
from core import links
from core.models import Event, Link, MailboxMessage, OutboxMessage
from users.models import User
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
HOUR = 3600


def gate(**values: object) -> None:
    Gate.objects.filter(code="probe_first").update(**values)


def of(run: object) -> Request:
    return Request.objects.get(run=run)


def topics() -> list[tuple[str, int]]:
    return sorted((message.topic, message.payload["user_id"]) for message in OutboxMessage.objects.all())


def helsinki(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Helsinki"))


# --- Deadlines ---
@pytest.mark.req("S0.24")
def test_a_request_over_a_holiday_weekend_is_due_at_the_right_working_hour(world: World, clock: time_machine.Traveller) -> None:
    gate(clock="working", sla_hours=10, remind_hours=4)
    clock.move_to(helsinki("2026-12-23 13:00"))
    request = of(ask(world.probe, by=world.rep))
    assert request.remind_at == helsinki("2026-12-28 09:00")
    assert request.due_at == helsinki("2026-12-28 15:00")


def test_hours_of_the_calendar_run_through(world: World, clock: time_machine.Traveller) -> None:
    gate(clock="calendar", sla_hours=10, remind_hours=4)
    clock.move_to(helsinki("2026-12-23 13:00"))
    request = of(ask(world.probe, by=world.rep))
    assert (request.remind_at, request.due_at) == (helsinki("2026-12-23 17:00"), helsinki("2026-12-23 23:00"))


def test_of_several_gates_the_strictest_counts(world: World) -> None:
    both = UserFactory(roles=["pricing", "sales_manager"], team=world.rep.team)
    Gate.objects.filter(code="probe_second").update(sla_hours=4, remind_hours=0)
    request = of(ask(world.probe, by=world.rep, gates={"probe_second": both.pk, "probe_first": both.pk}))
    assert request.asked_at is not None
    assert (request.due_at, request.remind_at) == (request.asked_at + dt.timedelta(hours=4), None)


# --- Reminders ---
@pytest.mark.req("S0.24")
def test_who_does_not_answer_is_reminded_once_with_the_link_that_works(
    world: World, clock: time_machine.Traveller, outbox_drain: Callable[[], int], settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "core.mailbox.MailboxBackend"
    run = ask(world.probe, by=world.rep)
    outbox_drain()
    clock.shift(24 * HOUR - 1)
    assert services.sweep().reminded == 0
    clock.shift(1)
    assert (services.sweep().reminded, services.sweep().reminded) == (1, 0)
    outbox_drain()
    mail = MailboxMessage.objects.get(subject__startswith="Reminder:")
    assert (mail.recipients, links.token_of(Link.objects.get()) in mail.text) == (world.pricing.email, True)
    assert "and have not answered yet" in mail.text
    assert of(run).status == RequestStatus.PENDING


def test_who_has_answered_is_not_reminded(world: World, clock: time_machine.Traveller) -> None:
    run = ask(world.probe, by=world.rep)
    services.request_decide(request_id=of(run).pk, verdict=Verdict.APPROVE, comment="", by=world.pricing, via=Via.PAGE)
    OutboxMessage.objects.all().delete()
    clock.shift(30 * HOUR)
    assert (services.sweep().reminded, topics()) == (0, [])


def test_many_are_reminded_in_a_few_statements(
    world: World, clock: time_machine.Traveller, django_assert_max_num_queries: Any
) -> None:
    for _probe in range(12):
        ask(make_probe(world.rep.unit_id), by=world.rep)
    clock.shift(25 * HOUR)
    with django_assert_max_num_queries(14):
        assert services.requests_remind() == 12
    assert len([topic for topic, _user in topics() if topic == "approval.reminder"]) == 12


# --- Passing on ---
@pytest.fixture
def stand_in(world: World) -> User:
    return UserFactory(display_name="Sini Sijainen", roles=["pricing"], team=world.rep.team)


@pytest.mark.req("S0.24")
def test_what_nobody_answers_in_time_goes_to_whom_the_gate_names(
    world: World, stand_in: User, clock: time_machine.Traveller
) -> None:
    gate(escalate_to=stand_in)
    run = ask(world.probe, by=world.rep)
    OutboxMessage.objects.all().delete()
    clock.shift(48 * HOUR)
    assert services.sweep().passed_on == 0
    clock.shift(1)
    assert (services.sweep().passed_on, services.sweep().passed_on) == (1, 0)
    request = of(run)
    assert request.escalated_at is not None
    assert (request.approver, request.due_at) == (stand_in, request.escalated_at + dt.timedelta(hours=48))
    assert {topic for topic in topics() if topic[0] != "approval.reminder"} == {
        ("approval.passed_on", world.pricing.pk), ("approval.passed_on", world.rep.pk), ("approval.requested", stand_in.pk),
    }  # fmt: skip
    event = Event.objects.get(verb="approval_passed_on")
    assert (event.by, event.data) == (None, {"former": world.pricing.display_name, "to": "Sini Sijainen"})


def test_without_a_name_it_goes_to_the_manager_if_that_one_may_decide(world: World, clock: time_machine.Traveller) -> None:
    boss = UserFactory(roles=["pricing", "sales_manager"], team=world.rep.team)
    world.pricing.team.manager = boss
    world.pricing.team.save()
    run = ask(world.probe, by=world.rep, gates={"probe_first": world.pricing.pk})
    clock.shift(49 * HOUR)
    services.sweep()
    assert of(run).approver == boss


@pytest.mark.parametrize("named", ["the requester", "no right", "nobody"])
def test_nobody_gets_it_who_may_not_decide_and_stewards_are_told(
    world: World, clock: time_machine.Traveller, named: str, outbox_drain: Callable[[], int], settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "core.mailbox.MailboxBackend"
    people = {"the requester": world.rep, "no right": UserFactory(roles=["finance"]), "nobody": None}
    gate(escalate_to=people[named])
    run = ask(world.probe, by=world.rep)
    clock.shift(49 * HOUR)
    assert (services.sweep().passed_on, services.sweep().passed_on) == (1, 0)
    assert of(run).approver == world.pricing
    assert ("approval.passed_on", world.steward.pk) in topics()
    outbox_drain()
    mail = MailboxMessage.objects.get(recipients=world.steward.email)
    assert "nobody else who may decide it is named" in " ".join(mail.text.split())


@pytest.mark.req("S0.24")
def test_what_waits_for_somebody_who_has_left_goes_on_at_once(world: World, stand_in: User) -> None:
    gate(escalate_to=stand_in)
    run = ask(world.probe, by=world.rep, gates={"probe_first": world.pricing.pk})
    User.objects.filter(pk=world.pricing.pk).update(is_active=False)
    assert tasks.sweep() == 0
    assert of(run).approver == stand_in


def test_the_old_link_is_dead_when_it_has_gone_on(world: World, stand_in: User, clock: time_machine.Traveller) -> None:
    gate(escalate_to=stand_in)
    ask(world.probe, by=world.rep)
    clock.shift(49 * HOUR)
    services.sweep()
    assert {link.person: links.is_live(link) for link in Link.objects.all()} == {world.pricing: False, stand_in: True}
