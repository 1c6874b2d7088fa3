"""Syncs of the customer master and imports of products: read, check, compare, apply in one transaction, report."""

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from core import clock, db, outbound
from core.errors import DomainError, require
from core.languages import in_languages
from core.models import JobRun
from integration import (
    customer_apply,
    customer_plan,
    exports,
    policies,
    price_manager,
    product_apply,
    profiles,
    reading,
    validation,
)
from integration.checks import Fault, column_names, raw_cells
from integration.errors import Incomplete
from integration.models import CUSTOMER_SYNC, PRODUCT_IMPORT, QuarantinedRow
from integration.product_validation import ProductRows, check_products
from integration.profiles import Layout, Options, Profile
from integration.reading import Table
from users.models import User

log = logging.getLogger(__name__)

LOCK = 7301
"""One sync or import at a time."""
BUILT_IN = ("price_manager",)
SHOWN_FAULTS = 100

Read = Callable[[JobRun, Options], Table]
"""Brings the table, and notes in the run where it is from."""
Apply = Callable[[JobRun, bool], dict[str, Any]]
"""Compares with the database and, unless it is a dry run, writes; answers the counts. Called in the transaction."""


@dataclass(frozen=True)
class Feed:
    """A kind of file: its fields, and what is done with a table of them. `prepare` checks the rows, before the transaction."""

    kind: str
    fields: tuple[str, ...]
    required: tuple[str, ...]
    built_in: tuple[str, ...]
    prepare: Callable[[Table, Layout], Apply]


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
    nor does a source that does not give all of its rows. `by` None: the system. Takes the lock of all syncs, then accounts by
    pk. Raises: NotAllowed, UnknownProfile.
    """
    feed = Feed(CUSTOMER_SYNC, profiles.CUSTOMER_FIELDS, profiles.CUSTOMER_REQUIRED, BUILT_IN, _customers)
    if url is not None:
        return _run(feed, _over_http(url, price_manager.CUSTOMER_MASTER), source or url, profile, by, dry_run)
    return _run(feed, _from_file(path, content), source or (path.name if path else ""), profile, by, dry_run)


def products_import(
    *,
    path: Path | None = None,
    content: bytes | None = None,
    source: str = "",
    profile: str | None = None,
    by: User | None,
    dry_run: bool = False,
) -> JobRun:
    """Bring products and their standard prices in line with a file; answers the finished run. See `customer_sync`."""
    feed = Feed(PRODUCT_IMPORT, profiles.PRODUCT_FIELDS, profiles.PRODUCT_REQUIRED, (), _products)
    return _run(feed, _from_file(path, content), source or (path.name if path else ""), profile, by, dry_run)


def _run(feed: Feed, read: Read, source: str, profile: str | None, by: User | None, dry_run: bool) -> JobRun:
    """Do the work and write down how it ended, with it in one transaction; a failure is written down alone."""
    require(by is None or policies.may_sync(by))
    chosen = profiles.load(profile, feed.fields) if profile else None
    run = _start(feed.kind, source, by)
    began = time.perf_counter()
    try:
        table = read(run, chosen.options if chosen else Options())
        layout = _laid_out(table, feed, chosen)
        apply = feed.prepare(table, layout)
        with db.advisory_lock(LOCK):
            counts = apply(run, dry_run)
            _close(run, counts, table, layout, began)
    except Incomplete as refusal:
        _fail(run, str(refusal), began, JobRun.Status.INCOMPLETE)
    except DomainError as refusal:
        _fail(run, str(refusal), began)
    except Exception:
        log.exception("run %s failed", run.pk)
        _fail(run, _("The run stopped at an error of the program; nothing was applied."), began)
        raise
    return run


def _start(kind: str, source: str, by: User | None) -> JobRun:
    return JobRun.objects.create(kind=kind, source=source[:300], started_by=by, started_at=clock.now(), phase="running")


def _from_file(path: Path | None, content: bytes | None) -> Read:
    def read(run: JobRun, options: Options) -> Table:
        cells = reading.content_of(path) if content is None and path is not None else content or b""
        run.source_hash = hashlib.sha256(cells).hexdigest()
        return exports.restored(
            reading.read_table(
                cells, encoding=options.encoding, delimiter=options.delimiter, skip_rows=options.skip_rows, sheet=options.sheet
            )
        )

    return read


def _over_http(url: str, path: str) -> Read:
    def read(run: JobRun, _options: Options) -> Table:
        def tell(rows: int, total: int) -> None:
            JobRun.objects.filter(pk=run.pk).update(phase="fetch", counts={"rows_read": rows, "rows_total": total})

        with outbound.Client(url, token=settings.PRICE_MANAGER_TOKEN) as client:
            return price_manager.read_feed(client, path, tell=tell).table

    return read


def _laid_out(table: Table, feed: Feed, profile: Profile | None) -> Layout:
    chosen = profile or profiles.detect(table.header, feed.fields, feed.built_in)
    required = tuple(name for name in feed.required if name != "child_id" or not chosen.options.already_aggregated)
    return profiles.lay_over(chosen, table.header, required)


def _close(run: JobRun, counts: dict[str, Any], table: Table, layout: Layout, began: float) -> None:
    run.counts = {
        **counts,
        "header": column_names(table.header),
        "duration_s": round(time.perf_counter() - began, 3),
        "read_as": {
            "profile": layout.profile.name,
            "encoding": table.encoding,
            "delimiter": table.delimiter,
            "unknown_columns": layout.unknown[:50],
        },
    }
    run.finished_at, run.phase = clock.now(), ""
    run.save(update_fields=["status", "counts", "finished_at", "phase", "source_hash"])


def _fail(run: JobRun, sentence: str, began: float, status: JobRun.Status = JobRun.Status.FAILED) -> None:
    run.status, run.error, run.finished_at, run.phase = status, sentence, clock.now(), ""
    run.counts = {"duration_s": round(time.perf_counter() - began, 3)}
    run.save(update_fields=["status", "error", "finished_at", "phase", "counts", "source_hash"])


def _status(*, dry_run: bool, changes: bool, usable: bool) -> JobRun.Status:
    """A file of which not one row could be used waits for a steward."""
    if dry_run:
        return JobRun.Status.DRY_RUN
    if not usable:
        return JobRun.Status.QUARANTINED
    return JobRun.Status.APPLIED if changes else JobRun.Status.UNCHANGED


def _reasons(fault: Fault) -> dict[str, Any]:
    return {f"reason_{code}": text for code, text in in_languages(lambda: fault.reason).items()}


def _quarantine(run: JobRun, table: Table, faults: list[Fault]) -> list[dict[str, Any]]:
    """Keep the rows that were left out; answers the first hundred as the report shows them."""
    raw = raw_cells(table, [fault.row for fault in faults])
    QuarantinedRow.objects.bulk_create(
        [
            QuarantinedRow(run=run, row_number=fault.row, key=fault.key, code=fault.code, raw=raw[fault.row], **_reasons(fault))
            for fault in faults
        ],
        batch_size=100,
    )
    return [{"row": fault.row, "key": fault.key, "reason": fault.reason} for fault in faults[:SHOWN_FAULTS]]


def _customers(table: Table, layout: Layout) -> Apply:
    checked = validation.check_customers(table, layout)

    def apply(run: JobRun, dry_run: bool) -> dict[str, Any]:
        plan = customer_plan.plan_customers(checked)
        counts = _customer_counts(table, checked, plan)
        if not dry_run:
            customer_apply.apply_plan(plan, run, run.started_by, clock.now())
        run.status = _status(dry_run=dry_run, changes=not plan.is_empty(), usable=len(checked.faults) < len(table))
        return counts | {"quarantine": _quarantine(run, table, checked.faults)}

    return apply


def _customer_counts(table: Table, checked: validation.CustomerRows, plan: customer_plan.CustomerPlan) -> dict[str, Any]:
    created_sites = sum(site.pk is None for site in plan.sites)
    return {
        "rows_read": len(table),
        "rows_applied": len(plan.sites),
        "rows_unchanged": plan.sites_unchanged + len(checked.copies),
        "rows_ignored": len(checked.ignored),
        "rows_quarantined": len(checked.faults),
        "parents_seen": plan.parents,
        "accounts_created": len(plan.created),
        "accounts_updated": plan.updated,
        "accounts_unchanged": plan.parents - len(plan.created) - plan.updated,
        "accounts_deactivated": len(plan.deactivated),
        "accounts_reactivated": plan.reactivated,
        "sites_created": created_sites,
        "sites_updated": len(plan.sites) - created_sites,
        "sites_moved": plan.moved,
        "conflicts": plan.conflicts,
    }


def _products(table: Table, layout: Layout) -> Apply:
    checked = check_products(table, layout)

    def apply(run: JobRun, dry_run: bool) -> dict[str, Any]:
        plan = product_apply.plan_products(checked)
        if not dry_run:
            product_apply.apply_plan(plan, run, run.started_by, clock.now())
        run.status = _status(dry_run=dry_run, changes=bool(plan.changed_skus), usable=len(checked.faults) < len(table))
        return _product_counts(table, checked, plan) | {"quarantine": _quarantine(run, table, checked.faults)}

    return apply


def _product_counts(table: Table, checked: ProductRows, plan: product_apply.ProductPlan) -> dict[str, Any]:
    return {
        "rows_read": len(table),
        "rows_applied": len(plan.changed_skus),
        "rows_unchanged": len(checked.rows) - len(plan.changed_skus) + len(checked.copies),
        "rows_ignored": 0,
        "rows_quarantined": len(checked.faults),
        **plan.counts(),
    }
