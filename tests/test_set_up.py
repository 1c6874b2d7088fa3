"""What administrators set up is answered from memory, and never after it has changed."""

import re
from collections.abc import Callable

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import ResolverMatch

from core import set_up
from core.db import schema
from quotes import selectors
from quotes.models import MarginTarget

pytestmark = pytest.mark.django_db


def in_request(work: Callable[[], object], app: str = "quotes") -> object:
    """The answer of `work` in a request of its own."""
    answers: list[object] = []
    request = RequestFactory().get("/")
    request.resolver_match = ResolverMatch(work, (), {}, app_names=[app])

    def respond(request: HttpRequest) -> HttpResponse:
        middleware.process_view(request)
        answers.append(work())
        return HttpResponse()

    middleware = set_up.SetUpMiddleware(respond)
    middleware(request)
    return answers[0]


@pytest.fixture
def target() -> MarginTarget:
    return MarginTarget.objects.create(min_amount=77_777, target_percent=40)


def percents() -> list[int]:
    return [int(row.target_percent) for row in selectors.margin_targets() if row.min_amount == 77_777]


def test_the_table_is_read_once_for_many_requests(target: MarginTarget) -> None:
    in_request(percents)
    with CaptureQueriesContext(connection) as asked:
        assert in_request(percents) == [40]
    assert [query["sql"] for query in asked] == [f"SELECT stamp FROM {schema.STAMPS}"]


@pytest.mark.parametrize("how", ["save", "update", "bulk", "delete", "sql"])
def test_each_change_is_seen_by_the_next_request(target: MarginTarget, how: str) -> None:
    assert in_request(percents) == [40]
    if how == "save":
        target.target_percent = 50
        target.save()
    elif how == "update":
        MarginTarget.objects.filter(pk=target.pk).update(target_percent=50)
    elif how == "bulk":
        MarginTarget.objects.bulk_update([MarginTarget(pk=target.pk, target_percent=50)], ["target_percent"])
    elif how == "delete":
        target.delete()
    else:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE quotes_margintarget SET target_percent = 50 WHERE id = %s", [target.pk])
    assert in_request(percents) == ([] if how == "delete" else [50])


def test_what_was_rolled_back_is_in_no_memory(target: MarginTarget) -> None:
    with transaction.atomic():
        MarginTarget.objects.filter(pk=target.pk).update(target_percent=50)
        assert in_request(percents) == [50]
        transaction.set_rollback(True)
    assert in_request(percents) == [40]
    MarginTarget.objects.filter(pk=target.pk).update(target_percent=60)
    assert in_request(percents) == [60]


def test_the_admin_and_work_outside_of_requests_read_the_tables(target: MarginTarget) -> None:
    def changed() -> list[int]:
        percents()
        MarginTarget.objects.filter(pk=target.pk).update(target_percent=50)
        return percents()

    assert in_request(changed, app="admin") == [50]
    MarginTarget.objects.filter(pk=target.pk).update(target_percent=40)
    assert changed() == [50]


@pytest.mark.parametrize("read", set_up.tables_of, ids=lambda read: read.__name__)
def test_a_kept_read_looks_at_the_tables_it_names_and_each_change_of_them_is_noticed(read: Callable[[], object]) -> None:
    named = set_up.tables_of[read]
    with CaptureQueriesContext(connection) as asked:
        read()
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    assert {name for query in asked for name in re.findall(r'(?:FROM|JOIN) "(\w+)"', query["sql"])} == named
    assert named <= tables
    triggers = schema.trigger_sources()
    for table in named:
        name = f"{table}{schema.STAMP_SUFFIX}"
        assert name in triggers or {f"{name}_{verb}" for verb in ("insert", "update", "delete")} <= triggers.keys()
