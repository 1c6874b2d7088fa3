"""How the log-in library works here: who gets in, how often one may try, and where it leads.

Accounts are made by stewards in the admin; nobody signs up.
"""

import base64
import hashlib
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from core import rate_limits, redirects
from core.clients import client_ip
from users import devices, language, limits, second_factor, selectors, services, sessions
from users.models import User

_MISMATCH = _("The user name or the password is not right.")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _MISMATCH,
        "username_password_mismatch": _MISMATCH,
        "incorrect_password": _("The password is not right."),
        "enter_current_password": _("The password is not right."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The user with this password; the attempt is counted before the password is looked at. Raises: TooMany."""
        login = credentials.get("username") or credentials.get("email") or ""
        attempts = limits.password_attempts(request, login, selectors.user_named(login))
        rate_limits.require_all(attempts)
        user = authenticate(request, username=login, password=credentials.get("password"))
        if user is not None:
            rate_limits.give_back_all(attempts)
        return user

    def reauthenticate(self, user: User, password: str) -> bool:
        return self.authenticate(self.request, username=user.username, password=password) == user

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whoever has just logged in is not asked again."""
        return not sessions.is_fresh(self.request, seconds=app_settings.REAUTHENTICATION_TIMEOUT)

    def login(self, request: HttpRequest, user: User) -> None:
        proven = any(record.get("method") == "mfa" for record in get_authentication_records(request, user))
        sessions.log_in(request, user, proven=proven)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponseBase:
        """Whoever logs in goes on in their own language, and this browser is known from now on."""
        response: HttpResponseBase = super().post_login(request, user, **kwargs)
        language.remember(response, user.language)
        devices.remember(response, user)
        return response

    def set_password(self, user: User, password: str) -> None:
        """Nothing else of the user is written: the row may have changed since it was read."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **kwargs: Any) -> None:
        """What the library has just changed, told by a mail of ours."""
        services.account_change_told(user=user, change=template_prefix.rpartition("/")[2])

    def is_safe_url(self, url: str | None) -> bool:
        return bool(url) and redirects.is_own(str(url))

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request) or ""

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Logging in and out need no words: the page says it."""
        if message_template not in ("account/messages/logged_in.txt", "account/messages/logged_out.txt"):
            super().add_message(request, level, message_template, *args, **kwargs)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of authenticators are of no use to whoever reads the database alone."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("The code is not right, or it was used already."),
        "cannot_delete_authenticator": _("Your role needs the second step; it cannot be switched off."),
    }

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not second_factor.is_required(authenticator.user)


def _cipher() -> MultiFernet:
    """By the secret key; what was encrypted by a key among the fall-backs is still read."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(b"users.second_factor" + key.encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
