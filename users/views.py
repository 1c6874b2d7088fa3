"""The person's own page, the switches of language and theme, and the one-click log-in of demo mode."""

from typing import Any

from allauth.account.views import PasswordChangeView, PasswordResetFromKeyView, ReauthenticateView
from django.conf import settings
from django.contrib import messages
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core import rate_limits, redirects
from core.errors import Invalid, NotFound
from users import devices, language, limits, second_factor, selectors, sessions, tokens
from users.access import PUBLIC, SIGNED_IN, public, signed_in, user_of
from users.demo import demo_users
from users.forms import AbsenceForm, ProfileForm, TokenForm
from users.models import Language, Theme, User


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = User.objects.get(pk=user_of(request).pk)
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=user)
    if request.method == "POST" and form.is_valid():
        user.save(update_fields=form.changed_data)
        response = redirect("profile")
        language.remember(response, user.language)
        messages.success(request, _("Saved."))
        return response
    return profile_page(request, form=form)


def profile_page(
    request: HttpRequest,
    *,
    form: ProfileForm | None = None,
    token_form: TokenForm | None = None,
    absence_form: AbsenceForm | None = None,
) -> HttpResponse:
    """The profile, with whichever form was sent and refused."""
    user = user_of(request)
    form = form or ProfileForm(instance=User.objects.get(pk=user.pk))
    token_form = token_form or TokenForm()
    absence_form = absence_form or AbsenceForm(user=user)
    context = {
        "form": form,
        "token_form": token_form,
        "tokens": tokens.shown(user),
        "factor": {"is_on": second_factor.is_on(user), "is_required": second_factor.is_required(user)},
        "absence_form": absence_form,
        "absences": selectors.absences_ahead(user),
    }
    is_refused = form.errors or token_form.errors or absence_form.errors
    return render(request, "users/profile.html", context, status=422 if is_refused else 200)


@public
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switches this browser, and what is kept of the person if there is one."""
    code = request.POST.get("language", "")
    if code not in Language.values:
        raise Invalid(_("There is no such language here."))
    if isinstance(request.user, User):
        User.objects.filter(pk=request.user.pk).update(language=code)
    response = redirects.back(request)
    language.remember(response, code)
    return response


@signed_in
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    theme = request.POST.get("theme", "")
    if theme not in Theme.values:
        raise Invalid(_("There is no such theme."))
    User.objects.filter(pk=user_of(request).pk).update(theme=theme)
    return redirects.back(request)


@public
@require_POST
def demo_login(request: HttpRequest) -> HttpResponse:
    """Logs in as one of the demo's people, in demo mode only."""
    if not settings.DEMO:
        raise Http404
    rate_limits.require(limits.DEMO_PLACE, limits.place_of(request))
    person = next((user for user in demo_users() if user.username == request.POST.get("username")), None)
    if person is None:
        raise NotFound
    sessions.log_in(request, person)
    response = redirects.back(request)
    language.remember(response, person.language)
    return response


class PasswordChange(PasswordChangeView):  # type: ignore[misc]
    """Another password; all other sessions of the person are over then."""

    access = SIGNED_IN


class Reauthenticate(ReauthenticateView):  # type: ignore[misc]
    """The password once more, before something that matters."""

    access = SIGNED_IN
    before_second_factor = True


class PasswordResetFromKey(PasswordResetFromKeyView):  # type: ignore[misc]
    """The page of the mailed link, which says in either case whether the link still opens."""

    access = PUBLIC

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"token_fail": False, **kwargs})  # type: ignore[no-any-return]

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Whoever has the mail is the person: this browser is known from now on."""
        response: HttpResponse = super().form_valid(form)
        devices.remember(response, self.reset_user)
        return response


@public
def absent(request: HttpRequest, **kwargs: str) -> HttpResponse:
    """Stands at the addresses of the login library that this product does without; the library needs their names."""
    raise Http404
