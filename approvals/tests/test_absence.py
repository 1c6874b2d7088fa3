"""Who is away, who stands in, and by whose calendar an answer is due."""

import datetime as dt

import pytest
import time_machine

from approvals import routing, services
from approvals.choices import RequestStatus
from approvals.models import Gate, Request, Run
from approvals.registry import Case
from approvals.tests.conftest import World
from approvals.tests.factories import ask, make_rule
from approvals.tests.test_services import decide, topics
from core import clock as house_clock
from core.errors import NotAllowed, NotFound
from core.models import OutboxMessage
from users.models import Absence, User
from users.tests.factories import UserFactory

pytestmark = pytest.mark.req("S0.24")


def away(person: User, substitute: User | None, *, first: int = 0, last: int = 5) -> Absence:
    today, now = house_clock.today(), house_clock.now()
    days = {"starts_on": today + dt.timedelta(days=first), "ends_on": today + dt.timedelta(days=last)}
    return Absence.objects.create(user=person, substitute=substitute, created_at=now, created_by=person, **days)


@pytest.fixture
def colleague(world: World) -> User:
    return UserFactory(display_name="Sini Sijainen", roles=["pricing"], team=world.rep.team)


def asked(run: Run) -> tuple[User | None, User | None]:
    request = run.requests.get()
    return request.approver, request.instead_of


def test_who_stands_in_is_asked_and_the_one_who_is_away_is_not(world: World, colleague: User) -> None:
    away(world.pricing, colleague)
    run = ask(world.probe, by=world.rep, gates={"probe_first": world.pricing.pk})
    assert asked(run) == (colleague, world.pricing)
    assert topics() == [("approval.requested", colleague.pk)]
    with pytest.raises((NotAllowed, NotFound)):
        decide(run.requests.get(), world.pricing)
    decide(run.requests.get(), colleague)
    world.probe.refresh_from_db()
    assert world.probe.phase == "approved"


def test_the_chain_is_followed_to_the_first_who_is_there(world: World, colleague: User) -> None:
    third = UserFactory(roles=["pricing"], team=world.rep.team)
    away(world.pricing, colleague)
    away(colleague, third)
    assert asked(ask(world.probe, by=world.rep, gates={"probe_first": world.pricing.pk})) == (third, world.pricing)


@pytest.mark.parametrize("why", ["no right", "requester", "last editor", "other unit", "nobody", "circle"])
def test_nobody_stands_in_who_may_not_decide_it(world: World, colleague: User, why: str) -> None:
    editor = UserFactory(roles=["pricing"], team=world.rep.team)
    stands_in = {
        "no right": world.success, "requester": world.rep, "last editor": editor, "nobody": None, "circle": colleague,
        "other unit": UserFactory(roles=["pricing"]),
    }[why]  # fmt: skip
    away(world.pricing, stands_in)
    if why == "circle":
        away(colleague, world.pricing)
    run = ask(world.probe, by=world.rep, last_editor=editor, gates={"probe_first": world.pricing.pk})
    assert asked(run) == (world.pricing, None)


def test_somebody_who_is_there_is_preselected(world: World, colleague: User) -> None:
    choice = lambda: routing.choices_for(["probe_first"], "probe", world.probe, world.rep, world.rep.pk, Case())[0]  # noqa: E731
    ask(world.probe, by=world.rep, gates={"probe_first": world.pricing.pk})
    assert routing.preselected(choice().steps[0], world.rep) == world.pricing
    absence = away(world.pricing, None)
    assert routing.preselected(choice().steps[0], world.rep) == colleague
    Absence.objects.filter(pk=absence.pk).update(substitute=colleague)
    assert routing.preselected(choice().steps[0], world.rep) == world.pricing
    assert [(one.person, one.away_until, one.stand_in) for one in choice().steps[0].options()] == [
        (world.pricing, house_clock.today() + dt.timedelta(days=5), colleague),
        (colleague, None, None),
    ]


