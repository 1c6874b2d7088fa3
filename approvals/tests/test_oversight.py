"""The load of approvals and the report of lead times: their figures, and who sees which."""

import csv
import datetime as dt
import html
import io
import re
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import lead_times, oversight, policies, reporting
from approvals.choices import Verdict, Via
from approvals.lead_times import Figures
from approvals.models import Decision, Request
from approvals.oversight import Load
from approvals.tests.conftest import World
from approvals.tests.factories import ask, make_probe
from approvals.tests.test_batch import text_of
from approvals.tests.test_inbox import asked, client_of
from approvals.tests.test_pages import without_session
from core import clock
from core.models import Event
from users.models import User
from users.tests.factories import TeamFactory, UserFactory

LOAD, REPORT, FILE = "/approvals/load/", "/approvals/report/", "/approvals/report/file/"


class Elsewhere(NamedTuple):
    """Another unit: who asks, and who prices for every unit."""

    rep: User
    manager: User
    pricing: User


@pytest.fixture
def elsewhere(world: World) -> Elsewhere:
    team = TeamFactory()
    rep = UserFactory(username="rep2", display_name="Outi Outola", roles=["sales_rep"], team=team)
    manager = UserFactory(username="manager2", display_name="Maria Muualla", roles=["sales_manager"], team=team)
    return Elsewhere(rep, manager, UserFactory(username="pricing2", display_name="Paavo Pitkä", roles=["pricing"], team=team))


def aged(request: Request, *, asked: float, due: float) -> Request:
    """It was asked and is due so many hours from now."""
    now = clock.now()
    times = {"asked_at": now + dt.timedelta(hours=asked), "due_at": now + dt.timedelta(hours=due)}
    Request.objects.filter(pk=request.pk).update(**times)
    return request


def of_unit(elsewhere: Elsewhere, approver: User | None = None) -> Request:
    """A request of the other unit; `approver` of any unit, past the rules."""
    run = ask(make_probe(elsewhere.rep.unit_id), by=elsewhere.rep, gates={"probe_first": elsewhere.pricing.pk})
    if approver is not None:
        Request.objects.filter(run=run).update(approver=approver)
    return run.requests.get()


# --- Who may ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", [LOAD, REPORT, FILE])
def test_managers_leadership_and_stewards_see_it_and_whoever_manages_a_team(world: World, path: str) -> None:
    leader = UserFactory(roles=["sales_leadership"])
    head = UserFactory(roles=["sales_rep"], team=world.rep.team)
    status = 302 if path == FILE else 200
    may = {world.manager: status, world.steward: status, leader: status, world.rep: 403, world.pricing: 403, head: 403}
    assert {person: client_of(person).get(path).status_code for person in may} == may
    world.rep.team.manager = head
    world.rep.team.save()
    assert client_of(head).get(path).status_code == status
    assert Client().get(path).status_code == 302


def test_the_rule_about_one_person_and_the_rule_about_all_say_the_same(world: World, elsewhere: Elsewhere) -> None:
    head = UserFactory(roles=["sales_rep"], team=elsewhere.rep.team)
    elsewhere.rep.team.manager = head
    elsewhere.rep.team.save()
    unplaced = UserFactory(roles=["sales_manager"])
    everybody = User.objects.select_related("team").all()
    for person in (world.manager, elsewhere.manager, head, world.steward, world.rep, unplaced):
        theirs = set(oversight.people_of(person))
        assert theirs == {other for other in everybody if policies.oversees(person, other)}
    assert set(oversight.people_of(unplaced)) == set()
    assert world.steward in oversight.people_of(world.steward)


