"""Pages of opportunities."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.paging import keyset
from opportunities import selectors
from opportunities.filters import OpportunityFilter
from users.access import requires, user_of
from users.roles import Perm


@requires(Perm.OPPORTUNITY_VIEW)
@require_safe
def opportunity_list(request: HttpRequest) -> HttpResponse:
    rows = OpportunityFilter(request.GET, queryset=selectors.opportunities_for(user_of(request)), request=request)
    return render(request, "opportunities/list.html", {"filter": rows, "page": keyset(rows.qs, request, order=("-pk",))})
