"""The transactional outbox: what must leave the house is a row first, and a task delivers it.

`emit` writes the row in the transaction that decided it. After commit a task is nudged; when the broker is down the sweep
(`drain`) finds the row. A claim is a lease, so a worker killed half-way leaves a row that another one takes up.
"""

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from core import clock, db, jobs
from core.models import OutboxMessage

log = logging.getLogger(__name__)

Handler = Callable[..., None]
_handlers: dict[str, Handler] = {}

LEASE = dt.timedelta(minutes=2)
FIRST_RETRY = dt.timedelta(seconds=30)
LONGEST_RETRY = dt.timedelta(hours=1)
GIVE_UP_AFTER = dt.timedelta(hours=24)


class Undeliverable(Exception):
    """Trying again cannot help: the message is given up at once."""


def handler(topic: str) -> Callable[[Handler], Handler]:
    """Register the function that delivers messages of `topic`; it gets the row and the ids of the payload."""

    def register(function: Handler) -> Handler:
        if _handlers.setdefault(topic, function) is not function:
            raise ValueError(f"outbox topic {topic} has two handlers")
        return function

    return register


def topics() -> frozenset[str]:
    """All topics that can be delivered."""
    return frozenset(_handlers)


def emit(topic: str, *, delay: dt.timedelta = dt.timedelta(0), **ids: int | str) -> OutboxMessage:
    """Write a message into the present transaction. Nothing secret goes into `ids`."""
    return emit_all(topic, [ids], delay=delay)[0]


def emit_all(
    topic: str, payloads: Sequence[Mapping[str, int | str]], *, delay: dt.timedelta = dt.timedelta(0)
) -> list[OutboxMessage]:
    """Several messages of a topic, each delivered on its own. One statement, one task."""
    at = clock.now() + delay
    messages = OutboxMessage.objects.bulk_create(
        OutboxMessage(topic=topic, payload=dict(ids), available_at=at) for ids in payloads
    )
    if messages:
        jobs.enqueue("core.outbox_deliver", countdown=delay.total_seconds() or None, message_ids=[row.pk for row in messages])
    return messages


def waiting() -> QuerySet[OutboxMessage]:
    """Messages that are due and that nobody is delivering."""
    now = clock.now()
    return OutboxMessage.objects.filter(
        Q(claimed_until=None) | Q(claimed_until__lt=now), delivered_at=None, dead_at=None, available_at__lte=now
    ).order_by("available_at", "id")


def withdraw(message: OutboxMessage) -> bool:
    """Take back a message nobody has claimed yet; False when it is too late. Locks the row.

    Call inside the transaction that depends on it.
    """
    free = (
        OutboxMessage.objects.select_for_update().filter(pk=message.pk, attempts=0, claimed_until=None, delivered_at=None).first()
    )
    if free is None:
        return False
    free.delete()
    return True


def deliver(message_id: int) -> bool:
    """Deliver one message if it is due and free; False when there was nothing to do or it failed (and will be tried again)."""
    message = _claim(message_id)
    if message is None:
        return False
    try:
        _handlers[message.topic](message, **message.payload)
    except Exception as error:  # every failure is the message's, none may stop the others
        _failed(message, error)
        return False
    OutboxMessage.objects.filter(pk=message.pk).update(delivered_at=clock.now(), claimed_until=None, last_error="")
    return True


def drain() -> int:
    """Deliver everything that is due; the number delivered."""
    delivered = 0
    for message_id in list(waiting().values_list("pk", flat=True)[:1000]):
        delivered += deliver(message_id)
    return delivered


def counts() -> dict[str, int]:
    """How many messages are not delivered yet (`waiting`) and how many were given up (`dead`)."""
    open_messages = OutboxMessage.objects.filter(delivered_at=None)
    return {
        "waiting": open_messages.filter(dead_at=None).count(),
        "dead": open_messages.filter(dead_at__isnull=False).count(),
    }


@transaction.atomic
def _claim(message_id: int) -> OutboxMessage | None:
    message = waiting().select_for_update(skip_locked=bool(db.skip_locked())).filter(pk=message_id).first()
    if message is None:
        return None
    if message.claimed_until is not None and _is_too_old(message):
        log.error("outbox %s %s given up: its workers died", message.topic, message.pk)
        message.dead_at, message.claimed_until, message.last_error = clock.now(), None, "the workers that tried died"
        message.save(update_fields=["dead_at", "claimed_until", "last_error"])
        return None
    message.claimed_until = clock.now() + LEASE
    message.attempts += 1
    message.save(update_fields=["claimed_until", "attempts"])
    return message


def _is_too_old(message: OutboxMessage) -> bool:
    return clock.now() - message.created_at > GIVE_UP_AFTER


def _failed(message: OutboxMessage, error: Exception) -> None:
    """Write down the failure. A worker that outlived its lease changes nothing: the attempt is another one's by now."""
    now = clock.now()
    log.error("outbox %s %s failed: %s", message.topic, message.pk, type(error).__name__, exc_info=not isinstance(error, OSError))
    changes: dict[str, Any] = {"claimed_until": None, "last_error": f"{type(error).__name__}: {error}"[:2000]}
    if isinstance(error, Undeliverable) or _is_too_old(message):
        changes["dead_at"] = now
    else:
        changes["available_at"] = now + retry_after(message.attempts)
    OutboxMessage.objects.filter(pk=message.pk, attempts=message.attempts, delivered_at=None).update(**changes)


def retry_after(attempts: int) -> dt.timedelta:
    """How long to wait after this many attempts: 30 s, doubled each time, an hour at most."""
    return min(FIRST_RETRY * (1 << min(attempts - 1, 16)), LONGEST_RETRY)
