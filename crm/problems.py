"""A refusal in the shape the asker reads: a page, a fragment for htmx, or problem+json. Source: RFC 9457."""

from collections.abc import Mapping
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotAllowed, NotFound

Text = str | Promise

TITLES: dict[int, Text] = {
    400: _("The request makes no sense"),
    403: _("Not allowed"),
    404: _("Nothing here"),
    409: _("Changed in the meantime"),
    422: _("This cannot be done"),
    500: _("Something went wrong"),
}


def reference() -> str:
    """The number under which this request is in the log."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def wants_json(request: HttpRequest) -> bool:
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


def refuse(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The answer to a request that was refused; nothing was changed."""
    return respond(request, error.status, error.code, error.detail, error.fields)


def respond(request: HttpRequest, status: int, code: str, detail: Text, fields: Mapping[str, Text] | None = None) -> HttpResponse:
    problem: dict[str, Any] = {
        "title": str(TITLES.get(status, TITLES[422])),
        "status": status,
        "code": code,
        "detail": str(detail),
        "fields": {name: str(text) for name, text in (fields or {}).items()},
        "reference": reference() if status in (403, 500) else "",
    }
    response = _shaped(request, problem)
    if problem["reference"]:
        response["X-Reference"] = problem["reference"]
    return response


def _shaped(request: HttpRequest, problem: dict[str, Any]) -> HttpResponse:
    if wants_json(request):
        given = {name: value for name, value in problem.items() if value not in ("", {})}
        return JsonResponse(given, status=problem["status"], content_type="application/problem+json")
    if getattr(request, "htmx", False):
        response = render(request, "_problem.html", {"problem": problem}, status=problem["status"])
        response["HX-Retarget"], response["HX-Reswap"] = "#problem", "innerHTML"
        return response
    user = getattr(request, "user", None)
    layout = "base.html" if user is not None and user.is_authenticated else "public.html"
    return render(request, "problem.html", {"problem": problem, "layout": layout}, status=problem["status"])


# --- Django's own refusals --------------------------------------------------------------------------------------------
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return respond(request, 400, "bad_request", _("The server could not understand this request."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, NotAllowed())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, NotFound(_("There is nothing at this address, or it is not yours to see.")))


def server_error(request: HttpRequest) -> HttpResponse:
    """Asks nothing of the database, which may be what failed."""
    if wants_json(request):
        return respond(request, 500, "server_error", _("Something went wrong; nothing was saved."))
    page = loader.get_template("500.html").render({"reference": reference()})
    return HttpResponseServerError(page, headers={"X-Reference": reference()})
