"""Addresses of quotes in the API."""

from django.urls import path
from rest_framework.renderers import JSONRenderer
from rest_framework.routers import SimpleRouter

from quotes.api.views import QuoteEndpoint, TemplateEndpoint
from users.api.base import PdfRenderer

router = SimpleRouter(use_regex_path=False)
router.register("quotes", QuoteEndpoint, basename="quote")
router.register("quote-templates", TemplateEndpoint, basename="quote-template")
document = QuoteEndpoint.as_view({"get": "document"}, detail=True, basename="quote", renderer_classes=[PdfRenderer, JSONRenderer])
urlpatterns = [*router.urls, path("quotes/<int:pk>/document.pdf", document, name="quote-document")]
