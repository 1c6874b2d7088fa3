"""Rivals in processes of their own, which work on the database of the tests.

SQLite tests are in memory, so there they work on a file, in WAL as in production, that is a copy of it and is taken back.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from django.conf import settings
from django.db import connection

from core import db

PATIENCE = 120

STARTER = """
import json, os, sys, time
import pytest  # which has static files served as tests have them
import django
django.setup()
from importlib import import_module
from django.db import connections
from django.urls import get_resolver
from core import jobs
jobs.hand_over = lambda task: None
module, function, *ends = sys.argv[1:]
answer = getattr(import_module(module), function)
get_resolver()._populate()  # what all have is there before they part
for asked, answered in zip(map(int, ends[::2]), map(int, ends[1::2])):
    if os.fork() == 0:
        connections["default"].ensure_connection()
        os.write(answered, b"ready\\n")
        for line in os.fdopen(asked):
            began = time.perf_counter()
            word = answer(*json.loads(line))
            os.write(answered, (json.dumps([word, time.perf_counter() - began]) + "\\n").encode())
        os._exit(0)
"""


class Answered(NamedTuple):
    what: str
    seconds: float


class Rivals:
    """Processes that call a function at the same instant; it takes what JSON can carry and answers a word."""

    def __init__(self, asking: Sequence[IO[str]], answers: Sequence[IO[str]], kill: Callable[[], None]) -> None:
        self.asking, self.answers, self.kill = asking, answers, kill

    def at_once(self, *calls: Sequence[Any]) -> list[Answered]:
        """What each rival answered to the call of its place."""
        for file, arguments in zip(self.asking, calls, strict=True):
            file.write(json.dumps(arguments) + "\n")
            file.flush()
        return [Answered(*json.loads(line)) for line in self.lines()]

    def lines(self) -> list[str]:
        """One from each."""
        patience = threading.Timer(PATIENCE, self.kill)
        patience.start()
        try:
            return [file.readline() for file in self.answers]
        finally:
            patience.cancel()


@contextmanager
def rivals(number: int, module: str, function: str, folder: Path) -> Iterator[Rivals]:
    """So many of them; what they did stands in the database of the tests when the block is over. `folder` is for their files."""
    environment = _environment(folder)
    if not db.is_postgresql():
        _copied(folder, back=False)
    with ExitStack() as stack:
        theirs, asking, answers = [], [], []
        for _number in range(number):
            (asked, ask), (answered, answer) = os.pipe(), os.pipe()
            asking.append(stack.enter_context(os.fdopen(ask, "w")))
            answers.append(stack.enter_context(os.fdopen(answered)))
            theirs += [asked, answer]
        command = [sys.executable, "-c", STARTER, module, function, *map(str, theirs)]
        starter = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, pass_fds=theirs, start_new_session=True)
        for end in theirs:
            os.close(end)
        found = Rivals(asking, answers, partial(_kill, starter))
        try:
            assert found.lines() == ["ready\n"] * number
            yield found
        finally:
            found.kill()
    if not db.is_postgresql():
        _copied(folder, back=True)


def _kill(starter: "subprocess.Popen[bytes]") -> None:
    """The whole group: the one that started them has ended."""
    with suppress(ProcessLookupError):
        os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()


def _environment(folder: Path) -> dict[str, str]:
    own = {"DEMO": "1", "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "crm.settings", "PYTHONWARNINGS": "ignore"}
    own["LOG_LEVEL"] = "ERROR"
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
