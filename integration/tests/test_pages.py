from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import MasterRecord
from core.models import JobRun
from integration import services
from integration.models import PRODUCT_IMPORT
from integration.tests.factories import QuarantinedRowFactory, RunFactory, child, file_of
from users.roles import ROLES
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def client_of(role: str) -> Client:
    client = Client()
    client.force_login(UserFactory(roles=[role]))
    return client


@pytest.fixture
def steward() -> Client:
    return client_of("data_steward")


def pages(run: JobRun) -> list[str]:
    return [reverse("sync_list"), *(reverse(name, args=[run.pk]) for name in ("sync_page", "sync_quarantine"))]


@pytest.mark.parametrize("role", sorted(ROLES))
def test_only_stewards_get_in(role: str) -> None:
    run = QuarantinedRowFactory().run
    statuses = {client_of(role).get(path).status_code for path in pages(run)}
    assert statuses == ({200} if role == "data_steward" else {403})


def test_strangers_are_sent_to_the_login() -> None:
    assert {Client().get(path).status_code for path in pages(RunFactory())} == {302}


def test_runs_of_other_jobs_are_not_shown(steward: Client) -> None:
    other = RunFactory(kind="backup")
    assert [steward.get(path).status_code for path in pages(other)] == [200, 404, 404]
    assert steward.get(reverse("sync_list")).context["page"].rows == []


def queries_of(client: Client, path: str) -> int:
    """SQL statements of the second visit: the first one warms caches."""
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def fill_list(number: int) -> str:
    for index in range(number):
        RunFactory(started_by=UserFactory(), kind=PRODUCT_IMPORT if index % 2 else "customer_sync")
    return reverse("sync_list")


def fill_run(number: int) -> str:
    run = services.customer_sync(
        content=file_of([child(f"{number}-{row}", f"P{number}-{row}") for row in range(number)]), by=None
    )
    return reverse("sync_page", args=[run.pk])


def fill_quarantine(number: int) -> str:
    run = RunFactory()
    QuarantinedRowFactory.create_batch(number, run=run)
    return reverse("sync_quarantine", args=[run.pk])


@pytest.mark.parametrize(("fill", "own"), [(fill_list, 1), (fill_run, 3), (fill_quarantine, 2)])
def test_a_page_costs_the_same_at_2_and_at_20_rows(steward: Client, fill: Callable[[int], str], own: int) -> None:
    """Besides its own statements a page asks for the session, the user, the roles and what the menu counts."""
    few, many = (queries_of(steward, fill(number)) for number in (2, 20))
    assert few == many <= own + 4


def test_the_latest_run_stands_first_and_the_list_goes_on(steward: Client) -> None:
    runs = RunFactory.create_batch(53)
    first = steward.get(reverse("sync_list"))
    assert [run.pk for run in first.context["page"].rows] == [run.pk for run in reversed(runs)][:50]
    rest = steward.get(f"{reverse('sync_list')}?{first.context['page'].next_query}")
    assert [run.pk for run in rest.context["page"].rows] == [run.pk for run in reversed(runs[:3])]


def test_a_run_shows_its_counts_and_what_changed(steward: Client) -> None:
    services.customer_sync(content=file_of([child("1", revenue="5"), child("2", "P2")]), by=None)
    run = services.customer_sync(content=file_of([child("1", revenue="7"), child("2", "P2"), child("3", revenue="x")]), by=None)
    response = steward.get(reverse("sync_page", args=[run.pk]))
    [news] = response.context["news"]
    assert (news.account.parent_customer_id, news.verb) == ("P1", "master_updated")
    assert [(change.label, change.before, change.after) for change in news.changes] == [("yearly revenue, EUR", "5.00", "7.00")]
    assert ("Accounts updated", 1) in [(str(label), number) for label, number in response.context["counts"]]
    assert MasterRecord.objects.filter(run=run).count() == 1
    html = response.content.decode()
    assert "Updated from the customer master" in html
    assert "5.00 → 7.00" in html


def test_a_failed_run_says_why(steward: Client) -> None:
    run = services.customer_sync(content=b"", by=None)
    assert "The file is empty." in steward.get(reverse("sync_page", args=[run.pk])).content.decode()


def test_the_quarantine_shows_rows_as_text(steward: Client) -> None:
    run = services.customer_sync(content=file_of([child("<script>alert(1)</script>", revenue="=1+1"), child("ok")]), by=None)
    html = steward.get(reverse("sync_quarantine", args=[run.pk])).content.decode()
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "is not a number." in html


def test_the_quarantine_pages_by_row_number(steward: Client) -> None:
    run = RunFactory()
    for number in range(60, 0, -1):
        QuarantinedRowFactory(run=run, row_number=number)
    address = reverse("sync_quarantine", args=[run.pk])
    first = steward.get(address).context["page"]
    second = steward.get(f"{address}?{first.next_query}").context["page"]
    assert [row.row_number for row in (*first.rows, *second.rows)] == list(range(1, 61))
