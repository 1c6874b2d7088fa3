"""Health of the process and of what it needs."""

import json
from unittest.mock import patch

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from core import clock, outbox
from core.tests.factories import JobRunFactory
from crm import health


def test_healthz_asks_nobody(client: Client) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_readyz_reports_database_broker_and_sweep(client: Client) -> None:
    swept = clock.now()
    JobRunFactory(kind=health.SWEEP, finished_at=swept)
    message = outbox.emit("test.topic")

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert json.loads(answer.content) == {
        "database": True,
        "broker": True,
        "last_sweep": swept.isoformat(),
        "oldest_message": message.available_at.isoformat(),
    }


@pytest.mark.django_db
def test_a_broker_that_is_down_does_not_take_the_pages_down(client: Client) -> None:
    with patch.object(health.current_app, "connection_for_write", side_effect=OSError):
        answer = client.get("/readyz")

    assert (answer.status_code, json.loads(answer.content)["broker"]) == (200, False)


@pytest.mark.django_db
def test_readyz_says_503_without_a_database(client: Client) -> None:
    with patch.object(connection, "cursor", side_effect=DatabaseError):
        answer = client.get("/readyz")

    assert (answer.status_code, json.loads(answer.content)) == (503, {"database": False})
