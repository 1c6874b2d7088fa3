"""What makes a run stop or ask, when what is missing is gone, and what a steward's word does to the runs that follow."""

import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts import conflict_services
from accounts.models import Account, CategoryTma1, Industry, MasterConflict, MasterRecord, Region, Site, SurvivorshipRule
from accounts.tests.factories import AccountFactory
from core import clock
from core.models import Event, JobRun
from integration import services
from integration.choices import Handling, Mode, Origin
from integration.customer_diff import CustomerDiff
from integration.models import CUSTOMER_SYNC, ProposedChange, QuarantinedRow, RowDecision, SyncSettings
from integration.price_manager_server import Master, PriceManager, business_id
from integration.services import customers, guards, quarantine, runs
from integration.tests.factories import child, file_of
from integration.tests.sources import serving
from users.models import User
from users.tests.factories import TeamFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once]

Row = dict[str, object]
Status = JobRun.Status


@pytest.fixture
def steward() -> User:
    return UserFactory(username="eeva", roles=["data_steward"])


def feed(rows: Iterable[Row], *, complete: bool = True, mode: Mode = Mode.APPLY, content: bytes | None = None) -> JobRun:
    """An upload, worked on at once."""
    content = file_of(list(rows)) if content is None else content
    run = runs.run_start(
        kind=CUSTOMER_SYNC, origin=Origin.UPLOAD, by=None, content=content, name="asiakkaat.csv", mode=mode, is_complete=complete
    )
    done = runs.run_work(run.pk)
    assert done is not None
    return done


def sites(number: int, parents: int = 0, **cells: object) -> list[Row]:
    """So many sites, each of a parent of its own or shared out among `parents`."""
    return [child(f"C{at:04}", f"P{at % (parents or number):04}", **cells) for at in range(number)]


def changed(rows: list[Row], number: int, **cells: object) -> list[Row]:
    """The same with other cells in the first `number` rows; a callable gets the number of the row."""
    return [
        row | {name: cell(at) if callable(cell) else cell for name, cell in cells.items()} for at, row in enumerate(rows[:number])
    ] + rows[number:]


def account(parent_id: str = "P1") -> Account:
    return Account.objects.get(parent_customer_id=parent_id)


def site(child_id: str) -> Site:
    return Site.objects.get(child_id=child_id)


def limits(**values: object) -> None:
    SyncSettings.objects.update_or_create(pk=1, defaults={"spared": 0, **values})


def stopped_by(run: JobRun) -> dict[str, tuple[int, int, int]]:
    return {found["guard"]: (found["number"], found["of"], found["allowed"]) for found in run.counts.get("guards", [])}


def state() -> list[list[tuple[Any, ...]]]:
    """Everything that a sync writes to."""
    models = (Account, Site, MasterRecord, MasterConflict, Account.history.model, CategoryTma1, Industry, Region)
    own = Event.objects.filter(subject_type="account").order_by("pk").values_list()
    return [*(list(model.objects.order_by("pk").values_list()) for model in models), list(own)]


# --- The circuit breaker: just allowed, just above ---------------------------------------------------------------------------
def flagged(off: int, *, of: int = 40) -> list[Row]:
    return changed(sites(of, cpq_flag="Y"), off, cpq_flag="N")


def moved(number: int) -> list[Row]:
    return changed(sites(40, 10), number, parent_id=lambda at: f"P{(at + 1) % 10:04}")


LIMITS: dict[str, tuple[str, int, Any, int]] = {
    "deactivated": ("most_deactivated", 10, flagged, 4),
    "moved": ("most_moved", 10, moved, 4),
    "renamed": ("most_renamed", 10, lambda number: changed(sites(40), number, parent_name=lambda at: f"Uusi {at}"), 4),
    "rows_less": ("most_rows_less", 10, lambda number: sites(40)[: 40 - number], 4),
}
"""Guard → its setting, the percentage, a feed that does it so many times to 40, how many times that is allowed."""


@pytest.mark.req("S0.33")
@pytest.mark.parametrize("guard", LIMITS)
def test_each_limit_lets_through_what_it_allows_and_stops_one_more(guard: str) -> None:
    setting, percent, make, allowed = LIMITS[guard]
    others = {other[0]: 100 for name, other in LIMITS.items() if name != guard}
    limits(**{setting: percent}, **others)
    feed(make(0))
    before = state()

    stopped = feed(make(allowed + 1))
    assert (stopped.status, stopped_by(stopped), state()) == (Status.QUARANTINED, {guard: (allowed + 1, 40, allowed)}, before)

    through = feed(make(allowed))
    assert (through.status, stopped_by(through)) == (Status.APPLIED, {})