# --- Load -------------------------------------------------------------------------------------------------------------
@pytest.mark.req("S3.39")
def test_the_load_counts_by_person_how_many_how_old_and_how_late(world: World, elsewhere: Elsewhere) -> None:
    late = aged(asked(world), asked=-50, due=-2)
    aged(asked(world), asked=-3, due=40)
    queued = aged(asked(world, gates={"not_defined": None}), asked=-1, due=47)
    aged(of_unit(elsewhere), asked=-7, due=-1)
    later = ask(make_probe(world.rep.unit_id), by=world.rep, gates={"probe_first": world.pricing.pk, "probe_second": None})
    aged(later.requests.get(approver=world.pricing), asked=-1, due=1)
    late.refresh_from_db()
    queued.refresh_from_db()
    now = clock.now()
    mine = [Load(world.pricing.pk, "Pirkko Pöyry", 3, late.asked_at, 1), Load(None, None, 1, queued.asked_at, 0)]
    assert oversight.load_of(world.manager, now=now) == mine, "a step that is not open yet waits for nobody"
    assert [(row.name, row.number, row.late) for row in oversight.load_of(world.steward, now=now)] == [
        ("Pirkko Pöyry", 3, 1),
        (None, 1, 0),
        ("Paavo Pitkä", 1, 1),
    ]
    assert [row.name for row in oversight.load_of(elsewhere.manager, now=now)] == ["Paavo Pitkä"]
    text = text_of(client_of(world.manager).get(LOAD))
    table = r"Pirkko Pöyry 3 2 days, 2 hours 1 Data stewards \(queue\) 1 1 hour 0 "
    assert re.search(table + r"Waiting requests: 4, late: 1\. ", text), text


def test_what_waits_for_one_person_is_listed_by_deadline(world: World) -> None:
    late, soon = aged(asked(world, amount="7"), asked=-50, due=-2), aged(asked(world), asked=-1, due=3)
    answer = client_of(world.manager).get(LOAD, {"person": world.pricing.pk})
    assert [row.request.pk for row, _path in answer.context["shown"]] == [late.pk, soon.pk]
    text = text_of(answer)
    for part in ("Waiting for Pirkko Pöyry", "Probe P-1", "Äyräs & Pojat Oy", "€7.00", "Riikka Räsänen", "Late", "2 hours late."):
        assert part in text, part
    assert "12.3" not in text, "margins are not what this is about"


def test_only_who_may_open_a_request_gets_a_link_to_it(world: World) -> None:
    request = aged(asked(world), asked=-1, due=3)
    path = reverse("approval_detail", args=[request.pk])
    for person, has_link in ((world.manager, False), (world.steward, True)):
        page = client_of(person).get(LOAD, {"person": world.pricing.pk}).content.decode()
        assert (f'href="{path}"' in page) == has_link
        assert client_of(person).get(path).status_code == (200 if has_link else 404)


def test_a_request_of_another_unit_is_counted_and_says_no_more(world: World, elsewhere: Elsewhere) -> None:
    aged(of_unit(elsewhere, approver=world.pricing), asked=-1, due=3)
    text = text_of(client_of(world.manager).get(LOAD, {"person": world.pricing.pk}))
    assert ("A request of another unit" in text, "Outi Outola" in text) == (True, True)
    assert ("Probe P-1" in text, "Äyräs" in text) == (False, False)
    assert "Probe P-1" in text_of(client_of(elsewhere.manager).get(LOAD, {"person": world.pricing.pk}))
    assert "Probe P-1" in text_of(client_of(world.steward).get(LOAD, {"person": world.pricing.pk}))


def test_the_queue_is_listed_too(world: World) -> None:
    aged(asked(world, gates={"not_defined": None}), asked=-1, due=3)
    text = text_of(client_of(world.manager).get(LOAD, {"person": "queue"}))
    assert ("Waiting in the queue of the data stewards" in text, "Probe P-1" in text) == (True, True)


def test_a_person_for_whom_nothing_waits_in_sight_has_no_list(world: World, elsewhere: Elsewhere) -> None:
    aged(of_unit(elsewhere), asked=-1, due=3)
    for person in (str(elsewhere.pricing.pk), "queue", "x", "", str(10**30), "-1"):
        answer = client_of(world.manager).get(LOAD, {"person": person})
        assert (answer.status_code, answer.context["page"]) == (200, None)
    assert "Nothing waits for anybody" in text_of(client_of(world.manager).get(LOAD))


