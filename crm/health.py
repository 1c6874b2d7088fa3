"""Whether the parts that this process needs answer."""

import datetime as dt
from typing import Any

from celery import current_app
from django.db import DatabaseError, connection

from core.jobs import SWEEP
from core.models import JobRun, OutboxMessage


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def broker_answers() -> bool:
    """Down is no emergency: mails then wait for the sweep."""
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=1)
    except Exception:  # every transport has its own errors
        return False
    return True


def report() -> dict[str, Any]:
    """What `/readyz` answers; `last_sweep` and `oldest_message` are instants, null when there is none."""
    if not database_answers():
        return {"database": False}
    sweep = JobRun.objects.filter(kind=SWEEP).order_by("-finished_at").values_list("finished_at", flat=True).first()
    waiting = OutboxMessage.objects.filter(delivered_at=None, dead_at=None).order_by("available_at")
    oldest = waiting.values_list("available_at", flat=True).first()
    return {"database": True, "broker": broker_answers(), "last_sweep": _iso(sweep), "oldest_message": _iso(oldest)}


def _iso(instant: dt.datetime | None) -> str | None:
    return instant.isoformat() if instant else None
