"""Whoever works on a run is killed at some moment of it, and the tables end as if nothing had been. Needs processes to kill.

`KILLED_RUNS=25` and `KILLED_ROWS=50000` make it a long test; with `KILLED_CELERY=4` a real worker with Redis is killed as well.
"""

import contextlib
import datetime as dt
import hashlib
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection
from pytest_django import Settings

from accounts.models import Account, MasterConflict, MasterRecord, Site
from core import jobs
from core.models import Event, JobRun
from integration.choices import Origin
from integration.models import CUSTOMER_SYNC, StagedPart
from integration.price_manager_server import Master
from integration.services import parts, runs
from integration.tests.factories import file_of
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

KILLS = int(os.environ.get("KILLED_RUNS", "4"))
ROWS = int(os.environ.get("KILLED_ROWS", "3000"))
CELERY_KILLS = int(os.environ.get("KILLED_CELERY", "0"))
PATIENCE = 60 + ROWS / 500
SHORT = dt.timedelta(seconds=1)
"""In place of the minute after which a worker is taken for dead."""
Status = JobRun.Status

WORKER = """
import datetime, os, sys
import django
django.setup()
from django.conf import settings
from django.db import connections
from core import jobs
from integration.services import runs
jobs.hand_over = lambda task: None
settings.SYNC_ROWS_PER_PART = int(sys.argv[1])
runs.LEASE = datetime.timedelta(seconds=float(sys.argv[2]))
print("ready", flush=True)
while line := sys.stdin.readline().split():
    connections.close_all()
    child = os.fork()
    if not child:
        from integration.services import parts
        parts.LEASE = runs.LEASE
        what, run = line
        if what == "hold":
            while not (part := parts._claimed(int(run))):
                pass
            print("holds", part.number, flush=True)
            sys.stdin.readline()
        print("done", (runs.run_work if what == "work" else parts.parts_work)(int(run)), flush=True)
        connections.close_all()
        os._exit(0)
    print("child", child, flush=True)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""


class Worker:
    """A process that has each task done by a child of its own, as the pool of a worker does."""

    def __init__(self, rows_per_part: int = 10**6) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(rows_per_part), str(SHORT.total_seconds())],
            cwd=settings.BASE_DIR,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.child = 0

    def wait_for(self, word: str) -> str:
        patience = threading.Timer(PATIENCE, self.process.kill)
        patience.start()
        try:
            for line in self.process.stdout:
                if line.startswith(word):
                    return line
        finally:
            patience.cancel()
        raise AssertionError(f"the worker never said {word}")

    def begin(self, what: str, run_id: int) -> None:
        self.process.stdin.write(f"{what} {run_id}\n")
        self.process.stdin.flush()
        self.child = int(self.wait_for("child").split()[1])

    def kill(self, *, group: bool) -> None:
        if group:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        else:
            with contextlib.suppress(ProcessLookupError):  # it was quicker
                os.kill(self.child, signal.SIGKILL)
            self.wait_for("ended")

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


def environment() -> dict[str, str]:
    """That of a process which works on the database of the tests."""
    it = connection.settings_dict
    url = f"postgres://{it['USER']}:{it['PASSWORD']}@{it['HOST'] or 'localhost'}:{it['PORT'] or 5432}/{it['NAME']}"
    return os.environ | {"DATABASE_URL": url, "DEMO": "1", "DJANGO_SETTINGS_MODULE": "crm.settings", "PYTHONWARNINGS": "ignore"}


@contextlib.contextmanager
def working(number: int = 1, rows_per_part: int = 10**6) -> Iterator[list[Worker]]:
    workers = [Worker(rows_per_part) for _one in range(number)]
    try:
        for worker in workers:
            worker.wait_for("ready")
        yield workers
    finally:
        for worker in workers:
            worker.stop()


@pytest.fixture(autouse=True)
def _salespeople(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "hand_over", lambda task: None)
    monkeypatch.setattr(runs, "LEASE", SHORT)
    for number in range(40):
        UserFactory(roles=["sales_rep"], salesperson_id=f"S{number:03d}")


# --- Two masters, one after the other ----------------------------------------------------------------------------------------
@cache
def content(which: str) -> bytes:
    """The second one has other figures and owners, moves some sites, and is without the flag for some customers."""
    master = Master(ROWS, ROWS // 5, seed=1 if which == "first" else 2)
    rows = [master.row(number) for number in range(ROWS)]
    if which == "second":
        for number, row in enumerate(rows):
            if number % (ROWS // 5) < 8:
                row["CPQ_Flag"] = "N"
            if number % 501 == 77:
                row["ASO_ID_2"], row["ASO_Name_2"] = rows[100]["ASO_ID_2"], rows[100]["ASO_Name_2"]
    return file_of(rows)


def start(which: str) -> JobRun:
    return runs.run_start(kind=CUSTOMER_SYNC, origin=Origin.UPLOAD, by=None, content=content(which), name=f"{which}.csv")


def state() -> str:
    """All that the master decides, without keys, times and runs."""
    look_ups = [f"{name}__code" for name in ("tma1", "tma2", "industry", "business_size", "classification", "channel", "region")]
    owner = ("parent_customer_id", "owner__salesperson_id", "unit__code", "status", "match_key", *look_ups)
    plain = (
        "name",
        "business_id",
        "vat_number",
        "sap_codes",
        "street",
        "postcode",
        "city",
        "country",
        "yearly_revenue",
        "yearly_volume",
    )
    site = (
        "child_id", "account__parent_customer_id", "name", "sap_code", "street", "postcode", "city", "country", "revenue",
        "volume", "row", "row_hash", "missed", "is_active",
    )  # fmt: skip
    tables = [
        Account.objects.order_by("parent_customer_id").values_list(*owner, *plain),
        Site.objects.order_by("child_id").values_list(*site),
        MasterRecord.objects.order_by("account__parent_customer_id").values_list(
            "account__parent_customer_id", "values", "switched_off"
        ),
        MasterConflict.objects.filter(resolved_at=None)
        .order_by("account__parent_customer_id", "field")
        .values_list("account__parent_customer_id", "field", "kind", "candidates"),
    ]
    digest = hashlib.sha256()
    for table in tables:
        for row in table.iterator(chunk_size=5000):
            digest.update(repr([sorted(cell.items()) if isinstance(cell, dict) else cell for cell in row]).encode())
    return digest.hexdigest()


def told(run: JobRun) -> Counter[str]:
    """How many accounts tell of what; one tells nothing twice."""
    events = Counter(Event.objects.filter(data__run=run.pk, subject_type="account").values_list("subject_id", "verb"))
    assert set(events.values()) <= {1}
    changes: Counter[int] = Counter(
        Account.history.filter(history_change_reason=f"customer_sync {run.pk}").values_list("id", flat=True)
    )
    assert set(changes.values()) <= {1}
    return Counter(verb for _account, verb in events)


def clear() -> None:
    """As before the first run."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_account, accounts_site, accounts_masterrecord, core_event, core_jobrun CASCADE")
    runs._told.clear()


