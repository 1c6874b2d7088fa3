"""What stewards do about rows that were left out; with a stand-in for what works on tables, and once with the real thing."""

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from pytest_django import Settings

from accounts.models import Account, Site
from accounts.tests.factories import AccountFactory
from catalog.models import Product
from core import clock as house_clock
from core.errors import Invalid, NotAllowed, NotFound, WrongState
from core.models import Event, JobRun
from integration import services
from integration.choices import Handling, Rule
from integration.errors import Busy
from integration.models import PRODUCT_IMPORT, QuarantinedRow, RowDecision
from integration.price_manager_server import Json, Master, PriceManager
from integration.services import quarantine
from integration.tests.engine import Engine
from integration.tests.factories import QuarantinedRowFactory, RunFactory, RunningFactory, child, file_of
from integration.tests.sources import serving
from integration.tests.test_excel import of_rows
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


def test_a_row_that_is_not_kept_whole_is_not_applied_here(run: JobRun, steward: User, engine: Engine) -> None:
    AccountFactory(parent_customer_id="P1")
    row = left_out(run, is_cut=True)
    for move in moves(row, steward)[:3]:
        with pytest.raises(Invalid, match="Row 2 is too long to be kept whole here"):
            move()
    whole = left_out(run, 3)
    assert quarantine.rows_retry(row_ids=[row.pk, whole.pk], by=steward) == (1, 1)
    assert (seen(row).handling, seen(whole).handling, RowDecision.objects.count()) == ("open", "settled", 0)
    assert engine.rows == [[whole.raw]]


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


def test_the_reason_of_a_row_goes_by_its_cells_before_its_key(run: JobRun, steward: User, engine: Engine) -> None:
    """Two rows of one key, of which the first comes right."""
    good, bad = left_out(run, 2, "1"), left_out(run, 3, "bad")
    QuarantinedRow.objects.update(key="002")
    assert quarantine.rows_retry(row_ids=[good.pk, bad.pk], by=steward) == (1, 1)
    assert (seen(good).handling, seen(bad).handling, seen(bad).reason) == ("settled", "open", "still bad")


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
    assert quarantine.rows_ignore(row_ids=[product.pk], by=steward) == 0
    assert {seen(row).handling for row in (*rows, product)} == {Handling.IGNORED}
    assert list(RowDecision.objects.values_list("child_id", "parent_id", "reason")) == [
        ("002", "", "closed"),
        ("003", "", "closed"),
    ]
    event = Event.objects.get(subject_id=run.pk)
    assert (event.verb, event.reason, event.data) == ("rows_ignored", "closed", {"number": 2, "rows": [2, 3]})


@pytest.mark.parametrize("key", ["1" * 41, "12\ufffd"])
def test_what_cannot_be_the_number_of_a_customer_is_not_decided_about(
    key: str, run: JobRun, steward: User, engine: Engine
) -> None:
    AccountFactory(parent_customer_id="P1")
    good, odd = left_out(run, 2), left_out(run, 3)
    QuarantinedRow.objects.filter(pk=odd.pk).update(key=key)
    with pytest.raises(Invalid, match="in row 3 cannot be the number of a customer"):
        quarantine.rows_ignore(row_ids=[good.pk, odd.pk], by=steward)
    with pytest.raises(Invalid, match="in row 3 cannot be the number of a customer"):
        quarantine.row_map_parent(row_id=odd.pk, by=steward, parent_id="P1")
    assert ({seen(good).handling, seen(odd).handling}, RowDecision.objects.count(), engine.rows) == ({"open"}, 0, [])


def test_many_rows_are_ignored_in_as_many_statements_as_two(run: JobRun, steward: User) -> None:
    def statements(numbers: range) -> int:
        ids = [left_out(run, number).pk for number in numbers]
        left_out(run, numbers[0])
        with CaptureQueriesContext(connection) as queries:
            quarantine.rows_ignore(row_ids=ids, by=steward, reason="closed")
        return len(queries)

    statements(range(2, 4))  # what is known of the steward from then on is not asked for again
    assert statements(range(2, 4)) == statements(range(3, 53))
    assert RowDecision.objects.count() == 51


def test_many_rows_that_are_left_out_again_get_their_reasons_at_once(run: JobRun, steward: User, engine: Engine) -> None:
    """Each is looked up once; compared with each other, five thousand of them take minutes."""
    cells = [{"id": f"{number}", "parent": "P1", "revenue": "bad", "note": f"{number}" * 9} for number in range(5_000)]
    run.counts["header"] = list(cells[0])
    run.save()
    QuarantinedRow.objects.bulk_create(
        QuarantinedRow(run=run, row_number=number, key=row["id"], code=Rule.NOT_A_NUMBER, raw=row)
        for number, row in enumerate(cells, 2)
    )
    rows, left = list(run.quarantine.select_related("run")), list(run.quarantine.order_by("-pk"))
    began = time.perf_counter()
    pairs = quarantine._matched(rows, left)
    assert time.perf_counter() - began < 2
    assert [row.pk for row, _fault in pairs] == [fault.pk for _row, fault in pairs] == [row.pk for row in rows]


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


