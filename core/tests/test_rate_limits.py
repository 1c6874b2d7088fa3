"""Counting attempts: exact at one instant, evenly given back, and saying nothing about anybody."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings

from core import rate_limits
from core.errors import TooMany
from core.models import RateBucket
from core.rate_limits import Limit
from core.tasks import forget
from core.tests.rivals import at_once

TEN = Limit("ten in fifteen minutes", times=10, seconds=900)
THREE = Limit("three in an hour", times=3, seconds=3600)


def takes(limit: Limit, who: str, times: int) -> list[bool]:
    return [rate_limits.take(limit, who) for _time in range(times)]


@pytest.mark.django_db
def test_as_many_as_there_is_room_for_get_through(clock: time_machine.Traveller) -> None:
    assert takes(TEN, "a", 15) == [True] * 10 + [False] * 5
    assert takes(TEN, "b", 1) == [True]
    assert takes(THREE, "a", 4) == [True] * 3 + [False]


@pytest.mark.django_db
def test_attempts_come_back_one_by_one(clock: time_machine.Traveller) -> None:
    takes(TEN, "a", 10)
    clock.shift(89)
    assert takes(TEN, "a", 1) == [False]
    clock.shift(1)
    assert takes(TEN, "a", 2) == [True, False]
    clock.shift(180)
    assert takes(TEN, "a", 3) == [True, True, False]
    clock.shift(900)
    assert takes(TEN, "a", 11) == [True] * 10 + [False]


@pytest.mark.django_db
def test_going_on_against_a_full_count_makes_nothing_longer(clock: time_machine.Traveller) -> None:
    takes(TEN, "a", 10)
    for _minute in range(89):
        clock.shift(1)
        assert not rate_limits.take(TEN, "a")
    clock.shift(1)
    assert rate_limits.take(TEN, "a")


@pytest.mark.django_db
def test_what_is_given_back_is_free_again(clock: time_machine.Traveller) -> None:
    takes(TEN, "a", 10)
    rate_limits.give_back(TEN, "a")
    assert takes(TEN, "a", 2) == [True, False]


@pytest.mark.django_db
def test_the_refusal_says_how_long(clock: time_machine.Traveller) -> None:
    takes(TEN, "a", 10)
    clock.shift(30)
    with pytest.raises(TooMany) as refusal:
        rate_limits.require(TEN, "a")
    assert (refusal.value.status, refusal.value.code, refusal.value.retry_after) == (429, "too_many_requests", 60)
    assert (rate_limits.wait(TEN, "a"), rate_limits.wait(TEN, "b")) == (60, 0)
    with pytest.raises(TooMany):
        rate_limits.require_room(TEN, "a")


@pytest.mark.django_db
def test_an_attempt_counts_by_every_limit_or_by_none(clock: time_machine.Traveller) -> None:
    takes(THREE, "a", 3)
    with pytest.raises(TooMany):
        rate_limits.require_all([(TEN, "a"), (THREE, "a")])
    assert takes(TEN, "a", 11) == [True] * 10 + [False]


@pytest.mark.django_db
def test_a_row_tells_nobody_who_was_counted(clock: time_machine.Traveller) -> None:
    rate_limits.take(TEN, "192.0.2.7")
    row = RateBucket.objects.get()
    assert (len(row.key), row.empty_at) == (64, 1795165290000)
    rate_limits.take(Limit("another", times=10, seconds=900), "192.0.2.7")
    assert RateBucket.objects.count() == 2


@pytest.mark.django_db
def test_a_taking_is_one_statement(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):
        rate_limits.take(TEN, "a")


@pytest.mark.django_db
def test_what_has_run_out_is_forgotten(clock: time_machine.Traveller) -> None:
    rate_limits.take(TEN, "a")
    takes(TEN, "b", 2)
    clock.shift(91)
    assert forget() == 1
    assert RateBucket.objects.count() == 1


# --- Rivals ---------------------------------------------------------------------------------------------------------------------
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_50_at_once_just_10_get_through() -> None:
    assert sorted(at_once(*[lambda: rate_limits.take(TEN, "a")] * 50)) == [False] * 40 + [True] * 10


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_reading_first_and_writing_then_lets_all_50_through() -> None:
    """What the one statement is for."""
    barrier = threading.Barrier(50)

    def naive() -> bool:
        has_room = rate_limits.wait(TEN, "a") == 0
        barrier.wait(timeout=20)
        return has_room and (rate_limits.take(TEN, "a") or True)

    assert at_once(*[naive] * 50) == [True] * 50


ONE_PROCESS = """
import sys, threading, django
django.setup()
from django.db import connection
from core import rate_limits
limit = rate_limits.Limit("ten in fifteen minutes", times=10, seconds=900)
if sys.argv[1] == "make":
    from core.models import RateBucket
    with connection.schema_editor() as editor:
        editor.create_model(RateBucket)
    raise SystemExit
through = []
def one():
    through.append(rate_limits.take(limit, "a"))
    connection.close()
threads = [threading.Thread(target=one) for _ in range(10)]
print("ready", flush=True)
sys.stdin.readline()
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sum(through), len(through))
"""


def test_processes_on_one_sqlite_file_count_together(tmp_path: Path) -> None:
    left_out = ("DATABASE_URL", "REDIS_URL")
    environment = {name: value for name, value in os.environ.items() if name not in left_out} | {
        "VAR_DIR": str(tmp_path), "DEMO": "1", "DJANGO_SETTINGS_MODULE": "crm.settings",
    }  # fmt: skip
    command = [sys.executable, "-W", "error", "-c", ONE_PROCESS]
    where: Any = {"cwd": settings.BASE_DIR, "env": environment, "text": True}
    subprocess.run([*command, "make"], check=True, **where)
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = [subprocess.Popen([*command, "take"], **pipes, **where) for _process in range(5)]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 5
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    counts = [tuple(map(int, process.communicate(timeout=60)[0].split())) for process in processes]
    assert (sum(through for through, _all in counts), sum(number for _through, number in counts)) == (10, 50)
