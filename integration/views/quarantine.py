"""Pages about rows that a run left out: the list with what can be done, putting one right, saying whose child it is."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_http_methods

from core import downloads
from core.errors import DomainError, Invalid, NotFound, WrongState
from core.forms import typed, whole
from core.models import JobRun
from core.paging import keyset
from integration import exports, policies, selectors, words
from integration.choices import Handling
from integration.forms import ParentForm, RowForm
from integration.models import QuarantinedRow
from integration.services import quarantine
from integration.views import pages
from users.access import requires, user_of
from users.models import User
from users.roles import Perm


@requires(Perm.STEWARD)
@require_http_methods(["GET", "HEAD", "POST"])
def sync_quarantine(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows that a run left out, and what is to become of them."""
    run = pages.run_of(request, pk)
    if request.method != "POST":
        return pages.answer(request, run, "quarantine", lambda: _listed(request, run))
    try:
        _do(request, run)
    except DomainError as refused:
        refusal = refused  # the name of the clause ends with it
    else:
        return redirect("sync_quarantine", pk)
    response = pages.answer(request, run, "quarantine", lambda: _listed(request, run) | {"refusal": refusal})
    response.status_code = refusal.status
    return response


def _listed(request: HttpRequest, run: JobRun) -> dict[str, Any]:
    page = keyset(_rows(request, run), request, order=("row_number", "pk"))
    for row in page.rows:
        row.run = run
    return {
        "page": page,
        "rows": [_with_advice(row) for row in page.rows],
        "shows_all": _shows_all(request),
        "open_count": selectors.open_rows_of(run, user_of(request)).count(),
        "refusal": None,
    }


def _shows_all(request: HttpRequest) -> bool:
    return request.GET.get("show") == "all"


def _rows(request: HttpRequest, run: JobRun) -> QuerySet[QuarantinedRow]:
    chosen = selectors.quarantine_of if _shows_all(request) else selectors.open_rows_of
    return chosen(run, user_of(request))


def _with_advice(row: QuarantinedRow) -> dict[str, Any]:
    advice = words.advice(row.code)
    is_open = row.handling == Handling.OPEN
    may = {"may_map": policies.can_be_mapped(row), "may_ignore": policies.can_be_ignored(row)}
    return {"row": row, "advice": advice, "is_open": is_open, **may}


def _do(request: HttpRequest, run: JobRun) -> None:
    """What the button says: for all rows, for those that are ticked, or for its own. Raises: DomainError."""
    verb, _colon, own = request.POST.get("action", "").partition(":")
    ids = _chosen(request, run, verb, own)
    if verb in ("retry", "retry_all"):
        right, left = quarantine.rows_retry(row_ids=ids, by=user_of(request))
        _say_retried(request, right, left)
    elif verb == "ignore":
        customers = quarantine.rows_ignore(row_ids=ids, by=user_of(request), reason=typed(request.POST, "reason"))
        _say_ignored(request, len(ids), customers)
    else:
        raise Invalid(_("There is no such action."))


def _chosen(request: HttpRequest, run: JobRun, verb: str, own: str) -> list[int]:
    """The rows meant. Raises: NotFound for rows of other runs; WrongState when all are meant and there are others by now."""
    rows = selectors.open_rows_of(run, user_of(request))
    if verb == "retry_all":
        ids = list(rows.values_list("pk", flat=True)[: quarantine.MOST_AT_ONCE])
        if whole(request.POST.get("open_count", "")) != rows.count():
            raise WrongState
        return ids
    texts = [own] if own else request.POST.getlist("row")
    wanted = {pk for text in texts if (pk := whole(text)) is not None}
    of_run = set(selectors.quarantine_of(run, user_of(request)).filter(pk__in=wanted).values_list("pk", flat=True))
    if len(of_run) != len(set(texts)):
        raise NotFound
    return sorted(of_run)


