"""The inbox, and the review page for people who are signed in."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from approvals import batching, inbox, pages, policies, registry, selectors, services
from approvals.choices import Via
from approvals.filters import InboxFilter
from approvals.forms import HAND_OVER
from approvals.models import Request
from core import clock, lists, redirects
from core.clients import client_ip
from core.errors import Invalid, NotFound
from core.forms import typed, whole
from core.paging import keyset
from users import saved_views
from users.access import signed_in, user_of
from users.models import User
from users.roles import Perm


@signed_in
@require_GET
def inbox_page(request: HttpRequest) -> HttpResponse:
    """Waiting for me, asked by me, done: one list each, the tab and the filter in the address."""
    user = user_of(request)
    tab = request.GET.get("tab", inbox.WAITING)
    tab = tab if tab in inbox.ORDERS else inbox.WAITING
    filtered = InboxFilter(request.GET, queryset=inbox.requests_of(user, tab), request=request)
    page = keyset(filtered.qs, request, order=inbox.ORDERS[tab])
    now = clock.now()
    context = {
        "tab": tab,
        "page": page,
        "rows": inbox.rows_of(page.rows, user, now=now),
        "now": now,
        "filter": filtered,
        "sees_margin": user.may(Perm.MARGIN_VIEW),
        "waiting": selectors.waiting_count(user),
        "may_oversee": policies.may_oversee(user),
        "saved": saved_views.shown(request, "approval_list"),
    }
    return lists.answer(request, "approvals/inbox.html", context)


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def approve_together(request: HttpRequest) -> HttpResponse:
    """Exactly what would be approved, and what would not and why; a POST approves it."""
    user = user_of(request)
    if request.method == "POST":
        return _approved_together(request, user)
    keys = {key for text in request.GET.getlist("pick") if (key := whole(text)) is not None}
    if len(keys) > batching.MOST:
        raise Invalid(_("At most %(most)s requests are approved in one go.") % {"most": batching.MOST})
    found = batching.proposal(user, keys, now=clock.now())
    context = {
        "rows": found.rows,
        "left": found.left,
        "sees_margin": user.may(Perm.MARGIN_VIEW),
        "next": redirects.own(request.GET.get("next"), reverse("approval_list")),
    }
    return render(request, "approvals/together.html", context)


def _approved_together(request: HttpRequest, user: User) -> HttpResponse:
    """Back to the list when all of it is approved; else a page says what was, and why the rest was not."""
    seen = [_seen(text) for text in request.POST.getlist("request")]
    comment = typed(request.POST, "comment")[:2000]
    answers = services.requests_approve(seen=seen, by=user, via=Via.PAGE, comment=comment, ip=client_ip(request))
    refused = {answer.request_id: answer.error for answer in answers if answer.error is not None}
    approved = len(answers) - len(refused)
    if not refused:
        sentence = ngettext("%(count)s request approved.", "%(count)s requests approved.", approved)
        messages.success(request, sentence % {"count": approved})
        return redirects.back(request, reverse("approval_list"))
    requests = inbox.with_briefs(batching.in_sight(user, [answer.request_id for answer in answers])).order_by("due_at", "pk")
    if not requests:
        raise NotFound
    rows = inbox.rows_of(requests, user, now=clock.now())
    context = {
        "approved": [row for row in rows if row.request.pk not in refused],
        "refused": [(row, refused[row.request.pk]) for row in rows if row.request.pk in refused],
        "unknown": len(answers) - len(rows),
        "next": redirects.own(request.POST.get("next"), reverse("approval_list")),
    }
    status = 200 if approved else next(iter(refused.values())).status
    return render(request, "approvals/together_done.html", context, status=status)


def _seen(text: str) -> services.Seen:
    """ "12:3:hash" as the page has put it there."""
    key, version, content_hash = (*text.split(":"), "", "")[:3]
    pk, number = whole(key), whole(version)
    if pk is None or number is None or not content_hash:
        raise Invalid(_("Choose at least one request."))
    return services.Seen(pk, number, content_hash)


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The facts, the steps and, for the one who is asked, the form; a POST decides."""
    user = user_of(request)
    if request.method != "POST":
        asked = selectors.request_for(user, pk)
        return _page(request, asked, pages.review_context(asked, user))
    form, error = pages.answer(request, pk, user)
    if error is None and form.cleaned_data["verdict"] == HAND_OVER:
        messages.success(request, _("Handed over."))
        return redirect("approval_list")
    if error is None:
        return redirect("approval_detail", pk=pk)
    asked = selectors.request_for(user, pk)
    return _page(request, asked, pages.review_context(asked, user, form=form, error=error), status=error.status)


def _page(request: HttpRequest, asked: Request, context: dict[str, Any], status: int = 200) -> HttpResponse:
    subject = registry.subject_for(asked.run.subject_type)
    versions = selectors.versions_compared(asked)
    urls = {
        "subject_url": subject.url(asked.run.subject_id),
        "difference_url": subject.difference_url(*versions) if versions else "",
    }
    return render(request, "approvals/detail.html", {**context, **urls}, status=status)


@signed_in
@require_POST
def recall(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the whole request back."""
    user = user_of(request)
    asked = selectors.request_for(user, pk)
    run = asked.run
    services.run_recall(subject_type=run.subject_type, subject_id=run.subject_id, by=user, run_id=run.pk)
    messages.success(request, _("Taken back."))
    return redirect(registry.subject_for(run.subject_type).url(run.subject_id))