@pytest.mark.parametrize("count", [2, 20])
def test_the_load_costs_the_same_for_few_and_many(world: World, count: int) -> None:
    for _number in range(count):
        asked(world)
    client = client_of(world.steward)
    client.get(LOAD, {"person": world.pricing.pk})
    with CaptureQueriesContext(connection) as queries:
        client.get(LOAD, {"person": world.pricing.pk})
    assert without_session(queries) == 5  # user, load, rows, gates, how many wait


# --- Lead times -------------------------------------------------------------------------------------------------------
NOVEMBER, OCTOBER = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC), dt.datetime(2026, 10, 31, 22, 30, tzinfo=dt.UTC)
PERIOD = {"since": "2026-08-01", "until": "2026-11-30"}


def answered(
    world: World, hours: float, *, asked_at: dt.datetime = NOVEMBER, due: float = 24, by: User | None = None, **how: Any
) -> Decision:
    """An answer that took so many hours, written past the clock."""
    how.setdefault("gates", {"probe_first": (by or world.pricing).pk})
    request = asked(world, **how)
    Request.objects.filter(pk=request.pk).update(asked_at=asked_at, due_at=asked_at + dt.timedelta(hours=due))
    Request.objects.filter(pk=request.pk).update(status="approved", is_open=False)
    run = request.run
    return Decision.objects.create(
        request=request,
        verdict=Verdict.APPROVE,
        decided_by=by or world.pricing,
        requested_by=run.requested_by,
        last_editor=run.last_editor,
        subject_version=1,
        content_hash=run.content_hash,
        via=Via.PAGE,
        at=asked_at + dt.timedelta(hours=hours),
    )


def figures(number: int, *rest: str) -> Figures:
    return Figures(number, *map(Decimal, rest))


@pytest.fixture
def history(world: World) -> None:
    """Worked out by hand below."""
    other = UserFactory(username="pricing3", display_name="Aatos Aro", roles=["pricing"], team=world.rep.team)
    for hours in (1, 2, 3, 4):
        answered(world, hours, due=3)
    answered(world, 10, by=other)
    answered(world, 30, by=other)
    both = UserFactory(username="both", display_name="Bea Bo", roles=["pricing", "sales_manager"], team=world.rep.team)
    answered(world, 6, by=both, gates={"probe_first": both.pk, "probe_second": both.pk})
    answered(world, 0.5, asked_at=OCTOBER - dt.timedelta(hours=2))  # at 21 UTC, which is 23 on the last of October
    answered(world, 0.5, asked_at=OCTOBER)  # at 1 on the first of November
    answered(world, 8, asked_at=dt.datetime(2026, 8, 10, 9, tzinfo=dt.UTC))


def test_the_report_is_the_one_worked_out_by_hand(world: World, history: None) -> None:
    report = client_of(world.manager).get(REPORT, PERIOD).context["report"]
    # ½ ½ 1 2 3 4 6 8 10 30: median (3 + 4) / 2, place 8.1 of 0…9: 10 + 0.1 × 20; late: 4 of 3 and 30 of 24
    assert report.total == figures(10, "3.5", "12.0", "80.0")
    assert [(row.label, row.figures) for row in report.gates] == [
        ("Probe first", figures(10, "3.5", "12.0", "80.0")),
        ("Probe second", figures(1, "6.0", "6.0", "100.0")),
    ]
    # ½ ½ 1 2 3 4 8: place 5.4: 4 + 0.4 × 4
    assert [(row.label, row.figures) for row in report.people] == [
        ("Pirkko Pöyry", figures(7, "2.0", "5.6", "85.7")),
        ("Aatos Aro", figures(2, "20.0", "28.0", "50.0")),
        ("Bea Bo", figures(1, "6.0", "6.0", "100.0")),
    ]
    # November: ½ 1 2 3 4 6 10 30: place 6.3: 10 + 0.3 × 20
    assert [(row.label, row.figures, row.part_median, row.part_p90) for row in report.months] == [
        ("2026-08", figures(1, "8.0", "8.0", "100.0"), 50, 50),
        ("2026-09", None, 0, 0),
        ("2026-10", figures(1, "0.5", "0.5", "100.0"), 3, 3),
        ("2026-11", figures(8, "3.5", "16.0", "75.0"), 22, 100),
    ]


