"""The HTTP API: the endpoints of every app under one version, their description, and a page to read it."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.views.decorators.http import require_GET
from drf_spectacular.views import SpectacularAPIView

from users import access
from users.api.permissions import Declared


class SchemaView(SpectacularAPIView):
    """The description in OpenAPI, for whoever has a session or a token."""

    access: ClassVar[Any] = access.BY_ACTION
    permission_classes = (Declared,)

    def declared_access(self) -> Any:
        return access.SIGNED_IN


@access.signed_in
@require_GET
def docs(request: HttpRequest) -> HttpResponse:
    """A page to read the description and to try the endpoints with the session of the browser."""
    return render(request, "api/docs.html")


_APPS = ("accounts", "catalog", "opportunities", "quotes", "csr", "approvals", "users")
_ENDPOINTS = [path("", include(f"{app}.api.urls")) for app in _APPS]

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="api_schema"),
    path("docs/", docs, name="api_docs"),
    path("v1/", include((_ENDPOINTS, "api"))),
]