@pytest.mark.parametrize("guard", LIMITS)
def test_without_the_guards_the_same_feed_is_applied(guard: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    setting, percent, make, allowed = LIMITS[guard]
    limits(**{setting: percent})
    feed(make(0))
    before = state()
    monkeypatch.setattr(guards, "stops", lambda *_facts: [])
    assert (feed(make(allowed + 1)).status, state() == before) == (Status.APPLIED, False)


def test_small_numbers_are_spared_whatever_their_share(steward: User) -> None:
    """The settings of the house: 20 of 60 accounts are a third, and let through."""
    feed(flagged(0, of=60))
    assert stopped_by(feed(flagged(21, of=60))) == {"deactivated": (21, 60, 20)}
    run = feed(flagged(20, of=60))
    assert (run.status, Account.objects.filter(status="inactive").count()) == (Status.APPLIED, 20)


def test_of_many_accounts_the_percentage_counts() -> None:
    feed(flagged(0, of=1_100))
    assert stopped_by(feed(flagged(23, of=1_100))) == {"deactivated": (23, 1_100, 22)}
    assert feed(flagged(22, of=1_100)).status == Status.APPLIED


def test_the_settings_of_the_admin_hold_for_the_next_run(client: Any) -> None:
    feed(flagged(0))
    assert SyncSettings.objects.count() == 0
    client.force_login(UserFactory(roles=["data_steward"], is_staff=True))
    fields = {
        "spared": 1, "most_deactivated": "2", "most_moved": "5", "most_renamed": "10", "most_rows_less": "10", "ask_above": "10",
        "most_repriced": "10", "runs_until_gone": 3,
    }  # fmt: skip
    assert client.post(reverse("admin:integration_syncsettings_add"), fields).status_code == 302
    assert stopped_by(feed(flagged(2))) == {"deactivated": (2, 40, 1)}
    there = [(feed(flagged(0)[1:]).status, site("C0000").is_active)[1] for _time in range(3)]
    assert there == [True, True, False], "it takes three complete runs now"


def test_the_limits_are_opened_at_once_and_looking_writes_nothing(client: Any) -> None:
    client.force_login(UserFactory(roles=["data_steward"]))
    path = reverse("admin:integration_syncsettings_changelist")

    first = client.get(path, follow=True)
    assert (first.status_code, SyncSettings.objects.count()) == (200, 0)
    assert 'name="spared" value="20"' in first.content.decode()

    limits(spared=7)
    assert 'name="spared" value="7"' in client.get(path, follow=True).content.decode()


def test_decisions_about_rows_say_what_was_decided(client: Any) -> None:
    steward = UserFactory(roles=["data_steward"], display_name="Olli Opas")
    AccountFactory(parent_customer_id="P77", name="Kala Oy")
    for number, parent in (("C1", ""), ("C2", "P77"), ("C3", "P78")):
        RowDecision.objects.create(child_id=number, parent_id=parent, by=steward, at=clock.now())
    client.force_login(steward)

    html = client.get(reverse("admin:integration_rowdecision_changelist")).content.decode()

    found = re.findall(r'class="field-decision">([^<]*)<', html)
    assert found == ["left out", "belongs to Kala Oy P77", "belongs to P78"]
    assert html.count("Olli Opas</td>") == 3


def test_rows_are_fewer_only_than_those_of_the_last_complete_run() -> None:
    limits(most_rows_less=10)
    feed(sites(40))
    part = feed(sites(40)[:5], complete=False)
    assert (part.status, part.counts["complete"], part.counts["sites_missing"]) == (Status.UNCHANGED, False, 0)
    assert stopped_by(feed(sites(40)[:35])) == {"rows_less": (5, 40, 4)}
    assert feed(sites(40)).status == Status.UNCHANGED


def test_nothing_is_missing_from_a_file_that_does_not_hold_everything() -> None:
    limits(most_deactivated=100, most_rows_less=100)
    feed(sites(10))
    for _time in range(3):
        feed(sites(10)[:2], complete=False)
    assert (Site.objects.filter(is_active=True, missed=0).count(), Account.objects.filter(status="active").count()) == (10, 10)
    for _time in range(2):
        feed(sites(10)[:2])
    assert Account.objects.filter(status="active").count() == 2, "the control: this one is told to hold everything"


@pytest.mark.parametrize("cut", [b"C0004;P0004", b"C0004;", b"C00", b"C0004;P0004;"])
def test_nothing_is_missing_from_a_file_that_breaks_off(cut: bytes) -> None:
    """The last row has fewer cells than the header: who knows what stood below."""
    limits(most_deactivated=100, most_rows_less=100)
    content = file_of(sites(10, revenue="5"))
    feed([], content=content)
    whole = content[: content.index(b"C0004")]
    run = feed([], content=whole + cut)
    assert (run.counts["complete"], run.counts["sites_missing"], run.counts["rows_quarantined"]) == (False, 0, 1)
    assert Site.objects.filter(is_active=True, missed=0).count() == 10
    for _time in range(2):
        feed([], content=whole)
    assert Site.objects.filter(is_active=True).count() == 4, "the control: cut between two rows it looks whole"


@pytest.mark.parametrize("cut", [b"Y", b"Y\nC0003;P0003;Nimi;123;"])
def test_nothing_is_believed_of_the_last_row_of_a_text_that_breaks_off(cut: bytes) -> None:
    """As many cells as the header, but its line has no end, unlike before: it may have been 1234, and flagged."""
    limits(most_deactivated=100, most_rows_less=100)
    whole = b"child_id;parent_id;parent_name;volume;cpq_flag\nC0001;P0001;Nimi;1;Y\nC0002;P0002;Nimi;2;"
    feed([], content=whole + b"Y\nC0003;P0003;Nimi;1234;Y\n")
    before = state()
    run = feed([], content=whole + cut)
    row = run.quarantine.get()
    assert (run.counts["complete"], run.counts["sites_missing"], row.code) == (False, 0, "cut_off")
    assert "may break off in this row" in row.reason
    assert state() == before
    feed([], content=whole + cut + b"\n")
    assert state() != before, "the control: with the end of a line it is believed"


def test_a_source_that_never_ends_its_last_line_is_believed() -> None:
    content = file_of(sites(3)).rstrip()
    feed([], content=content)
    run = feed([], content=content.replace(b"C0002;P0002", b"C0002;P0009"))
    assert (run.counts["rows_quarantined"], run.counts["complete"], site("C0002").account) == (0, True, account("P0009"))


def test_a_run_whose_books_do_not_balance_applies_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    counts_of = customers.Sync.counts
    monkeypatch.setattr(customers.Sync, "counts", lambda self: counts_of(self) | {"rows_ignored": 1})
    with pytest.raises(ValueError, match="3 rows were read, 4 are told of"):
        feed(sites(3))
    assert (JobRun.objects.get().status, Site.objects.count()) == (Status.FAILED, 0)


# --- A run that waits --------------------------------------------------------------------------------------------------------
@pytest.fixture
def stopped() -> JobRun:
    """Of three accounts one is renamed, one loses its site to it, and one more loses its flag."""
    limits(most_deactivated=0, most_moved=100, most_renamed=100)
    rows = [child("1", "P1", cpq_flag="Y"), child("2", "P2", cpq_flag="Y"), child("3", "P3", cpq_flag="Y")]
    feed(rows)
    new = child("4", "P4", cpq_flag="Y", parent_name="Neljäs Oy", industry="I99")
    renamed = {"parent_name": "Uusi nimi Oy"}
    return feed([rows[0] | renamed, rows[1] | {"parent_id": "P1"} | renamed, rows[2] | {"cpq_flag": "N"}, new])


def test_a_run_that_waits_says_what_it_would_do_and_has_done_nothing(stopped: JobRun) -> None:
    assert (stopped.status, stopped_by(stopped)) == (Status.QUARANTINED, {"deactivated": (2, 3, 0)})
    proposed = {(change.number, change.verb): change for change in ProposedChange.objects.filter(run=stopped)}
    assert set(proposed) == {
        ("P1", "master_updated"), ("P1", "master_moved"), ("P2", "master_deactivated"), ("P3", "master_deactivated"),
        ("P4", "master_created"),
    }  # fmt: skip
    assert proposed["P1", "master_updated"].changes == {"name": ["Ämpäri P1 Oy", "Uusi nimi Oy"]}
    assert proposed["P1", "master_updated"].account == account("P1")
    assert proposed["P1", "master_moved"].changes == {"2": ["P2", "P1"]}
    assert proposed["P3", "master_deactivated"].changes == {"status": ["active", "inactive"]}
    assert proposed["P3", "master_deactivated"].name == account("P3").name
    assert (proposed["P4", "master_created"].account, proposed["P4", "master_created"].name) == (None, "Neljäs Oy")
    assert not Industry.objects.filter(code="I99").exists()
    assert sorted(Account.objects.values_list("parent_customer_id", "status")) == [(f"P{at}", "active") for at in (1, 2, 3)]


def test_a_released_run_does_what_it_said(stopped: JobRun, steward: User) -> None:
    runs.run_release(run_id=stopped.pk, by=steward)
    done = runs.run_work(stopped.pk)
    assert done is not None
    assert (done.status, ProposedChange.objects.count(), bytes_kept(done)) == (Status.APPLIED, 0, False)
    assert (account("P1").name, site("2").account, Industry.objects.filter(code="I99").count()) == (
        "Uusi nimi Oy",
        account("P1"),
        1,
    )
    assert sorted(Account.objects.values_list("parent_customer_id", "status")) == [
        ("P1", "active"), ("P2", "inactive"), ("P3", "inactive"), ("P4", "active"),
    ]  # fmt: skip


def test_a_rejected_run_never_does(stopped: JobRun, steward: User) -> None:
    before = state()
    runs.run_reject(run_id=stopped.pk, by=steward, reason="Half of it is wrong")
    assert runs.run_work(stopped.pk) is None
    assert runs.runs_sweep() == 0
    assert (state(), JobRun.objects.get(pk=stopped.pk).status, bytes_kept(stopped)) == (before, Status.REJECTED, False)


def bytes_kept(run: JobRun) -> bool:
    return bool(run.intake.__class__.objects.filter(run=run, content__isnull=False).exists())


# --- An upload that asks first -----------------------------------------------------------------------------------------------
def ask(rows: list[Row]) -> tuple[str, list[str]]:
    run = feed(rows, mode=Mode.ASK, complete=False)
    return run.status, run.counts["asks"]


def test_an_upload_is_applied_when_there_is_nothing_to_ask() -> None:
    feed(sites(40))
    assert ask(changed(sites(40), 4, parent_name="Uusi")) == (Status.APPLIED, [])


def test_it_asks_about_columns_that_nobody_has_sent_before() -> None:
    feed(sites(40))
    before = state()
    assert ask(changed(sites(40, city="Oulu"), 40, parent_id=lambda at: f"P{at:04}"))[1] == ["shape", "many"]
    assert ask(sites(1, city="Oulu")) == (Status.DRY_RUN, ["shape"])
    assert state() == before
    feed(sites(1, city="Oulu"), complete=False)
    assert ask(sites(2, city="Oulu")) == (Status.APPLIED, []), "from then on they are known"


def test_the_file_of_a_quarantine_has_the_columns_of_its_source(steward: User, client: Any) -> None:
    run = feed([*sites(40, revenue="1"), child("C9", "P0001", revenue="x")])
    client.force_login(steward)
    file = client.post(reverse("sync_quarantine_file", args=[run.pk]), {"format": "csv"}).getvalue().decode()
    again = feed([], complete=False, mode=Mode.ASK, content=file.replace(";x", ";5").encode())
    assert (again.status, again.counts["asks"], again.counts["header"]) == (Status.APPLIED, [], run.counts["header"])


def test_it_asks_about_many_accounts_and_about_each_that_becomes_inactive() -> None:
    feed(sites(40, cpq_flag="Y"))
    before = state()
    assert ask(changed(sites(40, cpq_flag="Y"), 5, parent_name="Uusi")) == (Status.DRY_RUN, ["many"])
    assert ask(flagged(1)) == (Status.DRY_RUN, ["deactivated"])
    assert state() == before


def test_what_asked_is_applied_once_released(steward: User) -> None:
    feed(sites(40, cpq_flag="Y"))
    run = feed(flagged(1), mode=Mode.ASK)
    runs.run_release(run_id=run.pk, by=steward)
    done = runs.run_work(run.pk)
    assert (done and done.status, account("P0000").status) == (Status.APPLIED, "inactive")


# --- Missing -----------------------------------------------------------------------------------------------------------------
@pytest.mark.req("S0.33")
def test_missing_once_is_noted_twice_makes_inactive_and_back_is_the_same_account() -> None:
    rep = UserFactory(roles=["sales_rep"], salesperson_id="S1", team=TeamFactory())
    rows = [child(number, f"P{number}", salesperson_id="S1", revenue="5") for number in ("1", "2")]
    feed(rows)
    was = account("P1")
    Account.objects.filter(pk=was.pk).update(notes="Soita aamulla")

    once = feed(rows[1:])
    assert (once.counts["sites_missing"], site("1").missed, site("1").is_active, account("P1").status) == (1, 1, True, "active")
    twice = feed(rows[1:])
    assert (twice.counts["accounts_deactivated"], site("1").is_active, account("P1").status) == (1, False, "inactive")
    assert feed(rows[1:]).status == Status.UNCHANGED

    back = feed(rows)
    now = account("P1")
    assert (back.counts["accounts_reactivated"], back.counts["accounts_created"]) == (1, 0)
    assert (now.pk, now.status, now.owner, now.notes) == (was.pk, "active", rep, "Soita aamulla")
    assert now.created_at == was.created_at
    assert (site("1").is_active, site("1").missed, site("1").account_id) == (True, 0, was.pk)
    told = Event.objects.filter(subject_type="account", subject_id=was.pk).order_by("pk")
    assert list(told.values_list("verb", flat=True)) == [
        "master_created", "master_deactivated", "master_reactivated",
    ]  # fmt: skip
    assert [row.status for row in Account.history.filter(id=was.pk).order_by("history_id")] == ["active", "inactive", "active"]


def test_missing_now_and_then_is_not_missing_twice() -> None:
    rows = sites(3)
    feed(rows)
    for some in (rows[1:], rows, rows[1:], rows):
        feed(some)
    assert (site("C0000").missed, account("P0000").status) == (0, "active")


def test_an_account_of_which_one_site_is_left_stays_and_loses_the_others_figures() -> None:
    rows = [child("1", revenue="5"), child("2", revenue="7"), child("3", "P2")]
    feed(rows)
    feed([rows[0], rows[2]])
    assert account("P1").yearly_revenue == Decimal(12)
    feed([rows[0], rows[2]])
    assert (account("P1").status, account("P1").yearly_revenue, site("2").is_active) == ("active", Decimal(5), False)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param("1;P1;Ämpäri;x", id="a cell that is wrong"),
        pytest.param("1;P1;Ämpäri", id="too few cells"),
        pytest.param("1;P1;Ämpäri;5;6", id="too many cells"),
        pytest.param("1;P1;Ämpäri;5\n1;P1;Ämpäri;6", id="twice, differently"),
        pytest.param(";P1;Ämpäri;5", id="no number"),
        pytest.param(";;;5", id="nothing but an amount"),
        pytest.param("1\u200b;P1;Ämpäri;5", id="a number with what cannot be seen"),
        pytest.param("Ämpäri;1;P1;Ämpäri;5", id="cells shifted to the right"),
    ],
)
def test_a_faulty_row_is_no_proof_that_anything_is_missing(row: str) -> None:
    limits(most_deactivated=100, most_rows_less=100)
    head, last = "child_id;parent_id;parent_name;revenue\n", "2;P2;Äyriäinen;5\n"
    feed([], content=f"{head}1;P1;Ämpäri;5\n{last}".encode())
    for _time in range(2):
        run = feed([], content=f"{head}{row}\n{last}".encode())
        assert (run.counts["rows_quarantined"] > 0, run.counts["sites_missing"]) == (True, 0)
    assert (site("1").is_active, site("1").missed, account("P1").status) == (True, 0, "active")
    for _time in range(2):
        feed([], content=f"{head}{last}{last}".encode())
    assert account("P1").status == "inactive", "the control: without the row it is"


