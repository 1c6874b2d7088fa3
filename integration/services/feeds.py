"""Syncs of the customer master and imports of products: what is done about a run that has been started and claimed.

Fetch, check, compare, look whether it is believable, apply in one transaction, report. A run that does not get to the end has
changed nothing.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
from django.conf import settings
from django.db import transaction

from core import clock, db, outbound
from core.errors import DomainError, Text, require
from core.languages import Sentence as _, in_languages
from core.models import JobRun
from integration import exports, policies, price_manager, product_apply, profiles, reading, selectors, spool
from integration.checks import Fault, column_names, raw_cells, shown
from integration.choices import Mode, Origin
from integration.errors import Cancelled, Incomplete, LeaseLost, OutOfDate
from integration.models import CUSTOMER_SYNC, PRODUCT_IMPORT, Intake, ProposedChange, QuarantinedRow
from integration.product_validation import check_products
from integration.profiles import Layout, Options, Profile
from integration.reading import Table
from integration.services import customers, guards, quarantine, runs
from users.models import User

log = logging.getLogger(__name__)

LOCK = 7301
"""One run applies at a time."""
SHOWN_FAULTS = 100
NOTED_AT_ONCE = 5_000


@dataclass(frozen=True)
class Outcome:
    """What a run found: its counts, the rows it leaves out, whether anything changes, and what makes it stop for a person."""

    counts: dict[str, Any]
    faults: list[Fault]
    changes: bool
    usable: bool
    mark: str
    """The decimal mark of the amounts."""
    keys: pl.Series
    """Whose rows were used, or left alone as they should be."""
    guards: list[dict[str, Any]] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Work:
    """A checked table on its way: `compare` reads, `apply` writes in the transaction, `propose` notes what would be written,
    `remember` what was found to be the same."""

    compare: Callable[[], Outcome]
    apply: Callable[[JobRun], None]
    propose: Callable[[JobRun], None]
    remember: Callable[[], None]


@dataclass(frozen=True)
class Feed:
    """A kind of file: its fields, where it is at the source, and what is done with a table of them."""

    fields: tuple[str, ...]
    required: tuple[str, ...]
    built_in: tuple[str, ...]
    path: str
    repeats: bool
    """Whether the same file again cannot change anything, as nobody else writes what it feeds."""
    prepare: "Callable[[Table, Layout, Steps], Work]"


def customer_sync(
    *,
    path: Path | None = None,
    content: bytes | None = None,
    url: str | None = None,
    source: str = "",
    profile: str | None = None,
    by: User | None,
    dry_run: bool = False,
) -> JobRun:
    """Bring the accounts in line with a customer master: a file, its bytes, or the address of Price Manager; answers the
    finished run.

    Good rows are applied, bad ones are quarantined; a file that cannot be used at all gives a failed run and changes nothing,
    nor does a source that does not give all of its rows. `by` None: the system. Raises: NotAllowed, UnknownProfile, Busy.
    """
    return _now(CUSTOMER_SYNC, path, content, url, source, profile, by, dry_run=dry_run)


def products_import(
    *,
    path: Path | None = None,
    content: bytes | None = None,
    url: str | None = None,
    source: str = "",
    profile: str | None = None,
    by: User | None,
    dry_run: bool = False,
) -> JobRun:
    """Bring products and their standard prices in line with a file or Price Manager; answers the finished run. See
    `customer_sync`."""
    return _now(PRODUCT_IMPORT, path, content, url, source, profile, by, dry_run=dry_run)


def apply_rows(*, of: JobRun, rows: list[dict[str, str]], by: User) -> JobRun:
    """Rows of a run, put right, are applied by a run of their own; answers it, finished. `rows`: cells by the source's columns.
    Raises: NotAllowed, Busy."""
    content = exports.written(list(rows[0]), rows, delimiter=exports.delimiter_for(of))
    held = Intake.objects.filter(run=of).values_list("profile", flat=True).first()
    run = runs.run_start(kind=of.kind, origin=Origin.UPLOAD, by=by, content=content, name=of.source, profile=held or "", of=of)
    return _worked(run)


def _now(
    kind: str,
    path: Path | None,
    content: bytes | None,
    url: str | None,
    source: str,
    profile: str | None,
    by: User | None,
    *,
    dry_run: bool,
) -> JobRun:
    """Start a run and do it in this process. A file by its path is not kept in the database."""
    require(by is None or policies.may_sync(by))
    if profile:
        profiles.load(profile, FEEDS[kind].fields)
    origin = Origin.HTTP if url is not None else Origin.COMMAND
    run = runs.run_start(
        kind=kind,
        origin=origin,
        by=by,
        address=url or (str(path)[:500] if path else ""),
        content=b"" if content is None and path is None and url is None else content,
        name=source or (path.name if path else url or ""),
        profile=profile or "",
        mode=Mode.TRY if dry_run else Mode.APPLY,
    )
    return _worked(run)


def _worked(run: JobRun) -> JobRun:
    done = runs.run_work(run.pk)
    if done is None:
        raise LeaseLost
    return done


class Steps:
    """The phases of a run, as they are told to whoever watches: each with its start, how long it took, and how many rows."""

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id
        self.done: list[dict[str, Any]] = []
        self.began = self.start = time.perf_counter()
        self.name = ""

    def begin(self, name: str, **counts: Any) -> None:
        """Raises: Cancelled, LeaseLost."""
        self.end()
        self.name, self.start = name, time.perf_counter()
        self.done.append({"phase": name, "at": clock.now().isoformat(), "seconds": 0, "rows": 0})
        runs.run_lives(self.run_id, phase=name, counts={**counts, "phases": self.done})

    def tell(self, done: int, total: int) -> None:
        runs.run_lives(self.run_id, phase=self.name, counts={"rows_done": done, "rows_total": total})

    def end(self, rows: int | None = None) -> None:
        if self.done:
            self.done[-1]["seconds"] = round(time.perf_counter() - self.start, 3)
            if rows is not None:
                self.done[-1]["rows"] = rows

    @property
    def seconds(self) -> float:
        return round(time.perf_counter() - self.began, 3)


def work(run_id: int) -> JobRun:
    """The run that the caller has claimed is done, and says how it ended; a run that was taken away is left alone."""
    run = JobRun.objects.select_related("started_by").get(pk=run_id)
    intake = Intake.objects.select_related("released_by").get(run=run)
    feed, steps = FEEDS[run.kind], Steps(run_id)
    try:
        steps.begin("fetch")
        chosen = profiles.load(intake.profile, feed.fields) if intake.profile else None
        chosen = _as_written(run, feed, chosen) if "of" in run.counts else chosen
        content = _content(run, intake)
        before = customers.repeated(run, intake) if feed.repeats else None
        if before is not None:
            _repeat(run, before, steps)
            return JobRun.objects.select_related("started_by").get(pk=run_id)
        if content is None:
            table = _over_http(run, intake, feed, steps)
        else:
            table = spool.table_of(content) if intake.origin == Origin.HTTP else _read(content, chosen)
        del content
        table.join()
        table = guards.as_cut(run, table)
        steps.end(len(table))
        layout = _laid_out(table, feed, chosen)
        steps.begin("validate", rows_read=len(table))
        work = feed.prepare(table, layout, steps)
        outcome = work.compare()
        _finish(run, intake, table, layout, steps, work, outcome)
    except OutOfDate as refusal:
        _fail(run, refusal.detail, steps, JobRun.Status.UNCHANGED)
    except Incomplete as refusal:
        _fail(run, refusal.detail, steps, JobRun.Status.INCOMPLETE)
    except Cancelled:
        _fail(run, "", steps, JobRun.Status.CANCELLED)
    except LeaseLost:
        log.warning("run %s was taken over", run_id)
    except DomainError as refusal:
        _fail(run, refusal.detail, steps)
    except Exception:
        log.exception("run %s failed", run_id)
        _fail(run, _("The run stopped at an error of the program; nothing was applied."), steps)
        raise
    return JobRun.objects.select_related("started_by").get(pk=run_id)


def _content(run: JobRun, intake: Intake) -> bytes | None:
    """The bytes of the file, noted by their hash, or of the table that came over HTTP and was kept; None when the source has to
    be asked."""
    if intake.origin == Origin.HTTP:
        return None if intake.content is None else bytes(intake.content)
    content = bytes(intake.content) if intake.content is not None else reading.content_of(Path(intake.address))
    run.source_hash = hashlib.sha256(content).hexdigest()
    return content


def _keep(intake: Intake, run: JobRun, table: Table) -> None:
    """What was read is what somebody decides about, whatever the source says by then. A file by its path that only tries is not
    kept, nor one that has changed meanwhile."""
    if intake.content is not None:
        return
    if intake.origin == Origin.HTTP:
        content = spool.table_as_bytes(table)
    elif intake.mode == Mode.TRY:
        return
    else:
        content = reading.content_of(Path(intake.address))
        if hashlib.sha256(content).hexdigest() != run.source_hash:
            return
    Intake.objects.filter(pk=intake.pk).update(content=content)


def _read(content: bytes, profile: Profile | None) -> Table:
    options = profile.options if profile else Options()
    table = reading.read_table(
        content, encoding=options.encoding, delimiter=options.delimiter, skip_rows=options.skip_rows, sheet=options.sheet
    )
    return exports.restored(table)


def _as_written(run: JobRun, feed: Feed, profile: Profile | None) -> Profile:
    """The columns and the decimal mark by which the rows were read at first; the file that they are in now is one of ours."""
    of = JobRun.objects.get(pk=run.counts["of"])
    found = profile or profiles.detect(of.counts.get("header", ()), feed.fields, feed.built_in)
    options = Options(
        encoding="utf-8",
        delimiter=exports.delimiter_for(of),
        decimal=of.counts.get("read_as", {}).get("decimal", found.options.decimal),
        already_aggregated=found.options.already_aggregated,
    )
    return replace(found, options=options)


def _over_http(run: JobRun, intake: Intake, feed: Feed, steps: Steps) -> Table:
    with outbound.Client(intake.address, token=settings.PRICE_MANAGER_TOKEN) as client:
        half = spool.StoredHalf(f"{intake.address} {feed.path}")
        found = price_manager.read_feed(client, feed.path, tell=steps.tell, spool=half)
    guards.require_newer(run, found.snapshot)
    run.counts["snapshot"] = found.snapshot
    return found.table


def _laid_out(table: Table, feed: Feed, profile: Profile | None) -> Layout:
    chosen = profile or profiles.detect(table.header, feed.fields, feed.built_in)
    required = tuple(name for name in feed.required if name != "child_id" or not chosen.options.already_aggregated)
    return profiles.lay_over(chosen, table.header, required)


def _finish(run: JobRun, intake: Intake, table: Table, layout: Layout, steps: Steps, work: Work, outcome: Outcome) -> None:
    """Decide what becomes of it, and let it become that, in one transaction."""
    status = _status(run, intake, table, outcome)
    if status == JobRun.Status.APPLIED:
        steps.begin("apply")
    with db.advisory_lock(LOCK):
        held = runs.run_held(run.pk)
        if status == JobRun.Status.APPLIED:
            work.apply(held)
        elif status in (JobRun.Status.DRY_RUN, JobRun.Status.QUARANTINED):
            work.propose(held)
            _keep(intake, run, table)
        elif status == JobRun.Status.UNCHANGED:
            work.remember()
        _require_balanced(outcome.counts)
        left_out = _quarantine(held, table, outcome.faults)
        _follow_up(held, status, outcome)
        counts = {
            **({"snapshot": run.counts["snapshot"]} if "snapshot" in run.counts else {}),
            **outcome.counts,
            **_same_as_before(run, status),
            "quarantine": left_out,
            "header": column_names(table.header),
            "shape": guards.shape_of(table.header),
            "guards": outcome.guards,
            "asks": outcome.asks if status == JobRun.Status.DRY_RUN else [],
            "ends_open": table.ends_open,
            "read_as": {
                "profile": layout.profile.name,
                "encoding": table.encoding,
                "delimiter": table.delimiter,
                "decimal": outcome.mark,
                "unknown_columns": [shown(name) for name in layout.unknown[:50]],
            },
        }
        _close(held, status, counts, run, steps)


def _require_balanced(counts: dict[str, Any]) -> None:
    """Every row that was read is in exactly one of the counts; else the program is wrong, and applies nothing."""
    told = sum(counts[name] for name in ("rows_applied", "rows_unchanged", "rows_ignored", "rows_quarantined"))
    if told != counts["rows_read"]:
        raise ValueError(f"{counts['rows_read']} rows were read, {told} are told of")


def _close(
    held: JobRun,
    status: JobRun.Status,
    counts: dict[str, Any],
    run: JobRun,
    steps: Steps,
    *,
    error: Text = "",
    rows: int | None = None,
) -> None:
    """The run, locked as `held`, is over; `run` knows the hash of what was read. In the caller's transaction."""
    steps.end(rows)
    kept = {name: held.counts[name] for name in ("of", "attempts") if name in held.counts}
    held.status, held.error, held.source_hash = status, str(error), run.source_hash
    held.counts = {**kept, **counts, **runs.in_words(error), "duration_s": steps.seconds, "phases": steps.done}
    held.finished_at, held.phase, held.lease_until = clock.now(), "", None
    held.save(update_fields=["status", "error", "source_hash", "counts", "finished_at", "phase", "lease_until"])
    runs.run_ended(held)


