"""A refusal in the shape the asker reads: a page, a fragment for htmx, or problem+json. Source: RFC 9457."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from core.errors import DomainError, NotAllowed, NotFound, TooMany
from users import access, second_factor

Text = str | Promise
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
PROBLEM = "application/problem+json"

TITLES: dict[int, Text] = {
    400: _("The request makes no sense"),
    401: _("Not signed in"),
    403: _("Not allowed"),
    404: _("Nothing here"),
    405: _("Not possible here"),
    406: _("Not to be had in this form"),
    409: _("Changed in the meantime"),
    415: _("Not readable in this form"),
    422: _("This cannot be done"),
    429: _("Too many requests"),
    500: _("Something went wrong"),
}


_FAILED = _("Something went wrong; nothing was saved.")


def reference() -> str:
    """The number under which this request is in the log."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def wants_json(request: HttpRequest) -> bool:
    if request.path.startswith("/api/"):
        return True
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


def refuse(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The answer to a request that was refused; nothing was changed."""
    response = respond(request, error.status, error.code, error.detail, error.fields)
    if isinstance(error, TooMany):
        response["Retry-After"] = str(error.retry_after)
    return response


def respond(request: HttpRequest, status: int, code: str, detail: Text, fields: Mapping[str, Text] | None = None) -> HttpResponse:
    problem = _problem(status, code, detail, fields)
    response = _shaped(request, problem)
    if problem["reference"]:
        response["X-Reference"] = problem["reference"]
    return response


def _problem(status: int, code: str, detail: Text, fields: Mapping[str, Text] | None = None) -> dict[str, Any]:
    return {
        "title": str(TITLES.get(status, TITLES[422])),
        "status": status,
        "code": code,
        "detail": _readable(detail),
        "fields": {_readable(name): _readable(text) for name, text in (fields or {}).items()},
        "reference": reference() if status in (403, 500) else "",
    }


def _readable(text: Text) -> str:
    """Without what no answer can be written with, and no database keeps: sentences repeat what was sent."""
    return _UNREADABLE.sub("\ufffd", str(text))


def _json(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if value not in ("", {})}


def _shaped(request: HttpRequest, problem: dict[str, Any]) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(_json(problem), status=problem["status"], content_type=PROBLEM)
    if getattr(request, "htmx", False):
        response = render(request, "_problem.html", {"problem": problem}, status=problem["status"])
        response["HX-Retarget"], response["HX-Reswap"] = "#problem", "innerHTML"
        response["HX-Reselect"] = "unset"  # the sentence is all there is, whatever part of an answer was asked for
        return response
    context = {"problem": problem, "layout": _layout(request), "has_language": not access.is_by_link(request)}
    return render(request, "problem.html", context, status=problem["status"])


def _layout(request: HttpRequest) -> str:
    """The frame with the menu is for people who are all the way in."""
    user = getattr(request, "user", None)
    inside = user is not None and user.is_authenticated and not second_factor.is_missing(request)
    return "base.html" if inside else "public.html"


# --- Django's own refusals --------------------------------------------------------------------------------------------
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return respond(request, 400, "bad_request", _("The server could not understand this request."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    sentence = _("The form was too old, or cookies are blocked. Go back, reload the page and try again; nothing was saved.")
    return respond(request, 403, "form_too_old", sentence)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, NotAllowed())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, NotFound(_("There is nothing at this address, or it is not yours to see.")))


def server_error(request: HttpRequest) -> HttpResponse:
    """Asks nothing of the database, which may be what failed."""
    if wants_json(request):
        return respond(request, 500, "server_error", _FAILED)
    if getattr(request, "htmx", False):
        part = loader.get_template("_problem.html").render({"problem": _problem(500, "server_error", _FAILED)})
        return HttpResponseServerError(part, headers={"X-Reference": reference()})
    page = loader.get_template("500.html").render({"reference": reference()})
    return HttpResponseServerError(page, headers={"X-Reference": reference()})


# --- Refusals of the API ----------------------------------------------------------------------------------------------
CODES = {400: "bad_request", 401: "not_authenticated", 403: "not_allowed", 405: "method_not_allowed", 406: "not_acceptable",
         415: "unsupported_media_type", 429: "too_many_requests"}  # fmt: skip


def for_api(exception: Exception, context: dict[str, Any]) -> Response | None:
    """The answer of an endpoint to a refusal; None for a fault of ours, which becomes a 500."""
    if isinstance(exception, Http404):
        exception = NotFound()
    elif isinstance(exception, PermissionDenied):
        exception = NotAllowed()
    if isinstance(exception, DomainError):
        problem = _problem(exception.status, exception.code, exception.detail, exception.fields)
        headers = {"Retry-After": str(exception.retry_after)} if isinstance(exception, TooMany) else {}
    elif isinstance(exception, exceptions.APIException):
        problem, headers = _of_framework(exception), _headers(exception)
    else:
        return None
    set_rollback()
    context["request"].accepted_renderer = JSONRenderer()  # whatever an answer would have been, a refusal is JSON
    context["request"].accepted_media_type = PROBLEM
    return Response(_json(problem), status=problem["status"], headers=headers, content_type=PROBLEM)


def _of_framework(exception: exceptions.APIException) -> dict[str, Any]:
    status = exception.status_code
    if isinstance(exception, exceptions.ValidationError):
        return _problem(status, "invalid", _("Check the marked fields."), dict(_blamed(exception.detail)))
    code = exception.get_codes()
    return _problem(status, code if code == "invalid_token" else CODES.get(status, "refused"), str(exception.detail))


def _headers(exception: exceptions.APIException) -> dict[str, str]:
    wait, realm = getattr(exception, "wait", None), getattr(exception, "auth_header", None)
    return {**({"Retry-After": str(int(wait))} if wait else {}), **({"WWW-Authenticate": realm} if realm else {})}


def _blamed(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every field to blame by its path ("lines.0.quantity"), with what is wrong."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _blamed(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list) and any(isinstance(inner, Mapping | list) for inner in detail):
        for index, inner in enumerate(detail):
            yield from _blamed(inner, f"{path}.{index}" if path else str(index))
    else:
        texts = detail if isinstance(detail, list) else [detail]
        yield path.removesuffix(".body") or "body", " ".join(str(text) for text in texts)
