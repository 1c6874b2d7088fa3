"""What holds for every test: a quick password hasher, no network, a broker in memory, no unknown template variable."""

import datetime as dt
import gc
import logging
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.template import VariableDoesNotExist
from django.utils import translation

from core import db, jobs, outbox
from core.db import schema
from core.prepared import Prepared
from crm.celery import app as celery_app
from tests.lanes import ELSEWHERE

# The browser driver runs an event loop in the thread of the tests; Django would take that for asynchronous code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first that there is; one without windows takes half as long."""
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
REQUIRE_BROWSER = any(os.environ.get(name) == "1" for name in ("REQUIRE_ALL", "REQUIRE_BROWSER"))
COMPARED = 2
START = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
LEFT_OUT = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STATIC_ROOT = settings.VAR_DIR / "no-static"  # whitenoise would read every file again for every client
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    celery_app.conf.update(broker_url="memory://", broker_transport_options={})
    logging.getLogger().handlers.clear()  # pytest keeps the records; writing each refusal out would take most of the time
    logging.getLogger("django.template").addFilter(UNKNOWN_VARIABLES)
    config.stash[LEFT_OUT] = []


# --- What is left out, and that it is said ----------------------------------------------------------------------------
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        browser = [item for item in items if item.get_closest_marker("e2e")]
        if browser and REQUIRE_BROWSER:
            raise pytest.UsageError("Browser tests are required and no chromium was found.")
        _leave_out(config, items, browser, "browser tests: no chromium on this machine")
    if not db.is_postgresql():
        _leave_out(config, items, [item for item in items if item.get_closest_marker("postgresql")], "tests that need PostgreSQL")
    else:
        _leave_out(config, items, [item for item in items if item.get_closest_marker("sqlite")], "tests that need SQLite")
    if os.environ.get(ELSEWHERE):
        _leave_out(config, items, [item for item in items if _is_elsewhere(item)], "tests that the other lane runs")
    if not os.environ.get("KILLED_CELERY"):
        _leave_out(config, items, [item for item in items if item.get_closest_marker("long")], "tests that take minutes")


def _is_elsewhere(item: pytest.Item) -> bool:
    """Whether one lane is enough for it, and this is the other one; SQLite where its mark names none."""
    mark = item.get_closest_marker("once")
    return mark is not None and (mark.args or ("sqlite",))[0] != ("postgresql" if db.is_postgresql() else "sqlite")


def _leave_out(config: pytest.Config, items: list[pytest.Item], chosen: list[pytest.Item], what: str) -> None:
    if chosen:
        config.hook.pytest_deselected(items=chosen)
        items[:] = [item for item in items if item not in chosen]
        config.stash[LEFT_OUT].append(f"Left out: {len(chosen)} {what}.")


def pytest_collection_finish() -> None:
    """As the web server does: nobody looks for rubbish among the product itself, time and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_report_header() -> str:
    return f"database: {'PostgreSQL' if db.is_postgresql() else 'SQLite'}, browser: {CHROMIUM or 'none'}"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    for line in config.stash[LEFT_OUT]:
        terminalreporter.write_line(line, yellow=True)


# --- Unknown template variables ---------------------------------------------------------------------------------------
class UnknownVariables(logging.Filter):
    """Notes each variable that one of our templates asks for and nobody gave, and keeps such records out of the log.

    An empty link of a chain (`None.name`) is known.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.ours = str(settings.BASE_DIR / "templates")

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, VariableDoesNotExist) and not (len(error.params) > 1 and error.params[1] is None):
            variable, context = _asked_for()
            template = getattr(getattr(context, "render_context", None), "template", None)
            origin = str(getattr(getattr(template, "origin", None), "name", ""))
            if origin.startswith(self.ours):
                self.found.add(f"{Path(origin).relative_to(self.ours)}: {variable}")
        return record.levelno > logging.DEBUG

    def take(self) -> list[str]:
        found, self.found = sorted(self.found), set()
        return found


def _asked_for() -> tuple[Any, Any]:
    """The variable and the context of the look-up that is being logged."""
    frame: Any = sys._getframe()
    while frame is not None and frame.f_code.co_name != "_resolve_lookup":
        frame = frame.f_back
    return (frame.f_locals.get("self"), frame.f_locals.get("context")) if frame else (None, None)