# --- Feeds of which nothing is to be done ------------------------------------------------------------------------------------
@pytest.fixture
def source(settings: Settings) -> PriceManager:
    settings.DEMO = True  # this machine may be asked
    return PriceManager(Master(60, 12))


class Dated(Master):
    """A master whose snapshots are called as they are told."""

    snapshot = ""


def of(snapshot: str, rows: int = 60) -> Master:
    return type("Told", (Dated,), {"snapshot": snapshot})(rows, 12)


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("12", "9"),
        ("2026-11-20T03:00:00Z", "2026-11-19T03:00:00Z"),
        ("2026-11-20", "2026-11-19"),
        ("2026-11-20T03:00:00Z", "2026-11-20T04:00:00+02:00"),
    ],
)
def test_an_older_snapshot_after_a_newer_one_does_nothing_and_says_why(source: PriceManager, newer: str, older: str) -> None:
    with serving(source) as url:
        source.master = of(newer)
        first = services.customer_sync(url=url, by=None)
        before = state()
        source.master = of(older, rows=30)
        second = services.customer_sync(url=url, by=None)
        assert (first.status, second.status, state()) == (Status.APPLIED, Status.UNCHANGED, before)
        assert second.error == f"The snapshot {older} is older than {newer}, which run {first.pk} has applied."
        source.master = of(newer)
        assert services.customer_sync(url=url, by=None).counts["accounts_unchanged"] == 12, "and the next one is compared as ever"


