"""Pages of the second step: setting it up, its recovery codes, switching it off, and giving a code."""

from typing import Any

from allauth.mfa.base.views import AuthenticateView, ReauthenticateView
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from users import second_factor, services, sessions
from users.access import PUBLIC, SIGNED_IN, signed_in, user_of


@signed_in
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Where the library leads when it has nothing else to show."""
    return redirect("profile")


class Authenticate(AuthenticateView):  # type: ignore[misc]
    """The second step of logging in, for whoever has given the password."""

    access = PUBLIC


class CodeAgain(ReauthenticateView):  # type: ignore[misc]
    """A code once more; for a session that has shown none yet it opens the rest."""

    access = SIGNED_IN
    before_second_factor = True

    def form_valid(self, form: BaseForm) -> HttpResponse:
        second_factor.prove(self.request)
        response: HttpResponse = super().form_valid(form)
        return response


class Activate(ActivateTOTPView):  # type: ignore[misc]
    """Sets up an authenticator app. All other sessions of the person are over then."""

    access = SIGNED_IN
    before_second_factor = True

    def form_valid(self, form: BaseForm) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        second_factor.prove(self.request)
        _end_the_others(self.request)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        secret = context["form"].secret
        context["secret"] = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
        context["layout"] = "public.html" if second_factor.is_missing(self.request) else "base.html"
        return context


class Deactivate(DeactivateTOTPView):  # type: ignore[misc]
    """Switches the second step off, for those who need not have it."""

    access = SIGNED_IN

    def form_valid(self, form: BaseForm) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        _end_the_others(self.request)
        return response


class RecoveryCodes(ViewRecoveryCodesView):  # type: ignore[misc]
    """The codes that stand in for a lost phone."""

    access = SIGNED_IN


class NewRecoveryCodes(GenerateRecoveryCodesView):  # type: ignore[misc]
    """Another set of recovery codes; the old ones open nothing any more."""

    access = SIGNED_IN


def _end_the_others(request: HttpRequest) -> None:
    user = user_of(request)
    services.sessions_end(user=user)
    sessions.keep(request, user)
