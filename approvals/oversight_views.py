"""The load of approvals and the report of lead times, for those who watch over them."""

import functools
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from approvals import inbox, oversight, policies, reporting
from approvals.filters import ReportForm, gate_choices, months_before
from approvals.models import Request
from core import clock, downloads
from core.errors import require
from core.forms import whole
from core.paging import keyset
from users import saved_views
from users.access import View, signed_in, user_of
from users.models import User
from users.roles import Perm

QUEUE = "queue"


def for_overseers(view: View) -> View:
    """Those who watch over the approvals of others; which of them they see is `oversight.overseen`."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        require(policies.may_oversee(user_of(request)))
        return view(request, *args, **kwargs)

    return cast(View, signed_in(guarded))


@for_overseers
@require_safe
def load(request: HttpRequest) -> HttpResponse:
    """How many requests wait for whom; with `?person=` those of one person, or of the stewards' queue."""
    user, now = user_of(request), clock.now()
    loads = oversight.load_of(user, now=now)
    context: dict[str, Any] = {
        "loads": loads,
        "number": sum(row.number for row in loads),
        "late": sum(row.late for row in loads),
        "now": now,
        "person": None,
        "name": None,
        "page": None,
    }
    return render(request, "approvals/load.html", context | _one_person(request, user, loads, now))


def _one_person(request: HttpRequest, user: User, loads: list[oversight.Load], now: Any) -> dict[str, Any]:
    """What waits for the one who is asked about; nothing when nobody is, or nothing waits."""
    asked = request.GET.get("person", "")
    key = None if asked == QUEUE else whole(asked)
    found = next((row for row in loads if row.key == key), None) if asked == QUEUE or key is not None else None
    if found is None:
        return {}
    page = keyset(oversight.requests_waiting_for(user, key), request, order=inbox.ORDERS[inbox.WAITING])
    shown = [(row, _path(user, row.request)) for row in oversight.rows_of(page.rows, user, now=now)]
    return {"person": asked, "name": found.name, "page": page, "shown": shown}


def _path(user: User, request: Request) -> str:
    """Of its page, for those who may open it."""
    is_seen = user.may(Perm.STEWARD) or user.pk in (request.approver_id, request.run.requested_by_id)
    return reverse("approval_detail", args=[request.pk]) if is_seen else ""


@for_overseers
@require_safe
def report(request: HttpRequest) -> HttpResponse:
    """Median, 90th percentile and share in time of the answers of a period: altogether, by kind, by person, by month."""
    user = user_of(request)
    gates = gate_choices()
    form = _form(request, gates)
    since, until = form.period()
    kind = form.cleaned_data.get("kind", "")
    answers = reporting.read(reporting.answers_for(user, since=since, until=until, gate=kind))
    context = {
        "form": form,
        "since": since,
        "until": until,
        "report": reporting.report_of(answers or [], dict(gates)),
        "is_too_much": answers is None,
        "saved": saved_views.shown(request, "approval_report"),
    }
    return render(request, "approvals/report.html", context)


@for_overseers
@require_http_methods(["GET", "HEAD", "POST"])
def report_file(request: HttpRequest) -> HttpResponseBase:
    """The tables of the report as a file."""
    user = user_of(request)
    gates = gate_choices()
    form = _form(request, gates)
    since, until = form.period()
    kind = form.cleaned_data.get("kind", "")
    answers = reporting.answers_for(user, since=since, until=until, gate=kind)
    filtered = {"since": since.isoformat(), "until": until.isoformat(), "kind": kind}
    return downloads.answer(request, reporting.listing(dict(gates)), answers, by=user, filtered=filtered)


def _form(request: HttpRequest, gates: list[tuple[str, str]]) -> ReportForm:
    today = clock.today()
    usual = {"since": months_before(today, 11).isoformat(), "until": today.isoformat()}
    return ReportForm({**usual, **request.GET.dict()}, gates=gates)