def _say_ignored(request: HttpRequest, number: int, customers: int) -> None:
    text = ngettext("%(number)s row is ignored.", "%(number)s rows are ignored.", number) % {"number": number}
    if customers:
        more = ngettext(
            "Its customer is left out of every file from now on; “Decisions about rows” in the administration take that back.",
            "%(number)s customers are left out of every file from now on; “Decisions about rows” in the administration take that"
            " back.",
            customers,
        )
        text = f"{text} {more % {'number': customers}}"
    messages.success(request, text)


def _say_retried(request: HttpRequest, right: int, left: int) -> None:
    if right:
        text = ngettext("%(number)s row has been applied.", "%(number)s rows have been applied.", right) % {"number": right}
        messages.success(request, text)
    if left:
        text = ngettext("%(number)s row was left out again.", "%(number)s rows were left out again.", left) % {"number": left}
        messages.warning(request, text)


@requires(Perm.STEWARD)
@require_http_methods(["GET", "HEAD", "POST"])
def sync_quarantine_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The same rows as a CSV file, the open ones or all, to be put right and read again."""
    user, run = user_of(request), pages.run_of(request, pk)
    rows = _rows(request, run)
    return downloads.answer(request, exports.quarantine_listing(run), rows, by=user, filtered={"run": str(run.pk)})


# --- One row ----------------------------------------------------------------------------------------------------------
@requires(Perm.STEWARD)
@require_http_methods(["GET", "HEAD", "POST"])
def sync_row_fix(request: HttpRequest, pk: int) -> HttpResponse:
    """The cells of a row, to be put right and applied at once."""
    user = user_of(request)
    row = _row(user, pk)
    if request.method != "POST":
        return _fix_page(request, row, RowForm(row=row))
    form = RowForm(request.POST, row=row)
    if not form.is_valid():
        return _fix_page(request, row, form, status=422)
    try:
        run = quarantine.row_fix(row_id=row.pk, by=user, cells=form.cells())
    except DomainError as refusal:
        form.blame(refusal)
        return _fix_page(request, row, form, status=refusal.status)
    return _applied(request, row, run)


def _fix_page(request: HttpRequest, row: QuarantinedRow, form: RowForm, status: int = 200) -> HttpResponse:
    filled, empty = form.parts()
    context = {
        **_titles(row),
        "form": form,
        "filled": filled,
        "empty": empty,
        "advice": words.advice(row.code),
        "surplus": form.surplus,
    }
    return render(request, "integration/fix.html", context, status=status)


def _titles(row: QuarantinedRow) -> dict[str, Any]:
    kind = words.KINDS[row.run.kind]
    return {"row": row, "kind": kind, "run_title": f"{kind} {row.run_id}"}


@requires(Perm.STEWARD)
@require_http_methods(["GET", "HEAD", "POST"])
def sync_row_map(request: HttpRequest, pk: int) -> HttpResponse:
    """The search for the account whose child the row is; the button of one decides."""
    user = user_of(request)
    row = _row(user, pk)
    if request.method != "POST":
        return _map_page(request, row)
    try:
        run = quarantine.row_map_parent(row_id=row.pk, by=user, parent_id=typed(request.POST, "parent"))
    except DomainError as refusal:
        return _map_page(request, row, refusal)
    return _applied(request, row, run)


def _map_page(request: HttpRequest, row: QuarantinedRow, refusal: DomainError | None = None) -> HttpResponse:
    form = ParentForm(request.GET if "q" in request.GET else None)
    sentence = next(iter(refusal.fields.values()), refusal.detail) if refusal else ""
    context = {
        **_titles(row),
        "form": form,
        "found": form.found(),
        "refusal": sentence,
        "decision": selectors.decision_about(row),
    }
    return render(request, "integration/map.html", context, status=refusal.status if refusal else 200)


def _row(user: User, pk: int) -> QuarantinedRow:
    row = selectors.row_for(user, pk)
    if row is None:
        raise Http404
    return row


def _applied(request: HttpRequest, row: QuarantinedRow, run: JobRun) -> HttpResponse:
    messages.success(request, _("Row %(row)s has been applied, by run %(run)s.") % {"row": row.row_number, "run": run.pk})
    return redirect(reverse("sync_quarantine", args=[row.run_id]))
