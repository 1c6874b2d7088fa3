"""Eight at the same instant: one run goes on, seven hear that it does. And what happens without the lock."""

import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction

from core import clock, db
from core.errors import WrongState
from core.models import JobRun
from core.tests.rivals import at_once
from integration.choices import Origin
from integration.errors import Busy
from integration.models import CUSTOMER_SYNC, PRODUCT_IMPORT, Intake
from integration.services import runs
from integration.tests.factories import RunningFactory, guarded_run
from users.tests.factories import UserFactory

ROUNDS = int(os.environ.get("STARTED_ROUNDS", "10"))
RIVALS = 8
Status = JobRun.Status


def start(number: int) -> JobRun:
    """Every other one of another kind, which no constraint keeps apart."""
    kind = PRODUCT_IMPORT if number % 2 else CUSTOMER_SYNC
    return runs.run_start(kind=kind, origin=Origin.UPLOAD, by=None, content=b"x", name=f"{number}.csv")


def outcomes(results: list[Any]) -> Counter[str]:
    return Counter(type(result).__name__ for result in results)


def clear() -> None:
    Intake.objects.all().delete()
    JobRun.objects.all().delete()


ONE = {"JobRun": 1, "Busy": RIVALS - 1}


# --- PostgreSQL: threads with connections of their own ----------------------------------------------------------------
@pytest.mark.postgresql
@pytest.mark.req("S0.34")
@pytest.mark.django_db(transaction=True)
def test_of_eight_starts_one_runs_and_seven_are_busy() -> None:
    for _round in range(ROUNDS):
        results = at_once(*(lambda number=number: start(number) for number in range(RIVALS)))
        assert outcomes(results) == ONE
        assert (JobRun.objects.filter(status=Status.RUNNING).count(), Intake.objects.count()) == (1, 1)
        clear()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_eight_who_take_over_from_a_dead_run_one_does() -> None:
    for _round in range(ROUNDS):
        dead = RunningFactory(lease_until=clock.now())
        results = at_once(*(lambda number=number: start(number) for number in range(RIVALS)))
        assert outcomes(results) == ONE
        assert JobRun.objects.get(pk=dead.pk).status == Status.FAILED
        assert JobRun.objects.count() == 2
        clear()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_feeds_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the constraint alone keeps apart only what is of one kind."""

    @contextmanager
    def no_lock(key: int) -> Iterator[None]:
        with transaction.atomic():
            yield

    monkeypatch.setattr(db, "advisory_lock", no_lock)
    most = 0
    for _round in range(ROUNDS):
        at_once(*(lambda number=number: start(number) for number in range(RIVALS)))
        running = Counter(JobRun.objects.filter(status=Status.RUNNING).values_list("kind", flat=True))
        assert max(running.values()) == 1
        most = max(most, sum(running.values()))
        clear()
    assert most == 2


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_eight_claims_and_sweeps_one_gets_the_run() -> None:
    for _round in range(ROUNDS):
        run = start(0)
        claims = at_once(*[partial(runs.run_claim, run.pk)] * RIVALS)
        assert sorted(claims) == [False] * (RIVALS - 1) + [True]
        JobRun.objects.filter(pk=run.pk).update(lease_until=clock.now())
        assert sum(at_once(*[runs.runs_sweep] * RIVALS)) == 1
        assert JobRun.objects.get(pk=run.pk).counts["attempts"] == 1
        clear()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_releases_and_starts_one_wins() -> None:
    steward = UserFactory(roles=["data_steward"])
    for _round in range(ROUNDS):
        stopped = guarded_run()
        results = at_once(*[partial(runs.run_release, run_id=stopped.pk, by=steward), partial(start, 0)] * (RIVALS // 2))
        told = outcomes(results)
        assert (told["JobRun"], told["Busy"] + told["WrongState"]) == (1, RIVALS - 1)
        assert JobRun.objects.filter(status=Status.RUNNING).count() == 1
        clear()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_being_applied_is_dead_for_nobody() -> None:
    """Its row is locked until the transaction ends, whatever the lease says."""
    steward = UserFactory(roles=["data_steward"])
    run = start(0)
    runs.run_claim(run.pk)
    JobRun.objects.filter(pk=run.pk).update(lease_until=clock.now())
    with transaction.atomic():
        runs.run_held(run.pk)
        started, swept, claimed, cancelled = at_once(
            lambda: start(1),
            runs.runs_sweep,
            lambda: runs.run_claim(run.pk),
            lambda: runs.run_cancel(run_id=run.pk, by=steward),
        )
    assert isinstance(started, Busy)
    assert (swept, claimed) == (0, False)
    assert isinstance(cancelled, WrongState)
    assert JobRun.objects.get().status == Status.RUNNING


# --- SQLite: processes on one file -------------------------------------------------------------------------------------
RIVAL = """
import sys
import django
django.setup()
from core.models import JobRun
from integration.tests.test_run_races import start
from integration.errors import Busy
from integration.tests.test_run_races import clear
number = int(sys.argv[1])
JobRun.objects.exists()
print("ready", flush=True)
while word := sys.stdin.readline().strip():
    if word == "clear":
        print(JobRun.objects.filter(status="running").count(), flush=True)
        clear()
        continue
    try:
        start(number)
        print("JobRun", flush=True)
    except Exception as error:
        print(type(error).__name__, flush=True)
"""


def tell(process: "subprocess.Popen[str]", word: str) -> None:
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


@pytest.mark.req("S0.34")
@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_of_processes_on_one_sqlite_file_one_runs(tmp_path: Path) -> None:
    rivals, rounds = 8, 20
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    environment |= {
        "DEMO": "1",
        "VAR_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "crm.settings",
        "PYTHONPATH": str(settings.BASE_DIR),
    }
    connection.ensure_connection()
    with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as file:
        connection.connection.backup(file)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RIVAL, str(number)],
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(rivals)
    ]
    try:
        assert [process.stdout.readline() for process in processes] == ["ready\n"] * rivals
        for _round in range(rounds):
            for process in processes:
                tell(process, "start")
            assert Counter(process.stdout.readline().strip() for process in processes) == {"JobRun": 1, "Busy": rivals - 1}
            tell(processes[0], "clear")
            assert processes[0].stdout.readline() == "1\n"
    finally:
        for process in processes:
            process.kill()
            process.communicate()
