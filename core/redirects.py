"""Leading a browser on, and never to another site: whatever a request names as the next page goes through here."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme


def is_own(target: str) -> bool:
    """Whether `target` is a path on this site: no host, no scheme, and nothing that a browser would read as one."""
    return target.startswith("/") and target.isprintable() and url_has_allowed_host_and_scheme(target, allowed_hosts=None)


def own(target: str | None, default: str = "/") -> str:
    """`target` if it is a path on this site, else `default`."""
    return target if target and is_own(target) else default


def back(request: HttpRequest, default: str = "/") -> HttpResponseRedirect:
    """To the page the form was on, which it names as `next`."""
    return HttpResponseRedirect(own(request.POST.get("next"), default))


def whole_page(target: str, status: int = 401) -> HttpResponse:
    """Have htmx leave the page it is on for `target`, instead of swapping a part of it."""
    return HttpResponse(status=status, headers={"HX-Redirect": iri_to_uri(own(target))})
