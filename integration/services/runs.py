"""Runs of feeds: one at a time, alive as long as they say so; cancelled, released, rejected; taken up again or ended when dead.

A run is started (`run_start`), claimed by whoever works on it (`run_claim`), and says now and then that it lives (`run_lives`).
Its row is its lock: the constraint of one running run of a kind decides between rivals, a lease that has run out is anybody's,
and each claim has a mark, so that a worker that was frozen meanwhile finds out that the run is not its own any more.
"""

import contextlib
import datetime as dt
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format

from core import clock, db, events, jobs, outbox
from core.errors import Invalid, NotFound, Text, WrongState, require
from core.languages import Sentence as _, again, in_languages
from core.models import JobRun, OutboxMessage
from integration import policies, selectors
from integration.choices import Mode, Origin
from integration.errors import Busy, Cancelled, LeaseLost
from integration.models import Intake
from users.models import User
from users.roles import Perm

LEASE = dt.timedelta(seconds=60)
MOST_ATTEMPTS = 3
FORGET_AFTER = dt.timedelta(days=30)
"""How long the file of a run is kept for which nobody decides."""
PULSE = 10.0
"""Seconds between two signs of life that come by themselves."""
WAITING = "waiting"
TOLD_EVERY = dt.timedelta(seconds=1)
"""Between two signs of life in the same phase; more of them are passed over."""
ATTENTION = "integration.attention"
_STARTS = 7302
"""The lock of whoever starts a run; held for a moment, unlike that of whoever applies one."""
_FAILURES = (JobRun.Status.FAILED, JobRun.Status.INCOMPLETE)

_claims: ContextVar[Mapping[int, str] | None] = ContextVar("claims", default=None)
"""Run → the mark of the claim by which whoever runs this code has it."""
_told: dict[int, tuple[dt.datetime, str]] = {}


def engine() -> Any:
    """The module that works on tables; brought when there is something to work on."""
    return import_module("integration.services.feeds")


# --- Starting ---------------------------------------------------------------------------------------------------------
def run_start(
    *,
    kind: str,
    origin: Origin,
    by: User | None,
    address: str = "",
    content: bytes | None = None,
    name: str = "",
    profile: str = "",
    mode: Mode = Mode.APPLY,
    is_complete: bool = False,
    of: JobRun | None = None,
) -> JobRun:
    """A run of this kind is running and waits for whoever works on it; `by` None: the system.

    `of`: the run whose rows these are, put right. A run that has died is ended as failed and makes way. Raises: NotAllowed;
    Busy while another feed, of whatever kind, is worked on.
    """
    require(by is None or policies.may_sync(by))
    require_free()
    try:
        with db.advisory_lock(_STARTS):
            _end_dead()
            now = clock.now()
            run = JobRun.objects.create(
                kind=kind,
                source=(name or address)[:300],
                started_by=by,
                started_at=now,
                phase=WAITING,
                lease_until=now + LEASE,
                counts={"of": of.pk} if of else {},
            )
            Intake.objects.create(
                run=run, origin=origin, address=address, content=content, profile=profile, mode=mode, is_complete=is_complete
            )
    except IntegrityError as error:
        raise _busy(selectors.running_run()) from error
    _let_go(run.pk)
    return run


def run_queue(*, kind: str, origin: Origin, by: User | None, **what: Any) -> JobRun:
    """The same, and a worker takes it up after the commit."""
    require(by is None or policies.may_sync(by))
    require_free()
    with transaction.atomic():
        run = run_start(kind=kind, origin=origin, by=by, **what)
        jobs.enqueue("integration.work", run_id=run.pk)
    return run


def run_pull(*, kind: str, by: User | None) -> JobRun:
    """Price Manager is asked for all that it has of this kind. Raises: as `run_start`; Invalid when nobody set its address."""
    if not settings.PRICE_MANAGER_URL:
        raise Invalid(_("No address of Price Manager is set."))
    return run_queue(kind=kind, origin=Origin.HTTP, by=by, address=settings.PRICE_MANAGER_URL)


