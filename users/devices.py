"""Browsers in which somebody has logged in before.

A signed cookie names the account and a number of its own. It opens nothing; it only gives its attempts a count apart from
those of strangers (users.limits).
"""

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from users.models import User

_SALT = "users.devices"
_SECONDS = 180 * 86400


def remember(response: HttpResponseBase, user: User) -> None:
    """Have the browser keep that this person has logged in with it."""
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps([user.pk, secrets.token_hex(8)], salt=_SALT),
        max_age=_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def known(request: HttpRequest, user: User | None) -> str | None:
    """The number of this browser if `user` has logged in with it."""
    try:
        owner, number = signing.loads(request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=_SALT, max_age=_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(number) if user is not None and owner == user.pk else None
