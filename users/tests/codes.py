"""Codes as an authenticator app would show them."""

import time

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth
from django.test import Client

from users.models import User


def code(secret: str, *, steps: int = 0) -> str:
    """What the app shows now, or `steps` half minutes later."""
    return auth.format_hotp_value(auth.hotp_value(secret, int(time.time()) // 30 + steps))


def set_up(user: User) -> str:
    """The user has an authenticator app and recovery codes; its secret."""
    secret = auth.generate_totp_secret()
    auth.TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def recovery_codes(user: User) -> list[str]:
    """Those that are not used yet."""
    kept = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    return kept.wrap().get_unused_codes()


def give_password(client: Client, user: User, *, to: str = "") -> str:
    """Where the log-in page leads."""
    answer = client.post("/login/", {"login": user.username, "password": "demo", **({"next": to} if to else {})})
    assert answer.status_code == 302
    return answer["Location"]