def test_where_all_are_asked_those_who_are_there_answer_for_the_others(world: World, colleague: User) -> None:
    make_rule("probe_first", ("amount", "ge", "1"), steps=[{"quorum": "all"}])
    away(world.pricing, colleague)
    run = ask(world.probe, by=world.rep, case=Case(unit=world.rep.unit_id, values={"amount": routing.Decimal(5)}))
    request = run.requests.get()
    assert (request.approver, request.gates.get().definition["needed"]) == (colleague, 1)
    decide(request, colleague)
    run.refresh_from_db()
    assert run.status == "approved"


def test_what_waits_goes_to_the_stand_in_when_the_absence_begins_and_keeps_its_deadline(
    world: World, colleague: User, clock: time_machine.Traveller
) -> None:
    away(world.pricing, colleague, first=1)
    run = ask(world.probe, by=world.rep, gates={"probe_first": world.pricing.pk})
    due = run.requests.get().due_at
    OutboxMessage.objects.all().delete()
    assert services.sweep().passed_on == 0
    clock.shift(24 * 3600)
    assert (services.sweep().passed_on, services.sweep().passed_on) == (1, 0)
    request = run.requests.get()
    assert (request.approver, request.instead_of, request.due_at, request.status) == (
        colleague, world.pricing, due, RequestStatus.PENDING,
    )  # fmt: skip
    assert ("approval.requested", colleague.pk) in topics()


def test_what_nobody_may_stand_in_for_stays_and_is_not_looked_at_again_and_again(
    world: World, clock: time_machine.Traveller
) -> None:
    away(world.pricing, world.success)
    run = ask(world.probe, by=world.rep, gates={"probe_first": world.pricing.pk})
    assert services.sweep().passed_on == 0
    assert run.requests.get().approver == world.pricing


# --- By whose calendar ---
def test_an_answer_is_due_by_the_calendar_of_who_is_asked(world: World, clock: time_machine.Traveller) -> None:
    Gate.objects.filter(code="probe_first").update(clock="working", sla_hours=8)
    unit = world.pricing.team.unit
    unit.opens, unit.closes, unit.country = dt.time(10), dt.time(18), "SE"
    unit.save()
    request = ask(world.probe, by=world.rep).requests.get()  # on a Friday at 11 in Helsinki
    assert request.due_at == dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
    queue = Request.objects.get(pk=request.pk)
    queue.approver = None
    assert services.asking.calendar_of(queue).opens == dt.time(8)


@pytest.mark.req("S0.24")
def test_what_is_forgotten_over_a_holiday_weekend_is_reminded_and_passed_on_in_working_hours(
    world: World, colleague: User, clock: time_machine.Traveller
) -> None:
    Gate.objects.filter(code="probe_first").update(clock="working", sla_hours=16, remind_hours=8, escalate_to=colleague)
    clock.move_to(dt.datetime(2026, 12, 4, 14, 0, tzinfo=dt.UTC))  # Friday 16:00, as the week ends; Sunday is a holiday
    request = ask(world.probe, by=world.rep, gates={"probe_first": world.pricing.pk}).requests.get()
    assert (request.remind_at, request.due_at) == (
        dt.datetime(2026, 12, 7, 14, 0, tzinfo=dt.UTC),
        dt.datetime(2026, 12, 8, 14, 0, tzinfo=dt.UTC),
    )
    clock.move_to(dt.datetime(2026, 12, 7, 13, 59, 59, tzinfo=dt.UTC))
    assert services.sweep()[2:] == (0, 0)
    clock.move_to(dt.datetime(2026, 12, 7, 14, 0, tzinfo=dt.UTC))
    assert services.sweep()[2:] == (1, 0)
    clock.move_to(dt.datetime(2026, 12, 8, 14, 0, 1, tzinfo=dt.UTC))
    assert services.sweep()[2:] == (0, 1)
    request.refresh_from_db()
    assert (request.approver, request.due_at) == (colleague, dt.datetime(2026, 12, 10, 14, 0, tzinfo=dt.UTC))
