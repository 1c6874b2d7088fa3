"""Making and revoking one's API tokens. The text of a token is in the answer to the POST that made it, and nowhere else."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from users import tokens
from users.access import signed_in, user_of
from users.forms import TokenForm
from users.views import profile_page


@signed_in
@require_POST
@sensitive_variables("text")
def token_new(request: HttpRequest) -> HttpResponse:
    """Shows the token this once. Not kept by the browser: going back or reloading does not bring it up again."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return profile_page(request, token_form=form)
    token, text = tokens.token_create(by=user_of(request), **form.cleaned_data)
    response = render(request, "users/token.html", {"token": token, "text": text}, status=201)
    response["Cache-Control"] = "private, no-store"
    return response


@signed_in
@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    tokens.token_revoke(by=user_of(request), token_id=pk)
    messages.success(request, _("The token is revoked."))
    return redirect("profile")