def test_without_that_check_the_older_one_would_be_applied(source: PriceManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    limits(most_deactivated=100, most_rows_less=100)
    monkeypatch.setattr(guards, "require_newer", lambda _run, _snapshot: None)
    with serving(source) as url:
        source.master = of("12")
        services.customer_sync(url=url, by=None)
        source.master = of("9", rows=30)
        assert services.customer_sync(url=url, by=None).status == Status.APPLIED


@pytest.mark.parametrize(("first", "second"), [("abc", "abb"), ("12", "2026-11-19"), ("2026-11-20", "2026-11-19T00:00Z")])
def test_snapshots_that_have_no_order_are_taken_as_they_come(source: PriceManager, first: str, second: str) -> None:
    with serving(source) as url:
        source.master = of(first)
        services.customer_sync(url=url, by=None)
        source.master = of(second)
        run = services.customer_sync(url=url, by=None)
    assert (run.error, run.counts["rows_unchanged"]) == ("", 60)


def test_the_same_snapshot_twice_names_the_run_that_read_it(source: PriceManager, client: Client, steward: User) -> None:
    with serving(source) as url:
        source.master = of("12")
        first = services.customer_sync(url=url, by=None)
        again = services.customer_sync(url=url, by=None)
    assert (again.status, again.counts["same_file_as"]) == (Status.UNCHANGED, first.pk)
    client.force_login(steward)
    html = client.get(reverse("sync_page", args=[again.pk])).content.decode()
    assert f"Nothing to do: it is the snapshot of run {first.pk}." in html


@pytest.mark.req("S0.33")
def test_what_is_released_is_what_was_looked_at_whatever_the_source_says_by_then(source: PriceManager, steward: User) -> None:
    with serving(source) as url:
        source.master = of("1")
        services.customer_sync(url=url, by=None)
        source.master = of("2", rows=30)
        stopped = services.customer_sync(url=url, by=None)
        assert (stopped.status, set(stopped_by(stopped))) == (Status.QUARANTINED, {"rows_less"})
        source.master = of("3", rows=5)
        runs.run_release(run_id=stopped.pk, by=steward)
        done = runs.run_work(stopped.pk)
    assert done is not None
    assert (done.status, done.counts["rows_read"], done.counts["snapshot"]) == (Status.APPLIED, 30, "2")
    assert Site.objects.filter(missed=1).count() == 30


@pytest.mark.req("S0.33")
def test_a_file_that_was_stopped_is_kept_and_one_that_has_changed_by_then_is_not(tmp_path: Path, steward: User) -> None:
    limits(spared=0, most_renamed=0)
    path = tmp_path / "master.csv"
    path.write_bytes(file_of(sites(3)))
    services.customer_sync(path=path, by=None)
    path.write_bytes(file_of(changed(sites(3), 1, parent_name="Uusi")))
    stopped = services.customer_sync(path=path, by=None)
    path.write_bytes(file_of(changed(sites(3), 3, parent_name="Aivan muu")))
    runs.run_release(run_id=stopped.pk, by=steward)
    done = runs.run_work(stopped.pk)
    assert done is not None
    assert (done.status, done.counts["accounts_updated"], account("P0000").name) == (Status.APPLIED, 1, "Uusi")


def test_an_upload_of_a_file_that_was_overtaken_asks_first() -> None:
    feed(sites(3))
    feed(changed(sites(3), 1, parent_name="Uusi"))
    assert ask(sites(3)) == (Status.DRY_RUN, ["older", "many"])
    assert ask(changed(sites(3), 1, parent_name="Uusi"))[1] == []


def test_the_same_file_twice_names_the_run_that_read_it() -> None:
    first = feed(sites(3))
    feed(changed(sites(3), 1, parent_name="Uusi"))
    feed(sites(3))
    again = feed(sites(3))
    assert (again.status, again.counts["rows_unchanged"]) == (Status.UNCHANGED, 3)
    assert again.counts["same_file_as"] in (first.pk, again.pk - 1)
    assert "same_file_as" not in feed(sites(2), complete=False).counts


# --- Whose number it is, and what a steward says about it ---------------------------------------------------------------------
ONE, OTHER = business_id(1_234_567), business_id(2_345_678)


def company(child_id: str, name: str, number: str, parent: str = "P1") -> Row:
    return child(child_id, parent, child_name=name, parent_name=name, business_id=number)


def test_a_number_that_now_is_another_company_waits_until_somebody_says_so(steward: User) -> None:
    feed([company("1", "Leipomo Äyräs Oy", ONE)])
    before = state()
    other = [company("1", "Hotelli Öljymäki Oy", OTHER), company("2", "Kolmas Oy", ONE, "P2")]

    run = feed(other)
    left = QuarantinedRow.objects.get(run=run)
    assert (run.counts["rows_quarantined"], left.key, left.code) == (1, "1", "reused_id")
    assert f"Leipomo Äyräs Oy {ONE}" in left.reason
    assert (account("P1").name, site("1").name, site("1").missed) == ("Leipomo Äyräs Oy", "Leipomo Äyräs Oy", 0)
    assert state()[0][0] == before[0][0]

    quarantine.row_map_parent(row_id=left.pk, by=steward, parent_id="P1")
    assert (account("P1").name, account("P1").business_id) == ("Hotelli Öljymäki Oy", OTHER)
    assert RowDecision.objects.get().parent_id == "P1"
    assert feed(other).counts["rows_quarantined"] == 0


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(company("1", "Leipomo Äyräs Oy", OTHER), id="the number alone"),
        pytest.param(company("1", "Hotelli Öljymäki Oy", ONE), id="the name alone"),
        pytest.param(company("1", "LEIPOMO ÄYRÄS OY", OTHER), id="the number, and the name in capitals"),
        pytest.param(company("1", "Hotelli Öljymäki Oy", ""), id="the name, and no number any more"),
    ],
)
def test_a_company_that_changes_in_one_thing_is_the_same(row: Row) -> None:
    feed([company("1", "Leipomo Äyräs Oy", ONE)])
    assert feed([row]).counts["rows_quarantined"] == 0


