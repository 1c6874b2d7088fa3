"""Very many requests at once, past the services."""

import datetime as dt

from approvals.models import Request, Run, RunGate
from approvals.tests.factories import FACTS
from core import clock
from core.db import bulk
from users.models import User


def make_many(count: int, *, approver: User | None, asked_by: User, gate: str = "probe_first") -> None:
    """Open requests of one approver, None for the queue, due at different times. Call it inside a transaction."""
    now = clock.now()
    runs, requests = bulk.new_keys(Run, count), bulk.new_keys(Request, count)
    bulk.copy_rows(
        Run,
        ("id", "subject_type", "subject_id", "subject_version", "content_hash", "requested_by_id", "last_editor_id", "amount",
         "started_at"),
        [(pk, "probe", pk, 1, "0" * 64, asked_by.pk, asked_by.pk, pk, now) for pk in runs],
    )  # fmt: skip
    bulk.copy_rows(
        Request,
        ("id", "run_id", "approver_id", "position", "summary", "is_open", "asked_at", "due_at"),
        [
            (pk, run, approver.pk if approver else None, 10, FACTS, True, now, now + dt.timedelta(minutes=pk * 7919 % count))
            for pk, run in zip(requests, runs, strict=True)
        ],
    )
    bulk.copy_rows(
        RunGate,
        ("run_id", "request_id", "gate", "permission", "position"),
        [(run, pk, gate, "approve.floor", 10) for pk, run in zip(requests, runs, strict=True)],
    )
    bulk.refresh_statistics()
