"""Pages of stewards: the list of runs, one run with its tabs, and what can be done about it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import lists
from core.errors import DomainError
from core.forms import typed
from core.models import JobRun
from core.paging import keyset
from integration import selectors, words
from integration.choices import Origin, What
from integration.errors import Busy
from integration.filters import RunFilter
from integration.forms import UploadForm
from integration.models import PRODUCT_IMPORT
from integration.services import runs
from integration.views import pages
from users.access import requires, user_of
from users.roles import Perm

PROPOSES = (JobRun.Status.DRY_RUN, JobRun.Status.QUARANTINED, JobRun.Status.REJECTED)
"""Runs that show what they would change; the others show what they did."""


@requires(Perm.STEWARD)
@require_safe
def sync_list(request: HttpRequest) -> HttpResponse:
    narrowed = RunFilter(request.GET, queryset=selectors.run_list_for(user_of(request)), request=request)
    page = keyset(narrowed.qs, request, order=("-pk",))
    context = {
        "filter": narrowed,
        "page": page,
        "runs": [pages.summary(run) for run in page.rows],
        "pulls": words.KINDS.items() if settings.PRICE_MANAGER_URL else (),
    }
    return lists.answer(request, "integration/list.html", context)


# --- Starting ---------------------------------------------------------------------------------------------------------
@requires(Perm.STEWARD)
@require_http_methods(["GET", "HEAD", "POST"])
def sync_upload(request: HttpRequest) -> HttpResponse:
    """The form for a file; what it holds is read by a worker, whose run is shown next."""
    form = UploadForm(request, initial={"kind": request.GET.get("kind", "")})
    if request.method != "POST":
        return render(request, "integration/upload.html", {"form": form})
    if not form.is_valid():
        return render(request, "integration/upload.html", {"form": form}, status=422)
    try:
        run = runs.run_queue(origin=Origin.UPLOAD, by=user_of(request), **form.what())
    except Busy as refusal:
        form.add_error(None, str(refusal.detail))
        return render(request, "integration/upload.html", {"form": form}, status=refusal.status)
    return redirect("sync_page", run.pk)


@requires(Perm.STEWARD)
@require_POST
def sync_pull(request: HttpRequest) -> HttpResponse:
    """Ask Price Manager now."""
    kind = request.POST.get("kind", "")
    run = runs.run_pull(kind=kind if kind in words.KINDS else selectors.KINDS[0], by=user_of(request))
    return redirect("sync_page", run.pk)


# --- One run ----------------------------------------------------------------------------------------------------------
@requires(Perm.STEWARD)
@require_safe
def sync_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One run with its counts and what it changed or would change."""
    return _page(request, pages.run_of(request, pk))


def _page(request: HttpRequest, run: JobRun, refusal: DomainError | None = None) -> HttpResponse:
    response = pages.answer(request, run, "page", lambda: _changes(request, run) | {"refusal": refusal})
    if refusal is not None:
        response.status_code = refusal.status
    return response


def _changes(request: HttpRequest, run: JobRun) -> dict[str, Any]:
    user, asked = user_of(request), request.GET.get("what", "")
    what = What(asked) if asked in What.values else None
    shared = {"what": what, "whats": What.choices, "would": run.status in PROPOSES}
    if run.kind == PRODUCT_IMPORT or run.status in PROPOSES:
        proposed = keyset(selectors.proposed_of(run, user, what), request, order=("pk",))
        of_products = run.kind == PRODUCT_IMPORT
        news = selectors.news_of_products(proposed.rows, user) if of_products else selectors.news_proposed(proposed.rows)
        more = {"shown": selectors.MOST_PROPOSED, "proposed": run.counts.get("proposed", 0)}
        return {**shared, **more, "page": proposed, "news": news}
    told = keyset(selectors.told_of(run, user, what), request, order=selectors.TOLD)
    return {**shared, "page": told, "news": selectors.news_of(told.rows)}


@requires(Perm.STEWARD)
@require_safe
def sync_log(request: HttpRequest, pk: int) -> HttpResponse:
    """The phases of a run with their times, and what people did with it."""
    run = pages.run_of(request, pk)
    return pages.answer(request, run, "log", lambda: {"phases": _phases(run), "events": _events(run)})


def _phases(run: JobRun) -> list[dict[str, Any]]:
    return [
        {
            "label": words.phase(str(phase.get("phase", ""))),
            "at": _instant(phase.get("at")),
            "seconds": phase.get("seconds"),
            "rows": phase.get("rows") or None,
        }
        for phase in run.counts.get("phases", [])
    ]


def _instant(text: Any) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if isinstance(text, str) else None


def _events(run: JobRun) -> list[dict[str, Any]]:
    return [
        {
            **{name: getattr(event, name) for name in ("at", "verb", "by_name", "reason")},
            **{name: event.data.get(name) for name in ("rows", "parent", "run")},
        }
        for event in selectors.events_of(run)
    ]


# --- Moves ------------------------------------------------------------------------------------------------------------
@requires(Perm.STEWARD)
@require_POST
def sync_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return _moved(request, pk, runs.run_cancel)


@requires(Perm.STEWARD)
@require_POST
def sync_release(request: HttpRequest, pk: int) -> HttpResponse:
    return _moved(request, pk, runs.run_release)


@requires(Perm.STEWARD)
@require_POST
def sync_reject(request: HttpRequest, pk: int) -> HttpResponse:
    return _moved(request, pk, runs.run_reject, reason=typed(request.POST, "reason"))


def _moved(request: HttpRequest, pk: int, move: Callable[..., JobRun], **words: str) -> HttpResponse:
    """The page of the run after the move, or the refusal on it."""
    run = pages.run_of(request, pk)
    try:
        move(run_id=run.pk, by=user_of(request), **words)
    except DomainError as refusal:
        return _page(request, pages.run_of(request, pk), refusal)
    return redirect("sync_page", pk)
