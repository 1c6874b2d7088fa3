"""Deciding by the link in a mail, without a session. Reading changes nothing; the token leaves the address at once.

Source: docs/adr/0003-outbox-and-links.md.
"""

import uuid as uuids
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_http_methods

from approvals import pages, selectors
from approvals.models import Request
from core import link_pages
from core.models import Link
from users.access import by_link
from users.models import User

COOKIE = f"{settings.LINK_COOKIE_PREFIX}approval"
COOKIE_SECONDS = 2 * 3600


@by_link
@require_http_methods(["GET", "HEAD", "OPTIONS"])
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Swap the token for a cookie of the one page it opens. Looking and fetching ahead do nothing at all."""
    if request.method != "GET" or _is_prefetch(request):
        return link_pages.quiet(HttpResponse(status=503 if _is_prefetch(request) else 200))
    link = link_pages.find(request, Link.Purpose.APPROVAL, token)
    asked = Request.objects.filter(pk=link.subject_id).first() if link else None
    if asked is None:
        return link_pages.unknown(request)
    page = reverse("approval_link_review", args=[asked.uuid])
    return link_pages.swap_for_cookie(page, cookie=COOKIE, token=token, seconds=COOKIE_SECONDS)


@by_link
@require_http_methods(["GET", "HEAD", "OPTIONS", "POST"])
def review(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The review page for the holder of the cookie; a POST decides."""
    if request.method in ("HEAD", "OPTIONS") or _is_prefetch(request):
        return link_pages.quiet(HttpResponse(status=503 if _is_prefetch(request) else 200))
    link = link_pages.find(request, Link.Purpose.APPROVAL, request.COOKIES.get(COOKIE, ""))
    asked = selectors.request_of_link(link, uuid) if link else None
    if link is None or link.person is None or asked is None:
        return link_pages.unknown(request)
    with translation.override(_language(request, link.person)):
        return _reviewed(request, asked, link.person, link)


def _reviewed(request: HttpRequest, asked: Request, person: User, link: Link) -> HttpResponse:
    if request.method != "POST":
        return _page(request, pages.review_context(asked, person, link=link))
    form, error = pages.answer(request, asked.pk, person, link=link)
    if error is None:
        return link_pages.quiet(redirect("approval_link_review", uuid=asked.uuid))
    asked = selectors.request_of_link(link, asked.uuid) or asked
    link.refresh_from_db()
    return _page(request, pages.review_context(asked, person, link=link, form=form, error=error), status=error.status)


def _page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return link_pages.quiet(render(request, "approvals/link_review.html", context, status=status), form=True)


def _is_prefetch(request: HttpRequest) -> bool:
    purposes = (request.headers.get("Sec-Purpose", ""), request.headers.get("Purpose", ""), request.headers.get("X-Moz", ""))
    return any("prefetch" in purpose or "preview" in purpose for purpose in purposes)


def _language(request: HttpRequest, person: User) -> str:
    """What was chosen in this browser, else the person's own."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return chosen if chosen in dict(settings.LANGUAGES) else person.language
