"""What a decision says of itself, and that neither it nor the history of it is ever changed or removed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from approvals import link_views, services
from approvals.choices import Verdict, Via
from approvals.models import Decision, Request
from approvals.tests.conftest import World
from approvals.tests.factories import ask, token_for
from core.models import Event
from users.tests.factories import UserFactory
from users.tests.programs import Program

CLIENT = "198.51.100.7"
BEHIND_PROXY = {"X-Forwarded-For": f"203.0.113.9, {CLIENT}"}


@pytest.fixture
def asked(world: World) -> Request:
    return ask(world.probe, by=world.rep).requests.get()


def seen_of(asked: Request) -> dict[str, Any]:
    return {"version": asked.run.subject_version, "content_hash": asked.run.content_hash}


def by_page(world: World, asked: Request) -> None:
    client = Client(headers=BEHIND_PROXY)
    client.force_login(world.pricing)
    client.post(reverse("approval_detail", args=[asked.pk]), {"verdict": "approve", "comment": "ok", **seen_of(asked)})


def by_link(world: World, asked: Request) -> None:
    client = Client(headers=BEHIND_PROXY)
    client.cookies[link_views.COOKIE] = token_for(asked.pk, world.pricing)
    page = reverse("approval_link_review", args=[asked.uuid])
    client.post(page, {"verdict": "approve", "comment": "ok", **seen_of(asked)})


def by_api(world: World, asked: Request) -> None:
    path = f"approvals/{asked.pk}/approve/"
    Program(world.pricing).post(path, {"comment": "ok", **seen_of(asked)}, X_Forwarded_For=BEHIND_PROXY["X-Forwarded-For"])


@pytest.mark.req("S3.34")
@pytest.mark.parametrize(("way", "via"), [(by_page, Via.PAGE), (by_link, Via.LINK), (by_api, Via.API)])
def test_a_decision_says_who_how_from_where_and_about_what(
    world: World, asked: Request, settings: Settings, way: Callable[[World, Request], None], via: Via
) -> None:
    settings.TRUSTED_PROXIES = 1
    way(world, asked)
    decision = Decision.objects.get()
    assert (decision.via, decision.ip, decision.decided_by, decision.requested_by) == (via, CLIENT, world.pricing, world.rep)
    assert (decision.subject_version, decision.content_hash) == (asked.run.subject_version, asked.run.content_hash)
    assert (decision.verdict, decision.comment, decision.last_editor) == (Verdict.APPROVE, "ok", world.rep)


# --- Whoever writes ---
def by_save(row: models.Model) -> None:
    row.save()


def by_update(row: models.Model) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(at="2020-01-01T00:00Z")


def by_bulk_update(row: Any) -> None:
    row.at = "2020-01-01T00:00Z"
    type(row)._default_manager.bulk_update([row], ["at"])


def by_delete(row: models.Model) -> None:
    row.delete()


def by_delete_of_all(row: models.Model) -> None:
    type(row)._default_manager.all().delete()


def by_sql(row: models.Model) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {row._meta.db_table} SET id = id + 1000")


def by_sql_delete(row: models.Model) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {row._meta.db_table}")


def by_replacing(row: models.Model) -> None:
    """As SQLite's REPLACE and PostgreSQL's ON CONFLICT write over a row."""
    type(row)._default_manager.bulk_create([row], update_conflicts=True, unique_fields=["id"], update_fields=["at"])


WRITERS = [by_save, by_update, by_bulk_update, by_delete, by_delete_of_all, by_sql, by_sql_delete, by_replacing]


@pytest.mark.parametrize("model", [Decision, Event])
@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.__name__)
def test_what_was_decided_and_told_stays_whoever_writes(
    world: World, asked: Request, model: type[models.Model], writer: Callable[[models.Model], None]
) -> None:
    services.request_hand_over(
        request_id=asked.pk, to_id=UserFactory(roles=["pricing"], team=world.rep.team).pk, by=world.steward
    )
    asked.refresh_from_db()
    services.request_decide(request_id=asked.pk, verdict=Verdict.REJECT, comment="Ei", by=asked.approver, via=Via.PAGE)
    before = list(model._default_manager.order_by("pk").values_list())
    assert len(before) > 0
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        writer(model._default_manager.first())
    assert list(model._default_manager.order_by("pk").values_list()) == before


def test_a_decided_request_is_not_opened_again_whoever_writes(world: World, asked: Request) -> None:
    by_page(world, asked)
    for table, status in (("approvals_request", "pending"), ("approvals_run", "open")):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET status = %s", [status])
