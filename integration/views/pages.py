"""What the pages of one run have in common: its head with progress or outcome, and how it is polled."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers

from core import clock
from core.models import JobRun
from integration import policies, progress, report, selectors, words
from users.access import user_of

PROGRESS = "progress"
"""The partial of a running run, and the id of what it draws."""
ENDED = 286
"""By which htmx stops to ask."""


def run_of(request: HttpRequest, pk: int) -> JobRun:
    return get_object_or_404(selectors.run_list_for(user_of(request)), pk=pk)


def answer(request: HttpRequest, run: JobRun, tab: str, more: Callable[[], dict[str, Any]]) -> HttpResponse:
    """The page of a tab; while the run goes on its progress alone, if that is asked for, and once it is over the whole tab
    in its place."""
    is_polled = _is_polled(request)
    context = {**facts(run), "tab": tab, "is_polled": is_polled, "seen_phase": request.GET.get("seen", "")}
    if is_polled and context["is_running"]:
        response = render(request, "integration/_run.html#progress", context)
    elif is_polled:
        response = render(request, f"integration/{tab}.html#run", context | more(), status=ENDED)
        response["HX-Retarget"], response["HX-Reswap"] = "#run", "outerHTML"
    else:
        response = render(request, f"integration/{tab}.html", context | more())
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _is_polled(request: HttpRequest) -> bool:
    htmx = getattr(request, "htmx", None)
    return bool(htmx and htmx.target == PROGRESS)


def summary(run: JobRun) -> dict[str, Any]:
    """A run as a row of the list."""
    counts = run.counts
    return {
        "run": run,
        "kind": words.KINDS[run.kind],
        "colour": words.STATUS_COLOURS.get(JobRun.Status(run.status), "orange"),
        "seconds": counts.get("duration_s"),
        "read": counts.get("rows_read"),
        "parents": counts.get("parents_seen"),
        "created": counts.get("accounts_created", counts.get("products_created")),
        "updated": counts.get("accounts_updated", counts.get("products_updated")),
        "unchanged": counts.get("accounts_unchanged", counts.get("products_unchanged")),
        "quarantined": counts.get("rows_quarantined"),
        "of": counts.get("of"),
    }


def facts(run: JobRun) -> dict[str, Any]:
    """The head of a run. One query; two of a run that waits for somebody or was rejected."""
    intake = selectors.intake_of(run)
    waits = policies.waits_for_decision(run)
    newer = selectors.run_applied_since(run) if waits else None
    is_running = run.status == JobRun.Status.RUNNING
    state = progress.progress_of(run.phase, run.counts, clock.now()) if is_running else None
    return summary(run) | {
        "counts": [(words.COUNTS[name], run.counts[name]) for name in report.count_names(run) if name in run.counts]
        + [(label, run.counts[name]) for name, label in words.MORE_COUNTS.items() if run.counts.get(name)],
        "read_as": run.counts.get("read_as"),
        "intake": intake,
        "is_running": is_running,
        "progress": state,
        "phase_label": words.phase(state.phase) if state else "",
        "is_stopped": policies.is_stopped_by_guard(run),
        "guards": words.guard_sentences(run) if policies.can_be_rejected(run) else [],
        "asks": words.ask_sentences(run) if run.status == JobRun.Status.DRY_RUN else [],
        "error": words.error_of(run),
        "why_nothing": words.why_nothing(run),
        "rejection": selectors.rejection_of(run) if run.status == JobRun.Status.REJECTED else None,
        "waits": waits,
        "newer": newer,
        "would_change": words.would_change(run),
        "may_release": waits and newer is None and intake is not None and intake.is_kept and words.would_change(run),
        "may_reject": policies.can_be_rejected(run),
    }