@transaction.atomic
def run_fail(*, kind: str, origin: Origin, name: str, sentence: str) -> JobRun:
    """A feed that could not even be taken in stands in the list as a failed run."""
    now = clock.now()
    run = JobRun.objects.create(
        kind=kind,
        source=name[:300],
        started_at=now,
        finished_at=now,
        status=JobRun.Status.FAILED,
        error=sentence,
        counts=in_words(sentence),
    )
    Intake.objects.create(run=run, origin=origin)
    run_ended(run)
    return run


def require_free() -> None:
    """Raises Busy while a live run goes on. A plain read: it waits for nobody."""
    running = selectors.running_run()
    if running is not None and _is_alive(running):
        raise _busy(running)


def _end_dead() -> None:
    """End running runs whose lease is over. One that is locked is being applied this very moment, whatever its lease says."""
    running = JobRun.objects.filter(kind__in=selectors.KINDS, status=JobRun.Status.RUNNING)
    dead = list(running.filter(_dead()).order_by("pk").select_for_update(skip_locked=bool(db.skip_locked())))
    left = running.exclude(pk__in=[run.pk for run in dead]).first()
    if left is not None:
        raise _busy(left)
    for run in dead:
        _end(run, JobRun.Status.FAILED, _("The run died and another one was started; nothing was applied."))


def _dead() -> Q:
    return Q(lease_until=None) | Q(lease_until__lte=clock.now())


def _is_alive(run: JobRun) -> bool:
    return run.lease_until is not None and run.lease_until > clock.now()


def _busy(run: JobRun | None) -> Busy:
    if run is None:
        return Busy()
    since = date_format(timezone.localtime(run.started_at), "SHORT_DATETIME_FORMAT")
    words = {"run": run.pk, "source": run.source or "–", "since": since}
    if run.started_by is None:
        return Busy(_("Run %(run)s (%(source)s) has been going on since %(since)s. Try again when it is over.") % words)
    words["who"] = run.started_by.display_name
    return Busy(
        _("Run %(run)s (%(source)s), started by %(who)s, has been going on since %(since)s. Try again when it is over.") % words
    )


# --- Working ----------------------------------------------------------------------------------------------------------
def run_work(run_id: int) -> JobRun | None:
    """The run is done, by this process; None when somebody else does it or there is nothing to do."""
    if not run_claim(run_id):
        return None
    with run_pulse(run_id):
        run: JobRun = engine().work(run_id)
    return run


@transaction.atomic
def run_claim(run_id: int) -> bool:
    """Whether the run is from now on the caller's to work on: it waited, or whoever had it is dead. Of rivals one gets it."""
    run = (
        JobRun.objects.filter(pk=run_id, status=JobRun.Status.RUNNING)
        .select_for_update(skip_locked=bool(db.skip_locked()))
        .first()
    )
    if run is None or (run.phase != WAITING and _is_alive(run)):
        return False
    mark = secrets.token_hex(4)
    run.counts = {**run.counts, "attempts": int(run.counts.get("attempts", 0)) + 1, "claim": mark}
    run.phase, run.lease_until = "claimed", clock.now() + LEASE
    run.save(update_fields=["counts", "phase", "lease_until"])
    _let_go(run_id)
    _claims.set({**(_claims.get() or {}), run_id: mark})
    return True


def _let_go(run_id: int) -> None:
    """Nothing is known here any more of who works on the run."""
    _told.pop(run_id, None)
    _claims.set({run: mark for run, mark in (_claims.get() or {}).items() if run != run_id})


def run_lives(run_id: int, *, phase: str, counts: Mapping[str, Any] | None = None) -> None:
    """The run is alive for another minute, in this phase; `counts` are laid over those it has.

    `rows_done` and `rows_total` of a phase make the progress bar. A transaction of its own: call it outside of any.
    Raises: Cancelled when somebody asked for that; LeaseLost when the run is no longer the caller's.
    """
    last = _told.get(run_id)
    if last is not None and last[1] == phase and dt.timedelta(0) <= clock.now() - last[0] < TOLD_EVERY:
        return
    with transaction.atomic():
        run = run_held(run_id)
        if run.phase != phase:
            run.counts = _without_progress(run.counts) | {"phase_since": clock.now().isoformat()}
        run.phase, run.lease_until = phase, clock.now() + LEASE
        run.counts = {**run.counts, **(counts or {})}
        run.save(update_fields=["phase", "lease_until", "counts"])
    _told[run_id] = (clock.now(), phase)


