"""What holds for every answer: its headers, and that refusals are pages and fragments with a sentence, never a 500."""

from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django_structlog.middlewares import RequestMiddleware

from core import rate_limits, redirects
from core.clients import client_ip
from core.errors import DomainError, TooMany
from crm import problems
from users import access, limits

GetResponse = Callable[[HttpRequest], HttpResponse]


class HeaderMiddleware:
    """What holds for every answer that says nothing else: nothing of it is kept, and other sites may not embed it.

    Stands outside of everything that can answer. Answers to mailed links moreover keep out of search engines and do not name
    their address; pages of them with a form say otherwise themselves (core.link_pages).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        by_link = access.is_by_link(request)
        response.headers.setdefault("Cache-Control", "no-store" if by_link else "private, no-store")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if by_link:
            response.headers.setdefault("Referrer-Policy", "no-referrer")
            response.headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        return response


class LogMiddleware(RequestMiddleware):
    """Each line of the log names the client as everything else here does."""

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        structlog.contextvars.bind_contextvars(ip=client_ip(request))


class PublicFormMiddleware:
    """Counts the forms that one place sends without a session, whatever they are; what counts tokens guards itself."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> HttpResponse | None:
        is_form = request.method == "POST" and not getattr(view, "csrf_exempt", False)
        if not is_form or access.access_of(view) != access.PUBLIC or request.user.is_authenticated:
            return None
        try:
            rate_limits.require(limits.PUBLIC_POST, limits.place_of(request))
        except TooMany as error:
            return problems.refuse(request, error)
        return None


class ErrorMiddleware:
    """Answers for domain errors, and sends a fragment's request to the log-in page when the session has ended."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        patch_vary_headers(response, ["HX-Request"])
        log_in = resolve_url(settings.LOGIN_URL)
        if getattr(request, "htmx", False) and response.status_code == 302 and response["Location"].startswith(f"{log_in}?"):
            return _log_in_whole_page(request, log_in)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return problems.refuse(request, exception) if isinstance(exception, DomainError) else None


def _log_in_whole_page(request: HttpRequest, log_in: str) -> HttpResponse:
    return redirects.whole_page(f"{log_in}?{urlencode({'next': _page_of(request)})}")


def _page_of(request: HttpRequest) -> str:
    """The page a fragment was asked from, which htmx names."""
    try:
        return redirects.own(request.htmx.current_url_abs_path)  # type: ignore[attr-defined]
    except ValueError:  # no browser sends such an address
        return "/"
