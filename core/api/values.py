"""How values read in the API's answers: exact numbers as strings, days and instants in ISO 8601, instants in UTC."""

import datetime as dt
from decimal import Decimal
from typing import Any

from core import money

Json = dict[str, Any]


def number(value: Decimal | None) -> str | None:
    """The number with the places it has; None stays None."""
    return None if value is None else format(value, "f")


def short(value: Decimal | None) -> str | None:
    """The number without trailing zeros."""
    return None if value is None else money.plain(value)


def day(value: dt.date | None) -> str | None:
    return None if value is None else value.isoformat()


def instant(value: dt.datetime | None) -> str | None:
    return None if value is None else value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
