"""Pages for those who clear up the catalogue: what there is to do, merging two products, taking that back."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from catalog import clean_up, merging, policies, selectors, services, uses
from catalog.models import Product
from core import clock
from core.errors import DomainError, Invalid, require
from core.forms import typed, whole
from core.paging import keyset
from core.panels import panels_for
from users.access import requires, user_of
from users.models import User
from users.roles import Perm

SHOWS = ("similar", "unused", "ended", "texts", "coverage")


@requires(Perm.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def product_clean_up(request: HttpRequest) -> HttpResponse:
    """What there is to clear up; a POST takes the ticked products out of use."""
    user = user_of(request)
    require(policies.may_keep(user))
    show = request.GET.get("show") if request.GET.get("show") in SHOWS else SHOWS[0]
    if request.method == "POST":
        keys = {key for text in request.POST.getlist("product") if (key := whole(text)) is not None}
        count = services.products_retire(keys=keys, by=user)
        said = ngettext("%(count)s product taken out of use.", "%(count)s products taken out of use.", count)
        messages.success(request, said % {"count": count})
        return redirect(f"{reverse('product_clean_up')}?show={show}")
    listed = {"similar": _similar, "coverage": _covered}.get(str(show), _listed)(request)
    return render(request, "catalog/clean_up.html", {"show": show, **listed})


def _similar(request: HttpRequest) -> dict[str, Any]:
    after = whole(request.GET.get("after", ""))
    found = clean_up.alike(after)
    last = uses.last_used([product.pk for group in found.groups for product in group])
    groups = [[(product, last.get(product.pk)) for product in group] for group in found.groups]
    return {"groups": groups, "after": found.after, "is_first": after is None}


def _covered(request: HttpRequest) -> dict[str, Any]:
    return {"panels": panels_for("product clean-up", None, user_of(request))}


def _listed(request: HttpRequest) -> dict[str, Any]:
    show = request.GET.get("show")
    if show == "texts":
        rows = clean_up.without_texts()
    else:
        rows = clean_up.unused(clock.today()) if show == "unused" else clean_up.ended(clock.today())
    page = keyset(rows, request, order=("sku", "pk"))
    last = uses.last_used([product.pk for product in page.rows])
    missing = clean_up.missing_texts if show == "texts" else lambda _product: []
    rows_shown = [(product, last.get(product.pk), missing(product)) for product in page.rows]
    return {"page": page, "rows": rows_shown, "any_in_use": any(product.is_active for product in page.rows)}


# --- Merging ----------------------------------------------------------------------------------------------------------
@requires(Perm.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def product_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Into which product this one is to be merged, and what would follow; a POST does it."""
    user = user_of(request)
    require(policies.may_keep(user))
    product = selectors.product_for(user, pk)
    if request.method != "POST":
        return _merge_page(request, product, _chosen(user, request))
    into = whole(request.POST.get("into", ""))
    try:
        if into is None:
            raise Invalid(_("Choose the product that stays."))
        merge = merging.product_merge(into=into, product=product.pk, by=user)
    except DomainError as refusal:
        return _merge_page(request, product, _chosen(user, request), refusal)
    messages.success(request, _("%(product)s is now part of this product.") % {"product": product.sku})
    return redirect("product_page", merge.into_id)


def _chosen(user: User, request: HttpRequest) -> Product | None:
    """The product that was named by its key or by its code."""
    values = request.POST if request.method == "POST" else request.GET
    key, code = whole(values.get("into", "")), typed(values, "code").strip()
    if key is not None:
        return selectors.products_for(user).filter(pk=key).first()
    return selectors.product_by_sku(user, code) if code else None


def _merge_page(request: HttpRequest, product: Product, into: Product | None, refusal: DomainError | None = None) -> HttpResponse:
    is_ready = into is not None and into != product
    code = typed(request.GET, "code").strip()
    context = {
        "product": product,
        "into": into if is_ready else None,
        "code": code,
        "is_unknown": bool(code) and into is None,
        "follows": merging.preview(product) if is_ready else [],
        "uses": uses.last_by_kind(product.pk) if is_ready else [],
        "similar": [] if is_ready else clean_up.similar_to(product),
        "refusal": refusal,
    }
    return render(request, "catalog/merge.html", context, status=refusal.status if refusal else 200)


@requires(Perm.ADMIN)
@require_POST
def product_unmerge(request: HttpRequest, pk: int) -> HttpResponse:
    """The product is one of its own again."""
    user = user_of(request)
    merging.product_unmerge(product=selectors.product_for(user, pk).pk, by=user)
    messages.success(request, _("The merge has been undone."))
    return redirect("product_page", pk)