def test_of_two_rows_of_a_customer_one_is_ignored_and_the_other_applied(steward: User) -> None:
    run = synced(child("1", revenue="5"), child("1", revenue="6"), child("2"))
    wrong, right = run.quarantine.order_by("row_number")
    assert quarantine.rows_ignore(row_ids=[wrong.pk], by=steward) == 0
    assert quarantine.rows_retry(row_ids=[right.pk], by=steward) == (1, 0)
    assert Site.objects.get(child_id="1").revenue == 6
    assert (seen(wrong).handling, seen(right).handling) == (Handling.IGNORED, Handling.SETTLED)


def test_a_row_that_does_not_enter_is_not_said_to_be_applied(steward: User) -> None:
    run = synced(child("1", cpq_flag="Y"), child("2", cpq_flag="Y", revenue="x"), child("3", cpq_flag="no idea"))
    rows = list(run.quarantine.order_by("row_number"))
    with pytest.raises(Invalid, match="It does not enter"):
        quarantine.row_fix(row_id=rows[0].pk, by=steward, cells={"revenue": "5", "cpq_flag": "N"})
    RowDecision.objects.create(child_id="2", by=steward, at=house_clock.now())
    assert quarantine.rows_retry(row_ids=[row.pk for row in rows], by=steward) == (0, 2)
    assert {seen(row).handling for row in rows} == {Handling.OPEN}
    assert list(Site.objects.values_list("child_id", flat=True)) == ["1"]


HEAD = ["child_id", "parent_id", "parent_name", "revenue", "volume"]


@pytest.mark.parametrize(
    "content",
    [
        of_rows(HEAD, ["1", "P1", "N", "1.234", "x"]),
        f"{';'.join(HEAD)}\n1;P1;N;1.234;x\n2;P1;N;5.5;0.5\n".encode(),
    ],
    ids=["Excel", "points between semicolons"],
)
def test_an_amount_keeps_its_decimal_mark_when_its_row_is_put_right(content: bytes, steward: User) -> None:
    run = services.customer_sync(content=content, source="asiakkaat", by=None)
    assert run.counts["read_as"]["decimal"] == "."
    quarantine.row_fix(row_id=run.quarantine.get().pk, by=steward, cells={"volume": "-5"})
    assert (Site.objects.get(child_id="1").revenue, Site.objects.get(child_id="1").volume) == (Decimal("1.23"), -5)


class Ambiguous(Master):
    """A master whose first site has a volume that is none."""

    def row(self, number: int) -> Json:
        return super().row(number) | ({"Volume": "x", "Revenue": 1.234} if number == 0 else {})


def test_so_does_an_amount_of_price_manager(steward: User, settings: Settings) -> None:
    settings.DEMO = True  # this machine may be asked
    with serving(PriceManager(Ambiguous(20, 4))) as url:
        run = services.customer_sync(url=url, by=None)
    assert run.counts["read_as"]["delimiter"] == ""
    quarantine.row_fix(row_id=run.quarantine.get().pk, by=steward, cells={"Volume": "2"})
    assert Site.objects.get(child_id="C00000000").revenue == Decimal("1.23")


def test_a_row_is_applied_again_by_the_columns_of_the_profile_and_nothing_else_of_it(steward: User, tmp_path: Path) -> None:
    profile = tmp_path / "old.toml"
    profile.write_text(
        '[columns]\nchild_id = "nro"\nparent_id = "emo"\nparent_name = "nimi"\nrevenue = "myynti"\n'
        '[options]\nencoding = "cp1252"\ndelimiter = "|"\nskip_rows = 1\ndecimal = "."\n'
    )
    content = "lista\nnro|emo|nimi|myynti\n1|P1|Ämpäri Oy|1.234x\n".encode("cp1252")
    run = services.customer_sync(content=content, profile=str(profile), by=None)
    small = quarantine.row_fix(row_id=run.quarantine.get().pk, by=steward, cells={"myynti": "1.234"})
    account = Account.objects.get()
    assert (small.status, account.name, account.yearly_revenue) == (Status.APPLIED, "Ämpäri Oy", Decimal("1.23"))


