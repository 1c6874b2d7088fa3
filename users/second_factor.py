"""The second factor: who must have one, and whether this session has shown it.

It is the session that counts, not that an authenticator exists: one opened without a code (before the person got the role,
or by a way that asks for none) is led to give one as well.
"""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from core import redirects
from users.models import User
from users.roles import Perm
from users.sessions import PROVEN

REQUIRED_FOR = frozenset({Perm.ADMIN, Perm.STEWARD})


def is_required(user: User) -> bool:
    """Whether this person does nothing without one: whoever works in the administration, outside demo mode."""
    return bool(settings.MFA_REQUIRED and user.permissions & REQUIRED_FOR)


def is_on(user: User) -> bool:
    """Whether this person has set up an authenticator app."""
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


def is_missing(request: HttpRequest) -> bool:
    """Whether the person must show a second factor in this session first."""
    user = request.user
    return isinstance(user, User) and not request.session.get(PROVEN) and is_required(user)


def prove(request: HttpRequest) -> None:
    """Note that this session has shown it."""
    request.session[PROVEN] = True


def ask(request: HttpRequest) -> HttpResponse:
    """Lead to the page that asks for the code, or to where one is set up."""
    if is_on(request.user):  # type: ignore[arg-type]
        target = f"{reverse('mfa_reauthenticate')}?{urlencode({'next': request.get_full_path()})}"
    else:
        target = reverse("mfa_activate_totp")
    return redirects.whole_page(target) if getattr(request, "htmx", False) else redirect(target)