@contextlib.contextmanager
def run_pulse(run_id: int) -> Iterator[None]:
    """Within the block the run stays alive, however long a step of it takes; by a connection of its own, so not in a transaction
    that is open already."""
    if connection.in_atomic_block:
        yield
        return
    over = threading.Event()
    mine = (_claims.get() or {}).get(run_id)

    def beat() -> None:
        held = JobRun.objects.filter(pk=run_id, status=JobRun.Status.RUNNING, counts__claim=mine)
        try:
            while not over.wait(PULSE):
                with contextlib.suppress(DatabaseError):  # locked by whoever applies, who needs no sign of life
                    held.update(lease_until=clock.now() + LEASE)
        finally:
            connections.close_all()

    thread = threading.Thread(target=beat, name=f"pulse of run {run_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(PULSE)


def run_held(run_id: int) -> JobRun:
    """The run, locked in the caller's transaction, which nobody else can take away until it ends.

    For whoever applies: locked at the beginning of the applying transaction it needs no signs of life in it.
    Raises: Cancelled, LeaseLost.
    """
    run = JobRun.objects.select_for_update().get(pk=run_id)
    mine = (_claims.get() or {}).get(run_id)
    if run.status != JobRun.Status.RUNNING or (mine is not None and mine != run.counts.get("claim")):
        raise LeaseLost
    if run.cancel_asked_at is not None:
        raise Cancelled
    return run


def _without_progress(counts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in counts.items() if name not in ("rows_done", "rows_total")}


# --- Deciding ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def run_cancel(*, run_id: int, by: User) -> JobRun:
    """The run ends: at once when nobody works on it, else at its next sign of life. Asked twice, nothing more happens.

    Raises: NotAllowed, NotFound; WrongState when it is over or is being applied.
    """
    run = _for_update(run_id, by, skip_locked=True)
    if run.status != JobRun.Status.RUNNING:
        raise WrongState
    if run.cancel_asked_at is None:
        run.cancel_asked_at = clock.now()
        run.save(update_fields=["cancel_asked_at"])
        events.record(run, "run_cancelled", by=by)
    if run.phase == WAITING or not _is_alive(run):
        _end(run, JobRun.Status.CANCELLED)
    return run


def run_release(*, run_id: int, by: User) -> JobRun:
    """What a dry run or a stopped run read is worked on again, for real; a worker takes it up.

    Raises: NotAllowed, NotFound; WrongState when there is nothing to release, or a newer run of the kind was applied since;
    Busy while another run goes on.
    """
    require(policies.may_sync(by))
    require_free()
    try:
        with db.advisory_lock(_STARTS):
            run = _for_update(run_id, by)
            _require_releasable(run)
            _end_dead()
            return _released(run, by)
    except IntegrityError as error:
        raise _busy(selectors.running_run()) from error


def _require_releasable(run: JobRun) -> None:
    if not policies.waits_for_decision(run):
        raise WrongState
    intake = selectors.intake_of(run)
    if intake is None or not intake.is_kept:
        raise WrongState(_("The file of this run is no longer kept. Upload it again."))
    newer = selectors.run_applied_since(run)
    if newer is not None:
        sentence = _("Run %(run)s was applied since. Upload the file again: it is compared with how things stand now.")
        raise WrongState(sentence % {"run": newer.pk})


def _released(run: JobRun, by: User) -> JobRun:
    """What the first attempt noted makes way for what the second one will note."""
    now = clock.now()
    Intake.objects.filter(run=run).update(released_by=by, released_at=now)
    run.quarantine.all().delete()
    run.proposed.all().delete()
    run.status, run.phase, run.lease_until, run.finished_at = JobRun.Status.RUNNING, WAITING, now + LEASE, None
    run.cancel_asked_at, run.error = None, ""
    run.counts = {**_without_progress(run.counts), "attempts": 0}
    run.counts.pop("error", None)
    run.save(update_fields=["status", "phase", "lease_until", "finished_at", "cancel_asked_at", "error", "counts"])
    events.record(run, "run_released", by=by)
    jobs.enqueue("integration.work", run_id=run.pk)
    return run


@transaction.atomic
def run_reject(*, run_id: int, by: User, reason: str) -> JobRun:
    """Nothing of the run is ever applied, and what it read is dropped. Raises: NotAllowed, NotFound, WrongState; Invalid
    without a reason."""
    run = _for_update(run_id, by)
    if not policies.can_be_rejected(run):
        raise WrongState
    if not reason.strip():
        raise Invalid(fields={"reason": _("Say why.")})
    run.status = JobRun.Status.REJECTED
    run.save(update_fields=["status"])
    events.record(run, "run_rejected", by=by, reason=reason.strip())
    _forget(run)
    return run


def _for_update(run_id: int, by: User, *, skip_locked: bool = False) -> JobRun:
    """The run, locked. Raises: NotAllowed; NotFound; WrongState for one that is being applied, if that is not waited for."""
    require(policies.may_sync(by))
    runs = JobRun.objects.filter(pk=run_id, kind__in=selectors.KINDS)
    run = runs.select_for_update(skip_locked=skip_locked and bool(db.skip_locked())).first()
    if run is None and runs.exists():
        raise WrongState(_("The run is being applied this very moment and cannot be stopped any more."))
    if run is None:
        raise NotFound
    return run


# --- Ending -----------------------------------------------------------------------------------------------------------
def _end(run: JobRun, status: JobRun.Status, sentence: str = "") -> None:
    run.status, run.error, run.finished_at, run.phase, run.lease_until = status, sentence, clock.now(), "", None
    run.counts = {**run.counts, **in_words(sentence)}
    run.save(update_fields=["status", "error", "counts", "finished_at", "phase", "lease_until"])
    run_ended(run)


def in_words(sentence: Text) -> dict[str, Any]:
    """Why the run ended, in every language, as its counts keep it."""
    return {"error": in_languages(lambda: again(sentence))} if sentence else {}


def run_ended(run: JobRun) -> None:
    """What is no longer needed of an ended run is dropped, and stewards are told when it needs them. In the transaction in
    which it ended, when its status and counts are saved."""
    _let_go(run.pk)
    if not policies.waits_for_decision(run):
        _forget(run)
    if _needs_attention(run) and not OutboxMessage.objects.filter(topic=ATTENTION, payload__run_id=run.pk).exists():
        stewards = User.objects.holding(Perm.STEWARD).exclude(email="").order_by("pk").values_list("pk", flat=True)
        outbox.emit_all("integration.attention", [{"run_id": run.pk, "user_id": steward} for steward in stewards])


def _needs_attention(run: JobRun) -> bool:
    """It was stopped, or failed like the one before it. Of rows that somebody puts right, that person sees the outcome."""
    if "of" in run.counts:
        return False
    if run.status == JobRun.Status.QUARANTINED:
        return True
    before = selectors.run_before(run)
    return run.status in _FAILURES and before is not None and before.status in _FAILURES


def _forget(run: JobRun) -> None:
    Intake.objects.filter(run=run, content__isnull=False).update(content=None)
    run.parts.all().delete()


def runs_sweep() -> int:
    """Runs whose worker died are taken up again, or end as failed after several attempts; the number of both.

    Files that nobody decided about for long are dropped.
    """
    dead = JobRun.objects.filter(_dead(), kind__in=selectors.KINDS, status=JobRun.Status.RUNNING, intake__isnull=False)
    swept = sum(_sweep(run_id) for run_id in list(dead.values_list("pk", flat=True)))
    Intake.objects.filter(run__finished_at__lt=clock.now() - FORGET_AFTER, content__isnull=False).update(content=None)
    return swept


@transaction.atomic
def _sweep(run_id: int) -> bool:
    still = JobRun.objects.filter(_dead(), pk=run_id, status=JobRun.Status.RUNNING)
    run = still.select_for_update(skip_locked=bool(db.skip_locked())).first()
    if run is None:
        return False
    if run.cancel_asked_at is not None:
        _end(run, JobRun.Status.CANCELLED)
    elif run.counts.get("attempts", 0) >= MOST_ATTEMPTS:
        sentence = _("The workers died %(number)s times at this run; nothing was applied.") % {"number": MOST_ATTEMPTS}
        _end(run, JobRun.Status.FAILED, sentence)
    else:
        run.phase, run.lease_until = WAITING, clock.now() + LEASE
        run.save(update_fields=["phase", "lease_until"])
        jobs.enqueue("integration.work", run_id=run.pk)
    return True
