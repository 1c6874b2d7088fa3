"""Background work by name: after commit, with ids only."""

import functools
import logging
from typing import Any

from celery import current_app
from django.db import transaction

from core import clock
from core.models import JobRun

log = logging.getLogger(__name__)

SWEEP = "sweep"


def enqueue(task: str, *, countdown: float | None = None, **ids: int | str | list[int]) -> None:
    """Have `task` run after the present transaction commits.

    A broker that is down loses nothing: what must happen is a row, and a sweep finds it. So the failure is logged, not raised.
    """
    transaction.on_commit(functools.partial(_publish, task, ids, countdown), robust=True)


def _publish(task: str, ids: dict[str, Any], countdown: float | None) -> None:
    try:
        current_app.send_task(task, kwargs=ids, countdown=countdown)
    except Exception:  # any transport error: the sweep delivers instead
        log.warning("broker unreachable, %s waits for the sweep", task)


def note_sweep() -> None:
    """The one row that tells when beat last swept, for `/readyz`."""
    now = clock.now()
    ended: dict[str, Any] = {"status": JobRun.Status.APPLIED, "finished_at": now}
    JobRun.objects.update_or_create(kind=SWEEP, defaults=ended, create_defaults={**ended, "started_at": now})
