"""Refusals become pages and fragments with a sentence, never a 500."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode

from core.errors import DomainError
from crm import problems


class ErrorMiddleware:
    """Answers for domain errors, and sends a fragment's request to the log-in page when the session has ended."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
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
    page = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
    return HttpResponse(status=401, headers={"HX-Redirect": f"{log_in}?{urlencode({'next': page})}"})