def _status(run: JobRun, intake: Intake, table: Table, outcome: Outcome) -> JobRun.Status:
    """A run that is not believable waits for a steward, as does a file of which not one row could be used."""
    if intake.mode == Mode.TRY and not intake.released_at:
        return JobRun.Status.DRY_RUN
    if not outcome.usable or (outcome.guards and not intake.released_at):
        return JobRun.Status.QUARANTINED
    if not outcome.changes:
        return JobRun.Status.UNCHANGED
    if intake.mode == Mode.ASK and not intake.released_at:
        if not guards.is_known_shape(run, table.header):
            outcome.asks.insert(0, "shape")
        if guards.was_overtaken(run):
            outcome.asks.insert(0, "older")
        if outcome.asks:
            return JobRun.Status.DRY_RUN
    return JobRun.Status.APPLIED


@transaction.atomic
def _repeat(run: JobRun, before: JobRun, steps: Steps) -> None:
    """The same file as the last time, and nothing else that decides is another: it is not even read."""
    read = before.counts["rows_read"]
    counts = {
        **customers.NOTHING,
        **{name: before.counts[name] for name in customers.KEPT if name in before.counts},
        "rows_unchanged": read - before.counts["rows_ignored"],
        "accounts_unchanged": before.counts["parents_seen"],
        "same_file_as": before.pk,
    }
    _close(runs.run_held(run.pk), JobRun.Status.UNCHANGED, counts, run, steps, rows=read)