def seen(run: JobRun) -> JobRun:
    return JobRun.objects.get(pk=run.pk)


def do(worker: Worker, run: JobRun) -> float:
    began = time.monotonic()
    worker.begin("work", run.pk)
    worker.wait_for("ended")
    assert seen(run).status == Status.APPLIED, seen(run).error
    return time.monotonic() - began


@pytest.fixture
def undisturbed() -> dict[str, tuple[str, Counter[str], float]]:
    """Per master: how the tables stand, what accounts tell, how long it took; and the first one is applied again."""
    found = {}
    with working() as (worker,):
        for which in ("first", "second"):
            seconds = do(worker, run := start(which))
            found[which] = (state(), told(run), seconds)
    assert found["second"][1]["master_deactivated"] == 8
    clear()
    return found


def recover(run: JobRun, work: Callable[[int], Any]) -> float:
    """Seconds until the run is done after all, with the sweep that comes by."""
    began = time.monotonic()
    while seen(run).status == Status.RUNNING:
        assert time.monotonic() - began < PATIENCE, (seen(run).phase, seen(run).counts)
        if runs.runs_sweep():
            work(run.pk)
        time.sleep(0.05)
    return time.monotonic() - began


def tell(capsys: pytest.CaptureFixture[str], what: str, seconds: list[float], more: object = "") -> None:
    """The figures, for whoever asked for the long test."""
    if "KILLED_RUNS" in os.environ:
        with capsys.disabled():
            sys.stdout.write(f"\n{what}: {statistics.median(seconds):.1f} s p50, {max(seconds):.1f} s max until done {more}\n")


