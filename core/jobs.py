"""Background work by name: after commit, with ids only."""

import atexit
import functools
import logging
import os
import queue
import threading
from typing import Any, NamedTuple

from celery import current_app
from django.db import transaction

from core import clock
from core.models import JobRun

log = logging.getLogger(__name__)

SWEEP = "sweep"
MOST_WAITING = 1000
"""Tasks that may wait for a slow broker; the sweep finds the work of those that do not fit."""
_AT_EXIT_SECONDS = 2.0

Ids = dict[str, int | str | list[int]]


class _Task(NamedTuple):
    name: str
    ids: Ids
    countdown: float | None


def enqueue(task: str, *, countdown: float | None = None, **ids: int | str | list[int]) -> None:
    """Have `task` run after the present transaction commits.

    A broker that is down loses nothing: what must happen is a row, and a sweep finds it. So the failure is logged, not raised.
    """
    transaction.on_commit(functools.partial(hand_over, _Task(task, ids, countdown)), robust=True)


def hand_over(task: _Task) -> None:
    """Give the task to the publisher: nobody waits for the broker, however slow it is."""
    try:
        _publisher().put_nowait(task)
    except queue.Full:
        log.warning("broker too slow, %s waits for the sweep", task.name)


def publish(task: _Task) -> None:
    try:
        current_app.send_task(task.name, kwargs=task.ids, countdown=task.countdown)
    except Exception:  # any transport error: the sweep delivers instead
        log.warning("broker unreachable, %s waits for the sweep", task.name)


@functools.cache
def _publisher() -> "queue.Queue[_Task | None]":
    """The queue of this process, emptied by a thread of its own."""
    waiting: queue.Queue[_Task | None] = queue.Queue(MOST_WAITING)

    def empty() -> None:
        while (task := waiting.get()) is not None:
            publish(task)

    thread = threading.Thread(target=empty, name="publisher", daemon=True)
    thread.start()

    def finish() -> None:
        """At exit: what waits is published, if that does not take long."""
        if os.getpid() == started_in and not waiting.full():
            waiting.put_nowait(None)
            thread.join(_AT_EXIT_SECONDS)

    started_in = os.getpid()
    atexit.register(finish)
    return waiting


os.register_at_fork(after_in_child=_publisher.cache_clear)  # threads stay behind


def note_sweep() -> None:
    """The one row that tells when beat last swept, for `/readyz`."""
    now = clock.now()
    ended: dict[str, Any] = {"status": JobRun.Status.APPLIED, "finished_at": now}
    JobRun.objects.update_or_create(kind=SWEEP, defaults=ended, create_defaults={**ended, "started_at": now})
