"""Who asks: a bearer token, else the session of the browser with its CSRF check."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from core import rate_limits
from users import limits, tokens
from users.models import ApiToken, User


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`. A wrong token is refused even where a session would do, and counted.

    Tokens of 256 bits are not guessed: a right one gets in whatever others of its place have tried, and asks for nothing more.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        kind, _space, text = get_authorization_header(request).partition(b" ")
        if kind.lower() != b"bearer":
            return None
        token = tokens.find(text.decode("ascii", "replace").strip())
        if token is None:
            rate_limits.require(limits.API_TOKEN_MISS, limits.place_of(request))
            raise AuthenticationFailed(_("This token is unknown, expired or revoked."), "invalid_token")
        tokens.note_use(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class _BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = BearerAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token of the profile page."}


class _SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "rest_framework.authentication.SessionAuthentication"
    name = "session"
    priority = 1

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        description = (
            "The cookie of a browser that is logged in (`__Host-session` in production). Writing needs `X-CSRFToken` too."
        )
        return {"type": "apiKey", "in": "cookie", "name": "session", "description": description}
