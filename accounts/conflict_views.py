"""Pages of conflicts: the queue, and one of them with what can be done about it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import conflict_columns, conflict_services, conflicts, policies
from accounts.conflict_forms import AssignForm, ChooseForm, ConflictForm, LeaveForm
from accounts.filters import ConflictFilter
from accounts.models import MasterConflict
from accounts.views import run_path
from core import downloads, lists
from core.errors import Invalid
from core.paging import keyset
from users import saved_views
from users.access import requires, user_of
from users.models import User
from users.roles import Perm


@requires(Perm.ACCOUNT_VIEW)
@require_safe
def conflict_list(request: HttpRequest) -> HttpResponse:
    """What is open, unless the filter asks for what is settled."""
    narrowed = _narrowed(request)
    page = keyset(narrowed.qs.only(*conflict_columns.READ), request, order=("-pk",))
    rows = conflict_columns.ROW.render(conflict_columns.rows_of(page.rows))
    saved = saved_views.shown(request, "conflict_list")
    return lists.answer(request, "accounts/conflicts.html", {"filter": narrowed, "page": page, "rows": rows, "saved": saved})


@requires(Perm.ACCOUNT_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def conflict_export(request: HttpRequest) -> HttpResponseBase:
    """The list as a file, with the filter of the page."""
    rows = _narrowed(request)
    filtered = downloads.filter_of(rows)
    return downloads.answer(request, conflict_columns.conflict_listing(), rows.qs, by=user_of(request), filtered=filtered)


def _narrowed(request: HttpRequest) -> ConflictFilter:
    return ConflictFilter(request.GET, queryset=conflicts.conflict_list_for(user_of(request)), request=request)


@requires(Perm.ACCOUNT_VIEW)
@require_safe
def conflict_page(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, conflicts.conflict_for(user_of(request), pk))


def _page(request: HttpRequest, conflict: MasterConflict, refused: ConflictForm | None = None, status: int = 200) -> HttpResponse:
    """`refused`: a form that came back with errors, in the place of the blank one of its kind."""
    user = user_of(request)
    may_settle = conflict.resolved_at is None and policies.may_edit(user, conflict.account)
    forms: dict[str, ConflictForm] = {}
    offered, others = conflicts.choosable(conflict) if may_settle else set(), False
    if may_settle:
        others = conflicts.people_for(conflict.account).exclude(pk=user.pk).exists()
        forms = {
            "choose": ChooseForm(conflict=conflict, offered=offered, auto_id="id_choose_%s"),
            "leave": LeaveForm(auto_id="id_leave_%s"),
            "assign": AssignForm(conflict=conflict, auto_id="id_assign_%s"),
        }
        forms = {name: refused if refused is not None and type(refused) is type(form) else form for name, form in forms.items()}
    context = {
        "conflict": conflict,
        "field": conflict_columns.field_of(conflict),
        "since": conflict_columns.at(conflict.run),
        "run_path": run_path(user, conflict.run),
        "may_settle": may_settle,
        "is_mine": conflict.assigned_to_id == user.pk,
        "others": others,
        "offered": offered,
        "missing": [row for row in conflict.candidates if row.get("value") and row["value"] not in offered],
        "in_force": conflicts.in_force(conflict) if conflict.resolved_at else None,
        "may_make_users": user.may(Perm.ADMIN),
        "forms": forms,
    }
    return render(request, "accounts/conflict.html", context, status=status)


@requires(Perm.ACCOUNT_EDIT)
@require_POST
def conflict_assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand it to somebody, to oneself or to nobody."""
    conflict = _to_settle(request, pk)
    form = AssignForm(request.POST, conflict=conflict, auto_id="id_assign_%s")
    if not form.is_valid():
        return _page(request, conflict, form, status=422)
    person: User | None = form.cleaned_data["to"]
    conflict_services.conflict_assign(conflict_id=pk, by=user_of(request), to=person.pk if person else None)
    messages.success(request, _("In the hands of %(person)s.") % {"person": person} if person else _("In nobody's hands."))
    return redirect("conflict_page", pk)


@requires(Perm.ACCOUNT_EDIT)
@require_POST
def conflict_choose(request: HttpRequest, pk: int) -> HttpResponse:
    conflict = _to_settle(request, pk)
    form = ChooseForm(request.POST, conflict=conflict, auto_id="id_choose_%s")
    if not form.is_valid():
        return _page(request, conflict, form, status=422)
    try:
        conflict_services.conflict_choose(conflict_id=pk, by=user_of(request), **form.cleaned_data)
    except Invalid as refusal:
        form.blame(refusal)
        return _page(request, conflict, form, status=refusal.status)
    messages.success(request, _("Settled: %(account)s, %(field)s.") % _named(conflict))
    return redirect("conflict_list")


@requires(Perm.ACCOUNT_EDIT)
@require_POST
def conflict_leave(request: HttpRequest, pk: int) -> HttpResponse:
    conflict = _to_settle(request, pk)
    form = LeaveForm(request.POST, auto_id="id_leave_%s")
    if not form.is_valid():
        return _page(request, conflict, form, status=422)
    conflict_services.conflict_leave(conflict_id=pk, by=user_of(request), **form.cleaned_data)
    messages.success(request, _("Left as it is: %(account)s, %(field)s.") % _named(conflict))
    return redirect("conflict_list")


def _to_settle(request: HttpRequest, pk: int) -> MasterConflict:
    """The conflict, for somebody who may act on it. Raises: NotFound, NotAllowed, WrongState."""
    conflict = conflicts.conflict_for(user_of(request), pk)
    conflict_services.require_open(conflict, user_of(request))
    return conflict


def _named(conflict: MasterConflict) -> dict[str, Any]:
    return {"account": conflict.account.name, "field": conflict_columns.field_of(conflict)}
