"""The cookie that carries the language, which `LanguageMiddleware` reads."""

from django.conf import settings
from django.http import HttpResponseBase


def remember(response: HttpResponseBase, code: str) -> None:
    """Have the browser keep the language."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        path=settings.LANGUAGE_COOKIE_PATH,
        domain=settings.LANGUAGE_COOKIE_DOMAIN,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
