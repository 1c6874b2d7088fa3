"""Pages of accounts."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import columns, explanations, exports, merge_selectors, policies, prospect_selectors, selectors, services
from accounts.filters import AccountFilter
from accounts.forms import GROUPS, ContactForm, ManualForm, OverrideForm
from accounts.models import Account, Contact
from core import downloads, lists
from core.errors import Invalid, NotFound, StaleVersion, require
from core.forms import whole
from core.models import JobRun
from core.paging import keyset
from core.panels import panels_for
from users import saved_views
from users.access import requires, user_of
from users.models import User
from users.roles import Perm

SITES_SHOWN = 5


@requires(Perm.ACCOUNT_VIEW)
@require_safe
def account_list(request: HttpRequest) -> HttpResponse:
    narrowed = _narrowed(request)
    page = keyset(narrowed.qs.values_list(*columns.READ, named=True), request)
    rows = columns.ROW.render(columns.rows_of(page.rows))
    may_create = user_of(request).may(Perm.ACCOUNT_EDIT)
    context = {"filter": narrowed, "page": page, "rows": rows, "may_create": may_create}
    context["saved"] = saved_views.shown(request, "account_list")
    return lists.answer(request, "accounts/list.html", context)


@requires(Perm.ACCOUNT_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def account_export(request: HttpRequest) -> HttpResponseBase:
    """The list as a file, with the filter of the page."""
    rows = _narrowed(request)
    return downloads.answer(request, exports.account_listing(), rows.qs, by=user_of(request), filtered=downloads.filter_of(rows))


def _narrowed(request: HttpRequest) -> AccountFilter:
    return AccountFilter(request.GET, queryset=selectors.account_list_for(user_of(request)), request=request)


@requires(Perm.ACCOUNT_VIEW)
@require_safe
def account_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The account; what was merged leads to what it became."""
    user = user_of(request)
    try:
        account = selectors.account_for(user, pk)
    except NotFound:
        survivor = merge_selectors.survivor_of(user, pk)
        if survivor is None:
            raise
        return redirect("account_page", survivor.pk)
    sites = list(account.sites.filter(is_active=True).order_by("-revenue", "pk")[:SITES_SHOWN])
    context = {
        "account": account,
        "may_edit": policies.may_edit(user, account),
        "facts": selectors.master_facts(account),
        "groups": [_group(account, group) for group in GROUPS],
        "advice": selectors.payment_term_advice(account, None),
        "sites": sites,
        "site_count": account.sites.filter(is_active=True).count(),
        "contacts": list(account.contacts.all()),
        "panels": panels_for("account", account, user),
        "proposals": prospect_selectors.proposals_of(account, user),
        "merges": merge_selectors.merges_of(user, account),
    }
    return render(request, "accounts/page.html", context)


@requires(Perm.ACCOUNT_VIEW)
@require_safe
def account_why(request: HttpRequest, pk: int, field: str) -> HttpResponse:
    """Why a master-fed field has its value: where that comes from, what else there was, and what was there before."""
    user = user_of(request)
    account = selectors.account_for(user, pk)
    if field not in Account.MASTER_FIELDS:
        raise Http404
    why = explanations.explain(account, field)
    context = {
        "account": account,
        "why": why,
        "fact": why.fact,
        "run_path": run_path(user, why.run),
        "may_edit": policies.may_edit(user, account),
    }
    return render(request, "accounts/why.html", context)


def run_path(user: User, run: JobRun | None) -> str:
    """Where stewards look at a run of the customer master; "" for others, and for what has no page."""
    is_sync = run is not None and run.kind == "customer_sync"
    return reverse("sync_page", args=[run.pk]) if run and is_sync and user.may(Perm.STEWARD) else ""


def _group(account: Account, group: str) -> dict[str, Any]:
    title, names = GROUPS[group]
    return {
        "key": group,
        "title": title,
        "rows": [(selectors.column_label(Account, name), name, _shown(account, name)) for name in names],
    }


def _shown(account: Account, name: str) -> Any:
    return account.get_language_display() if name == "language" else getattr(account, name)