@transaction.atomic
def _fail(run: JobRun, sentence: Text, steps: Steps, status: JobRun.Status = JobRun.Status.FAILED) -> None:
    """The run ended here; nothing was applied. Not when it was taken away meanwhile."""
    held = JobRun.objects.select_for_update().get(pk=run.pk)
    if held.status == JobRun.Status.RUNNING:
        snapshot = {"snapshot": held.counts["snapshot"]} if "snapshot" in held.counts else {}
        _close(held, status, {**snapshot, **run.counts}, run, steps, error=sentence)


def _same_as_before(run: JobRun, status: JobRun.Status) -> dict[str, Any]:
    """The run that read the very same file, or the same snapshot, where there was nothing to do."""
    snapshot = run.counts.get("snapshot")
    if status != JobRun.Status.UNCHANGED or not (run.source_hash or snapshot):
        return {}
    same = {"source_hash": run.source_hash} if run.source_hash else {"counts__snapshot": snapshot}
    before = JobRun.objects.filter(kind=run.kind, pk__lt=run.pk, **same).order_by("-pk").first()
    return {"same_file_as": before.pk} if before else {}


def _reasons(fault: Fault) -> dict[str, Any]:
    return {f"reason_{code}": text for code, text in in_languages(lambda: fault.reason).items()}


