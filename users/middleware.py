"""Default deny for views, and the language of the person."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from users import access

GetResponse = Callable[[HttpRequest], HttpResponse]


class LanguageMiddleware:
    """The language of a page: the cookie that the switch sets, else what the browser asks for."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override(translation.get_language_from_request(request)):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        return response


class AccessMiddleware:
    """Refuses views that declare nothing, and people the declaration leaves out."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated:  # "back" must show how things stand, and nothing stays behind in the browser
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> HttpResponse | None:
        declared = access.access_of(view)
        if declared is None:
            if settings.TESTING or settings.DEBUG:
                raise ImproperlyConfigured(
                    f"{view.__module__}.{getattr(view, '__name__', view)} does not declare who may open it"
                )
            raise PermissionDenied
        if declared == access.BY_ACTION or access.may_enter(request.user, declared):
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        raise PermissionDenied
