"""Pages of opportunities."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.paging import keyset
from opportunities.filters import OpportunityFilter
from opportunities.models import Opportunity
from users.access import requires, user_of
from users.roles import Perm


@requires(Perm.OPPORTUNITY_VIEW)
@require_safe
def opportunity_list(request: HttpRequest) -> HttpResponse:
    visible = Opportunity.objects.visible_to(user_of(request)).select_related("account", "owner")
    rows = OpportunityFilter(request.GET, queryset=visible, request=request)
    return render(request, "opportunities/list.html", {"filter": rows, "page": keyset(rows.qs, request, order=("-pk",))})