@requires(Perm.ACCOUNT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def account_edit(request: HttpRequest, pk: int, group: str) -> HttpResponse:
    """A group of manual fields: to read with `?cancel=1`, else its form; a page of its own without script."""
    user = user_of(request)
    account = _editable(user, pk)
    if group not in GROUPS:
        raise Http404
    if request.method != "POST":
        template = "group" if "cancel" in request.GET else "form"
        form = ManualForm(account=account, group=group, auto_id=f"id_{group}_%s")
        return _edit_response(request, account, group, form, template=template)
    form = ManualForm(request.POST, account=account, group=group, auto_id=f"id_{group}_%s")
    if not form.is_valid():
        return _edit_response(request, account, group, form, status=422)
    try:
        services.account_update(account_id=pk, by=user, version=form.cleaned_data["version"], changes=form.changes())
    except StaleVersion as refusal:
        form = form.after_conflict(selectors.account_for(user, pk))
        return _edit_response(request, account, group, form, status=refusal.status)
    except Invalid as refusal:
        form.blame(refusal)
        return _edit_response(request, account, group, form, status=refusal.status)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("account_page", pk)
    return _edit_response(request, selectors.account_for(user, pk), group, form, template="saved", said=_("Saved."))


def _editable(user: User, pk: int) -> Account:
    account = selectors.account_for(user, pk)
    require(policies.may_edit(user, account))
    return account


def _edit_response(
    request: HttpRequest,
    account: Account,
    group: str,
    form: ManualForm,
    *,
    template: str = "form",
    status: int = 200,
    said: str = "",
) -> HttpResponse:
    context = {"account": account, "group": _group(account, group), "form": form, "may_edit": True, "said": said}
    if request.htmx:  # type: ignore[attr-defined]
        context["advice"] = selectors.payment_term_advice(account, None)
        return render(request, f"accounts/_manual.html#{template}", context, status=status)
    if template == "group":
        return redirect("account_page", account.pk)
    return render(request, "accounts/edit.html", context, status=status)


@requires(Perm.ACCOUNT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def account_override(request: HttpRequest, pk: int, field: str) -> HttpResponse:
    user = user_of(request)
    account = _editable(user, pk)
    if field not in Account.MASTER_FIELDS:
        raise Http404
    form = OverrideForm(request.POST if request.method == "POST" else None, account=account, field=field)
    fact = next(fact for fact in selectors.master_facts(account) if fact.field == field)
    context = {"account": account, "fact": fact, "form": form}
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/override.html", context, status=422 if form.errors else 200)
    data = form.cleaned_data
    try:
        services.account_override(
            account_id=pk, by=user, version=data["version"], field=field, value=data["value"], reason=data["reason"]
        )
    except (StaleVersion, Invalid) as refusal:
        form.blame(refusal)
        return render(request, "accounts/override.html", context, status=refusal.status)
    still_in_sight = Account.objects.visible_to(user).filter(pk=pk).exists()
    return redirect("account_page", pk) if still_in_sight else redirect("account_list")


@requires(Perm.ACCOUNT_EDIT)
@require_POST
def account_lift_override(request: HttpRequest, pk: int, field: str) -> HttpResponse:
    version = whole(request.POST.get("version", ""))
    if version is None:
        raise Invalid(fields={"version": _("The version is missing.")})
    services.account_lift_override(account_id=pk, by=user_of(request), version=version, field=field)
    return redirect("account_page", pk)


@requires(Perm.ACCOUNT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_edit(request: HttpRequest, pk: int, contact_pk: int | None = None) -> HttpResponse:
    user = user_of(request)
    account = _editable(user, pk)
    contact = Contact(account=account) if contact_pk is None else get_object_or_404(account.contacts, pk=contact_pk)
    form = ContactForm(request.POST if request.method == "POST" else None, instance=contact)
    context = {"account": account, "form": form, "contact": contact}
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/contact.html", context, status=422 if form.errors else 200)
    services.contact_save(account_id=pk, contact_id=contact_pk, by=user, values=form.cleaned_data)
    return redirect("account_page", pk)


@requires(Perm.ACCOUNT_EDIT)
@require_POST
def contact_remove(request: HttpRequest, pk: int, contact_pk: int) -> HttpResponse:
    services.contact_delete(account_id=pk, contact_id=contact_pk, by=user_of(request))
    return redirect("account_page", pk)