def test_chart_and_table_say_the_same(world: World, history: None) -> None:
    page = client_of(world.manager).get(REPORT, PERIOD).content.decode()
    bars = re.findall(r'<rect class="approval-bar-(\w+)" y="\d+" width="(\d+)" height="8"/>', page)
    assert bars == [("median", "50"), ("p90", "50"), ("median", "3"), ("p90", "3"), ("median", "22"), ("p90", "100")]
    assert re.search(r"November 2026 8 3\.5 16 75\.0%", text_of(client_of(world.manager).get(REPORT, PERIOD)))


def test_the_report_is_narrowed_by_period_and_kind(world: World, history: None) -> None:
    client = client_of(world.manager)

    def total(**query: str) -> Figures | None:
        found: Figures | None = client.get(REPORT, query).context["report"].total
        return found

    assert total(**PERIOD, kind="probe_second") == figures(1, "6.0", "6.0", "100.0")
    assert total(since="2026-10-31", until="2026-10-31") == figures(1, "0.5", "0.5", "100.0")
    assert total(since="2026-11-01", until="2026-11-01") == figures(1, "0.5", "0.5", "100.0")
    assert total(since="2026-09-01", until="2026-10-30") is None
    assert "No answers in this period" in text_of(client.get(REPORT, {"since": "2026-09-01", "until": "2026-10-30"}))


@pytest.mark.parametrize(
    "query",
    [
        {"since": "2026-11-30", "until": "2026-11-01"},
        {"since": "x"},
        {"until": "9999-12-31"},
        {"since": "0001-01-01"},
        {"kind": "x"},
    ],
)
def test_a_filter_that_makes_no_sense_is_told_and_shows_the_last_twelve_months(world: World, query: dict[str, str]) -> None:
    answer = client_of(world.manager).get(REPORT, query)
    assert (answer.status_code, "is-invalid" in answer.content.decode()) == (200, True)
    assert client_of(world.manager).get(REPORT, {"since": "", "until": ""}).context["until"] == clock.today()


@pytest.mark.parametrize(
    ("day", "first"), [((2026, 11, 26), (2025, 12, 1)), ((2026, 12, 31), (2026, 1, 1)), ((2026, 1, 1), (2025, 2, 1))]
)
def test_the_period_is_twelve_months_when_none_is_named(
    world: World, day: tuple[int, int, int], first: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "today", lambda: dt.date(*day))
    context = client_of(world.manager).get(REPORT).context
    assert (context["since"], context["until"]) == (dt.date(*first), dt.date(*day))


def test_each_sees_the_answers_of_their_people(world: World, elsewhere: Elsewhere) -> None:
    answered(world, 1)
    abroad = of_unit(elsewhere)
    Decision.objects.create(
        request=abroad, verdict="approve", decided_by=elsewhere.pricing, requested_by=elsewhere.rep, last_editor=elsewhere.rep,
        subject_version=1, content_hash=abroad.run.content_hash, via="page", at=clock.now(),
    )  # fmt: skip
    people = {"manager": (world.manager, 1), "elsewhere": (elsewhere.manager, 1), "steward": (world.steward, 2)}
    leader = UserFactory(roles=["sales_leadership"])
    for person, number in [*people.values(), (leader, 2)]:
        assert client_of(person).get(REPORT).context["report"].total.number == number
    names = client_of(world.manager).get(REPORT).context["report"].people
    assert [row.label for row in names] == ["Pirkko Pöyry"]


