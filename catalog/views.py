"""Pages of the catalogue. Products change in the admin."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from catalog import selectors
from catalog.filters import ProductFilter
from catalog.models import Product
from core import clock
from core.paging import keyset
from users.access import requires, user_of
from users.roles import Perm


@requires(Perm.PRODUCT_VIEW)
@require_safe
def product_list(request: HttpRequest) -> HttpResponse:
    products = Product.objects.visible_to(user_of(request)).select_related("group", "unit", "vat_rate")
    rows = ProductFilter(request.GET, queryset=products, request=request)
    page = keyset(rows.qs, request, order=("sku", "pk"))
    prices = selectors.prices_on([product.pk for product in page.rows], clock.today())
    priced = [(product, prices[product.pk][-1].list_price if product.pk in prices else None) for product in page.rows]
    return render(request, "catalog/list.html", {"filter": rows, "page": page, "priced": priced})


@requires(Perm.PRODUCT_VIEW)
@require_safe
def product_page(request: HttpRequest, pk: int) -> HttpResponse:
    user = user_of(request)
    product = get_object_or_404(Product.objects.visible_to(user).select_related("group", "unit", "vat_rate"), pk=pk)
    context = {
        "product": product,
        "prices": list(product.prices.select_related("price_list")),
        "may_see_cost": user.may(Perm.MARGIN_VIEW),
        "may_change": user.has_perm("catalog.change_product"),
    }
    return render(request, "catalog/page.html", context)