# --- Killed ------------------------------------------------------------------------------------------------------------------
@pytest.mark.req("S0.34")
@pytest.mark.parametrize("group", [False, True], ids=["the child", "the whole group"])
def test_killed_at_any_moment_it_ends_as_if_nothing_had_been(
    group: bool, undisturbed: dict[str, tuple[str, Counter[str], float]], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(f"killed {group}")
    kills = [chance.uniform(at, at + 1) / KILLS for at in range(KILLS)]
    phases: Counter[str] = Counter()
    seconds = []
    with working() as workers:
        for number, moment in enumerate(kills):
            which = "first" if number % 2 == 0 else "second"
            if which == "first":
                clear()
            worker = workers[-1]
            run = start(which)
            worker.begin("work", run.pk)
            time.sleep(moment * 0.95 * undisturbed[which][2])
            worker.kill(group=group)
            phases[seen(run).phase or seen(run).status] += 1
            seconds.append(recover(run, runs.run_work))
            assert (seen(run).status, state()) == (Status.APPLIED, undisturbed[which][0]), (number, moment)
            assert told(run) == undisturbed[which][1]
            assert not StagedPart.objects.exists()
            if group:
                workers.append(Worker())
                workers[-1].wait_for("ready")
    tell(capsys, f"killed {KILLS} × {ROWS} rows", seconds, dict(phases))
    assert len(phases) > 1


def test_what_kills_every_worker_is_given_up_and_has_changed_nothing(
    undisturbed: dict[str, tuple[str, Counter[str], float]],
) -> None:
    with working() as (worker,):
        do(worker, start("first"))
        run = start("second")
        for _time in range(runs.MOST_ATTEMPTS):
            worker.begin("work", run.pk)
            while seen(run).phase in ("waiting", "claimed"):
                time.sleep(0.01)
            worker.kill(group=False)
            while not runs.runs_sweep():
                time.sleep(0.05)
    assert (seen(run).status, state()) == (Status.FAILED, undisturbed["first"][0])
    assert not Event.objects.filter(data__run=run.pk, subject_type="account").exists()


def test_half_of_an_application_would_show(undisturbed: dict[str, tuple[str, Counter[str], float]]) -> None:
    """The control: what the comparison would find, had a killed run left one site or one event behind."""
    with working() as (worker,):
        do(worker, run := start("first"))
    assert (state(), told(run)) == undisturbed["first"][:2]
    Site.objects.filter(child_id="C00000001").update(missed=1)
    event = Event.objects.filter(data__run=run.pk).first()
    event.pk = None
    event.save(force_insert=True)
    assert state() != undisturbed["first"][0]
    with pytest.raises(AssertionError):
        told(run)


# --- In parts ----------------------------------------------------------------------------------------------------------------
PER_PART = max(ROWS // 6, 1)


def parts_are_there(run: JobRun) -> None:
    while seen(run).status == Status.RUNNING and not StagedPart.objects.filter(run=run).exists():
        time.sleep(0.005)


@pytest.mark.req("S0.34")
@pytest.mark.parametrize("killed", [False, True], ids=["two help", "one of two is killed holding a part"])
def test_shared_among_workers_it_comes_to_the_same(killed: bool, undisturbed: dict[str, tuple[str, Counter[str], float]]) -> None:
    with working(3, PER_PART) as (worker, *helpers):
        for which in ("first", "second"):
            run = start(which)
            if killed:
                helpers[0].begin("hold", run.pk)
            worker.begin("work", run.pk)
            if killed:
                helpers[0].wait_for("holds")
                helpers[0].kill(group=False)
            parts_are_there(run)
            for helper in helpers[killed:]:
                helper.begin("help", run.pk)
            worker.wait_for("ended")
            assert seen(run).status == Status.APPLIED
            assert (state(), told(run)) == undisturbed[which][:2]
            assert not StagedPart.objects.exists()
            for helper in helpers[killed:]:
                helper.wait_for("ended")


def test_parts_that_somebody_took_away_are_not_passed_over(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Fewer parts would be fewer accounts, and those that are not there would look gone."""
    settings.SYNC_ROWS_PER_PART = PER_PART
    do_one = parts.part_work

    def thief(run_id: int) -> bool:
        worked = do_one(run_id)
        StagedPart.objects.filter(run=run_id, number=0).delete()
        return worked

    monkeypatch.setattr(parts, "part_work", thief)
    run = start("first")
    runs.run_work(run.pk)
    assert (seen(run).status, Account.objects.count()) == (Status.RUNNING, 0)


# --- A real worker -----------------------------------------------------------------------------------------------------------
@pytest.mark.long
@pytest.mark.parametrize("group", [False, True], ids=["the child", "the whole group"])
def test_a_celery_worker_is_killed(
    group: bool, undisturbed: dict[str, tuple[str, Counter[str], float]], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(runs, "LEASE", dt.timedelta(seconds=60))
    redis = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/14")
    app = Celery(broker=redis)
    monkeypatch.setattr(jobs, "hand_over", lambda task: app.send_task(task.name, kwargs=task.ids))
    command = [sys.executable, "-m", "celery", "-A", "crm", "worker", "-c", "1", "-l", "error", "-Q", "celery"]

    def started() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment() | {"REDIS_URL": redis}, start_new_session=True)

    worker, seconds = started(), []
    try:
        for number in range(CELERY_KILLS):
            which = "first" if number % 2 == 0 else "second"
            if which == "first":
                clear()
            run = runs.run_queue(kind=CUSTOMER_SYNC, origin=Origin.UPLOAD, by=None, content=content(which), name=f"{which}.csv")
            while seen(run).phase == "waiting":
                time.sleep(0.02)
            time.sleep(random.uniform(0, 0.8) * undisturbed[which][2])
            if group:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()
                worker = started()
            else:
                for child in subprocess.run(["pgrep", "-P", str(worker.pid)], capture_output=True, text=True).stdout.split():
                    os.kill(int(child), signal.SIGKILL)
            began = time.monotonic()
            while seen(run).status == Status.RUNNING:
                assert time.monotonic() - began < 300
                runs.runs_sweep()
                time.sleep(0.5)
            seconds.append(time.monotonic() - began)
            assert (seen(run).status, state(), told(run)) == (Status.APPLIED, *undisturbed[which][:2])
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    tell(capsys, f"Celery killed {CELERY_KILLS} × {ROWS} rows", seconds)
