"""Pages that a mailed link opens without a session: the token leaves the address at once, and nothing of them is kept.

Tokens of 256 bits cannot be guessed; misses are counted so that trying is stopped, seen, and costs us little. An address that
missed too often is answered before anything is looked up, whatever it brings. All addresses together only have their misses
answered so: else anybody could close every customer's link by guessing.

Source: docs/adr/0003-outbox-and-links.md.
"""

import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from core import links, rate_limits
from core.clients import client_ip, network_of
from core.errors import TooMany
from core.models import Link
from core.rate_limits import Limit

log = logging.getLogger(__name__)

MISSES = Limit("link misses of an address", times=20, seconds=600)
ALL_MISSES = Limit("link misses", times=600, seconds=600)


def find(
    request: HttpRequest, purpose: Link.Purpose, token: str, *, also: Callable[[str], Link | None] | None = None
) -> Link | None:
    """The link that this token opens, live or not; None, and a miss counted, when there is none.

    `also`: looks up what else opens links of this purpose. An empty token is no attempt. Raises: TooMany.
    """
    if not token:
        return None
    place = network_of(client_ip(request))
    rate_limits.require_room(MISSES, place)
    link = links.find(purpose, token) or (also(token) if also else None)
    if link is None:
        rate_limits.require(MISSES, place)
        _count_for_all()
    return link


def _count_for_all() -> None:
    try:
        rate_limits.require(ALL_MISSES, "")
    except TooMany:
        log.warning("links are being guessed: more than %s misses in %s s", ALL_MISSES.times, ALL_MISSES.seconds)
        raise


def quiet(response: HttpResponse, *, form: bool = False) -> HttpResponse:
    """Kept out of caches, search engines and other sites' logs.

    A page with a form names its origin to us: under `no-referrer` browsers post `Origin: null`, which the CSRF check refuses.
    """
    response["Referrer-Policy"] = "same-origin" if form else "no-referrer"
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def swap_for_cookie(page: str, *, cookie: str, token: str, seconds: int, query: str = "") -> HttpResponse:
    """On to `page`, with the token in a cookie that only this page and those below it get."""
    response = HttpResponseRedirect(page + query)
    response.set_cookie(
        cookie, token, max_age=seconds, path=page, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
    return quiet(response)


def unknown(request: HttpRequest) -> HttpResponse:
    """One answer for everything that opens nothing."""
    return quiet(render(request, "link_unknown.html", status=404))