def test_a_long_description_is_kept_whole(steward: User) -> None:
    text = "Pitkä kuvaus. " * 350
    row = {"sku": "A", "name_en": "A", "list_price": "x", "description_en": text}
    run = services.products_import(content=file_of([row]), by=None)
    quarantine.row_fix(row_id=run.quarantine.get().pk, by=steward, cells={"list_price": "5"})
    assert Product.objects.get().description_en == text.strip()


def test_of_a_row_longer_than_a_line_may_be_no_cell_passes_for_a_whole_one() -> None:
    long, text = "x" * 60_000, "y" * 5_000
    content = file_of([{"sku": "A", "name_en": "A", "list_price": "5", "description_en": long, "more": long, "note": text}])
    row = services.products_import(content=content.replace(text.encode(), f'"{text}"'.encode()), by=None).quarantine.get()
    assert (row.is_cut, row.code, row.raw["description_en"], row.raw["note"]) == (True, "too_long", "x" * 5_000 + "…", text)
    again = services.products_import(content=file_of([row.raw]), by=None)
    assert again.quarantine.get().code == "too_long"


# --- What later runs say ----------------------------------------------------------------------------------------------
def handlings(run: JobRun) -> list[str]:
    return list(run.quarantine.order_by("row_number").values_list("handling", flat=True))


def test_a_row_that_a_later_run_uses_is_settled(clock: Any) -> None:
    first = synced(child("1"), child("2", revenue="x"), child("3", revenue="y"), child("4"))
    again = synced(child("2", revenue="5"))
    assert (again.status, handlings(first)) == (Status.APPLIED, ["settled", "open"])
    row = first.quarantine.get(key="2")
    assert (row.handled_by, row.handled_at) == (None, again.finished_at)


def test_so_is_one_that_a_later_run_finds_as_it_was() -> None:
    synced(child("1", revenue="5"))
    bad = synced(child("1", revenue="x"), child("2"))
    again = synced(child("1", revenue="5"))
    assert (again.status, handlings(bad)) == (Status.UNCHANGED, ["settled"])


def test_of_a_row_that_is_left_out_again_and_again_the_last_one_is_open() -> None:
    runs = [synced(child("1"), child("2", revenue="x")) for _time in range(2)] + [synced(child("2", revenue="y"))]
    assert [run.status for run in runs] == [Status.APPLIED, Status.UNCHANGED, Status.QUARANTINED]
    assert [handlings(run) for run in runs] == [["superseded"], ["superseded"], ["open"]]


def test_what_has_no_key_or_is_of_another_kind_or_only_tried_settles_nothing(steward: User) -> None:
    first = synced(child("1"), child("2", revenue="x"), child("", "", revenue="x"))
    synced(child("", "", revenue="x"), child("1"))
    services.products_import(content=file_of([{"sku": "2", "name_en": "A", "list_price": "5"}]), by=None)
    services.customer_sync(content=file_of([child("2", revenue="5")]), by=None, dry_run=True)
    assert handlings(first) == ["open", "open"]


def test_rows_of_products_are_settled_by_their_sku() -> None:
    def load(price: str) -> JobRun:
        return services.products_import(content=file_of([{"sku": "A", "name_en": "A", "list_price": price}]), by=None)

    runs = [load("x"), load("y"), load("5")]
    assert [handlings(run) for run in runs] == [["superseded"], ["settled"], []]


def test_a_row_put_right_settles_those_of_its_key_in_whatever_run(steward: User) -> None:
    twice = synced(child("1"), child("2", revenue="1"), child("2", revenue="2"))
    quarantine.rows_retry(row_ids=[twice.quarantine.order_by("row_number")[1].pk], by=steward)
    assert handlings(twice) == ["settled", "settled"]
    assert [row.handled_by for row in twice.quarantine.order_by("row_number")] == [None, steward]


def test_rows_tried_again_are_not_superseded_by_themselves(steward: User) -> None:
    run = synced(child("1"), child("2", revenue="x"), child("3", revenue="y"))
    assert quarantine.rows_retry(row_ids=[row.pk for row in run.quarantine.all()], by=steward) == (0, 2)
    assert handlings(run) == ["open", "open"]


def test_following_up_many_rows_takes_as_many_statements_as_two(run: JobRun) -> None:
    def statements(number: int) -> int:
        before = RunFactory()
        for at in range(number):
            left_out(before, at)
        with CaptureQueriesContext(connection) as queries:
            keys = {f"{at:03d}" for at in range(number)}
            left = {key for key in keys if int(key) % 2}
            quarantine.rows_follow_up(run=RunFactory(), used=lambda asked: asked & keys, left=left)
        assert set(handlings(before)) == {"settled", "superseded"}
        return len(queries)

    assert statements(2) == statements(60)
