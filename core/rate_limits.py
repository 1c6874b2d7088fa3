"""How often somebody may try: counted in the database, so that every process counts the same.

A limit is a bucket that leaks: each attempt pours one drop in, the drops run out evenly, and what would overflow is refused
and pours nothing. So `times` attempts are free at once, further ones come back one by one, and going on against a full
bucket neither gains anything nor makes the wait longer. Taking is one statement, which is what makes it exact: of any number
of attempts at the same instant just as many get through as there is room for. Take outside of transactions: what is rolled
back was not counted.

Who tried is kept as a keyed hash; rows say nothing about anybody and are swept when they have run out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import F
from django.utils.crypto import salted_hmac

from core import clock
from core.errors import TooMany
from core.models import RateBucket
from core.prepared import Prepared


@dataclass(frozen=True)
class Limit:
    """`times` attempts at once, coming back evenly over `seconds`. The name keeps one limit's buckets from another's."""

    name: str
    times: int
    seconds: int

    @property
    def drop(self) -> int:
        """How long one attempt counts, ms."""
        return self.seconds * 1000 // self.times


Attempt = tuple[Limit, str]
"""A limit, and who is counted by it."""

_TABLE = RateBucket._meta.db_table
_POUR = (
    f"INSERT INTO {_TABLE} (key, empty_at) VALUES (%s, %s) ON CONFLICT (key) DO UPDATE "  # noqa: S608 a table's name
    f"SET empty_at = CASE WHEN {_TABLE}.empty_at < %s THEN %s ELSE {_TABLE}.empty_at + %s END "
    f"WHERE {_TABLE}.empty_at <= %s RETURNING key"
)

_empty_at = Prepared(lambda key: RateBucket.objects.filter(key=key).order_by().values_list("empty_at", flat=True))


def take(limit: Limit, who: str) -> bool:
    """Count one attempt; False when there is no room, and then nothing is counted."""
    now, drop = _now(), limit.drop
    room = now + drop * (limit.times - 1)
    with connection.cursor() as cursor:
        cursor.execute(_POUR, [_key(limit, who), now + drop, now, now + drop, drop, room])
        return cursor.fetchone() is not None


def give_back(limit: Limit, who: str) -> None:
    """Take one attempt out of the count again: it was a good one."""
    RateBucket.objects.filter(key=_key(limit, who)).update(empty_at=F("empty_at") - limit.drop)


def wait(limit: Limit, who: str) -> int:
    """Seconds until there is room again, 0 when there is. Counts nothing."""
    empty_at: int | None = _empty_at.first(_key(limit, who))
    missing = 0 if empty_at is None else empty_at - limit.drop * (limit.times - 1) - _now()
    return max(0, math.ceil(missing / 1000))


def require(limit: Limit, who: str) -> None:
    """Count one attempt. Raises: TooMany when there is no room."""
    require_all([(limit, who)])


def require_all(attempts: Sequence[Attempt]) -> None:
    """Count one attempt by every limit, or by none. Raises: TooMany when one of them has no room."""
    for number, (limit, who) in enumerate(attempts):
        if not take(limit, who):
            give_back_all(attempts[:number])
            raise TooMany(retry_after=max(1, wait(limit, who)))


def give_back_all(attempts: Sequence[Attempt]) -> None:
    """Take an attempt that `require_all` counted out of every count."""
    for limit, who in attempts:
        give_back(limit, who)


def require_room(limit: Limit, who: str) -> None:
    """Count nothing. Raises: TooMany when an attempt would find no room."""
    seconds = wait(limit, who)
    if seconds:
        raise TooMany(retry_after=seconds)


def sweep() -> int:
    """Forget buckets that are empty; the number."""
    return RateBucket.objects.filter(empty_at__lt=_now()).delete()[0]


def _now() -> int:
    return int(clock.now().timestamp() * 1000)


def _key(limit: Limit, who: str) -> str:
    return salted_hmac("core.rate_limits", f"{limit.name}|{who}", algorithm="sha256").hexdigest()