def test_a_row_that_a_steward_ignores_is_left_out_from_then_on(steward: User) -> None:
    rows = [child("1", revenue="5"), child("2", revenue="oops")]
    run = feed(rows)
    quarantine.rows_ignore(row_ids=[QuarantinedRow.objects.get(run=run).pk], by=steward, reason="A test customer")
    again = feed([rows[0], child("2", revenue="7")])
    assert (again.counts["rows_ignored"], again.counts["rows_quarantined"], Site.objects.count()) == (1, 0, 1)
    quarantine.decision_lift(decision_id=RowDecision.objects.get().pk, by=steward)
    assert (feed([rows[0], child("2", revenue="7")]).counts["sites_created"], account().yearly_revenue) == (1, Decimal(12))


def test_a_row_that_a_steward_maps_is_of_that_parent_from_then_on(steward: User) -> None:
    feed([child("1"), child("3", "P2")])
    run = feed([child("2", "P1"), child("2", "P2"), child("1"), child("3", "P2")])
    rows = QuarantinedRow.objects.filter(run=run).order_by("pk")
    assert [row.code for row in rows] == ["two_parents"] * 2
    quarantine.row_map_parent(row_id=rows[0].pk, by=steward, parent_id="P2")
    assert (site("2").account, QuarantinedRow.objects.get(pk=rows[0].pk).handling) == (account("P2"), Handling.MAPPED)
    again = feed([child("2", "P1"), child("1"), child("3", "P2")])
    assert (again.counts["rows_quarantined"], again.counts["sites_moved"], site("2").account) == (0, 0, account("P2"))


