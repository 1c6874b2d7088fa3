"""The starter pack of a new customer: the editor asks for the notice by itself, one click takes it or sends it away."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from quotes import services, starter_selectors, template_selectors
from quotes.models import QuoteTemplate
from quotes.services.taking import selection
from quotes.views.changed import version_of
from quotes.views.sheets import back, quote_to_edit
from users.access import requires, user_of
from users.roles import Perm


@requires(Perm.QUOTE_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def quote_starter(request: HttpRequest, pk: int) -> HttpResponse:
    """What the quote is offered, nothing for most; a POST with `answer=take` takes it, any other one declines it."""
    user = user_of(request)
    quote = quote_to_edit(user, pk)
    if request.method == "POST":
        if request.POST.get("answer") == "take":
            services.starter_pack_take(quote_id=pk, by=user, version=version_of(request))
        else:
            services.starter_pack_decline(quote_id=pk, by=user)
        return back(request, quote)
    pack = starter_selectors.starter_pack_for(quote)
    template = QuoteTemplate.objects.get(pk=pack.template) if pack else None
    found = selection(quote, user, template_selectors.lines_of_template(template)) if template else None
    return render(request, "quotes/starter.html", {"quote": quote, "template": template, "found": found})