def _quarantine(run: JobRun, table: Table, faults: list[Fault]) -> list[dict[str, Any]]:
    """Keep the rows that were left out; answers the first hundred as the report shows them."""
    raw = raw_cells(table, [fault.row for fault in faults])
    QuarantinedRow.objects.bulk_create(
        [
            QuarantinedRow(
                run=run,
                row_number=fault.row,
                key=fault.key,
                code=fault.code,
                raw=raw[fault.row].cells,
                is_cut=raw[fault.row].is_cut,
                **_reasons(fault),
            )
            for fault in faults
        ],
        batch_size=100,
    )
    return [{"row": fault.row, "key": fault.key, "reason": fault.reason} for fault in faults[:SHOWN_FAULTS]]


def _follow_up(run: JobRun, status: JobRun.Status, outcome: Outcome) -> None:
    """Rows that earlier runs left out make way for what this one says of the same keys; not when it still waits for somebody."""
    if status in selectors.CAME_RIGHT or (status == JobRun.Status.QUARANTINED and not outcome.guards):
        used = outcome.keys if status in selectors.CAME_RIGHT else outcome.keys.clear()
        quarantine.rows_follow_up(
            run=run,
            used=lambda keys: keys & set(used.filter(used.is_in(list(keys)))),
            left={fault.key for fault in outcome.faults},
        )