def test_a_mapped_site_has_no_say_in_what_its_parent_is_called(steward: User) -> None:
    feed([child("1"), child("3", "P2")])
    run = feed([child("2", "P1"), child("2", "P2"), child("1"), child("3", "P2")])
    row = QuarantinedRow.objects.get(run=run, raw__parent_id="P2")
    quarantine.row_map_parent(row_id=row.pk, by=steward, parent_id="P1")
    assert (site("2").account, account("P1").name) == (account("P1"), "Ämpäri P1 Oy")
    feed([child("2", "P2", parent_name="Öinen Oy"), child("1"), child("3", "P2")])
    assert (site("2").account, account("P1").name) == (account("P1"), "Ämpäri P1 Oy")


# --- Moves -------------------------------------------------------------------------------------------------------------------
def test_whoever_gets_a_site_is_told_from_whom_and_who_lost_the_last_one_rests() -> None:
    feed([child("1", "P1"), child("2", "P2"), child("3", "P3")])
    run = feed([child("1", "P2"), child("2", "P2"), child("3", "P4")])
    told = {event.subject_id: event.data for event in Event.objects.filter(verb="master_moved")}
    assert told == {
        account("P2").pk: {"run": run.pk, "changes": {"1": ["P1", "P2"]}},
        account("P4").pk: {"run": run.pk, "changes": {"3": ["P3", "P4"]}},
    }
    assert [account(f"P{number}").status for number in (1, 2, 3, 4)] == ["inactive", "active", "inactive", "active"]
    feed([child("1", "P1"), child("2", "P2"), child("3", "P4")])
    assert (account("P1").status, site("1").account) == ("active", account("P1"))


