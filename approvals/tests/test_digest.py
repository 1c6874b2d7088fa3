"""One mail a day instead of singles, for whoever chose that: at eight, on working days, once, never with nothing to say."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
import time_machine
from django.core import mail
from django.test import Client

from approvals import services
from approvals.choices import Verdict, Via
from approvals.models import Request
from approvals.services import digest
from approvals.tests.conftest import World
from approvals.tests.factories import ask, make_probe
from core import links
from core.models import Link, OutboxMessage
from users.models import ApprovalMail, User
from users.tests.factories import UserFactory

MONDAY_EIGHT = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
TUESDAY_EIGHT = MONDAY_EIGHT + dt.timedelta(days=1)

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def colleague(world: World) -> User:
    """Somebody else who may decide the first gate."""
    return UserFactory(username="pricing2", roles=["pricing"], team=world.pricing.team, display_name="Kaisa Kollega")


def daily(*people: User) -> None:
    for person in people:
        person.approval_mail = ApprovalMail.DAILY
        person.save(update_fields=["approval_mail"])
    services.digests_send()  # they have been told all until now


def asked(world: World, **more: int) -> Request:
    run = ask(make_probe(world.probe.counts["unit"]), by=world.rep, gates={"probe_first": world.pricing.pk})
    request = run.requests.get()
    if more:
        Request.objects.filter(pk=request.pk).update(due_at=request.asked_at + dt.timedelta(**more))
    return request


def decide(request: Request, by: User, verdict: Verdict = Verdict.APPROVE, comment: str = "") -> None:
    services.request_decide(request_id=request.pk, verdict=verdict, comment=comment, by=by, via=Via.PAGE)


def mails(drain: Callable[[], int]) -> list[tuple[str, str]]:
    """To whom and what, since the last look."""
    drain()
    found = [(message.to[0], message.subject) for message in mail.outbox]
    mail.outbox.clear()
    return found


def test_singles_are_left_out_and_the_morning_has_them_all(
    world: World, clock: time_machine.Traveller, outbox_drain: Callable[[], int], client: Client
) -> None:
    daily(world.pricing)
    first, second = asked(world, hours=96), asked(world, hours=95)
    assert mails(outbox_drain) == []

    clock.move_to(MONDAY_EIGHT)
    assert (services.digests_send(), outbox_drain()) == (1, 1)

    [message] = mail.outbox
    assert (message.to, message.subject) == ([world.pricing.email], "Approvals of the day: 2 wait for you")
    text = message.body
    assert text.count("Probe P-1, Äyräs & Pojat Oy") == 2
    assert "Asked by Riikka Räsänen, please answer by 24 Nov 2026, 10:00." in text
    opened = re.findall(r"http\S+/a/\S+", text)
    assert [client.get(path).status_code for path in opened] == [302, 302]
    held = {links.token_of(link) for link in Link.objects.filter(subject_id__in=[first.pk, second.pk])}
    assert {path.rstrip("/").rpartition("/")[2] for path in opened} == held
    [(html, _kind)] = message.alternatives
    assert all(path in html for path in opened)


def test_there_is_one_a_day_however_often_the_clock_asks(
    world: World, clock: time_machine.Traveller, outbox_drain: Callable[[], int]
) -> None:
    daily(world.pricing)
    asked(world, hours=200)
    clock.move_to(MONDAY_EIGHT - dt.timedelta(seconds=1))
    assert services.digests_send() == 0
    clock.move_to(MONDAY_EIGHT)
    assert [services.digests_send() for _time in range(3)] == [1, 0, 0]
    clock.shift(dt.timedelta(hours=8))
    assert services.digests_send() == 0
    clock.move_to(TUESDAY_EIGHT)
    assert services.digests_send() == 1, "what still waits is told again"
    assert len(mails(outbox_drain)) == 2


@pytest.mark.parametrize("day", ["2026-11-21", "2026-11-22", "2026-12-06", "2026-12-25", "2027-01-06"])
def test_there_is_none_on_a_weekend_or_a_holiday(world: World, clock: time_machine.Traveller, day: str) -> None:
    daily(world.pricing)
    asked(world, hours=2000)
    clock.move_to(dt.datetime.fromisoformat(f"{day}T10:00+02:00"))
    assert (services.digests_send(), OutboxMessage.objects.filter(topic="approval.digest").count()) == (0, 0)


def test_with_nothing_to_say_nothing_is_sent(world: World, clock: time_machine.Traveller) -> None:
    daily(world.pricing, world.rep, world.manager)
    clock.move_to(MONDAY_EIGHT)
    assert (services.digests_send(), OutboxMessage.objects.count()) == (0, 0)


def test_what_was_answered_before_the_mail_went_out_is_not_in_it(
    world: World, clock: time_machine.Traveller, outbox_drain: Callable[[], int]
) -> None:
    daily(world.manager)
    run = ask(world.probe, by=world.rep, gates={"probe_second": world.manager.pk})
    Request.objects.update(due_at=MONDAY_EIGHT + dt.timedelta(days=9))
    clock.move_to(MONDAY_EIGHT)
    assert services.digests_send() == 1
    services.run_recall(subject_type="probe", subject_id=run.subject_id, by=world.rep)
    assert mails(outbox_drain) == []


def test_who_asked_reads_in_the_morning_what_was_decided_and_by_whom(
    world: World, clock: time_machine.Traveller, outbox_drain: Callable[[], int]
) -> None:
    daily(world.rep)
    decide(asked(world), world.pricing)
    decide(asked(world), world.pricing, Verdict.REJECT, "Too cheap")
    assert {to for to, _subject in mails(outbox_drain)} == {world.pricing.email}

    clock.move_to(MONDAY_EIGHT)
    services.digests_send()
    outbox_drain()

    [message] = mail.outbox
    assert message.to == [world.rep.email]
    assert "Pirkko Pöyry approved Probe P-1" in message.body
    assert "Pirkko Pöyry rejected Probe P-1" in message.body
    assert "> Too cheap" in message.body
    mail.outbox.clear()
    clock.move_to(TUESDAY_EIGHT)
    assert services.digests_send() == 0, "all of it was told"


def test_who_decided_reads_it_too(world: World, clock: time_machine.Traveller, outbox_drain: Callable[[], int]) -> None:
    daily(world.pricing)
    decide(asked(world), world.pricing)
    assert {to for to, _subject in mails(outbox_drain)} == {world.rep.email}
    clock.move_to(MONDAY_EIGHT)
    services.digests_send()
    outbox_drain()
    assert "You approved Probe P-1" in mail.outbox[0].body


def test_who_asked_reads_who_is_asked_by_now(
    world: World, colleague: User, clock: time_machine.Traveller, outbox_drain: Callable[[], int]
) -> None:
    daily(world.rep)
    request = asked(world)
    services.request_hand_over(request_id=request.pk, to_id=colleague.pk, by=world.pricing)
    assert world.rep.email not in {to for to, _subject in mails(outbox_drain)}
    clock.move_to(MONDAY_EIGHT)
    assert services.digests_send() == 1
    outbox_drain()
    assert "has handed the approval of Probe P-1 over to" in mail.outbox[0].body


def test_what_is_due_before_the_next_morning_comes_at_once(
    world: World, clock: time_machine.Traveller, outbox_drain: Callable[[], int]
) -> None:
    daily(world.pricing)
    asked(world, hours=4)
    assert [to for to, _subject in mails(outbox_drain)] == [world.pricing.email]


def test_reminders_and_what_was_passed_on_come_at_once(
    world: World, colleague: User, clock: time_machine.Traveller, outbox_drain: Callable[[], int]
) -> None:
    daily(world.pricing, colleague)
    request = asked(world, hours=100)
    mails(outbox_drain)
    clock.move_to(request.remind_at)
    services.requests_remind()
    assert [(to, subject[:8]) for to, subject in mails(outbox_drain)] == [(world.pricing.email, "Reminder")]

    User.objects.filter(pk=world.pricing.pk).update(team=None)
    gate = request.gates.get()
    gate.definition = {**gate.definition, "escalate_to": colleague.pk}
    gate.save(update_fields=["definition"])
    clock.shift(dt.timedelta(days=9))
    assert services.sweep().passed_on == 1
    assert colleague.email in {to for to, _subject in mails(outbox_drain)}


def test_a_link_that_has_run_out_is_replaced(
    world: World, clock: time_machine.Traveller, outbox_drain: Callable[[], int], client: Client
) -> None:
    daily(world.pricing)
    asked(world, days=60)
    clock.move_to(MONDAY_EIGHT + dt.timedelta(days=14))
    assert services.digests_send() == 1
    outbox_drain()
    [path] = re.findall(r"http\S+/a/\S+", mail.outbox[0].body)
    answer = client.get(client.get(path)["Location"])
    assert "Probe P-1" in answer.content.decode()


def test_whoever_changes_to_one_a_day_begins_with_the_next_morning(world: World, clock: time_machine.Traveller) -> None:
    asked(world, days=60)
    clock.move_to(MONDAY_EIGHT + dt.timedelta(hours=6))
    User.objects.filter(pk=world.pricing.pk).update(approval_mail=ApprovalMail.DAILY)
    assert services.digests_send() == 0
    clock.move_to(TUESDAY_EIGHT)
    assert services.digests_send() == 1
    User.objects.filter(pk=world.pricing.pk).update(approval_mail=ApprovalMail.EACH)
    services.digests_send()
    assert User.objects.get(pk=world.pricing.pk).approval_digest_at is None


def test_whoever_has_left_gets_none(world: World, clock: time_machine.Traveller, outbox_drain: Callable[[], int]) -> None:
    daily(world.pricing)
    asked(world, days=60)
    clock.move_to(MONDAY_EIGHT)
    services.digests_send()
    User.objects.filter(pk=world.pricing.pk).update(is_active=False)
    assert mails(outbox_drain) == []
    clock.move_to(TUESDAY_EIGHT)
    assert services.digests_send() == 0


def test_it_is_in_the_language_of_the_reader_and_shows_no_margin(
    world: World, clock: time_machine.Traveller, outbox_drain: Callable[[], int]
) -> None:
    world.rep.language = "fi"
    world.rep.save()
    daily(world.rep)
    decide(asked(world), world.pricing)
    clock.move_to(MONDAY_EIGHT)
    services.digests_send()
    outbox_drain()
    message = next(message for message in mail.outbox if message.to == [world.rep.email])
    assert message.extra_headers["Content-Language"] == "fi"
    assert "Koe P-1" in message.body
    assert "12,3 %" not in message.body


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-20T07:59:59+02:00", "2026-11-20T08:00+02:00"),
        ("2026-11-20T08:00+02:00", "2026-11-23T08:00+02:00"),
        ("2026-12-23T12:00+02:00", "2026-12-28T08:00+02:00"),
        ("2026-03-27T12:00+02:00", "2026-03-30T08:00+03:00"),
        ("2026-10-23T12:00+03:00", "2026-10-26T08:00+02:00"),
    ],
)
def test_the_next_morning_is_that_of_a_working_day_by_the_clock_of_helsinki(now: str, then: str) -> None:
    assert digest.next_at(dt.datetime.fromisoformat(now)) == dt.datetime.fromisoformat(then)


def test_of_two_who_look_at_the_same_time_one_sends(world: World, clock: time_machine.Traveller) -> None:
    daily(world.pricing)
    asked(world, days=60)
    clock.move_to(MONDAY_EIGHT)
    assert [digest._send(world.pricing.pk, MONDAY_EIGHT) for _process in range(2)] == [True, False]
