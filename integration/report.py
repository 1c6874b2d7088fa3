"""A run as the one JSON object that the commands print."""

from typing import Any

from core.models import JobRun
from integration.models import PRODUCT_IMPORT

_ROWS = ("rows_read", "rows_applied", "rows_unchanged", "rows_ignored", "rows_quarantined")
CUSTOMER_COUNTS = (
    *_ROWS, "parents_seen", "accounts_created", "accounts_updated", "accounts_unchanged", "accounts_deactivated",
    "accounts_reactivated", "sites_created", "sites_updated", "sites_moved", "conflicts",
)  # fmt: skip
PRODUCT_COUNTS = (*_ROWS, "products_created", "products_updated", "products_unchanged", "prices_created", "prices_updated")

EXIT_CODES = {JobRun.Status.FAILED: 1, JobRun.Status.QUARANTINED: 3, JobRun.Status.INCOMPLETE: 4}
"""Every other end of a run is 0; 2 is a wrong call."""


def count_names(run: JobRun) -> tuple[str, ...]:
    """The counts of this kind of run, in the order of the report."""
    return PRODUCT_COUNTS if run.kind == PRODUCT_IMPORT else CUSTOMER_COUNTS


def as_json(run: JobRun) -> dict[str, Any]:
    """The report; `error` is there only when the run failed."""
    counts = {name: run.counts.get(name, 0) for name in count_names(run)}
    report = {"run_id": run.pk, "status": str(run.status), **counts}
    report |= {"duration_s": run.counts.get("duration_s", 0), "quarantine": run.counts.get("quarantine", [])}
    return report | ({"error": run.error} if run.error else {})


def exit_code(run: JobRun) -> int:
    return EXIT_CODES.get(JobRun.Status(run.status), 0)
