"""Pages of lists: whole, or their rows alone while somebody types into the filter."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

ROWS = "rows"
"""The partial of a list's template, and the id of what it draws."""


def answer(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The page, or the part of it that its filter asks for (`templates/_live_filter.html`)."""
    asked = getattr(request, "htmx", None)
    part = f"#{ROWS}" if asked and asked.target == ROWS else ""
    response = render(request, f"{template}{part}", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
