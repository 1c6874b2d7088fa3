"""Working hours, over nights, weekends, holidays and the changes of the clock."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from core.working_time import CLOSES, OPENS, is_working_day, later

HELSINKI = ZoneInfo("Europe/Helsinki")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=HELSINKI)


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


@given(
    start=st.datetimes(dt.datetime(2025, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC)),
    hours=st.integers(0, 200),
    more=st.integers(0, 200),
)
def test_hours_add_up_and_end_while_people_work(start: dt.datetime, hours: int, more: int) -> None:
    end = later(start, hours)
    local = end.astimezone(HELSINKI)
    assert end >= start
    assert is_working_day(local.date())
    assert OPENS <= local.time() <= CLOSES
    assert later(end, more) == later(start, hours + more)
