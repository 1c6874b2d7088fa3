"""What a run of the customer master did, or would do, as its page lists it."""

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tests.factories import AccountFactory
from core import events
from integration import selectors, services
from integration.tests.factories import RunFactory, child, file_of
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def steward() -> Client:
    client = Client()
    client.force_login(UserFactory(roles=["data_steward"], language="en"))
    return client


def news_of(response: HttpResponse) -> list[tuple[str, str]]:
    return [(news.number, news.verb) for news in response.context["news"]]


def test_a_run_goes_on_showing_what_it_did_when_later_ones_have_changed_the_same(steward: Client) -> None:
    def sync(*rows: dict[str, object]) -> str:
        return reverse("sync_page", args=[services.customer_sync(content=file_of(rows), source="a.csv", by=None).pk])

    first = sync(child("1", revenue="5"), child("2", revenue="0"), child("3", "P2"))
    moved = sync(child("1", revenue="6"), child("2", "P2", revenue="0"), child("3", "P2"))
    last = sync(child("1", revenue="6"), child("2", "P2", revenue="7", city="Oulu"), child("3", "P2", city="Oulu"))

    assert news_of(steward.get(first)) == [("P2", "master_created"), ("P1", "master_created")]
    assert news_of(steward.get(moved)) == [("P2", "master_moved"), ("P1", "master_updated")]
    assert news_of(steward.get(moved, {"what": "moved"})) == [("P2", "master_moved")]
    assert news_of(steward.get(last)) == [("P2", "master_updated")]
    again = sync(child("1", revenue="8"), child("2", revenue="7", city="Oulu"), child("3", "P2", city="Oulu"))
    assert news_of(steward.get(again)) == [("P2", "master_updated"), ("P1", "master_moved"), ("P1", "master_updated")]


def test_what_a_run_did_is_paged_by_an_index(steward: Client) -> None:
    run = RunFactory()
    accounts = AccountFactory.create_batch(52)
    for account in accounts:
        events.record(account, "master_updated", run=run.pk, changes={"city": ["Turku", "Oulu"]})
        events.record(account, "master_updated", run=RunFactory().pk, changes={})
    path = reverse("sync_page", args=[run.pk])
    with CaptureQueriesContext(connection) as queries:
        response = steward.get(path)
    asked = next(query["sql"] for query in queries if 'FROM "core_event"' in query["sql"])
    rest = steward.get(f"{path}?{response.context['page'].next_query}")
    numbers = [number for number, _verb in (*news_of(response), *news_of(rest))]
    assert numbers == [account.parent_customer_id for account in reversed(accounts)]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + asked)
            plan = str(cursor.fetchall())
        assert ("event_of_run" in plan, "TEMP B-TREE" in plan) == (True, False), plan


def test_a_run_that_waits_says_so_when_it_would_do_more_than_is_listed(steward: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "MOST_PROPOSED", 2)
    run, few = (
        services.customer_sync(content=file_of(rows), source="a.csv", by=None, dry_run=True)
        for rows in ([child(str(number), f"P{number}") for number in range(3)], [child("1"), child("2", "P2")])
    )
    response = steward.get(reverse("sync_page", args=[run.pk]))
    assert len(response.context["news"]) == 2
    assert "Only the first 2 of 3 changes are listed, the most serious first." in response.content.decode()
    assert "Only the first" not in steward.get(reverse("sync_page", args=[few.pk])).content.decode()
