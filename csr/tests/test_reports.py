"""The report of cases: what it counts, how long things take, and what it leads to."""

import datetime as dt
from decimal import Decimal as D
from fractions import Fraction
from typing import Any

import django_filters
import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tests.factories import AccountFactory
from approvals.lead_times import MEDIAN, P90, percentile
from approvals.tests.test_links import text_of
from core import clock as clocks
from csr import reporting, services
from csr.choices import CaseStatus as S
from csr.drilling import DrillingFilter
from csr.models import Case, CaseSpell, RequirementType
from csr.tests.factories import World, answer_all, bring_to, decide, make_case_world, reason, registered
from users.tests.factories import UserFactory

PAGE, FILE = "case_report", "case_report_file"


@pytest.fixture
def world(db: None) -> World:
    return make_case_world()


@pytest.fixture
def rep(world: World, client: Client) -> Client:
    client.force_login(world.rep)
    return client


def report_for(world: World, since: dt.date | None = None, until: dt.date | None = None) -> reporting.Report:
    today = clocks.today()
    since, until = since or today - dt.timedelta(days=365), until or today
    return reporting.report_of(reporting.cases_for(world.rep, since, until), since, until)


def rows_of(report: reporting.Report, code: str) -> list[tuple[Any, ...]]:
    table = next(table for table in report.tables if table.code == code)
    if table.is_of_times:
        return [(row.label, row.number, row.median, row.p90) for row in table.rows]
    return [(row.label, row.number) for row in table.rows]


@pytest.mark.req("S3.8")
def test_it_counts_cases_by_status_unit_type_product_customer_and_age(world: World, clock: Any) -> None:
    registered(world)
    clock.shift(dt.timedelta(days=40))
    registered(world, requirement_type=RequirementType.objects.get(code="logistics"), products=False)
    bring_to(world, S.CLOSED_REJECTED)
    report = report_for(world)
    assert (report.number, report.open, report.implemented, report.rejected) == (3, 2, 0, 1)
    assert rows_of(report, "status") == [("Registration", 2), ("Closed - Rejected", 1)]
    assert rows_of(report, "age") == [("Up to 30 days", 1), ("31 to 90 days", 1)]
    assert rows_of(report, "unit") == [(str(world.quotes.account.unit or "No business unit"), 3)]
    assert rows_of(report, "type") == [("Packaging", 2), ("Logistics", 1)]
    assert rows_of(report, "product") == [("MAITO-1 Milk", 2)]
    assert rows_of(report, "about") == [(world.quotes.account.name, 3)]
    assert rows_of(report, "reason") == [("Not feasible", 1)]
    assert [row.part for row in report.tables[0].rows] == [100, 50]


def test_every_figure_leads_to_its_cases(world: World, clock: Any) -> None:
    registered(world)
    clock.shift(dt.timedelta(days=40))
    bring_to(world, S.UNDER_ASSESSMENT)
    bring_to(world, S.CLOSED_REJECTED)
    other = services.case_register(
        account_id=AccountFactory(owner=world.rep).pk, by=world.rep, title="Other", description="d",
        requirement_type=RequirementType.objects.get(code="packaging"),
    )  # fmt: skip
    services.account_add(case_id=other.pk, account_id=world.quotes.account.pk, by=world.rep)

    class Narrowed(DrillingFilter):  # as the list narrows cases by status, requirement type and account
        status = django_filters.CharFilter()
        requirement_type = django_filters.NumberFilter()
        account = django_filters.NumberFilter()

    checked = 0
    for table in report_for(world).tables:
        for row in table.rows:
            if row.query:
                found = Narrowed(QueryDict(row.query), Case.objects.all())
                assert (found.form.is_valid(), found.qs.count()) == (True, row.number), (table.code, row)
                checked += 1
    assert checked == 11


def test_times_are_those_of_phases_that_are_over(world: World, clock: Any) -> None:
    case = registered(world)
    clock.shift(dt.timedelta(days=2))
    services.case_submit(case_id=case.pk, by=world.rep)
    clock.shift(dt.timedelta(days=1))
    case = decide(case)
    answer_all(case)
    clock.shift(dt.timedelta(days=5))
    other = registered(world)
    clock.shift(dt.timedelta(days=4))
    services.case_submit(case_id=other.pk, by=world.rep)
    report = report_for(world)
    assert rows_of(report, "times") == [
        ("Registration", 2, D("3.0"), D("3.8")),
        ("Pending Pre-Approval", 1, D("1.0"), D("1.0")),
    ]
    assert rows_of(report, "people") == [(world.rep.display_name, 2, D("3.0"), D("3.8"))]


