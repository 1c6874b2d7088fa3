"""Working hours: the time between opening and closing on days that are neither weekend nor holiday, by the clock of a place."""

import datetime as dt
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

NOTHING = dt.timedelta(0)
LONGEST_CLOSED = 366
"""Days in a row: what is closed for longer is no calendar."""


class _Hours(NamedTuple):
    country: str = "FI"
    opens: dt.time = dt.time(8)
    closes: dt.time = dt.time(16)
    zone: str = "Europe/Helsinki"


class Calendar(_Hours):
    """When people work: weekends and holidays of `country`, a code of the library `holidays`; hours by the clock of `zone`."""

    __slots__ = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Raises: ValueError for one that would never open."""
        calendar = super().__new__(cls, *args, **kwargs)
        if calendar.opens >= calendar.closes:
            raise ValueError("a calendar opens before it closes")
        return calendar


DEFAULT = Calendar()


def require_country(code: str) -> None:
    """The holidays of this country are known. Raises: ValidationError."""
    if code not in _countries():
        raise ValidationError(_("The holidays of this country are not known."))


def require_zone(name: str) -> None:
    """There is a time zone of this name. Raises: ValidationError."""
    if name not in available_timezones():
        raise ValidationError(_("There is no such time zone."))


def is_working_day(day: dt.date, calendar: Calendar = DEFAULT) -> bool:
    return day not in _days_off(calendar.country, day.year)


def later(start: dt.datetime, hours: float | dt.timedelta, calendar: Calendar = DEFAULT) -> dt.datetime:
    """The instant at which so much working time has gone by since `start`, in UTC. The last hour may end a day."""
    left = max(hours if isinstance(hours, dt.timedelta) else dt.timedelta(hours=hours), NOTHING)
    for begins, ends in _stretches(start, calendar):
        if left <= ends - begins:
            return begins + left
        left -= ends - begins
    raise AssertionError("stretches of work never end")


def between(start: dt.datetime, end: dt.datetime, calendar: Calendar = DEFAULT) -> dt.timedelta:
    """The working time that lies between two instants; none when `end` comes first."""
    gone = NOTHING
    for begins, ends in _stretches(start, calendar):
        if begins >= end:
            break
        gone += min(ends, end.astimezone(dt.UTC)) - begins
    return gone


def _stretches(start: dt.datetime, calendar: Calendar) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """From when to when people work, from `start` on, in UTC. Raises: ValueError when they never do."""
    start, day, closed = start.astimezone(dt.UTC), start.astimezone(ZoneInfo(calendar.zone)).date(), 0
    while closed <= LONGEST_CLOSED:
        opens, closes = _hours_of(day, calendar)
        if opens < closes and is_working_day(day, calendar):
            closed = 0
            if closes >= start:
                yield max(opens, start), closes
        else:
            closed += 1
        day += dt.timedelta(days=1)
    raise ValueError(f"{calendar} never opens")


@lru_cache(maxsize=5_000)
def _hours_of(day: dt.date, calendar: Calendar) -> tuple[dt.datetime, dt.datetime]:
    zone = ZoneInfo(calendar.zone)
    return _first(dt.datetime.combine(day, calendar.opens), zone), _first(dt.datetime.combine(day, calendar.closes), zone)


def _first(local: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The first instant at which the clock of the zone shows `local` or, where it is put past it, more; UTC."""
    early, late = sorted(local.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    if early.astimezone(zone).replace(tzinfo=None) == local:
        return early
    while late - early > dt.timedelta(seconds=1):
        middle = early + dt.timedelta(seconds=(late - early) // dt.timedelta(seconds=2))
        if middle.astimezone(zone).replace(tzinfo=None) < local:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


@lru_cache(maxsize=1_000)
def _days_off(country: str, year: int) -> frozenset[dt.date]:
    """Weekends and holidays of one year, whole at once: the library fills its own years while others are already reading them."""
    import holidays  # brought by the first who counts hours

    known = holidays.country_holidays(country, years=(year - 1, year, year + 1))  # some days off move over the turn of the year
    days = (dt.date(year, 1, 1) + dt.timedelta(days=number) for number in range(366))
    return frozenset(day for day in days if not known.is_working_day(day))


@cache
def _countries() -> frozenset[str]:
    import holidays

    return frozenset(holidays.list_supported_countries(include_aliases=False))
