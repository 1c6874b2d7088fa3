"""Setting and ending one's absences; stewards may end those of others."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core import redirects
from core.errors import Invalid
from users import selectors, services
from users.access import signed_in, user_of
from users.forms import AbsenceForm
from users.views import profile_page


@signed_in
@require_POST
def absence_new(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    form = AbsenceForm(request.POST, user=user)
    if not form.is_valid():
        return profile_page(request, absence_form=form)
    try:
        services.absence_add(user=user, by=user, **form.cleaned_data)
    except Invalid as refusal:
        form.blame(refusal)
        return profile_page(request, absence_form=form)
    messages.success(request, _("Your absence is set."))
    return redirect(f"{reverse('profile')}#away")


@signed_in
@require_POST
def absence_end(request: HttpRequest, pk: int) -> HttpResponse:
    """To the page the button was on."""
    user = user_of(request)
    services.absence_end(absence=selectors.absence_for(user, pk), by=user)
    messages.success(request, _("The absence is over or removed."))
    return redirects.back(request, reverse("profile"))