# --- Rules -------------------------------------------------------------------------------------------------------------------
def rule(field: str, how: str, column: str, *, must_agree: bool = False) -> None:
    values = {"rule": how, "column": column, "must_agree": must_agree}
    SurvivorshipRule.objects.update_or_create(field=field, defaults=values)


def test_another_rule_holds_from_the_next_run_of_the_same_file() -> None:
    rows = [child("1", industry="B", revenue="9"), child("2", industry="A", revenue="1"), child("3", "P2", industry="C")]
    feed(rows)
    assert account().industry.code == "B"
    assert feed(rows).status == Status.UNCHANGED
    rule("industry", "smallest", "industry")
    again = feed(rows)
    assert (again.status, again.counts["accounts_updated"], again.counts["rows_unchanged"]) == (Status.APPLIED, 1, 3)
    assert account().industry.code == "A"
    assert feed(rows).status == Status.UNCHANGED


def test_another_rule_holds_for_accounts_that_the_next_file_leaves_out() -> None:
    """A small upload between the change and the next full file must not make the full file pass as known."""
    rows = [child("1", industry="B", revenue="9"), child("2", industry="A", revenue="1"), child("3", "P2", industry="C")]
    feed(rows)
    rule("industry", "smallest", "industry")
    feed(rows[2:], complete=False)
    feed(rows)
    assert account().industry.code == "A"


def test_another_rule_holds_after_a_file_without_its_column() -> None:
    rows = [child("1", industry="B", revenue="9"), child("2", industry="A", revenue="1")]
    feed(rows)
    rule("industry", "smallest", "industry")
    feed([{name: cell for name, cell in row.items() if name != "industry"} for row in rows])
    feed(rows)
    assert account().industry.code == "A"


def test_a_file_without_a_column_decides_by_what_is_stored_of_it() -> None:
    """The owner goes by revenue, which the second file does not have."""
    people: list[Any] = [UserFactory(roles=["sales_rep"], salesperson_id=number) for number in ("S1", "S2")]
    one, other = people
    rows = [child("1", salesperson_id="S1", revenue="9", channel="A"), child("2", salesperson_id="S2", revenue="5", channel="A")]
    feed(rows)
    less = [{name: cell for name, cell in row.items() if name != "revenue"} for row in rows]
    feed([less[0] | {"channel": "B"}, less[1] | {"channel": "B"}])
    assert account().owner_id == one.pk
    feed([less[0] | {"channel": "B"}, less[1] | {"channel": "C"}])
    assert (account().owner_id, account().yearly_revenue, account().channel.code) == (one.pk, Decimal(14), "B")
    assert not MasterConflict.objects.exists()
    feed([row | {"salesperson_id": "S2"} for row in rows])
    assert account().owner_id == other.pk


