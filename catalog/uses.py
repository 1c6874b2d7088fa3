"""Where products are used above this app: higher apps register, the clean-up of the catalogue asks."""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, Q, QuerySet
from django.utils.functional import Promise


@dataclass(frozen=True)
class Use:
    """A kind of use.

    `since(day)` answers the uses of the product `OuterRef("pk")` on that day or later; `last(keys)` when each of these products
    was used last, those never used left out: one query.
    """

    key: str
    label: str | Promise
    since: Callable[[dt.date], QuerySet[Any]]
    last: Callable[[Collection[int]], dict[int, dt.date]]


_uses: dict[str, Use] = {}


def register(
    key: str,
    *,
    label: str | Promise,
    since: Callable[[dt.date], QuerySet[Any]],
    last: Callable[[Collection[int]], dict[int, dt.date]],
) -> None:
    """Add a kind of use ("quotes", …)."""
    _uses[key] = Use(key, label, since, last)


def unused_since(day: dt.date) -> Q:
    """The condition of products that nothing has used on that day or later."""
    condition: Q = Q()
    for use in _uses.values():
        condition = condition & Q(~Exists(use.since(day)))
    return condition


def last_used(keys: Collection[int]) -> dict[int, dt.date]:
    """When each of these products was used last, by whatever; those never used are left out."""
    found: dict[int, dt.date] = {}
    for use in _uses.values():
        for key, day in use.last(keys).items():
            found[key] = max(day, found.get(key, day))
    return found


def last_by_kind(key: int) -> list[tuple[str, dt.date]]:
    """Of one product: which uses there are, each with its last day."""
    found = [(str(use.label), use.last([key]).get(key)) for use in _uses.values()]
    return [(label, day) for label, day in found if day is not None]
