"""The rows of the inbox: what they say to whom, in which order, and what they cost."""

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from approvals import inbox, services
from approvals.choices import Verdict, Via
from approvals.models import Request
from approvals.tests.conftest import World
from approvals.tests.factories import FACTS, ask, make_probe
from approvals.tests.many import make_many
from approvals.tests.test_links import text_of
from core import clock
from users.tests.factories import UserFactory

PATH = "/approvals/"
LIVE = {"HX-Request": "true", "HX-Target": "rows"}
BOTH = {"probe_first": None, "probe_second": None}


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: Any, **query: str) -> str:
    return client_of(user).get(PATH, query).content.decode()


def words(user: Any, **headers: str) -> str:
    """The text of the first tab, with plain spaces."""
    return html.unescape(text_of(client_of(user).get(PATH, headers=headers))).replace("\xa0", " ").replace("  ", " ")


def shown(user: Any, **query: str) -> list[int]:
    """The keys of the requests in the list."""
    return [int(pk) for pk in re.findall(r'id="request-(\d+)"', page(user, **query))]


def due(request: Request, hours: float) -> Request:
    Request.objects.filter(pk=request.pk).update(due_at=clock.now() + dt.timedelta(hours=hours))
    return request


def asked(world: World, **how: Any) -> Request:
    run = ask(make_probe(world.rep.unit_id), by=how.pop("by", world.rep), **how)
    return run.requests.order_by("position").first()


# --- What a row says --------------------------------------------------------------------------------------------------
@pytest.mark.req("S3.38")
def test_a_row_says_what_breaks_which_limit_for_how_much_and_who_asks(world: World) -> None:
    due(asked(world, amount="1234.50", reason="x"), 5)
    text = words(world.pricing)
    for part in (
        "Probe P-1", "Probe · Probe first", "Äyräs & Pojat Oy", "Floor of line 4", "€9.50, limit €10.00", "€1,234.50", "12.3%",
        "Riikka Räsänen", "0 minutes ago", "4 hours, 59 minutes left.", "Waiting for me (1)",
    ):  # fmt: skip
        assert part in text, part
    assert "Late" not in text_of(client_of(world.pricing).get(PATH, headers=LIVE))


def test_a_row_speaks_the_language_of_its_reader(world: World) -> None:
    due(asked(world, amount="1234.50"), 5)
    text = words(world.pricing, **{"Accept-Language": "fi"})
    for part in ("Koe P-1", "Portti probe_first", "Rivin 4 pohja", "12,3 %", "1 234,50 €"):
        assert part in text, part


def test_a_row_says_what_breaks_the_limits_of_those_gates_that_are_asked_about(world: World) -> None:
    run = ask(world.probe, by=world.rep, gates=BOTH)
    first, second = run.requests.order_by("position")
    services.request_decide(request_id=first.pk, verdict=Verdict.APPROVE, comment="", by=world.pricing, via=Via.PAGE)
    text = text_of(client_of(world.manager).get(PATH))
    assert "Margin of the quote" in text
    assert "12.3%, limit 17.7%" in text
    assert "Floor of line 4" not in text
    assert shown(world.manager) == [second.pk]


def test_further_limits_are_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    one = FACTS["brief"]["breaks"]["probe_first"]
    monkeypatch.setitem(FACTS, "brief", {**FACTS["brief"], "breaks": {"probe_first": {**one, "count": 3}}})
    asked(world)
    assert "and 2 more" in text_of(client_of(world.pricing).get(PATH))


@pytest.mark.req("S3.38")
def test_no_margin_is_in_the_page_of_who_may_not_see_one(world: World) -> None:
    ask(world.probe, by=world.rep, gates={"probe_beside": world.success.pk, "probe_second": world.manager.pk})
    Request.objects.update(summary=FACTS)
    for person, tab in ((world.success, "waiting"), (UserFactory(roles=["sales_support"], team=world.rep.team), "asked")):
        text = page(person, tab=tab)
        for number in ("12.3", "17.7", "12,3", "17,7", ">Margin<"):
            assert number not in text
    assert "Probe P-1" in page(world.success)
    assert "12.3%" in page(world.manager)


def test_a_row_itself_has_no_margin_for_who_may_not_see_one(world: World) -> None:
    asked(world)
    requests = inbox.requests_of(world.pricing, "waiting")
    margins = [inbox.rows_of(requests, person, now=clock.now())[0].margin for person in (world.pricing, world.success)]
    assert margins == ["12.3%", ""]


def test_a_margin_that_is_a_limit_is_told_without_its_numbers(world: World) -> None:
    support = UserFactory(roles=["sales_support"], team=world.rep.team)
    asked(world, by=support, gates={"probe_second": None})
    text = page(support, tab="asked")
    assert "Margin of the quote" in text
    assert ("12.3" in text, "17.7" in text) == (False, False)


