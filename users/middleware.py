"""Default deny for views, the life of a session, and the language of the person."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from users import access, second_factor, sessions
from users.models import User

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


class SessionLifeMiddleware:
    """Ends a session that has lived too long or was not used for too long; before anybody asks whose it is."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if sessions.is_of_a_person(request):
            if sessions.is_over(request):
                request.session.flush()
            else:
                sessions.note(request)
        return self.get_response(request)


class AccessMiddleware:
    """Refuses views that declare nothing, people the declaration leaves out, and those who owe their second factor."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> HttpResponse | None:
        declared = access.access_of(view)
        if declared is None:
            if settings.TESTING or settings.DEBUG:
                raise ImproperlyConfigured(
                    f"{view.__module__}.{getattr(view, '__name__', view)} does not declare who may open it"
                )
            raise PermissionDenied
        if declared == access.PUBLIC:
            return None
        user = request.user
        if isinstance(user, User) and not sessions.has_the_roles_of_log_in(request, user):
            logout(request)
        if second_factor.is_missing(request) and not access.is_before_second_factor(view):
            if declared == access.BY_ACTION:
                raise PermissionDenied
            return second_factor.ask(request)
        if declared == access.BY_ACTION:
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not access.may_enter(request.user, declared):
            raise PermissionDenied
        return None