def _customers(table: Table, layout: Layout, steps: Steps) -> Work:
    sync = customers.Sync(table, layout, steps.run_id, steps.begin, steps.tell)

    def compare() -> Outcome:
        diff = sync.compare()
        return Outcome(
            counts=sync.counts() | {"complete": sync.is_complete},
            faults=diff.faults,
            changes=not diff.is_empty() or sync.has_news(),
            usable=len(diff.faults) < len(table),
            mark=sync.checked.mark,
            keys=sync.keys(),
            guards=guards.stops(sync.is_complete, len(table), diff),
            asks=guards.asks(diff),
        )

    return Work(compare, sync.apply, sync.propose, sync.remember)


def _products(table: Table, layout: Layout, steps: Steps) -> Work:
    checked = check_products(table, layout)
    steps.begin("diff", rows_read=len(table))
    plan = product_apply.plan_products(checked)

    def compare() -> Outcome:
        counts = {
            "rows_read": len(table),
            "rows_applied": plan.changed_rows,
            "rows_unchanged": len(checked.rows) - plan.changed_rows - plan.ignored + len(checked.copies),
            "rows_ignored": plan.ignored,
            "rows_quarantined": len(checked.faults),
            **plan.counts(),
        }
        return Outcome(
            counts,
            checked.faults,
            changes=bool(plan.changed_rows),
            usable=len(checked.faults) < len(table),
            mark=checked.mark,
            keys=checked.rows["sku"],
            guards=guards.price_stops(plan),
        )

    def propose(run: JobRun) -> None:
        ProposedChange.objects.bulk_create(islice(product_apply.proposals(plan, run), selectors.MOST_PROPOSED), batch_size=100)

    def apply(run: JobRun) -> None:
        for some in db.batches(product_apply.proposals(plan, run), NOTED_AT_ONCE):
            ProposedChange.objects.bulk_create(some, batch_size=100)
        product_apply.apply_plan(plan, run, run.started_by, clock.now())

    return Work(compare, apply, propose, lambda: None)


FEEDS = {
    CUSTOMER_SYNC: Feed(
        profiles.CUSTOMER_FIELDS, profiles.CUSTOMER_REQUIRED, ("price_manager",), price_manager.CUSTOMER_MASTER, True, _customers
    ),
    PRODUCT_IMPORT: Feed(profiles.PRODUCT_FIELDS, profiles.PRODUCT_REQUIRED, (), price_manager.PRODUCTS, False, _products),
}
