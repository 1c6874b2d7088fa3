"""Home, health and the demo mailbox."""

from csp.constants import NONE, UNSAFE_INLINE
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import clock
from core.models import MailboxMessage
from core.paging import keyset
from crm import health, home as work
from users import selectors as users
from users.access import public, signed_in, user_of


@signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    absence = users.absence_today(user)
    context = {
        "absence": absence,
        "stand_in": users.standing_in(user.pk, clock.today()) if absence else None,
        "waiting": work.waiting_for_stewards(user),
        "tasks": work.tasks_for(user),
        "pipeline": work.pipeline_for(user),
        "last_quotes": work.last_quotes(user),
    }
    return render(request, "home.html", context)


def _demo_only() -> None:
    if not settings.MAILBOX:
        raise Http404


@public
@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    _demo_only()
    page = keyset(MailboxMessage.objects.all(), request, order=("-pk",))
    return render(request, "mailbox/list.html", {"page": page})


@public
@require_safe
def mailbox_message(request: HttpRequest, pk: int) -> HttpResponse:
    _demo_only()
    return render(request, "mailbox/message.html", {"mail": get_object_or_404(MailboxMessage, pk=pk)})


MAIL_POLICY = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "img-src": ["data:"],
    "frame-ancestors": [NONE],
    "base-uri": [NONE],
    "form-action": [NONE],
    "sandbox": ["allow-top-navigation-by-user-activation", "allow-popups"],
}


@public
@require_safe
def mailbox_body(request: HttpRequest, pk: int) -> HttpResponse:
    """A mail has inline styles: its body alone, in a sandbox of its own, is the one exception to the strict policy."""
    _demo_only()
    response = HttpResponse(get_object_or_404(MailboxMessage, pk=pk).html)
    response._csp_config = MAIL_POLICY  # type: ignore[attr-defined]
    return response


@public
@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers; nothing else is asked."""
    return HttpResponse("ok", content_type="text/plain")


@public
@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether requests can be served: the database must answer; the broker and the sweep are reported."""
    report = health.report()
    return JsonResponse(report, status=200 if report["database"] else 503)
