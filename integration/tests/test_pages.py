"""Pages of stewards: who gets in, what they show, what their buttons do. What works on tables is a stand-in here."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account
from accounts.tests.factories import AccountFactory, RegionFactory
from catalog.tests.factories import ProductFactory
from core import clock as house_clock, events
from core.models import Event, JobRun
from integration import services
from integration.choices import Handling, Mode, Origin, Rule, What
from integration.models import CUSTOMER_SYNC, PRODUCT_IMPORT, Intake, QuarantinedRow, RowDecision
from integration.tests.engine import Engine
from integration.tests.factories import (
    IntakeFactory,
    ProposedChangeFactory,
    QuarantinedRowFactory,
    RunFactory,
    RunningFactory,
    guarded_run,
)
from users.roles import ROLES
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]

Queued = list[tuple[str, dict[str, object]]]
Status = JobRun.Status
POLLED = {"HX-Request": "true", "HX-Target": "progress"}
TABS = ("sync_page", "sync_quarantine", "sync_log")


def client_of(role: str) -> Client:
    client = Client()
    client.force_login(UserFactory(username=f"a-{role}", display_name="Eeva Äyräs", roles=[role]))
    return client


@pytest.fixture
def steward() -> Client:
    return client_of("data_steward")


def pages(run: JobRun) -> list[str]:
    return [reverse("sync_list"), reverse("sync_upload"), *(reverse(name, args=[run.pk]) for name in TABS)]


def rows_pages(row: QuarantinedRow) -> list[str]:
    return [reverse(name, args=[row.pk]) for name in ("sync_row_fix", "sync_row_map")]


def html_of(response: HttpResponse) -> str:
    return " ".join(response.content.decode().split())


# --- Who gets in ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", sorted(ROLES))
def test_only_stewards_get_in(role: str) -> None:
    row = QuarantinedRowFactory()
    client = client_of(role)
    statuses = {client.get(path).status_code for path in (*pages(row.run), *rows_pages(row))}
    assert statuses == ({200} if role == "data_steward" else {403})


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"data_steward"}))
def test_nobody_else_changes_anything(role: str, settings: Any, engine: Engine) -> None:
    settings.PRICE_MANAGER_URL = "http://127.0.0.1:9000"
    row, stopped, running = QuarantinedRowFactory(), guarded_run(), RunningFactory(kind=PRODUCT_IMPORT)
    before = [list(model.objects.values()) for model in (JobRun, QuarantinedRow, Intake)]
    client = client_of(role)
    moves = [
        ("sync_upload", None, {"file": csv(), "kind": CUSTOMER_SYNC}),
        ("sync_pull", None, {"kind": CUSTOMER_SYNC}),
        ("sync_cancel", running.pk, {}),
        ("sync_release", stopped.pk, {}),
        ("sync_reject", stopped.pk, {"reason": "no"}),
        ("sync_quarantine", row.run_id, {"action": f"ignore:{row.pk}"}),
        ("sync_row_fix", row.pk, {"cell_0": "1"}),
        ("sync_row_map", row.pk, {"parent": "P1"}),
    ]
    statuses = {client.post(reverse(name, args=[pk] if pk else []), body).status_code for name, pk, body in moves}
    assert statuses == {403}
    assert [list(model.objects.values()) for model in (JobRun, QuarantinedRow, Intake)] == before
    assert (Event.objects.count(), RowDecision.objects.count(), engine.rows) == (0, 0, [])


def test_strangers_are_sent_to_the_login() -> None:
    assert {Client().get(path).status_code for path in pages(RunFactory())} == {302}


def test_runs_of_other_jobs_are_not_shown(steward: Client) -> None:
    other = RunFactory(kind="backup")
    assert {steward.get(reverse(name, args=[other.pk])).status_code for name in TABS} == {404}
    assert steward.get(reverse("sync_list")).context["page"].rows == []


# --- What pages cost --------------------------------------------------------------------------------------------------
def queries_of(client: Client, path: str) -> int:
    """SQL statements of the second visit: the first one warms caches."""
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def fill_list(number: int) -> str:
    for index in range(number):
        RunFactory(started_by=UserFactory(), kind=PRODUCT_IMPORT if index % 2 else CUSTOMER_SYNC)
    return reverse("sync_list")


def changed(run: JobRun, verb: str = "master_updated", **changes: list[str]) -> Account:
    """An account that this run has changed."""
    account = AccountFactory()
    events.record(account, verb, run=run.pk, changes=changes)
    return account


def fill_run(number: int) -> str:
    run = RunFactory()
    for _row in range(number):
        changed(run, city=["Turku", "Oulu"])
    return reverse("sync_page", args=[run.pk])


def fill_filtered(number: int) -> str:
    return f"{fill_run(number)}?what=updated"


def fill_proposed(number: int) -> str:
    run = guarded_run()
    for _row in range(number):
        ProposedChangeFactory(run=run, account=AccountFactory())
    return reverse("sync_page", args=[run.pk])


def fill_products(number: int, **values: Any) -> str:
    run = RunFactory(kind=PRODUCT_IMPORT, **values)
    for _row in range(number):
        ProposedChangeFactory(run=run, number=ProductFactory().sku, changes={"list_price": ["1", "2"]})
    return reverse("sync_page", args=[run.pk])


def fill_quarantine(number: int) -> str:
    run = RunFactory()
    QuarantinedRowFactory.create_batch(number, run=run)
    return reverse("sync_quarantine", args=[run.pk])


def fill_log(number: int) -> str:
    run = RunFactory()
    for _event in range(number):
        events.record(run, "run_released", by=UserFactory())
    return reverse("sync_log", args=[run.pk])


@pytest.mark.parametrize(
    ("fill", "own"),
    [
        (fill_list, 1),
        (fill_run, 4),
        (fill_filtered, 4),
        (fill_proposed, 3),
        (fill_products, 4),
        (fill_quarantine, 4),
        (fill_log, 3),
    ],
)
def test_a_page_costs_the_same_at_2_and_at_20_rows(steward: Client, fill: Callable[[int], str], own: int) -> None:
    """Besides its own statements a page asks for the session, the user, the roles and what the menu counts."""
    few, many = (queries_of(steward, fill(number)) for number in (2, 20))
    assert few == many <= own + 4


# --- The list ---------------------------------------------------------------------------------------------------------
def test_the_latest_run_stands_first_and_the_list_goes_on(steward: Client) -> None:
    runs = RunFactory.create_batch(53)
    first = steward.get(reverse("sync_list"))
    assert [run.pk for run in first.context["page"].rows] == [run.pk for run in reversed(runs)][:50]
    rest = steward.get(f"{reverse('sync_list')}?{first.context['page'].next_query}")
    assert [run.pk for run in rest.context["page"].rows] == [run.pk for run in reversed(runs[:3])]


@pytest.mark.req("S0.34")
def test_a_row_of_the_list_has_the_counts_and_leads_to_the_reasons_in_one_click(steward: Client) -> None:
    counts = {
        "rows_read": 5123,
        "parents_seen": 41,
        "accounts_created": 7,
        "accounts_updated": 3,
        "accounts_unchanged": 31,
        "rows_quarantined": 2,
        "duration_s": 1.5,
    }
    run = RunFactory(counts=counts, started_by=UserFactory(display_name="Olli Opas"))
    row = QuarantinedRowFactory(run=run)
    html = html_of(steward.get(reverse("sync_list")))
    cells = [" ".join(re.sub("<[^>]+>", " ", cell).split()) for cell in re.findall(r"<td[^>]*>(.*?)</td>", html)]
    assert cells[1:4] + cells[5:] == ["Applied", "2", "asiakkaat.csv", "5,123 41 parents", "7 created, 3 updated 31 unchanged"]
    assert cells[4].endswith("Olli Opas, 1.5 s")
    [address] = re.findall(r'href="(/sync/\d+/quarantine/)"', html)
    assert row.reason in html_of(steward.get(address))


def test_the_list_is_narrowed_by_state_and_kind(steward: Client) -> None:
    failed, products = RunFactory(status=Status.FAILED), RunFactory(kind=PRODUCT_IMPORT)

    def shown(**query: str) -> list[JobRun]:
        return list(steward.get(reverse("sync_list"), query).context["page"].rows)

    assert shown(status="failed") == [failed]
    assert shown(kind=PRODUCT_IMPORT) == [products]
    assert shown(kind=PRODUCT_IMPORT, status="failed") == []
    assert shown(status="no such thing") == [products, failed]


def test_runs_of_single_rows_that_came_right_are_listed_where_somebody_asks(steward: Client) -> None:
    whole = RunFactory()
    right = RunFactory(counts={"of": whole.pk})
    failed = RunFactory(counts={"of": whole.pk}, status=Status.FAILED)

    plain, with_all = steward.get(reverse("sync_list")), steward.get(reverse("sync_list"), {"rows": "true"})

    assert list(plain.context["page"].rows) == [failed, whole]
    assert list(with_all.context["page"].rows) == [failed, right, whole]


def test_a_file_name_breaks_behind_its_strokes(steward: Client) -> None:
    RunFactory(source="customer_master<1>.csv")

    assert "customer_<wbr>master&lt;1&gt;.csv" in html_of(steward.get(reverse("sync_list")))


def test_the_filter_is_answered_with_the_rows_alone(steward: Client) -> None:
    RunFactory()
    typed = {"HX-Request": "true", "HX-Target": "rows"}
    part = steward.get(reverse("sync_list"), {"status": "applied"}, headers=typed)
    html = part.content.decode()
    assert ("<html" in html, "<form" in html, 'hx-swap-oob="innerHTML">1 row<' in html) == (False, False, True)
    assert "HX-Target" in part.headers["Vary"]


# --- Starting ---------------------------------------------------------------------------------------------------------
def csv(content: bytes = b"child_id;parent_id\n1;2\n", name: str = "asiakkaat.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.mark.req("S0.28")
@pytest.mark.parametrize(
    ("ticks", "mode", "complete"), [({}, Mode.ASK, False), ({"only_try": "on", "is_complete": "on"}, Mode.TRY, True)]
)
def test_an_uploaded_file_is_worked_on_by_a_worker(
    steward: Client, queued: Queued, django_capture_on_commit_callbacks: Any, ticks: dict[str, str], mode: Mode, complete: bool
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = steward.post(
            reverse("sync_upload"), {"file": csv(), "kind": CUSTOMER_SYNC, "profile": "price_manager", **ticks}
        )
    run, intake = JobRun.objects.get(), Intake.objects.get()
    assert (response.status_code, response["Location"]) == (302, reverse("sync_page", args=[run.pk]))
    assert (run.kind, run.source, run.status, run.started_by.display_name) == (
        CUSTOMER_SYNC,
        "asiakkaat.csv",
        Status.RUNNING,
        "Eeva Äyräs",
    )
    assert (intake.origin, intake.profile, intake.mode, intake.is_complete) == (Origin.UPLOAD, "price_manager", mode, complete)
    assert bytes(intake.content or b"") == b"child_id;parent_id\n1;2\n"
    assert queued == [("integration.work", {"run_id": run.pk})]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"kind": CUSTOMER_SYNC}, "This field is required."),
        ({"kind": CUSTOMER_SYNC, "file": csv(b"")}, "The submitted file is empty."),
        ({"kind": "backup", "file": csv()}, "backup is not one of the available choices."),
        ({"kind": CUSTOMER_SYNC, "file": csv(), "profile": "../x"}, "../x is not one of the available choices."),
        ({"kind": CUSTOMER_SYNC, "file": csv(b"x" * 2_000_001)}, "The file is larger than 1 MB."),
    ],
)
def test_an_upload_that_is_not_in_order_starts_nothing(
    steward: Client, settings: Any, body: dict[str, Any], sentence: str
) -> None:
    settings.UPLOAD_MAX_BYTES = 2_000_000
    response = steward.post(reverse("sync_upload"), body)
    assert (response.status_code, JobRun.objects.count()) == (422, 0)
    assert sentence in response.content.decode()


def test_while_a_run_goes_on_an_upload_is_refused_and_says_who(steward: Client) -> None:
    RunningFactory(started_by=UserFactory(display_name="Olli Opas"))
    response = steward.post(reverse("sync_upload"), {"file": csv(), "kind": PRODUCT_IMPORT})
    assert (response.status_code, JobRun.objects.count()) == (409, 1)
    assert "started by Olli Opas" in response.content.decode()


def test_price_manager_is_asked_at_the_press_of_a_button(steward: Client, settings: Any) -> None:
    settings.PRICE_MANAGER_URL = ""
    assert reverse("sync_pull") not in steward.get(reverse("sync_list")).content.decode()
    assert steward.post(reverse("sync_pull"), {"kind": CUSTOMER_SYNC}).status_code == 422
    settings.PRICE_MANAGER_URL = "http://127.0.0.1:9000"
    assert reverse("sync_pull") in steward.get(reverse("sync_list")).content.decode()
    steward.post(reverse("sync_pull"), {"kind": PRODUCT_IMPORT})
    assert (JobRun.objects.get().kind, Intake.objects.get().origin) == (PRODUCT_IMPORT, Origin.HTTP)
    assert steward.post(reverse("sync_pull"), {"kind": CUSTOMER_SYNC}).status_code == 409


# --- Progress ---------------------------------------------------------------------------------------------------------
def progressing() -> JobRun:
    since = "2026-11-20T08:59:50+00:00"
    counts = {"attempts": 1, "rows_done": 20_000, "rows_total": 100_000, "phase_since": since}
    return RunningFactory(phase="validate", counts=counts)


def test_a_running_run_says_how_far_it_is(steward: Client, clock: time_machine.Traveller) -> None:
    run = progressing()
    html = html_of(steward.get(reverse("sync_page", args=[run.pk])))
    assert f"<title>34 % · Customer master {run.pk} · CRM</title>" in html
    assert '<progress class="run-progress" max="100" value="34"' in html
    for text in ("Checking rows", "20,000 of 100,000 rows", "2,000 rows a second", "40 s left in this phase", "Cancel the run"):
        assert text in html
    assert f'hx-get="/sync/{run.pk}/?seen=validate" hx-trigger="every 2s"' in html


@pytest.mark.parametrize("tab", TABS)
def test_a_poll_is_answered_with_the_bar_alone_until_the_run_is_over(
    steward: Client, tab: str, clock: time_machine.Traveller
) -> None:
    run = progressing()
    path = reverse(tab, args=[run.pk])
    bar = steward.get(path, headers=POLLED)
    html = html_of(bar)
    assert (bar.status_code, html.startswith("<title>34 % · "), 'id="run"' in html, "<html" in html) == (200, True, False, False)
    assert 'id="live" hx-swap-oob="innerHTML">Checking rows<' in html
    assert 'id="live"' not in html_of(steward.get(f"{path}?seen=validate", headers=POLLED))
    JobRun.objects.filter(pk=run.pk).update(status=Status.APPLIED, phase="")
    over = steward.get(path, headers=POLLED)
    html = html_of(over)
    assert (over.status_code, over["HX-Retarget"], over["HX-Reswap"]) == (286, "#run", "outerHTML")
    assert ('id="run"' in html, 'id="progress"' in html, "<html" in html) == (True, False, False)
    assert f'id="live" hx-swap-oob="innerHTML">Customer master {run.pk}: Applied<' in html
    assert "HX-Target" in over.headers["Vary"]


def test_a_poll_costs_two_statements(steward: Client, clock: time_machine.Traveller) -> None:
    run = progressing()
    path = reverse("sync_page", args=[run.pk])
    steward.get(path, headers=POLLED)
    with CaptureQueriesContext(connection) as queries:
        steward.get(path, headers=POLLED)
    own = [query["sql"] for query in queries if "jobrun" in query["sql"] or "intake" in query["sql"]]
    assert len(own) == 2


def test_a_phase_that_nobody_knows_is_named_by_its_code(steward: Client) -> None:
    html = html_of(steward.get(reverse("sync_page", args=[RunningFactory(phase="distil").pk])))
    assert "distil" in html
    assert '<progress class="run-progress" max="100" aria' in html


def test_a_run_is_cancelled_from_its_page(steward: Client) -> None:
    run = RunningFactory()
    path = reverse("sync_cancel", args=[run.pk])
    assert steward.post(path).status_code == 302
    html = html_of(steward.get(reverse("sync_page", args=[run.pk])))
    assert ("Cancelling" in html, path in html) == (True, False)
    JobRun.objects.update(status=Status.APPLIED)
    assert steward.post(path).status_code == 409


# --- Changes and decisions ----------------------------------------------------------------------------------------------
def news_of(response: HttpResponse) -> list[tuple[str, str]]:
    return [(news.number, news.verb) for news in response.context["news"]]


def test_a_run_shows_its_counts_and_what_changed(steward: Client) -> None:
    run = RunFactory(counts={"rows_read": 3, "accounts_updated": 1, "conflicts": 2})
    account = changed(run, yearly_revenue=["5.00", "7.00"])
    response = steward.get(reverse("sync_page", args=[run.pk]))
    [news] = response.context["news"]
    assert (news.number, news.verb) == (account.parent_customer_id, "master_updated")
    assert [(change.label, change.before, change.after) for change in news.changes] == [("yearly revenue, EUR", "€5.00", "€7.00")]
    shown = [(str(label), number) for label, number in response.context["counts"]]
    assert {("Accounts updated", 1), ("Open conflicts", 2)} <= set(shown)
    html = response.content.decode()
    assert "Updated from the customer master" in html
    assert "€5.00 → €7.00" in html


def test_what_happened_narrows_what_a_run_did(steward: Client) -> None:
    run = RunFactory()
    created, renamed = changed(run, "master_created", name=["", "Uusi Oy"]), changed(run, name=["Vanha Oy", "Uusi Oy"])
    gone = changed(run, "master_deactivated")
    path = reverse("sync_page", args=[run.pk])
    found = {what: {number for number, _verb in news_of(steward.get(path, {"what": what}))} for what in What.values}
    assert found == {
        "created": {created.parent_customer_id},
        "updated": {renamed.parent_customer_id},
        "renamed": {renamed.parent_customer_id},
        "moved": set(),
        "deactivated": {gone.parent_customer_id},
        "reactivated": set(),
    }
    assert len(news_of(steward.get(path, {"what": "nonsense"}))) == 3


def test_changes_are_told_in_words(steward: Client) -> None:
    RegionFactory(code="01", label_en="Uusimaa"), RegionFactory(code="02", label_en="Satakunta")
    run = RunFactory()
    changed(run, region=["01", "02"])
    changed(run, region=["", "99"])

    news = steward.get(reverse("sync_page", args=[run.pk])).context["news"]

    assert [(change.before, change.after) for row in news for change in row.changes] == [("", "99"), ("Uusimaa", "Satakunta")]


@pytest.mark.req("S0.34")
def test_a_stopped_run_says_why_and_what_it_would_do(steward: Client) -> None:
    run = guarded_run()
    ProposedChangeFactory(
        run=run, number="P7", verb="master_deactivated", changes={"status": ["active", "inactive"], "odd": ["", "x"]}
    )
    ProposedChangeFactory(run=run, number="P8", name="Uusi Oy", verb="master_created", account=None)
    response = steward.get(reverse("sync_page", args=[run.pk]))
    html = html_of(response)
    assert "Accounts that would become inactive: 31 of 400, 20 at most." in html
    assert news_of(response) == [("P7", "master_deactivated"), ("P8", "master_created")]
    assert ("Active → Inactive" in html, "odd:</span> – → x" in html, "Release and apply" in html) == (True, True, True)
    assert news_of(steward.get(reverse("sync_page", args=[run.pk]), {"what": "created"})) == [("P8", "master_created")]


def test_a_stopped_run_is_released_or_rejected_from_its_page(steward: Client) -> None:
    first, second = guarded_run(), guarded_run()
    assert steward.post(reverse("sync_reject", args=[first.pk]), {"reason": ""}).status_code == 422
    assert JobRun.objects.get(pk=first.pk).status == Status.QUARANTINED
    assert steward.post(reverse("sync_reject", args=[first.pk]), {"reason": "wrong year"}).status_code == 302
    assert steward.post(reverse("sync_release", args=[second.pk])).status_code == 302
    assert [JobRun.objects.get(pk=run.pk).status for run in (first, second)] == [Status.REJECTED, Status.RUNNING]
    refused = steward.post(reverse("sync_release", args=[first.pk]))
    assert (refused.status_code, 'role="alert"' in html_of(refused)) == (409, True)


def test_a_dry_run_can_be_released_while_its_file_is_kept(steward: Client) -> None:
    run = IntakeFactory(run=RunFactory(status=Status.DRY_RUN, counts={"asks": ["deactivated"]})).run
    path = reverse("sync_page", args=[run.pk])
    html = html_of(steward.get(path))
    assert ("Accounts would become inactive." in html, "Release and apply" in html) == (True, True)
    Intake.objects.update(content=None)
    html = html_of(steward.get(path))
    assert ("Release and apply" in html, "The file is no longer kept." in html) == (False, True)


def test_a_dry_run_says_what_would_have_stopped_it(steward: Client) -> None:
    run = guarded_run(status=Status.DRY_RUN)
    html = html_of(steward.get(reverse("sync_page", args=[run.pk])))
    for text in (
        "Nothing has been applied yet",
        "Applied without a dry run, it would have been stopped:",
        "Accounts that would become inactive: 31 of 400, 20 at most.",
    ):
        assert text in html
    assert "Stopped: it would change more than it may" not in html


def test_a_stopped_run_does_not_say_what_would_have_stopped_it(steward: Client) -> None:
    html = html_of(steward.get(reverse("sync_page", args=[guarded_run().pk])))
    assert ("Stopped: it would change more than it may" in html, "would have been stopped" in html) == (True, False)


def test_a_released_run_is_not_said_to_be_stopped(steward: Client) -> None:
    run = guarded_run(status=Status.APPLIED)
    assert "20 at most" not in html_of(steward.get(reverse("sync_page", args=[run.pk])))


def test_the_changes_of_a_product_run_go_on_on_the_next_page(steward: Client) -> None:
    path = fill_products(53)
    first = steward.get(path)
    rest = steward.get(f"{path}?{first.context['page'].next_query}")
    assert (len(first.context["news"]), len(rest.context["news"])) == (50, 3)


def test_a_failed_run_says_why(steward: Client) -> None:
    run = RunFactory(status=Status.FAILED, error="The file is empty.")
    assert "The file is empty." in html_of(steward.get(reverse("sync_page", args=[run.pk])))


# --- The log ----------------------------------------------------------------------------------------------------------
def test_the_log_has_phases_and_what_people_did(steward: Client) -> None:
    phases = [
        {"phase": "fetch", "at": "2026-11-20T09:00:01+00:00", "seconds": 0.8, "rows": 5000},
        {"phase": "distil", "at": "2026-11-20T09:00:02+00:00", "seconds": 2, "rows": 0},
    ]
    run = guarded_run(counts={"phases": phases, "guards": [{"guard": "odd"}]})
    steward.post(reverse("sync_reject", args=[run.pk]), {"reason": "wrong year"})
    html = html_of(steward.get(reverse("sync_log", args=[run.pk])))
    cells = [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", html)]
    assert cells == ["Reading the source", "20 Nov 2026 11:00:01", "0.8", "5,000", "distil", "20 Nov 2026 11:00:02", "2", "–"]
    for text in ("5,000", "distil", "Rejected", "Eeva Äyräs", "wrong year"):
        assert text in html


def test_the_log_says_which_rows_went_to_which_parent(steward: Client) -> None:
    run = RunFactory()
    events.record(run, "rows_mapped", by=UserFactory(), rows=[405], parent="020208")
    events.record(run, "rows_ignored", by=UserFactory(), rows=[5, 6])

    html = html_of(steward.get(reverse("sync_log", args=[run.pk])))

    assert "· row 405 · parent 020208" in html
    assert "· rows 5, 6" in html


# --- Quarantine -------------------------------------------------------------------------------------------------------
def test_the_quarantine_shows_rows_as_text(steward: Client) -> None:
    nasty = "<script>alert(1)</script>"
    run = QuarantinedRowFactory(key=nasty, reason=f"Revenue: “{nasty}” is not a number.", raw={nasty: nasty}).run
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


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_has_a_suggestion_of_its_own(steward: Client, rule: Rule) -> None:
    from integration.words import ADVICE

    row = QuarantinedRowFactory(code=rule)
    html = html_of(steward.get(reverse("sync_quarantine", args=[row.run_id])))
    assert str(ADVICE[rule].text).replace("'", "&#x27;") in html


def test_rows_that_are_dealt_with_are_shown_on_demand(steward: Client) -> None:
    run = RunFactory()
    QuarantinedRowFactory(run=run, row_number=2)
    by = UserFactory(display_name="Olli Opas")
    QuarantinedRowFactory(run=run, row_number=3, handling=Handling.FIXED, handled_by=by, handled_at=house_clock.now())
    address = reverse("sync_quarantine", args=[run.pk])
    assert [item["row"].row_number for item in steward.get(address).context["rows"]] == [2]
    response = steward.get(address, {"show": "all"})
    assert [item["row"].row_number for item in response.context["rows"]] == [2, 3]
    assert "Fixed here" in html_of(response)
    assert "Olli Opas" in html_of(response)


def test_only_customers_can_be_mapped(steward: Client) -> None:
    customer, product = QuarantinedRowFactory(), QuarantinedRowFactory(run=RunFactory(kind=PRODUCT_IMPORT))
    html = [html_of(steward.get(reverse("sync_quarantine", args=[row.run_id]))) for row in (customer, product)]
    assert ["Map to a parent…" in page for page in html] == [True, False]


@pytest.mark.parametrize(
    ("values", "buttons"),
    [
        ({"key": "1" * 40}, (True, True, True)),
        ({"key": "1" * 41}, (True, False, False)),
        ({"key": "12\ufffd"}, (True, False, False)),
        ({"is_cut": True}, (False, False, True)),
    ],
)
def test_a_row_offers_what_can_be_done_about_it(
    steward: Client, values: dict[str, Any], buttons: tuple[bool, bool, bool]
) -> None:
    row = QuarantinedRowFactory(**values)
    html = html_of(steward.get(reverse("sync_quarantine", args=[row.run_id])))
    assert ("Fix here" in html, "Map to a parent…" in html, f'value="ignore:{row.pk}"' in html) == buttons


def test_null_characters_are_not_kept(steward: Client, three: JobRun) -> None:
    row = three.quarantine.get(row_number=2)
    assert steward.post(reverse("sync_row_map", args=[row.pk]), {"parent": "P\x007"}).status_code == 422
    assert press(steward, three, f"ignore:{row.pk}", reason="clo\x00sed").status_code == 302
    assert RowDecision.objects.get().reason == "closed"
    waiting = guarded_run()
    assert steward.post(reverse("sync_reject", args=[waiting.pk]), {"reason": "wr\x00ong"}).status_code == 302
    assert list(Event.objects.order_by("pk").values_list("reason", flat=True)) == ["closed", "wrong"]


def handlings(run: JobRun) -> list[str]:
    return list(run.quarantine.order_by("row_number").values_list("handling", flat=True))


@pytest.fixture
def three() -> JobRun:
    """A run with three rows left out, of which the last one stays bad."""
    run = RunFactory(counts={"header": ["Customer_ID", "Revenue"], "rows_quarantined": 3})
    for number, cell in ((2, "1"), (3, "2"), (4, "bad")):
        QuarantinedRowFactory(run=run, row_number=number, raw={"Customer_ID": f"0000{number}", "Revenue": cell})
    return run


def press(client: Client, run: JobRun, action: str, **more: Any) -> HttpResponse:
    return client.post(reverse("sync_quarantine", args=[run.pk]), {"action": action, **more})


def test_all_open_rows_are_tried_again_with_one_click(steward: Client, three: JobRun, engine: Engine) -> None:
    response = press(steward, three, "retry_all", open_count="3")
    assert response.status_code == 302
    assert handlings(three) == ["settled", "settled", "open"]
    html = html_of(steward.get(response["Location"]))
    assert ("2 rows have been applied." in html, "1 row was left out again." in html, "still bad" in html) == (True, True, True)


def test_all_are_not_tried_again_when_there_are_others_than_were_shown(steward: Client, three: JobRun, engine: Engine) -> None:
    response = press(steward, three, "retry_all", open_count="2")
    assert (response.status_code, handlings(three), engine.rows) == (409, ["open"] * 3, [])


def test_ticked_rows_are_ignored_with_a_reason(steward: Client, three: JobRun) -> None:
    ids = list(three.quarantine.order_by("row_number").values_list("pk", flat=True))
    assert press(steward, three, "ignore", row=ids[:2], reason="closed shops").status_code == 302
    assert handlings(three) == ["ignored", "ignored", "open"]
    assert list(RowDecision.objects.values_list("child_id", "parent_id", "reason")) == [
        ("00002", "", "closed shops"),
        ("00003", "", "closed shops"),
    ]


@pytest.mark.parametrize("action", ["retry", "ignore", "retry:0", "ignore:x", "delete", ""])
def test_what_no_button_says_changes_nothing(steward: Client, three: JobRun, engine: Engine, action: str) -> None:
    response = press(steward, three, action)
    assert response.status_code in (404, 422)
    assert (handlings(three), engine.rows) == (["open"] * 3, [])


@pytest.mark.parametrize("action", ["retry", "ignore"])
def test_rows_of_another_run_are_not_found(steward: Client, three: JobRun, engine: Engine, action: str) -> None:
    other = QuarantinedRowFactory()
    assert press(steward, three, action, row=[other.pk]).status_code == 404
    assert press(steward, three, f"{action}:{other.pk}").status_code == 404
    assert (QuarantinedRow.objects.get(pk=other.pk).handling, engine.rows) == ("open", [])


# --- One row ----------------------------------------------------------------------------------------------------------
def test_a_row_is_put_right_on_its_page(steward: Client, three: JobRun, engine: Engine) -> None:
    row = three.quarantine.get(row_number=4)
    path = reverse("sync_row_fix", args=[row.pk])
    html = html_of(steward.get(path))
    assert ('name="cell_0" value="00004"' in html, 'name="cell_1" value="bad"' in html) == (True, True)
    response = steward.post(path, {"cell_0": "00004", "cell_1": "7"})
    assert (response.status_code, response["Location"]) == (302, reverse("sync_quarantine", args=[three.pk]))
    assert engine.rows == [[{"Customer_ID": "00004", "Revenue": "7"}]]
    assert handlings(three) == ["open", "open", "fixed"]
    assert "Row 4 has been applied, by run " in html_of(steward.get(response["Location"]))


def test_a_row_that_is_still_wrong_keeps_what_was_typed(steward: Client, three: JobRun, engine: Engine) -> None:
    row = three.quarantine.get(row_number=2)
    response = steward.post(reverse("sync_row_fix", args=[row.pk]), {"cell_0": "typed", "cell_1": "bad"})
    html = html_of(response)
    assert (response.status_code, "still bad" in html, 'value="typed"' in html) == (422, True, True)
    assert (handlings(three), QuarantinedRow.objects.get(pk=row.pk).raw) == (["open"] * 3, row.raw)


def test_a_row_is_mapped_to_a_parent_that_is_searched_for(steward: Client, three: JobRun, engine: Engine) -> None:
    account = AccountFactory(name="Wilman Kala Oy", parent_customer_id="P77")
    AccountFactory(name="Wilma Prospekti", is_prospect=True, parent_customer_id=None)
    row = three.quarantine.get(row_number=2)
    path = reverse("sync_row_map", args=[row.pk])
    html = html_of(steward.get(path, {"q": "wilma"}))
    assert re.findall(r'name="parent" value="([^"]*)"', html) == [account.parent_customer_id]
    assert "No account fits" in html_of(steward.get(path, {"q": "no such name"}))
    assert steward.post(path, {"parent": "nobody"}).status_code == 422
    assert RowDecision.objects.count() == 0
    assert steward.post(path, {"parent": "P77"}).status_code == 302
    assert list(RowDecision.objects.values_list("child_id", "parent_id")) == [("00002", "P77")]
    assert handlings(three) == ["mapped", "open", "open"]


def test_rows_that_are_missing_are_not_found(steward: Client) -> None:
    assert {steward.get(reverse(name, args=[987654])).status_code for name in ("sync_row_fix", "sync_row_map")} == {404}


@pytest.mark.req("S0.21")
def test_why_a_run_failed_is_read_in_the_language_of_the_reader(steward: Client, settings: Any) -> None:
    run = services.customer_sync(content=b"a;b\n1;2\n", by=None)
    assert run.error == "Required columns are missing: Customer_ID, ASO_ID_2, ASO_Name_2."
    for language, sentence in (("en", run.error), ("fi", "Pakollisia sarakkeita puuttuu: Customer_ID, ASO_ID_2, ASO_Name_2.")):
        steward.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        assert sentence in steward.get(reverse("sync_page", args=[run.pk])).content.decode()


def test_what_cannot_be_released_any_more_is_not_offered(steward: Client) -> None:
    run = IntakeFactory(run=RunFactory(status=Status.DRY_RUN, counts={"rows_read": 3, "rows_applied": 3})).run
    path = reverse("sync_page", args=[run.pk])
    assert "Release and apply" in html_of(steward.get(path))
    newer = RunFactory(status=Status.APPLIED)
    html = html_of(steward.get(path))
    assert ("Release and apply" in html, f"Run {newer.pk} was applied since." in html) == (False, True)


def test_a_dry_run_without_news_has_nothing_to_release(steward: Client) -> None:
    run = IntakeFactory(run=RunFactory(status=Status.DRY_RUN, counts={"rows_read": 3, "rows_applied": 0})).run
    html = html_of(steward.get(reverse("sync_page", args=[run.pk])))
    assert ("Release and apply" in html, "Nothing would change." in html) == (False, True)


def test_a_rejected_run_says_who_and_why(steward: Client) -> None:
    run = guarded_run()
    steward.post(reverse("sync_reject", args=[run.pk]), {"reason": "Half of it is wrong"})
    assert ": Half of it is wrong</dd>" in html_of(steward.get(reverse("sync_page", args=[run.pk])))
