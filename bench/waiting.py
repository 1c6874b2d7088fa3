"""Very many open requests for approval: the inbox of whoever is asked, and the sweep."""

import datetime as dt
import time
from collections.abc import Iterator

from django.db import transaction

from approvals import services
from approvals.models import Request, Run, RunGate
from bench import data
from bench.compare import Work, compare
from bench.house import House
from bench.report import Result
from core import clock
from core.db import bulk
from core.models import Link
from users.models import User

IN_THE_INBOX, SWEPT, REMINDED = 10_000, 100_000, 5_000
KIND = "quote"


def waiting(house: House) -> Iterator[Result]:
    """Copies of an open request, which are gone afterwards."""
    first = Run.objects.order_by("-pk").values_list("pk", flat=True)[0]
    try:
        _copies(IN_THE_INBOX)
        name = f"inbox, {IN_THE_INBOX:,} open requests"
        yield compare(house, [Work(name, house.approver, lambda client, _number: client.get("/approvals/"))])[name]
        _copies(SWEPT - IN_THE_INBOX)
        yield _sweep()
    finally:
        _forget(first)


def _sweep() -> Result:
    """Once nothing is due, once some are to be reminded; the slower one counts."""
    now, times = clock.now(), []
    for _round in range(2):
        began = time.perf_counter()
        swept = services.sweep()
        times.append(time.perf_counter() - began)
        due = Request.objects.filter(status="pending", is_open=True).order_by("pk")[:REMINDED]
        Request.objects.filter(pk__in=list(due.values_list("pk", flat=True))).update(remind_at=now)
    note = f"nothing due {times[0]:.2f} s; {swept.reminded:,} reminded {times[1]:.2f} s"
    return Result(f"sweep of {SWEPT:,} open requests", value=max(times), note=note)


@transaction.atomic
def _copies(count: int) -> None:
    """Requests for the approver's yes, each about a quote that there is not, with a link each."""
    approver = User.objects.get(username="pricing")
    asked = Request.objects.filter(status="pending", is_open=True, run__subject_type=KIND, approver=approver).order_by("pk")[0]
    gate, by = asked.gates.all()[0], asked.run.requested_by
    now = clock.now()
    due = now + dt.timedelta(days=30)
    runs, requests = bulk.new_keys(Run, count), bulk.new_keys(Request, count)
    head = (KIND, asked.run.subject_version, asked.run.content_hash, by.pk, by.pk, now)
    bulk.copy_rows(
        Run,
        (
            "id",
            "subject_id",
            "subject_type",
            "subject_version",
            "content_hash",
            "requested_by_id",
            "last_editor_id",
            "started_at",
        ),
        ((pk, 10**9 + pk, *head) for pk in runs),
    )
    bulk.copy_rows(
        Request,
        ("id", "run_id", "approver_id", "position", "summary", "is_open", "asked_at", "due_at"),
        (
            (pk, run, approver.pk, 10, asked.summary, True, now, due + dt.timedelta(seconds=pk % 9973))
            for pk, run in zip(requests, runs, strict=True)
        ),
    )
    bulk.copy_rows(
        RunGate,
        ("run_id", "request_id", "gate", "permission", "position", "definition"),
        ((run, pk, gate.gate, gate.permission, 10, gate.definition) for pk, run in zip(requests, runs, strict=True)),
    )
    bulk.copy_rows(
        Link,
        ("purpose", "subject_id", "person_id", "nonce", "token_hash", "created_at", "expires_at"),
        ((Link.Purpose.APPROVAL.value, pk, approver.pk, f"bench{pk}", f"bench{pk}", now, due) for pk in requests),
    )
    bulk.refresh_statistics()


def _forget(first: int) -> None:
    """Nothing of the copies is left, nor of the mails about them."""
    made = Run.objects.filter(pk__gt=first, subject_id__gte=10**9)
    requests = Request.objects.filter(run__in=made)
    Link.objects.filter(nonce__startswith="bench").delete()
    RunGate.objects.filter(request__in=requests).delete()
    requests.delete()
    made.delete()
    data.forget_redis()
