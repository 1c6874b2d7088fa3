"""A run is started once, lives as long as it says so, and ends by one of the ways there are."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine

from core import clock as house_clock
from core.errors import Invalid, NotAllowed, NotFound, WrongState
from core.models import Event, JobRun, MailboxMessage, OutboxMessage
from integration import tasks
from integration.choices import Mode, Origin
from integration.errors import Busy, Cancelled, LeaseLost
from integration.models import CUSTOMER_SYNC, PRODUCT_IMPORT, Intake, StagedPart
from integration.services import runs
from integration.tests.engine import Engine
from integration.tests.factories import (
    IntakeFactory,
    ProposedChangeFactory,
    QuarantinedRowFactory,
    RunFactory,
    RunningFactory,
    guarded_run,
)
from users.models import User
from users.roles import ROLES
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

Status = JobRun.Status
Queued = list[tuple[str, dict[str, object]]]
MINUTE = dt.timedelta(minutes=1)
OTHERS = sorted(set(ROLES) - {"data_steward"})


@pytest.fixture
def steward() -> User:
    return UserFactory(username="eeva", display_name="Eeva Äyräs", roles=["data_steward"])


def start(by: User | None = None, kind: str = CUSTOMER_SYNC, **more: Any) -> JobRun:
    return runs.run_start(kind=kind, origin=Origin.UPLOAD, by=by, **{"content": b"a;b\n1;2\n", "name": "asiakkaat.csv", **more})


def seen(run: JobRun) -> JobRun:
    return JobRun.objects.get(pk=run.pk)


# --- Starting ---------------------------------------------------------------------------------------------------------
@pytest.mark.req("S0.28")
def test_a_started_run_waits_with_what_it_works_on(steward: User, clock: time_machine.Traveller) -> None:
    run = start(steward, mode=Mode.ASK, is_complete=True, profile="price_manager")
    assert (run.status, run.phase, run.source, run.started_by) == (Status.RUNNING, "waiting", "asiakkaat.csv", steward)
    assert run.lease_until == house_clock.now() + MINUTE
    intake = Intake.objects.get()
    assert (intake.run, bytes(intake.content or b""), intake.mode, intake.is_complete, intake.profile) == (
        run,
        b"a;b\n1;2\n",
        Mode.ASK,
        True,
        "price_manager",
    )


@pytest.mark.parametrize("role", OTHERS)
def test_only_stewards_start_cancel_release_and_reject(role: str) -> None:
    person, running, stopped = UserFactory(roles=[role]), RunningFactory(kind="backup"), guarded_run()
    before = list(JobRun.objects.values())
    for attempt in (
        lambda: start(person),
        lambda: runs.run_cancel(run_id=running.pk, by=person),
        lambda: runs.run_release(run_id=stopped.pk, by=person),
        lambda: runs.run_reject(run_id=stopped.pk, by=person, reason="no"),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert (list(JobRun.objects.values()), Event.objects.count(), OutboxMessage.objects.count()) == (before, 0, 0)


@pytest.mark.parametrize("kind", [CUSTOMER_SYNC, PRODUCT_IMPORT])
def test_while_a_feed_is_worked_on_no_other_starts(kind: str, steward: User, clock: time_machine.Traveller) -> None:
    running = start(steward)
    with pytest.raises(Busy) as refusal:
        start(kind=kind)
    assert str(refusal.value) == (
        f"Run {running.pk} (asiakkaat.csv), started by Eeva Äyräs, has been going on since 20 Nov 2026, 11:00. "
        "Try again when it is over."
    )
    assert (refusal.value.status, refusal.value.code) == (409, "busy")
    assert JobRun.objects.get() == running


def test_a_run_of_the_system_names_nobody() -> None:
    running = start()
    with pytest.raises(Busy, match=rf"Run {running.pk} \(asiakkaat.csv\) has been going on since"):
        start()


def test_other_jobs_are_in_nobodys_way() -> None:
    RunningFactory(kind="backup")
    assert start().status == Status.RUNNING


@pytest.mark.parametrize("kind", [CUSTOMER_SYNC, PRODUCT_IMPORT])
def test_a_dead_run_makes_way_and_says_so(kind: str, clock: time_machine.Traveller) -> None:
    dead = start()
    clock.shift(MINUTE)
    fresh = start(kind=kind)
    dead = seen(dead)
    assert (dead.status, dead.error) == (Status.FAILED, "The run died and another one was started; nothing was applied.")
    assert (dead.finished_at, dead.phase, dead.lease_until) == (house_clock.now(), "", None)
    assert Intake.objects.get(run=dead).content is None
    assert seen(fresh).status == Status.RUNNING


def test_a_run_without_a_lease_is_dead() -> None:
    dead = RunningFactory(lease_until=None)
    start()
    assert seen(dead).status == Status.FAILED


# --- Working ----------------------------------------------------------------------------------------------------------
def test_a_waiting_run_is_done_once_however_often_it_is_handed_out(engine: Engine) -> None:
    run = start()
    engine.meanwhile = lambda run_id: tasks.work(run_id=run_id)
    tasks.work(run_id=run.pk)
    tasks.work(run_id=run.pk)
    assert engine.worked == [run.pk]
    assert seen(run).status == Status.APPLIED


def test_a_run_that_is_not_there_is_nobodys_work(engine: Engine) -> None:
    tasks.work(run_id=987654)
    assert engine.worked == []


def test_a_sign_of_life_prolongs_the_lease_and_keeps_what_is_said(clock: time_machine.Traveller) -> None:
    run = start()
    assert runs.run_claim(run.pk)
    clock.shift(30)
    runs.run_lives(run.pk, phase="read", counts={"rows_done": 10, "rows_total": 40})
    told = seen(run)
    assert (told.phase, told.lease_until) == ("read", house_clock.now() + MINUTE)
    claim = {"attempts": 1, "claim": told.counts["claim"]}
    assert told.counts == {**claim, "phase_since": "2026-11-20T09:00:30+00:00", "rows_done": 10, "rows_total": 40}
    clock.shift(30)
    runs.run_lives(run.pk, phase="check")
    assert seen(run).counts == {**claim, "phase_since": "2026-11-20T09:01:00+00:00"}


def test_signs_of_life_within_a_second_are_one(clock: time_machine.Traveller) -> None:
    run = start()
    for rows in (1, 2):
        runs.run_lives(run.pk, phase="read", counts={"rows_done": rows})
    assert seen(run).counts["rows_done"] == 1
    clock.shift(1)
    runs.run_lives(run.pk, phase="read", counts={"rows_done": 3})
    assert seen(run).counts["rows_done"] == 3


def test_whoever_works_hears_of_the_wish_to_cancel(steward: User) -> None:
    run = start()
    runs.run_claim(run.pk)
    runs.run_cancel(run_id=run.pk, by=steward)
    assert seen(run).status == Status.RUNNING
    with pytest.raises(Cancelled):
        runs.run_lives(run.pk, phase="read")
    with pytest.raises(Cancelled):
        runs.run_held(run.pk)


@pytest.mark.parametrize("status", [status for status in Status if status != Status.RUNNING])
def test_whoever_works_hears_that_the_run_is_over(status: JobRun.Status) -> None:
    run = start()
    runs.run_claim(run.pk)
    JobRun.objects.filter(pk=run.pk).update(status=status)
    with pytest.raises(LeaseLost):
        runs.run_lives(run.pk, phase="read")
    assert seen(run).status == status


@pytest.mark.req("S0.34")
def test_a_worker_that_was_frozen_finds_the_run_with_another(clock: time_machine.Traveller) -> None:
    run = start()
    assert runs.run_claim(run.pk)
    frozen = dict(runs._claims.get() or {})
    clock.shift(MINUTE)
    assert runs.run_claim(run.pk)
    runs.run_lives(run.pk, phase="read")
    runs._claims.set(frozen)
    clock.shift(2)
    with pytest.raises(LeaseLost):
        runs.run_lives(run.pk, phase="apply")
    assert seen(run).phase == "read"


def test_a_claimed_run_is_claimed_by_nobody_else_while_it_lives(clock: time_machine.Traveller) -> None:
    run = start()
    assert [runs.run_claim(run.pk), runs.run_claim(run.pk)] == [True, False]
    clock.shift(MINUTE)
    assert runs.run_claim(run.pk)
    assert seen(run).counts["attempts"] == 2


# --- Cancelling -------------------------------------------------------------------------------------------------------
def test_a_waiting_run_is_cancelled_at_once(steward: User) -> None:
    run = start()
    runs.run_cancel(run_id=run.pk, by=steward)
    assert (seen(run).status, seen(run).phase, Intake.objects.get().content) == (Status.CANCELLED, "", None)
    assert Event.objects.get().verb == "run_cancelled"
    assert not runs.run_claim(run.pk)


def test_a_dead_run_is_cancelled_at_once(steward: User) -> None:
    run = RunningFactory(lease_until=house_clock.now() - MINUTE)
    runs.run_cancel(run_id=run.pk, by=steward)
    assert seen(run).status == Status.CANCELLED


def test_cancelling_twice_is_one_event(steward: User, clock: time_machine.Traveller) -> None:
    run = RunningFactory()
    runs.run_cancel(run_id=run.pk, by=steward)
    asked = seen(run).cancel_asked_at
    clock.shift(1)
    runs.run_cancel(run_id=run.pk, by=steward)
    assert (seen(run).cancel_asked_at, Event.objects.count()) == (asked, 1)


@pytest.mark.parametrize("status", [status for status in Status if status != Status.RUNNING])
def test_what_is_over_cannot_be_cancelled(status: JobRun.Status, steward: User) -> None:
    run = RunFactory(status=status)
    with pytest.raises(WrongState):
        runs.run_cancel(run_id=run.pk, by=steward)
    assert (seen(run).cancel_asked_at, Event.objects.count()) == (None, 0)


def test_runs_of_other_jobs_are_not_found(steward: User) -> None:
    run = RunningFactory(kind="backup")
    for attempt in (runs.run_cancel, runs.run_release, lambda **who: runs.run_reject(reason="no", **who)):
        with pytest.raises(NotFound):
            attempt(run_id=run.pk, by=steward)


# --- Releasing and rejecting ------------------------------------------------------------------------------------------
@pytest.mark.req("S0.34")
@pytest.mark.parametrize("status", [Status.QUARANTINED, Status.DRY_RUN])
def test_a_released_run_is_worked_on_again_for_real(
    status: JobRun.Status,
    steward: User,
    engine: Engine,
    queued: Queued,
    clock: time_machine.Traveller,
    django_capture_on_commit_callbacks: Any,
) -> None:
    run = guarded_run(status=status) if status == Status.QUARANTINED else IntakeFactory(run=RunFactory(status=status)).run
    QuarantinedRowFactory(run=run), ProposedChangeFactory(run=run)
    with django_capture_on_commit_callbacks(execute=True):
        runs.run_release(run_id=run.pk, by=steward)
    again, intake = seen(run), Intake.objects.get(run=run)
    assert (again.status, again.phase, again.finished_at) == (Status.RUNNING, "waiting", None)
    assert (intake.released_by, intake.released_at, bytes(intake.content or b"")) == (
        steward,
        house_clock.now(),
        b"child_id\n1\n",
    )
    assert (run.quarantine.count(), run.proposed.count()) == (0, 0)
    assert Event.objects.get().verb == "run_released"
    assert queued == [("integration.work", {"run_id": run.pk})]
    tasks.work(run_id=run.pk)
    assert (engine.worked, seen(run).status, Intake.objects.get(run=run).content) == ([run.pk], Status.APPLIED, None)


@pytest.mark.parametrize("status", [status for status in Status if status not in (Status.RUNNING, Status.DRY_RUN)])
def test_what_nobody_stopped_cannot_be_released(status: JobRun.Status, steward: User) -> None:
    run = IntakeFactory(run=RunFactory(status=status)).run
    with pytest.raises(WrongState):
        runs.run_release(run_id=run.pk, by=steward)
    assert (seen(run).status, Event.objects.count()) == (status, 0)


def test_nothing_is_released_while_another_run_goes_on(steward: User) -> None:
    stopped = guarded_run()
    start(kind=PRODUCT_IMPORT)
    with pytest.raises(Busy):
        runs.run_release(run_id=stopped.pk, by=steward)
    assert seen(stopped).status == Status.QUARANTINED


def test_a_dead_run_is_not_in_the_way_of_a_release(steward: User) -> None:
    stopped, dead = guarded_run(), RunningFactory(lease_until=house_clock.now() - MINUTE)
    runs.run_release(run_id=stopped.pk, by=steward)
    assert (seen(stopped).status, seen(dead).status) == (Status.RUNNING, Status.FAILED)


def test_nothing_is_released_that_a_newer_run_has_overtaken(steward: User) -> None:
    stopped = guarded_run()
    RunFactory(kind=PRODUCT_IMPORT), RunFactory(status=Status.UNCHANGED), RunFactory(counts={"of": stopped.pk})
    newer = RunFactory()
    with pytest.raises(WrongState, match=f"Run {newer.pk} was applied since."):
        runs.run_release(run_id=stopped.pk, by=steward)
    assert seen(stopped).status == Status.QUARANTINED
    newer.delete()
    assert runs.run_release(run_id=stopped.pk, by=steward).status == Status.RUNNING


def test_without_its_file_nothing_is_released(steward: User) -> None:
    stopped = guarded_run()
    Intake.objects.update(content=None)
    with pytest.raises(WrongState, match="no longer kept"):
        runs.run_release(run_id=stopped.pk, by=steward)
    Intake.objects.update(address="http://127.0.0.1:9000")  # where something else may be by now
    with pytest.raises(WrongState, match="no longer kept"):
        runs.run_release(run_id=stopped.pk, by=steward)


def test_a_rejected_run_is_never_applied_and_its_file_is_gone(steward: User) -> None:
    stopped = guarded_run()
    StagedPart.objects.create(run=stopped, number=1, rows=b"x")
    with pytest.raises(Invalid):
        runs.run_reject(run_id=stopped.pk, by=steward, reason=" ")
    assert seen(stopped).status == Status.QUARANTINED
    runs.run_reject(run_id=stopped.pk, by=steward, reason="wrong year")
    assert (seen(stopped).status, Intake.objects.get().content, StagedPart.objects.count()) == (Status.REJECTED, None, 0)
    event = Event.objects.get()
    assert (event.verb, event.reason, event.by) == ("run_rejected", "wrong year", steward)
    with pytest.raises(WrongState):
        runs.run_release(run_id=stopped.pk, by=steward)


@pytest.mark.parametrize("status", [status for status in Status if status not in (Status.QUARANTINED, Status.DRY_RUN)])
def test_only_what_waits_can_be_rejected(status: JobRun.Status, steward: User) -> None:
    run = RunFactory(status=status)
    with pytest.raises(WrongState):
        runs.run_reject(run_id=run.pk, by=steward, reason="no")
    assert (seen(run).status, Event.objects.count()) == (status, 0)


# --- Sweeping ---------------------------------------------------------------------------------------------------------
@pytest.mark.req("S0.34")
def test_a_run_whose_worker_died_is_taken_up_again_three_times_at_most(
    engine: Engine, queued: Queued, clock: time_machine.Traveller, django_capture_on_commit_callbacks: Any
) -> None:
    run = start()

    def die(run_id: int) -> None:
        raise SystemExit(9)

    engine.meanwhile = die
    for attempt in (1, 2, 3):
        with pytest.raises(SystemExit):
            tasks.work(run_id=run.pk)
        assert (seen(run).counts["attempts"], tasks.sweep()) == (attempt, 0)
        clock.shift(MINUTE)
        with django_capture_on_commit_callbacks(execute=True):
            assert tasks.sweep() == 1
    assert queued == [("integration.work", {"run_id": run.pk})] * 2
    assert (seen(run).status, seen(run).error) == (
        Status.FAILED,
        "The workers died 3 times at this run; nothing was applied.",
    )
    assert Intake.objects.get().content is None
    assert tasks.sweep() == 0


def test_waiting_for_a_worker_is_no_attempt(queued: Queued, clock: time_machine.Traveller) -> None:
    run = start()
    for _minute in range(10):
        clock.shift(MINUTE)
        assert tasks.sweep() == 1
    assert (seen(run).status, seen(run).counts) == (Status.RUNNING, {})


def test_a_dead_run_that_was_to_be_cancelled_is(steward: User, clock: time_machine.Traveller) -> None:
    run = IntakeFactory(run=RunningFactory(cancel_asked_at=house_clock.now())).run
    clock.shift(MINUTE)
    assert tasks.sweep() == 1
    assert seen(run).status == Status.CANCELLED


def test_the_sweep_leaves_live_runs_and_other_jobs_alone(clock: time_machine.Traveller) -> None:
    run, other = IntakeFactory(run=RunningFactory()).run, RunningFactory(kind="backup", lease_until=None)
    assert tasks.sweep() == 0
    assert {seen(run).status, seen(other).status} == {Status.RUNNING}


def test_files_that_nobody_decides_about_are_dropped_after_a_month(clock: time_machine.Traveller) -> None:
    stopped = guarded_run()
    clock.shift(dt.timedelta(days=30))
    tasks.sweep()
    assert Intake.objects.get(run=stopped).content is not None
    clock.shift(1)
    tasks.sweep()
    assert Intake.objects.get(run=stopped).content is None


# --- The end, and whom it is told --------------------------------------------------------------------------------------
@pytest.fixture
def mailbox(settings: Any) -> None:
    settings.EMAIL_BACKEND = "core.mailbox.MailboxBackend"


def told(run: JobRun) -> list[int]:
    messages = OutboxMessage.objects.filter(topic="integration.attention", payload__run_id=run.pk)
    return sorted(message.payload["user_id"] for message in messages)


@pytest.mark.parametrize("status", [status for status in Status if status != Status.RUNNING])
def test_the_file_of_a_run_is_kept_only_while_somebody_may_decide(status: JobRun.Status) -> None:
    run = IntakeFactory(run=RunFactory(status=status)).run
    runs.run_ended(run)
    assert (Intake.objects.get().content is not None) == (status == Status.DRY_RUN)
    stopped = guarded_run()
    runs.run_ended(stopped)
    assert Intake.objects.get(run=stopped).content is not None


@pytest.mark.req("S0.34")
def test_stewards_are_told_once_of_a_run_that_was_stopped(steward: User) -> None:
    other = UserFactory(roles=["data_steward"])
    (
        UserFactory(roles=["sales_rep"]),
        UserFactory(roles=["data_steward"], is_active=False),
        UserFactory(roles=["data_steward"], email=""),
    )
    run = guarded_run()
    runs.run_ended(run)
    runs.run_ended(run)
    assert told(run) == [steward.pk, other.pk]


@pytest.mark.parametrize(
    ("before", "now", "is_told"),
    [
        (Status.FAILED, Status.FAILED, True),
        (Status.INCOMPLETE, Status.FAILED, True),
        (Status.FAILED, Status.INCOMPLETE, True),
        (Status.APPLIED, Status.FAILED, False),
        (Status.UNCHANGED, Status.INCOMPLETE, False),
        (Status.FAILED, Status.APPLIED, False),
        (None, Status.FAILED, False),
    ],
)
def test_stewards_are_told_of_the_second_failure_in_a_row(
    before: JobRun.Status | None, now: JobRun.Status, is_told: bool, steward: User
) -> None:
    if before:
        RunFactory(status=before)
    RunFactory(status=Status.CANCELLED), RunFactory(status=Status.APPLIED, counts={"of": 1}), RunFactory(kind=PRODUCT_IMPORT)
    RunFactory(status=Status.DRY_RUN)
    run = RunFactory(status=now)
    runs.run_ended(run)
    assert told(run) == ([steward.pk] if is_told else [])


def test_nobody_is_mailed_about_rows_that_somebody_puts_right(steward: User) -> None:
    run = RunFactory(status=Status.QUARANTINED, counts={"of": 1})
    runs.run_ended(run)
    assert told(run) == []


@pytest.mark.usefixtures("mailbox")
def test_the_mail_says_why_what_to_do_and_where_in_the_readers_language(
    steward: User, outbox_drain: Callable[[], int], settings: Any
) -> None:
    User.objects.filter(pk=steward.pk).update(language="fi")
    UserFactory(username="bo", roles=["data_steward"], language="en")
    run = guarded_run()
    runs.run_ended(run)
    assert outbox_drain() == 2
    mails = {mail.recipients: mail for mail in MailboxMessage.objects.all()}
    english, finnish = mails["bo@tukku.example"], mails["eeva@tukku.example"]
    assert english.subject == f"Stopped: Customer master, run {run.pk}"
    for face in (english.text, english.html):
        assert "Accounts that would become inactive: 31 of 400, 20 at most." in face
        assert "release the run, or reject it" in face
        assert f"{settings.SITE_URL}/sync/{run.pk}/" in face
    assert finnish.headers["Content-Language"] == "fi"


@pytest.mark.usefixtures("mailbox")
def test_the_mail_about_failures_quotes_the_run(steward: User, outbox_drain: Callable[[], int]) -> None:
    RunFactory(status=Status.FAILED)
    run = RunFactory(status=Status.INCOMPLETE, error="Only 3 of 9 rows came.", kind=CUSTOMER_SYNC)
    runs.run_ended(run)
    outbox_drain()
    mail = MailboxMessage.objects.get()
    assert mail.subject == f"Failed twice in a row: Customer master, run {run.pk}"
    assert "- Only 3 of 9 rows came." in mail.text
    assert "<li>Only 3 of 9 rows came.</li>" in mail.html


@pytest.mark.usefixtures("mailbox")
def test_no_mail_goes_out_about_a_run_that_was_dealt_with(steward: User, outbox_drain: Callable[[], int]) -> None:
    run = guarded_run()
    runs.run_ended(run)
    runs.run_reject(run_id=run.pk, by=steward, reason="wrong year")
    assert outbox_drain() == 1
    assert MailboxMessage.objects.count() == 0


# --- Price Manager ----------------------------------------------------------------------------------------------------
def test_without_an_address_nobody_is_asked(steward: User, settings: Any) -> None:
    settings.PRICE_MANAGER_URL = ""
    with pytest.raises(Invalid):
        runs.run_pull(kind=CUSTOMER_SYNC, by=steward)
    assert (tasks.pull(kind=CUSTOMER_SYNC), JobRun.objects.count()) == (None, 0)


@pytest.mark.req("S0.28")
def test_the_timetable_has_price_manager_asked(settings: Any, queued: Queued, django_capture_on_commit_callbacks: Any) -> None:
    settings.PRICE_MANAGER_URL = "http://127.0.0.1:9000"
    with django_capture_on_commit_callbacks(execute=True):
        run_id = tasks.pull(kind=CUSTOMER_SYNC)
        assert tasks.pull(kind=PRODUCT_IMPORT) is None  # the other one goes on: later
    run, intake = JobRun.objects.get(), Intake.objects.get()
    assert (run.pk, run.kind, run.source, run.started_by) == (run_id, CUSTOMER_SYNC, "http://127.0.0.1:9000", None)
    assert (intake.origin, intake.address, intake.content) == (Origin.HTTP, "http://127.0.0.1:9000", None)
    assert queued == [("integration.work", {"run_id": run_id}), ("integration.pull", {"kind": PRODUCT_IMPORT, "attempt": 2})]


def test_a_timetable_that_never_finds_its_turn_stands_in_the_list_as_failed(settings: Any) -> None:
    settings.PRICE_MANAGER_URL = "http://127.0.0.1:9000"
    RunningFactory(kind=CUSTOMER_SYNC)
    run = JobRun.objects.get(pk=tasks.pull(kind=PRODUCT_IMPORT, attempt=tasks.MOST_ATTEMPTS))
    assert (run.kind, run.status, run.source) == (PRODUCT_IMPORT, JobRun.Status.FAILED, "http://127.0.0.1:9000")
    assert "has been going on since" in run.error