def test_changed_last_goes_by_the_date_of_the_row_of_equals_by_the_greatest_number() -> None:
    rule("industry", "latest", "industry")
    rows = [
        child("1", industry="A", updated_at="2026-03-01T10:00"),
        child("2", industry="B", updated_at="2026-02-28T23:59"),
        child("3", industry="", updated_at="2026-12-31"),
    ]
    feed(rows)
    assert account().industry.code == "A", "a blank says nothing, however late"
    feed(changed(rows, 3, updated_at=lambda at: "2026-03-01T10:00"))
    assert account().industry.code == "B"
    feed([*rows, child("4", industry="C", updated_at="2026-03-01T10:01")])
    assert account().industry.code == "C"


def test_what_must_agree_is_a_conflict_while_it_does_not() -> None:
    rule("city", "by_volume", "city", must_agree=True)
    apart = [child("1", city="Oulu", volume="9"), child("2", city="Turku", volume="1")]
    run = feed(apart)
    conflict = MasterConflict.objects.get(field="city")
    assert (account().city, conflict.kind, conflict.run, conflict.resolved_at) == ("Oulu", "disagree", run, None)
    assert [candidate["value"] for candidate in conflict.candidates] == ["Oulu", "Turku"]
    assert feed(apart).status == Status.UNCHANGED
    feed([apart[0], apart[1] | {"city": "Oulu"}])
    assert (open_conflicts("city"), MasterConflict.objects.get(field="city").resolved_by) == (0, None)
    feed(apart)
    assert (open_conflicts("city"), MasterConflict.objects.filter(field="city").count()) == (1, 2)


def test_what_need_not_agree_any_more_is_no_conflict() -> None:
    rule("city", "by_volume", "city", must_agree=True)
    apart = [child("1", city="Oulu", volume="9"), child("2", city="Turku", volume="1")]
    feed(apart)
    assert open_conflicts("city") == 1
    rule("city", "by_volume", "city")
    feed(apart)
    assert open_conflicts("city") == 0


def open_conflicts(field: str) -> int:
    return MasterConflict.objects.filter(field=field, resolved_at=None).count()


def test_a_conflict_that_somebody_left_stays_closed_until_the_master_says_something_else() -> None:
    manager = UserFactory(roles=["data_steward", "sales_manager"])
    rule("industry", "smallest", "industry", must_agree=True)
    apart = [child("1", industry="A"), child("2", industry="B")]
    feed(apart)
    conflict_services.conflict_leave(
        conflict_id=MasterConflict.objects.get(field="industry").pk, by=editor(manager), reason="So be it"
    )
    for rows in (apart, changed(apart, 1, city="Oulu")):
        feed(rows)
        assert open_conflicts("industry") == 0
    feed([apart[0], child("2", industry="C")])
    found = MasterConflict.objects.get(field="industry", resolved_at=None)
    assert [candidate["value"] for candidate in found.candidates] == ["A", "C"]


def editor(user: User) -> User:
    """Made the owner: who owns an account may settle its conflicts."""
    Account.objects.update(owner=user)
    return user


# --- Look-ups ----------------------------------------------------------------------------------------------------------------
def test_a_code_nobody_knows_becomes_a_value_once_and_keeps_its_name() -> None:
    feed(
        [child("1", tma1="H", tma1_name="Horeca", industry="I1", region="06"), child("2", "P2", tma1="H", tma1_name="Horeca Oy")]
    )
    tma1 = CategoryTma1.objects.get()
    assert (tma1.code, tma1.label_en, tma1.label_fi) == ("H", "Horeca Oy", "Horeca Oy")
    assert (Industry.objects.get().label_en, Region.objects.get().label_fi) == ("I1", "06")
    CategoryTma1.objects.update(label_en="Catering")
    feed([child("1", tma1="H", tma1_name="Jotain muuta"), child("2", "P2", tma1="R", tma1_name="Ravintolat")])
    assert sorted(CategoryTma1.objects.values_list("code", "label_en")) == [("H", "Catering"), ("R", "Ravintolat")]
    assert (account("P1").tma1.code, account("P2").tma1.code) == ("H", "R")


def test_a_code_of_a_site_that_does_not_decide_makes_no_value() -> None:
    feed([child("1", industry="A", revenue="9"), child("2", industry="B", revenue="1")])
    assert list(Industry.objects.values_list("code", flat=True)) == ["A"]


def test_the_comparison_is_what_the_guards_look_at() -> None:
    assert {"deactivated", "moved", "renamed"} <= set(dir(CustomerDiff)) | set(CustomerDiff.__dataclass_fields__)
