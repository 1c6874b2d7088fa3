"""The transactional outbox: what must leave the house is a row first, and a task delivers it.

`emit` writes the row in the transaction that decided it. After commit a task is nudged; when the broker is down the sweep
(`drain`) finds the row. A claim is a lease, so a worker killed half-way leaves a row that another one takes up. What somebody
waits for is urgent: it goes ahead of everything else, by a queue and a worker of its own.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.functional import Promise

from core import clock, db, jobs, smtp
from core.models import OutboxMessage

log = logging.getLogger(__name__)

Handler = Callable[..., None]
_handlers: dict[str, Handler] = {}
_urgent: set[str] = set()
_titles: dict[str, str | Promise] = {}
Refusal = Callable[[OutboxMessage, Mapping[str, str]], None]
_refusals: dict[str, Refusal] = {}

LEASE = dt.timedelta(minutes=2)
FIRST_RETRY = dt.timedelta(seconds=30)
LONGEST_RETRY = dt.timedelta(hours=1)
GIVE_UP_AFTER = dt.timedelta(hours=24)
BATCH = 50
"""Messages that are claimed at once. Each is delivered, and written down, by itself."""
TASK_SECONDS = 12.0
"""After which a task leaves the rest to the next sweep, so that other work gets its turn."""
_PER_TASK = 100
_LONGEST = 2 * dt.timedelta(seconds=smtp.MAIL_SECONDS)
"""A mail waits for the one before it, and then has its own time."""


class Undeliverable(Exception):
    """Trying again cannot help: the message is given up at once. `replies`: what the mail server said, by refused address."""

    def __init__(self, text: str, replies: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.replies = dict(replies or {})


def handler(topic: str, *, title: str | Promise = "", urgent: bool = False) -> Callable[[Handler], Handler]:
    """Register the function that delivers messages of `topic`; it gets the row and the ids of the payload.

    `title`: what it is, in words; `urgent`: somebody waits for it, so it goes ahead of what is not.
    """

    def register(function: Handler) -> Handler:
        if _handlers.setdefault(topic, function) is not function:
            raise ValueError(f"outbox topic {topic} has two handlers")
        _titles[topic] = title
        if urgent:
            _urgent.add(topic)
        return function

    return register


def refused(topic: str) -> Callable[[Refusal], Refusal]:
    """Register the function that is told which addresses the mail server refused a mail of `topic` for, and what it said."""

    def register(function: Refusal) -> Refusal:
        if _refusals.setdefault(topic, function) is not function:
            raise ValueError(f"two functions are told of refusals of {topic}")
        return function

    return register


def topics() -> frozenset[str]:
    """All topics that can be delivered."""
    return frozenset(_handlers)


def title(topic: str) -> str:
    """What messages of this topic are, in the active language."""
    return str(_titles.get(topic) or topic)


def emit(topic: str, *, delay: dt.timedelta = dt.timedelta(0), **ids: int | str) -> OutboxMessage:
    """Write a message into the present transaction. Nothing secret goes into `ids`."""
    return emit_all(topic, [ids], delay=delay)[0]


def emit_all(
    topic: str, payloads: Sequence[Mapping[str, int | str]], *, delay: dt.timedelta = dt.timedelta(0)
) -> list[OutboxMessage]:
    """Several messages of a topic, each delivered on its own. One statement, a task for each hundred."""
    return emit_each([Letter(topic, ids) for ids in payloads], delay=delay)


class Letter(NamedTuple):
    """What becomes a message."""

    topic: str
    ids: Mapping[str, int | str]


def emit_each(letters: Sequence[Letter], *, delay: dt.timedelta = dt.timedelta(0)) -> list[OutboxMessage]:
    """Messages of several topics: one statement, a task for each hundred."""
    at = clock.now() + delay
    messages = OutboxMessage.objects.bulk_create(
        OutboxMessage(topic=topic, is_urgent=topic in _urgent, payload=dict(ids), available_at=at) for topic, ids in letters
    )
    nudge(messages, countdown=delay.total_seconds() or None)
    return messages


def nudge(messages: Sequence[OutboxMessage], *, countdown: float | None = None) -> None:
    """Have a task deliver them after the present transaction, those that somebody waits for in the queue for these."""
    for some in db.batches([message.pk for message in messages if message.is_urgent], _PER_TASK):
        jobs.enqueue("core.outbox_deliver_urgent", countdown=countdown, message_ids=some)
    for some in db.batches([message.pk for message in messages if not message.is_urgent], _PER_TASK):
        jobs.enqueue("core.outbox_deliver", countdown=countdown, message_ids=some)


def waiting() -> QuerySet[OutboxMessage]:
    """Messages that are due and that nobody is delivering, urgent ones first, then the oldest."""
    now = clock.now()
    return OutboxMessage.objects.filter(
        Q(claimed_until=None) | Q(claimed_until__lt=now), delivered_at=None, dead_at=None, available_at__lte=now
    ).order_by("-is_urgent", "available_at", "id")


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
    return deliver_all([message_id]) == 1


def deliver_all(message_ids: Sequence[int], *, seconds: float | None = None) -> int:
    """Deliver those of the messages that are due and free; the number delivered. As `drain`."""
    return _deliver(Q(pk__in=message_ids), seconds)


def drain(*, urgent_only: bool = False, seconds: float | None = None) -> int:
    """Deliver everything that is due, looking for urgent messages again and again; the number delivered.

    `seconds`: after which nothing else is begun.
    """
    return _deliver(Q(is_urgent=True) if urgent_only else Q(), seconds)


def counts() -> dict[str, int]:
    """How many messages are not delivered yet (`waiting`) and how many were given up (`dead`)."""
    open_messages = OutboxMessage.objects.filter(delivered_at=None)
    return {
        "waiting": open_messages.filter(dead_at=None).count(),
        "dead": open_messages.filter(dead_at__isnull=False).count(),
    }


def _deliver(which: Q, seconds: float | None) -> int:
    ends = None if seconds is None else time.monotonic() + seconds
    delivered = 0
    _bury(which)
    with smtp.one_connection():
        while batch := _claim(which):
            delivered += _deliver_batch(batch, ends)
            if _is_over(ends):
                break
    return delivered


def _deliver_batch(batch: list[OutboxMessage], ends: float | None) -> int:
    """Deliver what was claimed, one after the other; what there is no time left for is given back. While a mail is under way
    the next one is written."""
    delivered, under_way = 0, None
    for place, message in enumerate(batch):
        if place and (_is_over(ends) or _lease_runs_out(message)):
            _give_back(batch[place:])
            break
        begun = _begin(message)
        if under_way is not None:
            delivered += _end(*under_way)
        under_way = message, begun
    return delivered + (_end(*under_way) if under_way is not None else 0)


def _is_over(ends: float | None) -> bool:
    return ends is not None and time.monotonic() >= ends


def _lease_runs_out(message: OutboxMessage) -> bool:
    """Whether the lease could end before the message is delivered."""
    return message.claimed_until is None or message.claimed_until - clock.now() < _LONGEST


def _begin(message: OutboxMessage) -> "list[Future[None]] | Exception":
    """The mails that the handler has sent on their way, or its failure."""
    try:
        _handlers[message.topic](message, **message.payload)
    except Exception as error:  # every failure is the message's, none may stop the others
        smtp.begun()
        return error
    return smtp.begun()


def _end(message: OutboxMessage, begun: "list[Future[None]] | Exception") -> bool:
    """Write down how it ended."""
    try:
        if isinstance(begun, Exception):
            raise begun
        for mail in begun:
            mail.result()
    except Exception as error:
        _failed(message, error)
        return False
    delivered = db.unwaited(OutboxMessage.objects.filter(pk=message.pk))  # forgotten, it is sent once more
    delivered.update(delivered_at=clock.now(), claimed_until=None, last_error="")
    return True


@transaction.atomic
def _claim(which: Q) -> list[OutboxMessage]:
    """The next messages, which are this worker's until the lease ends. Two statements."""
    free = waiting().filter(which).select_for_update(skip_locked=bool(db.skip_locked()))
    batch = list(free[:BATCH])
    lease = clock.now() + LEASE
    OutboxMessage.objects.filter(pk__in=[message.pk for message in batch]).update(claimed_until=lease, attempts=F("attempts") + 1)
    for message in batch:
        message.claimed_until = lease
        message.attempts += 1
    return batch


