"""Working hours: from 8 to 16 on days that are neither weekend nor a Finnish holiday, by the seller's clock."""

import datetime as dt
from functools import cache
from typing import Any

from django.utils import timezone

OPENS, CLOSES = dt.time(8), dt.time(16)
COUNTRY = "FI"


@cache
def _holidays() -> Any:
    import holidays  # brought by the first who counts hours

    return holidays.country_holidays(COUNTRY)


def is_working_day(day: dt.date) -> bool:
    return day.weekday() < 5 and day not in _holidays()


def between(start: dt.datetime, end: dt.datetime) -> dt.timedelta:
    """The working time from `start` to `end`."""
    zone = timezone.get_default_timezone()
    passed, day, last = dt.timedelta(0), start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        if is_working_day(day):
            opens, closes = (dt.datetime.combine(day, at, tzinfo=zone).astimezone(dt.UTC) for at in (OPENS, CLOSES))
            passed += max(min(end, closes) - max(start, opens), dt.timedelta(0))
        day += dt.timedelta(days=1)
    return passed


def later(start: dt.datetime, hours: float) -> dt.datetime:
    """The instant at which so many working hours have gone by since `start`, in UTC. The last one may end a day."""
    zone = timezone.get_default_timezone()
    left, day = dt.timedelta(hours=hours), start.astimezone(zone).date()
    while True:
        if is_working_day(day):
            opens, closes = (dt.datetime.combine(day, at, tzinfo=zone).astimezone(dt.UTC) for at in (OPENS, CLOSES))
            begins = max(start.astimezone(dt.UTC), opens)
            if begins + left <= closes and begins <= closes:
                return begins + left
            left -= max(closes - begins, dt.timedelta(0))
        day += dt.timedelta(days=1)
