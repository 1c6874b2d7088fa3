"""Pages of stewards: the runs, one run, what it left out."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from core import downloads
from core.models import JobRun
from core.paging import keyset
from integration import exports, report, selectors
from integration.models import CUSTOMER_SYNC, PRODUCT_IMPORT
from users.access import requires, user_of
from users.roles import Perm

KINDS = {CUSTOMER_SYNC: _("Customer master"), PRODUCT_IMPORT: _("Products")}
COUNTS = {
    "rows_read": _("Rows read"),
    "rows_applied": _("Rows applied"),
    "rows_unchanged": _("Rows unchanged"),
    "rows_ignored": _("Rows ignored"),
    "rows_quarantined": _("Rows quarantined"),
    "parents_seen": _("Parents in the file"),
    "accounts_created": _("Accounts created"),
    "accounts_updated": _("Accounts updated"),
    "accounts_unchanged": _("Accounts unchanged"),
    "accounts_deactivated": _("Accounts made inactive"),
    "accounts_reactivated": _("Accounts made active again"),
    "sites_created": _("Sites created"),
    "sites_updated": _("Sites updated"),
    "sites_moved": _("Sites moved"),
    "conflicts": _("Owners undecided"),
    "products_created": _("Products created"),
    "products_updated": _("Products updated"),
    "products_unchanged": _("Products unchanged"),
    "prices_created": _("Prices created"),
    "prices_updated": _("Prices updated"),
}
STATUS_COLOURS = {
    JobRun.Status.APPLIED: "green",
    JobRun.Status.UNCHANGED: "secondary",
    JobRun.Status.DRY_RUN: "azure",
    JobRun.Status.RUNNING: "blue",
    JobRun.Status.FAILED: "red",
}


@requires(Perm.STEWARD)
@require_safe
def sync_list(request: HttpRequest) -> HttpResponse:
    page = keyset(selectors.run_list_for(user_of(request)), request, order=("-pk",))
    return render(request, "integration/list.html", {"page": page, "runs": [_summary(run) for run in page.rows]})


@requires(Perm.STEWARD)
@require_safe
def sync_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One run with its counts and the accounts it changed."""
    user = user_of(request)
    run = _run(request, pk)
    page = keyset(selectors.records_of(run, user), request, order=("pk",))
    context = _facts(run) | {"page": page, "news": selectors.news_of(run, page.rows)}
    return render(request, "integration/page.html", context)


@requires(Perm.STEWARD)
@require_safe
def sync_quarantine(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows that a run left out."""
    run = _run(request, pk)
    page = keyset(selectors.quarantine_of(run, user_of(request)), request, order=("row_number", "pk"))
    return render(request, "integration/quarantine.html", _facts(run) | {"page": page})


@requires(Perm.STEWARD)
@require_http_methods(["GET", "HEAD", "POST"])
def sync_quarantine_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The same rows as a CSV file, to be put right and read again."""
    user, run = user_of(request), _run(request, pk)
    rows = selectors.quarantine_of(run, user)
    return downloads.answer(request, exports.quarantine_listing(run), rows, by=user, filtered={"run": str(run.pk)})


def _run(request: HttpRequest, pk: int) -> JobRun:
    return get_object_or_404(selectors.run_list_for(user_of(request)), pk=pk)


def _summary(run: JobRun) -> dict[str, Any]:
    counts = run.counts
    return {
        "run": run,
        "kind": KINDS[run.kind],
        "colour": STATUS_COLOURS.get(JobRun.Status(run.status), "orange"),
        "seconds": counts.get("duration_s"),
        "read": counts.get("rows_read"),
        "applied": counts.get("rows_applied"),
        "unchanged": counts.get("rows_unchanged"),
        "quarantined": counts.get("rows_quarantined"),
    }


def _facts(run: JobRun) -> dict[str, Any]:
    counts = [(COUNTS[name], run.counts[name]) for name in report.count_names(run) if name in run.counts]
    return _summary(run) | {"counts": counts, "read_as": run.counts.get("read_as")}
