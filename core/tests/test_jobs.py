"""Background work: by name, after commit, ids only; a broker that is down is no error."""

from typing import Any

import pytest
from celery import current_app
from django.db import transaction

from core import jobs

pytestmark = pytest.mark.django_db


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
