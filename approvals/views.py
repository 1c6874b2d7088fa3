"""The inbox, and the review page for people who are signed in."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from approvals import pages, registry, selectors, services
from approvals.forms import HAND_OVER
from approvals.models import Request
from core.paging import keyset
from users.access import signed_in, user_of

_ORDER = {"waiting": ("due_at", "pk"), "asked": ("-pk",), "done": ("-pk",)}


@signed_in
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """Waiting for me, asked by me, done: one list each, the tab in the address."""
    user = user_of(request)
    tab = request.GET.get("tab", "waiting")
    tab = tab if tab in _ORDER else "waiting"
    rows = selectors.with_titles(selectors.inbox(user, tab))
    context = {"tab": tab, "page": keyset(rows, request, order=_ORDER[tab])}
    return render(request, "approvals/inbox.html", context)


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The facts, the steps and, for the one who is asked, the form; a POST decides."""
    user = user_of(request)
    if request.method != "POST":
        asked = get_object_or_404(selectors.requests_for(user), pk=pk)
        return _page(request, asked, pages.review_context(asked, user))
    form, error = pages.answer(request, pk, user)
    if error is None and form.cleaned_data["verdict"] == HAND_OVER:
        messages.success(request, _("Handed over."))
        return redirect("approval_list")
    if error is None:
        return redirect("approval_detail", pk=pk)
    asked = get_object_or_404(selectors.requests_for(user), pk=pk)
    return _page(request, asked, pages.review_context(asked, user, form=form, error=error), status=error.status)


def _page(request: HttpRequest, asked: Request, context: dict[str, Any], status: int = 200) -> HttpResponse:
    url = registry.subject_for(asked.run.subject_type).url(asked.run.subject_id)
    return render(request, "approvals/detail.html", {**context, "subject_url": url}, status=status)


@signed_in
@require_POST
def recall(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the whole request back."""
    user = user_of(request)
    asked = get_object_or_404(selectors.requests_for(user), pk=pk)
    run = asked.run
    services.run_recall(subject_type=run.subject_type, subject_id=run.subject_id, by=user, run_id=run.pk)
    messages.success(request, _("Taken back."))
    return redirect(registry.subject_for(run.subject_type).url(run.subject_id))