UNKNOWN_VARIABLES = UnknownVariables()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    UNKNOWN_VARIABLES.take()
    logging.getLogger("django.template").setLevel(logging.DEBUG)  # anew each time: a test may have configured logging
    result = yield
    unknown = UNKNOWN_VARIABLES.take()
    if unknown:
        pytest.fail("Templates ask for what nobody gave them: " + "; ".join(unknown), pytrace=False)
    return result


# --- Every test -------------------------------------------------------------------------------------------------------
@pytest.fixture(autouse=True)
def _same_ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files go to a folder of the test, the language is English, the cache is empty, tasks are published at once."""
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path / "files")
    monkeypatch.setattr(jobs, "hand_over", jobs.publish)
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True, scope="session")
def _prepared_look_ups_are_the_querysets() -> Iterator[None]:
    """Each look-up that is prepared runs what its queryset, built for the very arguments, would run.

    Compared for the first few calls of each statement: building every queryset of every test anew would take half of their time.
    """
    calls: Counter[Any] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        rows = Prepared.rows

        def checked(self: Prepared, *arguments: Any) -> list[Any]:
            found = rows(self, *arguments)
            people = tuple(argument.query_shape() for argument in arguments if hasattr(argument, "query_shape"))
            calls[self, translation.get_language(), people] += 1
            if calls[self, translation.get_language(), people] > COMPARED:
                return found
            prepared = self.sql_with_params(*arguments)
            try:
                sql, params = self.build(*arguments).query.sql_with_params()
            except EmptyResultSet:
                assert prepared is None or not found
            else:
                assert prepared == (sql, tuple(params)) or (prepared is None and not found)
            return found

        patch.setattr(Prepared, "rows", checked)
        yield


KEPT = {
    *("django_content_type", "auth_permission"),
    *("csr_casetype", "csr_closereason", "csr_department", "csr_requirementtype", "csr_teamrole"),
}
"""The same after every flush: long to make anew, or made by migrations."""


@pytest.fixture(autouse=True, scope="session")
def _quick_flush() -> Iterator[None]:
    """Tests that commit are cleaned up table by table, past the triggers of append-only ones, and only where there are rows:
    to TRUNCATE every table takes longer than most tests do."""

    def flush(self: Any, style: Any, tables: Iterable[str], **options: Any) -> list[str]:
        names = [self.quote_name(table) for table in tables if table not in KEPT]
        with self.connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in names))
            return [f"DELETE FROM {name}" for (name,) in cursor.fetchall()]

    def execute(self: Any, sql_list: list[str]) -> None:
        with transaction.atomic(using=self.connection.alias), self.connection.cursor() as cursor:
            if db.is_postgresql():
                cursor.execute("SET LOCAL session_replication_role = 'replica'")  # neither triggers nor foreign keys
                for sql in sql_list:
                    cursor.execute(sql)
            else:
                with schema.triggers_dropped():
                    for sql in sql_list:
                        cursor.execute(sql)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection.ops.__class__, "sql_flush", flush)
        patch.setattr(connection.ops.__class__, "execute_sql_flush", execute)
        yield


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands at Friday 2026-11-20 11:00 in Helsinki until the test moves it (`move_to`, `shift`)."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def outbox_drain() -> Callable[[], int]:
    """Deliver all that waits in the outbox, as the sweep does; answers how many were delivered."""
    return outbox.drain


# --- Browser ----------------------------------------------------------------------------------------------------------
@pytest.fixture(autouse=True, scope="session")
def _static_files_are_read_once() -> Iterator[None]:
    """Each by the server, and by a browser for as long as it is open."""
    kept: dict[str, tuple[bytes, str]] = {}
    serve = StaticFilesHandler.serve

    def served(self: StaticFilesHandler, request: HttpRequest) -> HttpResponse:
        if request.path not in kept:
            response = serve(self, request)
            with response.file_to_stream as file:
                kept[request.path] = file.read(), response["Content-Type"]
        content, kind = kept[request.path]
        return HttpResponse(content, content_type=kind, headers={"Cache-Control": "max-age=3600"})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StaticFilesHandler, "serve", served)
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": quiet}