def test_too_many_answers_are_not_read(world: World, history: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting.read, "__defaults__", (10,))
    answer = client_of(world.manager).get(REPORT, PERIOD)
    assert (answer.context["is_too_much"], answer.context["report"].total) == (True, None)
    assert "Choose a shorter period" in text_of(answer)


@pytest.mark.parametrize("count", [2, 20])
def test_the_report_costs_the_same_for_few_and_many(world: World, count: int) -> None:
    for number in range(count):
        answered(world, number)
    client = client_of(world.manager)
    client.get(REPORT)
    with CaptureQueriesContext(connection) as queries:
        client.get(REPORT)
    assert without_session(queries) == 5  # user, kinds, answers, saved views, how many wait


# --- The file ---------------------------------------------------------------------------------------------------------
def export(client: Client, file_format: str = "csv", **query: str) -> Any:
    return client.post(f"{FILE}?{urlencode(PERIOD | query)}", {"format": file_format})


def test_the_file_has_the_tables_of_the_page(world: World, history: None) -> None:
    answer = export(client_of(world.manager))
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")))
    assert rows == [
        ["Grouped by", "Name", "Answers", "Median, hours", "90 of 100 within, hours", "In time, %"],
        ["Total", "", "10", "3.5", "12.0", "80"],
        ["Kind", "Probe first", "10", "3.5", "12.0", "80"],
        ["Kind", "Probe second", "1", "6.0", "6.0", "100"],
        ["Person", "Pirkko Pöyry", "7", "2.0", "5.6", "85.7"],
        ["Person", "Aatos Aro", "2", "20.0", "28.0", "50"],
        ["Person", "Bea Bo", "1", "6.0", "6.0", "100"],
        ["Month", "2026-08", "1", "8.0", "8.0", "100"],
        ["Month", "2026-10", "1", "0.5", "0.5", "100"],
        ["Month", "2026-11", "8", "3.5", "16.0", "75"],
    ]
    event = Event.objects.get(verb="export started")
    assert (event.by, event.data["list"], event.data["filter"]) == (world.manager, "approval lead times", {**PERIOD, "kind": ""})
    sheet = openpyxl.load_workbook(io.BytesIO(export(client_of(world.manager), "xlsx", kind="probe_second").getvalue())).active
    assert [cell.value for cell in sheet[2]] == ["Total", None, 1, 6, 6, 1]


def test_no_name_in_the_file_can_run(world: World) -> None:
    answered(world, 1)
    User.objects.filter(pk=world.pricing.pk).update(display_name="=1+1")
    assert "'=1+1" in export(client_of(world.manager)).getvalue().decode()


def test_a_file_that_is_asked_for_by_its_address_leads_to_the_page(world: World) -> None:
    answer = client_of(world.manager).get(FILE, PERIOD)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{REPORT}?since=2026-08-01&until=2026-11-30")
    assert client_of(world.rep).post(FILE, {"format": "csv"}).status_code == 403


@pytest.mark.postgresql
def test_the_database_agrees_about_percentiles(world: World, history: None) -> None:
    """PostgreSQL's own percentile_cont over the same times."""
    hours = "WITHIN GROUP (ORDER BY extract(epoch FROM d.at - r.asked_at) / 3600)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT percentile_cont(0.5) {hours}, percentile_cont(0.9) {hours} "
            "FROM approvals_decision d JOIN approvals_request r ON r.id = d.request_id"
        )
        median, p90 = cursor.fetchone()
    found = reporting.read(reporting.answers_for(world.steward, since=dt.date(2026, 1, 1), until=dt.date(2026, 12, 31))) or []
    total = lead_times.figures_of(found)
    assert (float(total.median), float(total.p90)) == (pytest.approx(median, abs=0.05), pytest.approx(p90, abs=0.05))


def test_months_are_written_in_the_language_of_the_reader(world: World) -> None:
    answered(world, 1)
    page = client_of(world.manager).get(REPORT, PERIOD, headers={"Accept-Language": "fi"})
    assert "marraskuu 2026" in html.unescape(page.content.decode()).lower()