def _give_back(messages: Sequence[OutboxMessage]) -> None:
    """What was claimed and not begun is free again."""
    held = OutboxMessage.objects.filter(
        pk__in=[message.pk for message in messages], claimed_until=messages[0].claimed_until, delivered_at=None
    )
    held.update(claimed_until=None, attempts=F("attempts") - 1)


def _bury(which: Q) -> None:
    """Give up what is still claimed after a day by workers that died."""
    left = waiting().filter(which, claimed_until__isnull=False).alias(begun=Coalesce("retried_at", "created_at"))
    for message in left.filter(begun__lt=clock.now() - GIVE_UP_AFTER):
        same = OutboxMessage.objects.filter(pk=message.pk, claimed_until=message.claimed_until, delivered_at=None)
        if same.update(dead_at=clock.now(), claimed_until=None, last_error="the workers that tried died"):
            log.error("outbox %s %s given up: its workers died", message.topic, message.pk)


def _is_too_old(message: OutboxMessage) -> bool:
    return clock.now() - (message.retried_at or message.created_at) > GIVE_UP_AFTER


def _failed(message: OutboxMessage, error: Exception) -> None:
    """Write down the failure. A worker that outlived its lease changes nothing: the attempt is another one's by now."""
    now = clock.now()
    log.error("outbox %s %s failed: %s", message.topic, message.pk, type(error).__name__, exc_info=not isinstance(error, OSError))
    changes: dict[str, Any] = {"claimed_until": None, "last_error": f"{type(error).__name__}: {error}"[:2000]}
    if isinstance(error, Undeliverable) or _is_too_old(message):
        changes["dead_at"] = now
    else:
        changes["available_at"] = now + retry_after(message.attempts)
    same = OutboxMessage.objects.filter(pk=message.pk, attempts=message.attempts, delivered_at=None)
    if same.update(**changes) and isinstance(error, Undeliverable) and error.replies:
        _tell_refusal(message, error.replies)


def _tell_refusal(message: OutboxMessage, replies: Mapping[str, str]) -> None:
    """Whoever wants to know learns it; that it fails may not stop the other messages."""
    tell = _refusals.get(message.topic)
    try:
        if tell is not None:
            tell(message, replies)
    except Exception:
        log.exception("what refused outbox %s %s could not be noted", message.topic, message.pk)


def retry_after(attempts: int) -> dt.timedelta:
    """How long to wait after this many attempts: 30 s, doubled each time, an hour at most."""
    return min(FIRST_RETRY * (1 << min(attempts - 1, 16)), LONGEST_RETRY)