@pytest.mark.parametrize("number", [1, 2, 3, 7, 10, 11, 20, 21])
def test_the_database_finds_the_same_places_as_the_pure_percentile(world: World, number: int) -> None:
    case = registered(world)
    start = case.created_at
    CaseSpell.objects.filter(case=case).update(ended_at=start)
    CaseSpell.objects.all().delete()
    taken = [(7 * place * place) % 97 for place in range(number)]
    CaseSpell.objects.bulk_create(
        CaseSpell(
            case=case, status=S.REGISTRATION, owner=world.rep, began_at=start, ended_at=start + dt.timedelta(seconds=seconds)
        )
        for seconds in taken
    )
    found = reporting.percentiles(reporting._ranked(Case.objects.all(), ["registration"], "status"))
    ordered = sorted(taken)
    assert found == {"registration": reporting.Times(number, percentile(ordered, MEDIAN), percentile(ordered, P90))}
    assert all(isinstance(value, int | Fraction) for value in found["registration"])


def test_satisfaction_is_told_by_its_average_and_its_distribution(world: World) -> None:
    case = bring_to(world, S.IMPLEMENTED)
    for score in (5, 5, 3):
        services.feedback_add(case_id=case.pk, by=world.rep, score=score, said_by="Olli")
    report = report_for(world)
    assert report.average == D("4.3")
    assert [number for _label, number in rows_of(report, "satisfaction")] == [2, 0, 1, 0, 0]


def test_it_is_about_the_cases_of_the_period_that_somebody_sees(world: World, clock: Any, client: Client) -> None:
    registered(world)
    first = clocks.today()
    clock.shift(dt.timedelta(days=10))
    registered(world)
    today = clocks.today()
    assert report_for(world, first, first).number == 1
    assert report_for(world, first, today).number == 2
    assert report_for(world, first + dt.timedelta(days=1), today).number == 1
    client.force_login(UserFactory(roles=["sales_rep"]))
    assert "No cases in this period" in text_of(client.get(reverse(PAGE)))


def test_the_page_shows_the_tables_and_their_links(rep: Client, world: World) -> None:
    registered(world)
    page = rep.get(reverse(PAGE))
    content = page.content.decode()
    assert page.status_code == 200
    for title in ("By status", "Open cases by age", "By requirement type", "By product", "By customer"):
        assert title in content
    assert "status=registration" in content
    assert "Time per phase" not in content  # none is over
    finnish = rep.get(reverse(PAGE), headers={"Accept-Language": "fi"})
    assert finnish.status_code == 200


def test_its_queries_do_not_grow_with_the_cases(rep: Client, world: World) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert rep.get(reverse(PAGE)).status_code == 200
        return len(caught)

    bring_to(world, S.IMPLEMENTED)
    queries()
    few = queries()
    for _ in range(5):
        bring_to(world, S.INACTIVE)
    assert queries() == few <= 15


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_report_is_had_as_a_file(rep: Client, world: World, kind: str) -> None:
    services.case_close(case_id=registered(world).pk, by=world.rep, reason=reason())
    answer = rep.post(reverse(FILE), {"format": kind})
    content = answer.getvalue()
    assert answer.status_code == 200
    if kind == "csv":
        lines = content.decode("utf-8-sig").splitlines()
        assert lines[0].startswith("Table,Name,Number")
        assert any(line.startswith("By status,Closed - Rejected,1") for line in lines)
        assert any(line.startswith('"Time per phase, days",Registration,1') for line in lines)


def test_a_period_that_makes_no_sense_is_the_usual_one(rep: Client, world: World) -> None:
    registered(world)
    assert "is before the first one" in text_of(rep.get(reverse(PAGE), {"since": "2026-12-31", "until": "2026-01-01"}))
    assert rep.get(reverse(PAGE), {"since": "x"}).status_code == 200
