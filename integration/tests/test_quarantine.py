"""What stewards do about rows that were left out; with a stand-in for what works on tables, and once with the real thing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation

from accounts.models import Account, Site
from accounts.tests.factories import AccountFactory
from core import clock as house_clock
from core.errors import Invalid, NotAllowed, NotFound, WrongState
from core.models import Event, JobRun
from integration import services
from integration.choices import Handling, Rule
from integration.errors import Busy
from integration.models import PRODUCT_IMPORT, QuarantinedRow, RowDecision
from integration.services import quarantine
from integration.tests.engine import Engine
from integration.tests.factories import QuarantinedRowFactory, RunFactory, RunningFactory, child, file_of
from users.models import User
from users.roles import ROLES
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

Status = JobRun.Status


@pytest.fixture
def steward() -> User:
    return UserFactory(username="eeva", roles=["data_steward"])


@pytest.fixture
def run() -> JobRun:
    return RunFactory(counts={"header": ["id", "parent", "revenue"]})


def left_out(run: JobRun, number: int = 2, revenue: str = "x", **more: Any) -> QuarantinedRow:
    key = f"{number:03d}"
    return QuarantinedRowFactory(run=run, row_number=number, key=key, raw={"id": key, "parent": "P1", "revenue": revenue}, **more)


def seen(row: QuarantinedRow) -> QuarantinedRow:
    return QuarantinedRow.objects.get(pk=row.pk)


def moves(row: QuarantinedRow, by: User) -> list[Callable[[], Any]]:
    return [
        lambda: quarantine.row_fix(row_id=row.pk, by=by, cells={"revenue": "5"}),
        lambda: quarantine.row_map_parent(row_id=row.pk, by=by, parent_id="P1"),
        lambda: quarantine.rows_retry(row_ids=[row.pk], by=by),
        lambda: quarantine.rows_ignore(row_ids=[row.pk], by=by),
    ]


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"data_steward"}))
def test_only_stewards_deal_with_rows(role: str, run: JobRun, engine: Engine) -> None:
    AccountFactory(parent_customer_id="P1")
    row, person = left_out(run), UserFactory(roles=[role])
    for move in moves(row, person):
        with pytest.raises(NotAllowed):
            move()
    decision = RowDecision.objects.create(child_id="1", by=person, at=house_clock.now())
    with pytest.raises(NotAllowed):
        quarantine.decision_lift(decision_id=decision.pk, by=person)
    assert (seen(row).handling, engine.rows, RowDecision.objects.count(), Event.objects.count()) == ("open", [], 1, 0)


@pytest.mark.parametrize("handling", [handling for handling in Handling if handling != Handling.OPEN])
def test_a_row_is_dealt_with_once(handling: Handling, run: JobRun, steward: User, engine: Engine) -> None:
    AccountFactory(parent_customer_id="P1")
    row = left_out(run, handling=handling)
    for move in moves(row, steward):
        with pytest.raises(WrongState):
            move()
    assert (seen(row).handling, engine.rows, Event.objects.count()) == (handling, [], 0)


def test_rows_that_are_not_there_or_of_several_runs_are_refused(run: JobRun, steward: User, engine: Engine) -> None:
    row, other = left_out(run), left_out(RunFactory())
    for refusal, ids in ((NotFound, [row.pk, 987654]), (Invalid, [row.pk, other.pk]), (Invalid, [])):
        for move in (quarantine.rows_retry, quarantine.rows_ignore):
            with pytest.raises(refusal):
                move(row_ids=ids, by=steward)
    assert engine.rows == []


@pytest.mark.parametrize("move", range(3))
def test_while_a_run_goes_on_nothing_is_applied(move: int, run: JobRun, steward: User, engine: Engine) -> None:
    AccountFactory(parent_customer_id="P1")
    row = left_out(run)
    RunningFactory(kind=PRODUCT_IMPORT)
    with pytest.raises(Busy):
        moves(row, steward)[move]()
    assert (seen(row).handling, engine.rows, RowDecision.objects.count()) == ("open", [], 0)


# --- Fixing -----------------------------------------------------------------------------------------------------------
@pytest.mark.req("S0.34")
def test_a_row_that_was_put_right_is_applied_and_says_by_whom(run: JobRun, steward: User, engine: Engine) -> None:
    row = left_out(run)
    small = quarantine.row_fix(row_id=row.pk, by=steward, cells={"revenue": "5", "unknown": "x"})
    assert engine.rows == [[{"id": "002", "parent": "P1", "revenue": "5"}]]
    assert (small.counts["of"], small.status) == (run.pk, Status.APPLIED)
    after = seen(row)
    assert (after.handling, after.handled_by, after.raw) == (Handling.FIXED, steward, row.raw)
    event = Event.objects.get(subject_id=run.pk)
    assert (event.verb, event.data) == ("rows_fixed", {"number": 1, "rows": [2], "run": small.pk})


def test_a_row_that_is_still_wrong_stays_as_it_was_and_the_reason_is_told(run: JobRun, steward: User, engine: Engine) -> None:
    row = left_out(run)
    with pytest.raises(Invalid, match="still bad"):
        quarantine.row_fix(row_id=row.pk, by=steward, cells={"revenue": "bad"})
    after = seen(row)
    assert (after.handling, after.reason, after.raw) == ("open", row.reason, row.raw)
    assert (QuarantinedRow.objects.count(), Event.objects.count()) == (1, 0)


@pytest.mark.parametrize("status", [Status.FAILED, Status.INCOMPLETE, Status.CANCELLED])
def test_a_run_that_does_not_come_through_deals_with_nothing(
    status: JobRun.Status, run: JobRun, steward: User, engine: Engine
) -> None:
    row, engine.ends = left_out(run), status
    for move in moves(row, steward)[::2]:
        with pytest.raises(Invalid, match="did not apply it"):
            move()
    assert seen(row).handling == "open"


def test_cells_too_many_have_no_place_in_the_row(run: JobRun, steward: User, engine: Engine) -> None:
    row = left_out(run)
    QuarantinedRow.objects.filter(pk=row.pk).update(raw={**row.raw, "+1": "too many"})
    quarantine.row_fix(row_id=row.pk, by=steward, cells={})
    assert engine.rows == [[{"id": "002", "parent": "P1", "revenue": "x"}]]


# --- Retrying ---------------------------------------------------------------------------------------------------------
def test_rows_that_are_tried_again_come_right_or_say_why_not(run: JobRun, steward: User, engine: Engine) -> None:
    rows = [left_out(run, number, cell) for number, cell in ((2, "1"), (3, "bad"), (4, "2"), (5, "bad"))]
    assert quarantine.rows_retry(row_ids=[row.pk for row in rows], by=steward) == (2, 2)
    after = [seen(row) for row in rows]
    assert [row.handling for row in after] == ["settled", "open", "settled", "open"]
    assert [(row.code, row.reason) for row in after[1::2]] == [(Rule.REQUIRED, "still bad")] * 2
    with translation.override("fi"):
        assert seen(rows[1]).reason == "still bad (fi)"
    assert QuarantinedRow.objects.count() == 4
    assert Event.objects.get(subject_id=run.pk).data["rows"] == [2, 4]


def test_when_no_row_comes_right_nothing_is_noted(run: JobRun, steward: User, engine: Engine) -> None:
    row = left_out(run, revenue="bad")
    assert quarantine.rows_retry(row_ids=[row.pk], by=steward) == (0, 1)
    assert (seen(row).handling, Event.objects.count()) == ("open", 0)


# --- Mapping ----------------------------------------------------------------------------------------------------------
def test_a_row_is_mapped_for_this_run_and_all_later_ones(run: JobRun, steward: User, engine: Engine) -> None:
    AccountFactory(parent_customer_id="P9")
    RowDecision.objects.create(child_id="002", by=UserFactory(), at=house_clock.now())
    row = left_out(run)
    small = quarantine.row_map_parent(row_id=row.pk, by=steward, parent_id="P9")
    decision = RowDecision.objects.get()
    assert (decision.child_id, decision.parent_id, decision.by) == ("002", "P9", steward)
    assert (seen(row).handling, seen(row).handled_by) == (Handling.MAPPED, steward)
    assert Event.objects.get(subject_id=run.pk).data == {"number": 1, "rows": [2], "run": small.pk, "parent": "P9"}


@pytest.mark.parametrize("parent", ["", "nobody", "MERGED"])
def test_a_row_is_mapped_to_accounts_of_the_master_only(parent: str, run: JobRun, steward: User, engine: Engine) -> None:
    winner = AccountFactory(parent_customer_id="P9")
    AccountFactory(parent_customer_id="MERGED", status="merged", merged_into=winner)
    row = left_out(run)
    with pytest.raises(Invalid):
        quarantine.row_map_parent(row_id=row.pk, by=steward, parent_id=parent)
    assert (seen(row).handling, RowDecision.objects.count(), engine.rows) == ("open", 0, [])


def test_rows_of_products_and_rows_without_a_number_have_no_parent(run: JobRun, steward: User, engine: Engine) -> None:
    AccountFactory(parent_customer_id="P9")
    nameless = left_out(run)
    QuarantinedRow.objects.filter(pk=nameless.pk).update(key="")
    for row in (nameless, left_out(RunFactory(kind=PRODUCT_IMPORT))):
        with pytest.raises(WrongState):
            quarantine.row_map_parent(row_id=row.pk, by=steward, parent_id="P9")
    assert RowDecision.objects.count() == 0


def test_a_mapped_row_that_is_wrong_otherwise_stays_with_the_new_reason(run: JobRun, steward: User, engine: Engine) -> None:
    AccountFactory(parent_customer_id="P9")
    row = left_out(run, revenue="bad")
    with pytest.raises(Invalid, match="still bad"):
        quarantine.row_map_parent(row_id=row.pk, by=steward, parent_id="P9")
    assert (seen(row).handling, seen(row).reason, RowDecision.objects.get().parent_id) == ("open", "still bad", "P9")


# --- Ignoring ---------------------------------------------------------------------------------------------------------
def test_ignored_customers_are_left_out_for_good_and_products_for_now(run: JobRun, steward: User) -> None:
    rows = [left_out(run, 2), left_out(run, 3)]
    product = left_out(RunFactory(kind=PRODUCT_IMPORT), 4)
    assert quarantine.rows_ignore(row_ids=[row.pk for row in rows], by=steward, reason=" closed ") == 2
    assert quarantine.rows_ignore(row_ids=[product.pk], by=steward) == 1
    assert {seen(row).handling for row in (*rows, product)} == {Handling.IGNORED}
    assert list(RowDecision.objects.values_list("child_id", "parent_id", "reason")) == [
        ("002", "", "closed"),
        ("003", "", "closed"),
    ]
    event = Event.objects.get(subject_id=run.pk)
    assert (event.verb, event.reason, event.data) == ("rows_ignored", "closed", {"number": 2, "rows": [2, 3]})


def test_a_decision_can_be_lifted(steward: User) -> None:
    decision = RowDecision.objects.create(child_id="002", parent_id="P9", by=steward, at=house_clock.now())
    quarantine.decision_lift(decision_id=decision.pk, by=steward)
    assert RowDecision.objects.count() == 0
    event = Event.objects.get()
    assert (event.verb, event.data, event.by) == ("row_decision_lifted", {"child": "002", "parent": "P9"}, steward)
    with pytest.raises(NotFound):
        quarantine.decision_lift(decision_id=decision.pk, by=steward)


# --- With what works on tables ----------------------------------------------------------------------------------------
def synced(*rows: dict[str, object]) -> JobRun:
    return services.customer_sync(content=file_of(rows), source="asiakkaat.csv", by=None)


@pytest.mark.req("S0.34")
def test_a_bad_amount_is_put_right_and_reaches_the_account(steward: User) -> None:
    run = synced(child("1", revenue="10"), child("2", revenue="x"))
    row = run.quarantine.get()
    with pytest.raises(Invalid, match="not a number"):
        quarantine.row_fix(row_id=row.pk, by=steward, cells={"revenue": "y"})
    small = quarantine.row_fix(row_id=row.pk, by=steward, cells={"revenue": "5"})
    assert (small.status, seen(row).handling, JobRun.objects.filter(status=Status.RUNNING).count()) == (
        Status.APPLIED,
        "fixed",
        0,
    )
    assert Account.objects.get().yearly_revenue == 15
    assert QuarantinedRow.objects.count() == 1


def test_a_child_of_two_parents_is_mapped_to_one(steward: User) -> None:
    run = synced(child("9", "P1"), child("8", "P2"), child("1", "P1"), child("1", "P2"))
    rows = list(run.quarantine.all())
    assert {row.code for row in rows} == {Rule.TWO_PARENTS}
    quarantine.row_map_parent(row_id=rows[0].pk, by=steward, parent_id="P2")
    assert Site.objects.get(child_id="1").account.parent_customer_id == "P2"


def test_an_ignored_customer_stays_out_of_later_runs(steward: User) -> None:
    run = synced(child("1"), child("2", revenue="x"))
    quarantine.rows_ignore(row_ids=[run.quarantine.get().pk], by=steward)
    again = synced(child("1"), child("2", revenue="5"))
    assert (again.counts["rows_ignored"], Site.objects.count()) == (1, 1)
