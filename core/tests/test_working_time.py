"""Working hours, over nights, weekends, holidays and the changes of the clock."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings, strategies as st

from core import working_time
from core.working_time import DEFAULT, Calendar, between, is_working_day, later, require_country, require_zone

pytestmark = pytest.mark.once

HELSINKI = ZoneInfo("Europe/Helsinki")
HOUR = dt.timedelta(hours=1)


def at(text: str, zone: ZoneInfo = HELSINKI) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone)


# --- Exact examples ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-20 09:00", 4, "2026-11-20 13:00"),  # a Friday
        ("2026-11-20 09:00", 7, "2026-11-20 16:00"),
        ("2026-11-20 09:00", 8, "2026-11-23 09:00"),
        ("2026-11-20 17:30", 1, "2026-11-23 09:00"),
        ("2026-11-22 12:00", 8, "2026-11-23 16:00"),
        ("2026-11-20 06:00", 1, "2026-11-20 09:00"),
        ("2026-12-04 15:00", 2, "2026-12-07 09:00"),  # Independence Day is a Sunday
        ("2026-12-23 15:00", 2, "2026-12-28 09:00"),  # Christmas Eve to Boxing Day and a Sunday
        ("2026-04-02 15:00", 9, "2026-04-07 16:00"),  # Good Friday to Easter Monday
        ("2026-06-18 15:30", 1, "2026-06-22 08:30"),  # Midsummer Eve
        ("2026-10-23 12:00", 8, "2026-10-26 12:00"),  # the clock goes back on the 25th
        ("2026-03-27 12:00", 8, "2026-03-30 12:00"),  # and forward on the 29th
    ],
)
def test_hours_go_by_only_while_people_work(start: str, hours: int, end: str) -> None:
    assert later(at(start), hours) == at(end).astimezone(dt.UTC)
    assert between(at(start), at(end)) == hours * HOUR


@pytest.mark.parametrize(
    ("asked", "reminder", "due"),
    [
        ("2026-04-02 10:00", "2026-04-09 10:00", "2026-04-14 10:00"),  # Maundy Thursday: Good Friday to Easter Monday are off
        ("2026-04-02 19:30", "2026-04-09 16:00", "2026-04-14 16:00"),
        ("2026-05-13 14:00", "2026-05-19 14:00", "2026-05-22 14:00"),  # Ascension Day is the Thursday after
        ("2026-06-18 12:00", "2026-06-24 12:00", "2026-06-29 12:00"),  # Thursday: Midsummer Eve is a Friday
        ("2026-12-03 08:00", "2026-12-07 16:00", "2026-12-10 16:00"),  # Independence Day is lost to a Sunday
        ("2025-12-04 15:00", "2025-12-09 15:00", "2025-12-12 15:00"),  # and to a Saturday
        ("2026-12-17 09:00", "2026-12-22 09:00", "2026-12-29 09:00"),  # Thursday before Christmas: 24th to 26th are off
        ("2026-12-30 12:00", "2027-01-05 12:00", "2027-01-11 12:00"),  # New Year's Day and Epiphany
        ("2026-10-22 15:00", "2026-10-27 15:00", "2026-10-30 15:00"),  # Thursday; the clock goes back on Sunday
        ("2026-03-26 15:00", "2026-03-31 15:00", "2026-04-07 15:00"),  # Thursday; forward on Sunday, Easter after that
    ],
)
def test_a_request_before_a_long_weekend_is_due_at_the_right_hour(asked: str, reminder: str, due: str) -> None:
    assert [later(at(asked), hours) for hours in (24, 48)] == [at(reminder), at(due)]


def test_the_days_off_in_finland_beside_weekends() -> None:
    year = (dt.date(2026, 1, 1) + dt.timedelta(days=number) for number in range(365))
    off = [f"{day:%d.%m.}" for day in year if day.weekday() < 5 and not is_working_day(day)]
    assert off == ["01.01.", "06.01.", "03.04.", "06.04.", "01.05.", "14.05.", "19.06.", "24.12.", "25.12."]


def test_another_place_has_its_own_weekend_holidays_hours_and_clock() -> None:
    riyadh = Calendar("SA", dt.time(9), dt.time(17, 30), "Asia/Riyadh")
    zone = ZoneInfo(riyadh.zone)
    friday, sunday = dt.date(2026, 11, 20), dt.date(2026, 11, 22)
    assert [is_working_day(day, riyadh) for day in (friday, sunday)] == [False, True]
    assert [is_working_day(day) for day in (friday, sunday)] == [True, False]
    assert later(at("2026-11-19 16:30", zone), 2, riyadh) == at("2026-11-22 10:00", zone)
    assert later(at("2026-09-22 17:00", zone), 1, riyadh) == at("2026-09-24 09:30", zone)  # National Day


# --- What always holds ------------------------------------------------------------------------------------------------
CALENDARS = [
    DEFAULT,
    Calendar("SE", dt.time(7, 30), dt.time(15, 45), "Europe/Stockholm"),
    Calendar("SA", dt.time(0), dt.time(23, 59, 59), "Africa/Cairo"),
    Calendar("US", dt.time(1, 30), dt.time(2, 30), "America/New_York"),
    Calendar("AU", dt.time(9), dt.time(17), "Australia/Lord_Howe"),
]
instants = st.datetimes(dt.datetime(2025, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC))
calendars = st.sampled_from(CALENDARS)


@given(start=instants, hours=st.integers(0, 200), more=st.integers(0, 200))
def test_hours_add_up_and_end_while_people_work(start: dt.datetime, hours: int, more: int) -> None:
    end = later(start, hours)
    local = end.astimezone(HELSINKI)
    assert end >= start
    assert is_working_day(local.date())
    assert DEFAULT.opens <= local.time() <= DEFAULT.closes
    assert later(end, more) == later(start, hours + more)


@given(start=instants, hours=st.floats(0, 200), calendar=calendars)
def test_between_start_and_end_lies_exactly_what_was_asked(start: dt.datetime, hours: float, calendar: Calendar) -> None:
    assert between(start, later(start, hours, calendar), calendar) == dt.timedelta(hours=hours)


PAUSES = st.lists(
    st.tuples(st.timedeltas(dt.timedelta(0), dt.timedelta(days=9)), st.timedeltas(dt.timedelta(0), dt.timedelta(30)))
)


@given(start=instants, hours=st.floats(0, 200), pauses=PAUSES, calendar=calendars)
def test_pausing_and_resuming_leaves_the_sum_exact(
    start: dt.datetime, hours: float, pauses: list[tuple[dt.timedelta, dt.timedelta]], calendar: Calendar
) -> None:
    left, resumed, worked = dt.timedelta(hours=hours), start, dt.timedelta(0)
    for length, pause in pauses:
        paused = min(resumed + length, later(resumed, left, calendar))
        gone = between(resumed, paused, calendar)
        left, worked, resumed = left - gone, worked + gone, paused + pause
    assert worked + between(resumed, later(resumed, left, calendar), calendar) == dt.timedelta(hours=hours)
    if not pauses:
        assert later(resumed, left, calendar) == later(start, hours, calendar)


@given(first=instants, second=instants, third=instants, calendar=calendars)
@settings(max_examples=30)
def test_stretches_of_time_add_up(first: dt.datetime, second: dt.datetime, third: dt.datetime, calendar: Calendar) -> None:
    first, second, third = sorted([first, second, third])
    assert between(first, second, calendar) + between(second, third, calendar) == between(first, third, calendar)
    assert between(third, first, calendar) == dt.timedelta(0)


def test_nothing_left_is_due_at_once_and_less_than_nothing_too() -> None:
    start = at("2026-11-20 09:00")
    assert [later(start, left) for left in (0, dt.timedelta(0), -3, -5 * HOUR)] == [start] * 4


# --- The changes of the clock -----------------------------------------------------------------------------------------
STEP = dt.timedelta(minutes=15)
NEAR = dt.timedelta(days=2)


def changes_of(zone: ZoneInfo) -> Iterator[dt.datetime]:
    """The instants of 2026 at which the clock is changed, to the step."""
    instant, end = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    while instant < end:
        if instant.astimezone(zone).utcoffset() != (instant + dt.timedelta(days=1)).astimezone(zone).utcoffset():
            steps = (instant + number * STEP for number in range(97))
            yield next(at for at in steps if at.astimezone(zone).utcoffset() != (at - STEP).astimezone(zone).utcoffset())
        instant += dt.timedelta(days=1)


@cache
def days_off(calendar: Calendar, day: dt.date) -> bool:
    return not is_working_day(day, calendar)


def works(instant: dt.datetime, zone: ZoneInfo, calendar: Calendar) -> bool:
    """Whether people work at the instant, by what their clock shows."""
    local = instant.astimezone(zone)
    return calendar.opens <= local.time() < calendar.closes and not days_off(calendar, local.date())


def wrong_near_a_change(change: dt.datetime, calendar: Calendar) -> list[str]:
    """Starts at every hour of the day of the change and the one before, whose deadlines differ from counting steps."""
    zone, wrong = ZoneInfo(calendar.zone), []
    steps = [change - NEAR + number * STEP for number in range(10 * 96)]
    worked = list(itertools.accumulate((works(step, zone, calendar) for step in steps), initial=0))
    midnight = change.astimezone(zone).replace(hour=0, minute=0) - dt.timedelta(days=1)
    for hour, hours in itertools.product(range(48), (1, 10.5)):
        start = (midnight + hour * HOUR).astimezone(dt.UTC)
        due = later(start, hours, calendar)
        counted = STEP * (worked[(due - steps[0]) // STEP] - worked[(start - steps[0]) // STEP])
        if counted != hours * HOUR or between(start, due, calendar) != hours * HOUR or (due - steps[0]) % STEP:
            wrong.append(f"{calendar.zone} {start} + {hours} = {due}: {counted}")
    return wrong


def test_at_every_change_of_every_clock_of_2026_hours_are_exact() -> None:
    """Days from Sunday to Thursday and long hours, so that the changes fall into them."""
    wrong, changes, seen = [], 0, set()
    for name in sorted(available_timezones()):
        instants = tuple(changes_of(ZoneInfo(name)))
        shows = tuple((instant, instant.astimezone(ZoneInfo(name)).utcoffset()) for instant in instants)
        changes += len(instants)
        if shows in seen:  # another name of the same clock
            continue
        seen.add(shows)
        for change in instants:
            wrong += wrong_near_a_change(change, Calendar("SA", dt.time(0), dt.time(16), name))
            wrong += wrong_near_a_change(change, Calendar("FI", zone=name))
    assert (wrong, changes >= 300) == ([], True)


@pytest.mark.parametrize(
    ("calendar", "day", "hours"),
    [
        (Calendar("SA", dt.time(2, 30), dt.time(4), "Europe/Berlin"), "2026-03-29", 1),  # 2:30 is not there: from 3 to 4
        (Calendar("SA", dt.time(2, 30), dt.time(4), "Europe/Berlin"), "2026-10-25", 2.5),  # from the first 2:30, over the second
        (Calendar("SA", dt.time(1), dt.time(2, 30), "Europe/Berlin"), "2026-10-25", 1.5),  # to the first 2:30
        (Calendar("SA", dt.time(2, 15), dt.time(2, 45), "Europe/Berlin"), "2026-03-29", 0),  # not there at all
        (Calendar("EE", dt.time(0), dt.time(23, 59), "America/Scoresbysund"), "2026-10-26", 23 + 59 / 60),
    ],
)
def test_hours_that_the_clock_skips_or_repeats(calendar: Calendar, day: str, hours: float) -> None:
    begins = at(f"{day} 00:00", ZoneInfo(calendar.zone))
    assert between(begins, at(f"{day} 23:59", ZoneInfo(calendar.zone)), calendar) == dt.timedelta(hours=hours)


# --- Calendars that make no sense -------------------------------------------------------------------------------------
@pytest.mark.parametrize("closes", [dt.time(8), dt.time(7, 59), dt.time(0)])
def test_a_calendar_that_never_opens_cannot_be_made(closes: dt.time) -> None:
    with pytest.raises(ValueError, match="opens before it closes"):
        Calendar(closes=closes)


@pytest.mark.parametrize("hours", [0, 1])
def test_nobody_waits_for_ever_for_a_calendar_without_a_working_day(hours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    turned = DEFAULT._replace(opens=dt.time(16), closes=dt.time(8))  # past the check
    with pytest.raises(ValueError, match="never opens"):
        later(at("2026-11-20 09:00"), hours, turned)
    monkeypatch.setattr(working_time, "is_working_day", lambda day, calendar: False)
    for count in (later, lambda start, hours: between(start, start + dt.timedelta(days=9))):
        with pytest.raises(ValueError, match="never opens"):
            count(at("2026-11-20 09:00"), hours)


def knows(require: Callable[[str], None], value: str) -> bool:
    try:
        require(value)
    except ValidationError:
        return False
    return True


def test_countries_and_zones_are_those_of_the_libraries() -> None:
    assert [knows(require_country, code) for code in ("FI", "SE", "fi", "FIN", "XX", "")] == [True, True, *[False] * 4]
    zones = ("Europe/Helsinki", "UTC", "Helsinki", "../etc/passwd", "")
    assert [knows(require_zone, name) for name in zones] == [True, True, *[False] * 3]
