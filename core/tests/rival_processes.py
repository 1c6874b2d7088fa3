"""Rivals in processes of their own, which work on the database of the tests.

SQLite tests are in memory, so there they work on a file, in WAL as in production, that is a copy of it and is taken back.
"""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from core import db

PATIENCE = 60

RIVAL = """
import json, sys, time
import pytest  # which has static files served as tests have them
import django
django.setup()
from importlib import import_module
from core import jobs
from core.models import JobRun
jobs.hand_over = lambda task: None
answer = getattr(import_module(sys.argv[1]), sys.argv[2])
JobRun.objects.exists()
print("ready", flush=True)
for line in sys.stdin:
    began = time.perf_counter()
    answered = answer(*json.loads(line))
    print(json.dumps([answered, time.perf_counter() - began]), flush=True)
"""


class Answered(NamedTuple):
    what: str
    seconds: float


class Rivals:
    """Processes that call a function at the same instant; it takes what JSON can carry and answers a word."""

    def __init__(self, processes: Sequence["subprocess.Popen[str]"]) -> None:
        self.processes = processes

    def at_once(self, *calls: Sequence[Any]) -> list[Answered]:
        """What each rival answered to the call of its place."""
        patience = threading.Timer(PATIENCE, self.kill)
        patience.start()
        try:
            for process, arguments in zip(self.processes, calls, strict=True):
                process.stdin.write(json.dumps(arguments) + "\n")
                process.stdin.flush()
            return [Answered(*json.loads(process.stdout.readline())) for process in self.processes]
        finally:
            patience.cancel()

    def kill(self) -> None:
        for process in self.processes:
            process.kill()


@contextmanager
def rivals(number: int, module: str, function: str, folder: Path) -> Iterator[Rivals]:
    """So many of them; what they did stands in the database of the tests when the block is over. `folder` is for their files."""
    environment = _environment(folder)
    if not db.is_postgresql():
        _copied(folder, back=False)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RIVAL, module, function],
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _number in range(number)
    ]
    found = Rivals(processes)
    try:
        assert [process.stdout.readline() for process in processes] == ["ready\n"] * number
        yield found
    finally:
        found.kill()
        for process in processes:
            process.communicate()
    if not db.is_postgresql():
        _copied(folder, back=True)


def _environment(folder: Path) -> dict[str, str]:
    own = {"DEMO": "1", "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "crm.settings", "PYTHONWARNINGS": "ignore"}
    others = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    if db.is_postgresql():
        it = connection.settings_dict
        place = f"{it['USER']}:{it['PASSWORD']}@{it['HOST'] or 'localhost'}:{it['PORT'] or 5432}/{it['NAME']}"
        own["DATABASE_URL"] = f"postgres://{place}"
    return others | own


def _copied(folder: Path, *, back: bool) -> None:
    connection.ensure_connection()
    with closing(sqlite3.connect(folder / "db.sqlite3")) as file:
        source, target = (file, connection.connection) if back else (connection.connection, file)
        source.backup(target)
