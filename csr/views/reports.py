"""The report of cases."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from approvals.filters import PeriodForm, months_before
from core import clock, downloads
from csr import reporting
from users import saved_views
from users.access import requires, user_of
from users.roles import Perm


@requires(Perm.CSR_VIEW)
@require_safe
def case_report(request: HttpRequest) -> HttpResponse:
    """Numbers, times, reasons and satisfaction of the cases that were registered in a period."""
    form = _form(request)
    since, until = form.period()
    report = reporting.report_of(reporting.cases_for(user_of(request), since, until), since, until)
    saved = saved_views.shown(request, "case_report")
    return render(request, "csr/reports.html", {"form": form, "since": since, "until": until, "report": report, "saved": saved})


@requires(Perm.CSR_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def case_report_file(request: HttpRequest) -> HttpResponseBase:
    """The tables of the report as a file."""
    user = user_of(request)
    since, until = _form(request).period()
    cases = reporting.cases_for(user, since, until)
    listing = reporting.listing(reporting.report_of(cases, since, until))
    filtered = {"since": since.isoformat(), "until": until.isoformat()}
    return downloads.answer(request, listing, cases, by=user, filtered=filtered)


def _form(request: HttpRequest) -> PeriodForm:
    today = clock.today()
    usual = {"since": months_before(today, 11).isoformat(), "until": today.isoformat()}
    return PeriodForm({**usual, **request.GET.dict()})