def test_a_request_from_before_rows_said_so_much_is_still_shown(world: World) -> None:
    old = {name: value for name, value in FACTS.items() if name != "brief"}
    request = asked(world)
    Request.objects.update(summary=old)
    text = text_of(client_of(world.pricing).get(PATH))
    assert ("Line 4 is below its floor." in text, "Probe P-1" in text) == (True, True)
    Request.objects.update(summary={})
    assert shown(world.pricing) == [request.pk]


def test_what_is_late_is_marked_with_a_word_and_an_icon(world: World) -> None:
    due(asked(world), -3)
    rows = client_of(world.pricing).get(PATH, headers=LIVE).content.decode()
    assert re.search(r'<span class="badge bg-red-lt"><svg.*?</svg> Late</span>', rows, re.DOTALL)
    assert "3\xa0hours late." in rows


# --- Order, tabs, filters ---------------------------------------------------------------------------------------------
def test_what_waits_stands_by_deadline(world: World) -> None:
    later, late, soon = (due(asked(world), hours) for hours in (30, -2, 1))
    assert shown(world.pricing) == [late.pk, soon.pk, later.pk]
    assert shown(world.rep, tab="asked") == [soon.pk, late.pk, later.pk]


def test_the_list_is_narrowed_by_kind_lateness_and_words(world: World) -> None:
    other = UserFactory(username="toinen", display_name="Örjan Öhman", roles=["sales_rep"], team=world.rep.team)
    late, soon = due(asked(world), -2), due(asked(world, by=other), 1)
    Request.objects.filter(pk=soon.pk).update(summary={**FACTS, "title": {"en": "Special", "fi": "Erikois"}})
    assert shown(world.pricing, late="true") == [late.pk]
    assert shown(world.pricing, q="öhman") == [soon.pk]
    assert shown(world.pricing, q="special") == [soon.pk]
    assert shown(world.pricing, q="äyräs") == [late.pk, soon.pk]
    assert shown(world.pricing, kind="probe_first") == [late.pk, soon.pk]
    assert shown(world.pricing, kind="probe_second") == []
    assert shown(world.pricing, kind="nonsense", late="x") == [late.pk, soon.pk]
    assert "No request fits" in page(world.pricing, q="nothing")
    assert shown(world.rep, tab="asked", late="true") == [late.pk]


def test_what_one_types_is_answered_with_the_rows_alone(world: World) -> None:
    asked(world)
    client = client_of(world.pricing)
    part = client.get(PATH, {"tab": "waiting", "q": "probe"}, headers=LIVE)
    whole = client.get(PATH, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    rows = part.content.decode()
    assert ("<html" in rows, 'hx-swap-oob="innerHTML">1 row<' in rows, b"<html" in whole.content) == (False, True, True)
    assert "HX-Target" in part.headers["Vary"]


@pytest.mark.parametrize("tab", ["asked", "done"])
def test_only_what_waits_can_be_selected(world: World, tab: str) -> None:
    request = asked(world)
    assert 'name="pick"' in page(world.pricing)
    services.request_decide(request_id=request.pk, verdict=Verdict.APPROVE, comment="", by=world.pricing, via=Via.PAGE)
    assert 'name="pick"' not in page(world.rep if tab == "asked" else world.pricing, tab=tab)


def test_the_tab_tells_how_many_wait_and_so_does_the_menu(world: World) -> None:
    for _number in range(3):
        asked(world)
    text = page(world.pricing, tab="done")
    assert "Waiting for me (3)" in text
    assert 'badge bg-red-lt">3<' in text


@pytest.mark.parametrize(
    ("role", "sees"),
    [("sales_manager", True), ("sales_leadership", True), ("data_steward", True), ("pricing", False), ("sales_rep", False)],
)
def test_the_way_to_load_and_report_is_there_for_those_who_may(world: World, role: str, sees: bool) -> None:
    text = page(UserFactory(roles=[role], team=world.rep.team))
    assert [reverse(name) in text for name in ("approval_load", "approval_report")] == [sees, sees]


# --- Many -------------------------------------------------------------------------------------------------------------
@pytest.mark.postgresql
@pytest.mark.parametrize("role", ["pricing", "data_steward"])
def test_of_ten_thousand_the_first_page_is_read_from_an_index(
    world: World, role: str, django_assert_max_num_queries: Any
) -> None:
    person = UserFactory(roles=[role], team=world.rep.team)
    make_many(10_000, approver=None if role == "data_steward" else person, asked_by=world.rep)
    rows = inbox.requests_of(person, "waiting").order_by(*inbox.ORDERS["waiting"])[:51]
    plan = rows.explain(analyze=True)
    assert re.search(r"Index Scan using requests_(waiting|to_pass_on)", plan), plan
    read = max(int(count) for count in re.findall(r"on approvals_request .*?rows=(\d+)(?:\.\d+)? loops=1\)", plan))
    assert read <= 200, plan
    client = client_of(person)
    client.get(PATH)
    with django_assert_max_num_queries(10):
        assert len(re.findall(r'id="request-', client.get(PATH).content.decode())) == 50
