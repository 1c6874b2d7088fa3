"""Home, health and the demo mailbox."""

from django.http import HttpRequest, HttpResponse

from users.access import public, signed_in


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


@signed_in
def mailbox(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


@signed_in
def mailbox_message(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse("")


@signed_in
def mailbox_body(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse("")


@public
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@public
def readyz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")
