"""Pages that a mailed link opens without a session: the token leaves the address at once, and nothing of them is kept.

Source: docs/adr/0003-outbox-and-links.md.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render


def quiet(response: HttpResponse, *, form: bool = False) -> HttpResponse:
    """Kept out of caches, search engines and other sites' logs.

    A page with a form names its origin to us: under `no-referrer` browsers post `Origin: null`, which the CSRF check refuses.
    """
    response["Referrer-Policy"] = "same-origin" if form else "no-referrer"
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def swap_for_cookie(page: str, *, cookie: str, token: str, seconds: int) -> HttpResponse:
    """On to `page`, with the token in a cookie that only this page gets."""
    response = HttpResponseRedirect(page)
    response.set_cookie(
        cookie, token, max_age=seconds, path=page, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
    return quiet(response)


def unknown(request: HttpRequest) -> HttpResponse:
    """One answer for everything that opens nothing."""
    return quiet(render(request, "link_unknown.html", status=404))
