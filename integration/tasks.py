"""Background work of feeds: the runs themselves, what has become of them, what the timetable and the watched folder bring."""

import logging

from celery import shared_task
from django.conf import settings

from core import jobs
from integration.choices import Origin
from integration.errors import Busy
from integration.services import quality, runs, watching

log = logging.getLogger(__name__)

LONG, LONGER = 3 * 3600, 3 * 3600 + 60
"""A million rows over a slow line take their time; what hangs is ended by the limits of the source's client."""


PUT_OFF, MOST_ATTEMPTS = 600, 18
"""Seconds until a timetable tries again that found another run going on, and how often: three hours in all."""


@shared_task(name="integration.work", acks_late=True, reject_on_worker_lost=True, soft_time_limit=LONG, time_limit=LONGER)
def work(*, run_id: int) -> None:
    runs.run_work(run_id)


@shared_task(name="integration.aggregate", soft_time_limit=LONG, time_limit=LONGER)
def aggregate(*, run_id: int) -> int:
    """Help a large run to add up; the number of parts worked out."""
    from integration.services import parts  # brings the library of tables

    return parts.parts_work(run_id)


@shared_task(name="integration.sweep")
def sweep() -> int:
    """Take up what dead workers left; the number of runs."""
    return runs.runs_sweep()


@shared_task(name="integration.watch")
def watch() -> int:
    """Look into the watched folder; the number of files taken."""
    return watching.folder_look()


@shared_task(name="integration.pull")
def pull(*, kind: str, attempt: int = 1) -> int | None:
    """Ask Price Manager, where its address is set; the run. While another run goes on it is put off, None; one that is put off
    for too long stands in the list as failed."""
    if not settings.PRICE_MANAGER_URL:
        return None
    try:
        return runs.run_pull(kind=kind, by=None).pk
    except Busy as refusal:
        if attempt >= MOST_ATTEMPTS:
            return runs.run_fail(kind=kind, origin=Origin.HTTP, name=settings.PRICE_MANAGER_URL, sentence=str(refusal)).pk
        log.warning("%s put off: %s", kind, refusal)
        jobs.enqueue("integration.pull", countdown=PUT_OFF, kind=kind, attempt=attempt + 1)
        return None


@shared_task(name="integration.quality_note")
def quality_note() -> int:
    """Note how good the data are today; the number of figures."""
    return quality.quality_note()
