"""The HTTP API: the endpoints of every app under one version, their description, and a page to read it."""

from typing import Any, ClassVar

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from users import access
from users.api.permissions import Declared


class SchemaView(SpectacularAPIView):
    """The description in OpenAPI, for whoever has a session or a token."""

    access: ClassVar[Any] = access.BY_ACTION
    permission_classes = (Declared,)

    def declared_access(self) -> Any:
        return access.SIGNED_IN


class DocsView(SpectacularSwaggerSplitView):
    """A page to read the description and to try the endpoints with the session of the browser."""

    access: ClassVar[Any] = access.SIGNED_IN
    template_name = "api/docs.html"
    url_name = "api_schema"


_APPS = ("accounts", "catalog", "opportunities", "quotes", "approvals")
_ENDPOINTS = [path("", include(f"{app}.api.urls")) for app in _APPS]

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="api_schema"),
    path("docs/", DocsView.as_view(), name="api_docs"),
    path("v1/", include((_ENDPOINTS, "api"))),
]
