"""Deadlines over the changes of the clock, in every time zone there is: not a second early or late."""

import datetime as dt
from collections.abc import Iterator
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
import time_machine

from approvals.models import Gate, Request
from approvals.services import asking
from approvals.tests.conftest import World
from approvals.tests.factories import ask
from core import working_time

HOUR, QUARTER = dt.timedelta(hours=1), dt.timedelta(minutes=15)
YEAR = 2026
STEP = dt.timedelta(days=1)
HOURS = (1, 24, 48, 100)
OPENS, CLOSES = dt.time(8), dt.time(16)


@cache
def changes(zone: str) -> list[dt.datetime]:
    """The instants of this year at which the clocks of the zone are changed, to the minute."""
    info, day, end = ZoneInfo(zone), dt.datetime(YEAR, 1, 1, tzinfo=dt.UTC), dt.datetime(YEAR + 1, 1, 1, tzinfo=dt.UTC)
    found = []
    while day < end:
        if _offset(day, info) != _offset(day + STEP, info):
            found.append(_change(day, day + STEP, info))
        day += STEP
    return found


def _change(before: dt.datetime, after: dt.datetime, info: ZoneInfo) -> dt.datetime:
    while after - before > dt.timedelta(minutes=1):
        middle = before + (after - before) / 2
        before, after = (middle, after) if _offset(middle, info) == _offset(before, info) else (before, middle)
    return after.replace(second=0, microsecond=0)


def _offset(instant: dt.datetime, info: ZoneInfo) -> dt.timedelta | None:
    return instant.astimezone(info).utcoffset()


def starts() -> Iterator[tuple[str, dt.datetime]]:
    """Before, at and after each change of each zone; noon of a day in March and October where none is made."""
    for zone in sorted(available_timezones()):
        noons = [dt.datetime(YEAR, month, 28, 12, tzinfo=dt.UTC) for month in (3, 10)]
        for change in changes(zone) or noons:
            for hours in (-47, -1, 0, 3):
                yield zone, change + hours * HOUR


def deadline(start: dt.datetime, clock: str, hours: int) -> dt.datetime:
    request = Request()
    definition = {"clock": clock, "sla_hours": hours, "remind_hours": 0}
    asking.set_deadlines(request, start, [definition])
    assert request.due_at is not None
    return request.due_at


def test_there_are_zones_with_changes() -> None:
    zones = available_timezones()
    assert len(zones) > 500
    assert sum(len(changes(zone)) == 2 for zone in zones) > 100
    assert changes("Europe/Helsinki") == [dt.datetime(YEAR, month, day, 1, tzinfo=dt.UTC) for month, day in ((3, 29), (10, 25))]


@pytest.mark.once
@pytest.mark.req("S0.24")
def test_hours_of_the_calendar_are_exact_in_every_zone() -> None:
    """Whichever zone the instant is written in."""
    for zone, start in starts():
        for hours in HOURS:
            for written in (start, start.astimezone(ZoneInfo(zone))):
                due = deadline(written, "calendar", hours)
                error = (due.astimezone(dt.UTC) - start).total_seconds() - hours * 3600
                assert (error, due.utcoffset()) == (0, dt.timedelta(0)), (zone, start, hours)


@pytest.mark.once
@pytest.mark.req("S0.24")
def test_working_hours_are_exact_in_every_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted quarter by quarter of the day of whoever is asked, whichever zone that is in."""
    for zone, start in starts():
        calendar = working_time.Calendar(zone=zone)
        monkeypatch.setattr(asking, "calendar_of", lambda _request, calendar=calendar: calendar)
        due = deadline(start, "working", 12)
        assert due.utcoffset() == dt.timedelta(0)
        assert worked(start, due, ZoneInfo(zone)) == 12 * HOUR, (zone, start)
        assert worked(due - QUARTER, due, ZoneInfo(zone)) == QUARTER, "and the last quarter was one of work"


def worked(start: dt.datetime, end: dt.datetime, zone: ZoneInfo) -> dt.timedelta:
    """How much of the time between is from 8 to 16 of a working day."""
    found, at = dt.timedelta(0), start
    while at < end:
        local = at.astimezone(zone)
        if OPENS <= local.time() < CLOSES and is_working_day(local.date()):
            found += min(QUARTER, end - at)
        at += QUARTER
    return found


is_working_day = cache(working_time.is_working_day)


@pytest.mark.parametrize("zone", ["Europe/Helsinki", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"])
@pytest.mark.parametrize("change", [0, 1])
def test_what_is_stored_is_that_instant_wherever_the_server_stands(world: World, zone: str, change: int, settings: Any) -> None:
    Gate.objects.filter(code="probe_first").update(clock="calendar", sla_hours=48, remind_hours=24)
    moment = (changes(zone) or [dt.datetime(YEAR, month, 29, tzinfo=dt.UTC) for month in (3, 10)])[change] - 5 * HOUR
    with time_machine.travel(moment.astimezone(ZoneInfo(zone)), tick=False):
        ask(world.probe, by=world.rep)
    stored = Request.objects.values_list("asked_at", "remind_at", "due_at").get()
    assert [(at - moment, at.utcoffset()) for at in stored] == [(hours * HOUR, dt.timedelta(0)) for hours in (0, 24, 48)]
