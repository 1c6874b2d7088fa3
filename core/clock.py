"""The one clock. Deadlines are UTC instants; days are those of the seller's time zone."""

import calendar
import datetime as dt

from django.utils import timezone


def now() -> dt.datetime:
    """The present instant, aware, UTC."""
    return dt.datetime.now(tz=dt.UTC)


def today() -> dt.date:
    """The day it is in the seller's time zone."""
    return day_of(now())


def day_of(instant: dt.datetime) -> dt.date:
    """The day that an instant falls on in the seller's time zone."""
    return instant.astimezone(timezone.get_default_timezone()).date()


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day of the month so many months later, or the last one of a month that has none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def start_of_day(day: dt.date) -> dt.datetime:
    """Midnight at which `day` begins in the seller's time zone, as a UTC instant."""
    return dt.datetime.combine(day, dt.time(), tzinfo=timezone.get_default_timezone()).astimezone(dt.UTC)


def end_of_day(day: dt.date) -> dt.datetime:
    """The last second of `day` in the seller's time zone, as a UTC instant."""
    local = dt.datetime.combine(day, dt.time(23, 59, 59), tzinfo=timezone.get_default_timezone())
    return local.astimezone(dt.UTC)
