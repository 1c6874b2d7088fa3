"""Registry: every name by which code asks for background work is the name of something that exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from core import outbox
from crm.celery import app
from tests.test_transitions import code_outside_workflow

EMITTING = ("outbox.emit", "outbox.emit_all", "outbox.Letter", "keeping.tell", "keeping.handed_to")
"""Their first argument is the topic of a mail."""


def first_arguments(source: str, *functions: str) -> Iterator[str]:
    """The literal first arguments of calls of `functions`, given as "module.name" (also found as plain "name")."""
    wanted = {name for function in functions for name in (function, function.rpartition(".")[2])}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in wanted and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def task_names(source: str) -> Iterator[str]:
    """The names given to `@shared_task(name=...)`; a task without one is answered as an empty name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if "shared_task" in ast.unparse(decorator):
                    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
                    yield next((str(ast.literal_eval(word.value)) for word in keywords if word.arg == "name"), "")


def in_code(*functions: str) -> set[str]:
    return {name for path in sources() for name in first_arguments(path.read_text(encoding="utf-8"), *functions)}


def sources() -> list[Path]:
    return [path for path in code_outside_workflow() if path.is_file()]


@pytest.fixture(scope="module", autouse=True)
def _tasks_loaded() -> None:
    app.autodiscover_tasks(force=True)  # not the loader: it sets Django up again, logging included


def test_every_task_is_registered_by_an_explicit_name() -> None:
    declared = {name: path for path in sources() for name in task_names(path.read_text(encoding="utf-8"))}
    assert "" not in declared, f"{declared.get('')}: a task without an explicit name"
    assert set(declared) <= set(app.tasks)
    assert "core.outbox_drain" in declared
    assert [name for name in declared if not re.fullmatch(r"[a-z]+\.[a-z_]+", name)] == []


def test_every_beat_entry_is_a_task() -> None:
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


def test_every_enqueued_name_is_a_task() -> None:
    names = in_code("jobs.enqueue")
    assert "core.outbox_deliver" in names
    assert names <= set(app.tasks)


def test_every_emitted_topic_has_a_handler() -> None:
    assert in_code(*EMITTING) <= outbox.topics()


def test_every_handler_is_of_a_topic_that_somebody_emits() -> None:
    assert outbox.topics() == in_code(*EMITTING)
