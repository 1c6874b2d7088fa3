"""Pages of opportunities."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from core import downloads, lists
from core.paging import keyset
from core.panels import panels_for
from opportunities import columns, exports, selectors
from opportunities.filters import OpportunityFilter
from users import saved_views
from users.access import requires, user_of
from users.roles import Perm


@requires(Perm.OPPORTUNITY_VIEW)
@require_safe
def opportunity_list(request: HttpRequest) -> HttpResponse:
    narrowed = _narrowed(request)
    page = keyset(narrowed.qs.only(*columns.READ), request, order=("-pk",))
    shown = columns.ROW.render(columns.rows_of(page.rows))
    saved = saved_views.shown(request, "opportunity_list")
    return lists.answer(request, "opportunities/list.html", {"filter": narrowed, "page": page, "rows": shown, "saved": saved})


@requires(Perm.OPPORTUNITY_VIEW)
@require_safe
def opportunity_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What is known of the opportunity, and what other apps show of it."""
    user = user_of(request)
    opportunity = selectors.opportunity_for(user, pk)
    context = {"opportunity": opportunity, "panels": panels_for("opportunity", opportunity, user)}
    return render(request, "opportunities/page.html", context)


@requires(Perm.OPPORTUNITY_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def opportunity_export(request: HttpRequest) -> HttpResponseBase:
    """The list as a file, with the filter of the page."""
    rows = _narrowed(request)
    return downloads.answer(
        request, exports.opportunity_listing(), rows.qs, by=user_of(request), filtered=downloads.filter_of(rows)
    )


def _narrowed(request: HttpRequest) -> OpportunityFilter:
    return OpportunityFilter(request.GET, queryset=selectors.opportunities_for(user_of(request)), request=request)
