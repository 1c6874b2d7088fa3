"""The product's addresses and one that nobody has thought about; see the tests of the access matrix."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from crm import urls
from crm.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def forgotten(request: HttpRequest) -> HttpResponse:
    return HttpResponse("everything")


urlpatterns = [*urls.urlpatterns, path("forgotten/", forgotten, name="forgotten")]
