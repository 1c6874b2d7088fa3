"""The person's own page, the switches of language and theme, and the one-click log-in of demo mode."""

from typing import Any

from allauth.account.views import PasswordResetFromKeyView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language as django_set_language

from core.errors import Invalid, NotFound
from users import language, tokens
from users.access import PUBLIC, public, signed_in, user_of
from users.demo import demo_users
from users.forms import ProfileForm, TokenForm
from users.models import Language, Theme, User


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """To the page the form was on; never to another site."""
    target = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if allowed else "/")


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


def profile_page(request: HttpRequest, *, form: ProfileForm | None = None, token_form: TokenForm | None = None) -> HttpResponse:
    """The profile, with whichever form was sent and refused."""
    user = user_of(request)
    form = form or ProfileForm(instance=User.objects.get(pk=user.pk))
    token_form = token_form or TokenForm()
    context = {"form": form, "token_form": token_form, "tokens": tokens.shown(user)}
    return render(request, "users/profile.html", context, status=422 if form.errors or token_form.errors else 200)


@public
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switches this browser, and what is kept of the person if there is one."""
    code = request.POST.get("language", "")
    if code not in Language.values:
        raise Invalid(_("There is no such language here."))
    if isinstance(request.user, User):
        User.objects.filter(pk=request.user.pk).update(language=code)
    return django_set_language(request)


@signed_in
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    theme = request.POST.get("theme", "")
    if theme not in Theme.values:
        raise Invalid(_("There is no such theme."))
    User.objects.filter(pk=user_of(request).pk).update(theme=theme)
    return _back(request)


@public
@require_POST
def demo_login(request: HttpRequest) -> HttpResponse:
    """Logs in as one of the demo's people, in demo mode only."""
    if not settings.DEMO:
        raise Http404
    person = next((user for user in demo_users() if user.username == request.POST.get("username")), None)
    if person is None:
        raise NotFound
    login(request, person, backend="users.backends.RoleBackend")
    response = _back(request)
    language.remember(response, person.language)
    return response


class PasswordResetFromKey(PasswordResetFromKeyView):  # type: ignore[misc]
    """The page of the mailed link, which says in either case whether the link still opens."""

    access = PUBLIC

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"token_fail": False, **kwargs})  # type: ignore[no-any-return]


@public
def absent(request: HttpRequest, **kwargs: str) -> HttpResponse:
    """Stands at the addresses of the login library that this product does without; the library needs their names."""
    raise Http404
