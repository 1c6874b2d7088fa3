"""Pages of the catalogue. Products change in the admin."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from catalog import columns, exports, pages, policies, selectors
from catalog.filters import ProductFilter
from core import clock, downloads, lists
from core.paging import keyset
from users import saved_views
from users.access import requires, user_of
from users.roles import Perm


@requires(Perm.PRODUCT_VIEW)
@require_safe
def product_list(request: HttpRequest) -> HttpResponse:
    rows = _narrowed(request)
    page = keyset(rows.qs, request, order=("sku", "pk"))
    prices = selectors.prices_on([product.pk for product in page.rows], clock.today())
    shown = columns.ROW.render(columns.rows_of(page.rows, prices))
    context = {
        "filter": rows,
        "page": page,
        "rows": shown,
        "may_keep": policies.may_keep(user_of(request)),
        "saved": saved_views.shown(request, "product_list"),
    }
    return lists.answer(request, "catalog/list.html", context)


@requires(Perm.PRODUCT_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def product_export(request: HttpRequest) -> HttpResponseBase:
    """The list as a file, with the filter of the page."""
    user, rows = user_of(request), _narrowed(request)
    return downloads.answer(request, exports.product_listing(user), rows.qs, by=user, filtered=downloads.filter_of(rows))


def _narrowed(request: HttpRequest) -> ProductFilter:
    return ProductFilter(request.GET, queryset=selectors.products_for(user_of(request)), request=request)


@requires(Perm.PRODUCT_VIEW)
@require_safe
def product_page(request: HttpRequest, pk: int) -> HttpResponse:
    user = user_of(request)
    product = selectors.product_for(user, pk)
    may_keep = {"may_change": policies.may_keep(user)}
    return render(request, "catalog/page.html", pages.facts_of(product, user, clock.today()) | may_keep)
