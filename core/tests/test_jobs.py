"""Background work: by name, after commit, ids only; a broker that is down is no error."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from django.db import transaction

from core import jobs

pytestmark = pytest.mark.django_db
HAND_OVER = jobs.hand_over
"""The real one; tests publish at once (conftest.py)."""


def test_work_is_published_after_the_commit(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **more: sent.append((name, more)))
    with django_capture_on_commit_callbacks(execute=True):
        jobs.enqueue("quotes.render_pdf", countdown=10, document_id=3)
        assert sent == []
    assert sent == [("quotes.render_pdf", {"kwargs": {"document_id": 3}, "countdown": 10})]


def test_work_of_a_rolled_back_transaction_is_not_published(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **more: sent.append(name))
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        jobs.enqueue("quotes.render_pdf", document_id=3)
        transaction.set_rollback(True)
    assert sent == []


@pytest.mark.parametrize("error", [ConnectionRefusedError, TimeoutError, OSError, RuntimeError])
def test_a_broker_that_is_down_does_not_fail_the_request(
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
    error: type[Exception],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise error("down")

    monkeypatch.setattr(current_app, "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.enqueue("core.outbox_deliver", message_id=1)
    assert "core.outbox_deliver waits for the sweep" in caplog.text


@pytest.fixture
def publisher() -> Iterator[None]:
    """The real hand-over, with a queue and a thread of its own."""
    jobs._publisher.cache_clear()
    yield
    jobs._publisher().put(None)  # ends the thread
    jobs._publisher.cache_clear()


@pytest.mark.usefixtures("publisher")
def test_nobody_waits_for_a_slow_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    slow, done = threading.Event(), threading.Event()
    sent: list[str] = []

    def send_task(name: str, **_more: Any) -> None:
        slow.wait(10)
        sent.append(name)
        if len(sent) == 2:
            done.set()

    monkeypatch.setattr(current_app, "send_task", send_task)
    for name in ("first", "second"):
        HAND_OVER(jobs._Task(name, {}, None))
    assert sent == []  # and this thread goes on
    slow.set()
    assert done.wait(10)
    assert sent == ["first", "second"]


@pytest.mark.usefixtures("publisher")
def test_what_a_stuck_broker_cannot_take_waits_for_the_sweep(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jobs, "MOST_WAITING", 1)
    stuck, taken = threading.Event(), threading.Event()

    def send_task(name: str, **_more: Any) -> None:
        taken.set()
        stuck.wait(10)

    monkeypatch.setattr(current_app, "send_task", send_task)
    HAND_OVER(jobs._Task("being sent", {}, None))
    assert taken.wait(10)
    HAND_OVER(jobs._Task("waiting", {}, None))
    HAND_OVER(jobs._Task("one too many", {}, None))
    assert "one too many waits for the sweep" in caplog.text
    stuck.set()
