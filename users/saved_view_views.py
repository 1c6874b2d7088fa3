"""Keeping the filter of a list as a view, and removing one. Both lead back to the list, as it is."""

from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core import redirects
from core.forms import typed
from users import services
from users.access import signed_in, user_of


@signed_in
@require_POST
def view_save(request: HttpRequest) -> HttpResponse:
    """The filter is that of the address the form was on."""
    query = urlsplit(redirects.own(request.POST.get("next"))).query
    view = services.view_save(
        by=user_of(request), page=request.POST.get("page", ""), name=typed(request.POST, "name"), query=query
    )
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    return redirects.back(request, reverse(view.page))


@signed_in
@require_POST
def view_remove(request: HttpRequest, pk: int) -> HttpResponse:
    view = services.view_remove(by=user_of(request), view_id=pk)
    messages.success(request, _("The view “%(name)s” is removed.") % {"name": view.name})
    return redirects.back(request, reverse(view.page))
