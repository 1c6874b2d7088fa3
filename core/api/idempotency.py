"""`Idempotency-Key`: the same request sent twice has one effect and one answer.

A key is claimed before the work begins and answered in the transaction of the work, so that a process killed between the two
leaves neither. The row remembers user, method, path and a hash of the body. Source: docs/adr/0005-http-api.md.
"""

import datetime as dt
import hashlib
import re
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import clock
from core.errors import DomainError, Invalid
from core.models import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEPT_FOR = dt.timedelta(hours=24)
LEASE = dt.timedelta(minutes=2)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class InFlight(DomainError):
    """The first request with this key is still being worked on."""

    code = "in_flight"
    status = 409
    message = _("A request with this key is being worked on. Ask again in a moment.")


class OtherRequest(DomainError):
    """The key was used for something else."""

    code = "idempotency_key_reused"
    status = 422
    message = _("This key was used for another request. Take a new key for a new request.")


class Answer(NamedTuple):
    """What was answered the first time: status, JSON body, and the headers that matter."""

    status: int
    body: Any
    headers: dict[str, str]


class Claim(NamedTuple):
    """A key that is ours to answer (`answer` is None), or that has its answer."""

    row: IdempotencyKey
    answer: Answer | None


def claim(*, user_id: int, key: str, method: str, path: str, body: bytes) -> Claim:
    """The key is held for a lease, or its stored answer is found. Raises: Invalid, InFlight, OtherRequest."""
    if not _KEY.fullmatch(key):
        text = _("A key has 1 to 255 visible ASCII characters.")
        raise Invalid(text, fields={HEADER: text})
    now = clock.now()
    hashed = hashlib.sha256(body).hexdigest()
    wanted = {"method": method, "path": path[:500], "body_hash": hashed}
    row, is_new = IdempotencyKey.objects.get_or_create(
        user_id=user_id, key=key, defaults={**wanted, "claimed_until": now + LEASE, "created_at": now}
    )
    if is_new:
        return Claim(row, None)
    return _known(row, wanted, now)


def _known(row: IdempotencyKey, wanted: dict[str, str], now: dt.datetime) -> Claim:
    expired = row.created_at < now - KEPT_FOR
    if not expired and any(getattr(row, name) != value for name, value in wanted.items()):
        raise OtherRequest
    if row.status is not None and not expired:
        return Claim(row, Answer(row.status, row.body, row.headers))
    if row.claimed_until > now:
        raise InFlight
    changes: dict[str, Any] = {**wanted, "claimed_until": now + LEASE, "status": None, "body": None, "headers": {}}
    if expired:
        changes["created_at"] = now
    free = IdempotencyKey.objects.filter(pk=row.pk, claimed_until=row.claimed_until, created_at=row.created_at)
    if free.update(**changes) != 1:
        raise InFlight
    row.refresh_from_db()
    return Claim(row, None)


def complete(row: IdempotencyKey, answer: Answer) -> None:
    """The answer is kept; call inside the transaction of the work. Raises InFlight when the lease went to somebody else."""
    ours = IdempotencyKey.objects.filter(pk=row.pk, claimed_until=row.claimed_until, status=None)
    if ours.update(status=answer.status, body=answer.body, headers=answer.headers) != 1:
        raise InFlight


def release(row: IdempotencyKey) -> None:
    """The key is free again: nothing came of the work."""
    IdempotencyKey.objects.filter(pk=row.pk, claimed_until=row.claimed_until, status=None).delete()


@transaction.atomic
def forget() -> int:
    """Keys older than a day are gone; the number."""
    return IdempotencyKey.objects.filter(created_at__lt=clock.now() - KEPT_FOR).delete()[0]
