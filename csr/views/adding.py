"""Products and accounts are added to a case by type-ahead, or from a page of search results without script; a case is cloned."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.selectors import account_search
from catalog.selectors import product_search
from core.errors import DomainError, Invalid, NotAllowed, NotFound, require
from core.forms import whole
from csr import policies, selectors, services
from csr.choices import CaseStatus
from csr.forms import SiteForm
from csr.models import Case
from csr.views.acts import SHEET
from quotes.views.editor import go
from users.access import requires, user_of
from users.models import User
from users.roles import Perm

OPTIONS = 50


def _may_add(user: User, case: Case) -> bool:
    return policies.may_edit(user, case) and case.status == CaseStatus.REGISTRATION


@requires(Perm.CSR_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def case_products_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Those that were chosen are added; a GET lists what fits the words, to tick."""
    user = user_of(request)
    if request.method == "POST":
        keys = [key for text in request.POST.getlist("product") if (key := whole(text)) is not None]
        version = whole(request.POST.get("version", "")) or 0
        services.products_add(case_id=selectors.case_for(user, pk).pk, product_ids=keys, by=user, version=version)
        return redirect("case_page", pk)
    case = selectors.case_for(user, pk)
    require(_may_add(user, case))
    text = request.GET.get("q", "")[:100]
    found = product_search(user, text, OPTIONS) if text.strip() else []
    return render(request, "csr/products.html", {"case": case, "q": text, "products": found})


@requires(Perm.CSR_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def case_account_add(request: HttpRequest, pk: int) -> HttpResponse:
    """A further account or one site of it: the account is chosen (`account`), then the site."""
    user = user_of(request)
    case = selectors.case_for(user, pk)
    sent = request.POST if request.method == "POST" else request.GET
    key = whole(sent.get("account", ""))
    if request.method != "POST":
        require(_may_add(user, case))
        return _account_sheet(request, user, case, key)
    try:
        if key is None:
            raise Invalid(fields={"account": _("Choose an account from the list.")})
        form = SiteForm(request.POST, account=selectors.account_to_choose(user, key))
        site = form.cleaned_data["site"] if form.is_valid() else None
        if form.errors:
            raise Invalid(fields={"site": _("This site belongs to another account.")})
        version = whole(request.POST.get("version", "")) or 0
        services.account_add(case_id=pk, account_id=key, site_id=site.pk if site else None, by=user, version=version)
    except (NotFound, NotAllowed):
        raise
    except DomainError as refusal:
        require(_may_add(user, case) or case.is_locked)
        return _account_sheet(request, user, selectors.case_for(user, pk), key, refusal)
    return redirect("case_page", pk)


def _account_sheet(
    request: HttpRequest, user: User, case: Case, key: int | None, refusal: DomainError | None = None
) -> HttpResponse:
    account = selectors.account_to_choose(user, key) if key is not None else None
    text = request.GET.get("q", "")[:100]
    context = {
        "case": case,
        "account": account,
        "form": SiteForm(request.POST if refusal else None, account=account),
        "error": str(next(iter(refusal.fields.values()), refusal)) if refusal else "",
        "q": text,
        "accounts": account_search(user, text, OPTIONS) if text.strip() else [],
    }
    is_part = bool(getattr(request, "htmx", False))
    template = "csr/account.html#sheet" if is_part else "csr/account.html"
    response = render(request, template, context, status=refusal.status if refusal else 200)
    if is_part and refusal:
        response["HX-Retarget"], response["HX-Reswap"] = f"#{SHEET}", "innerHTML"
    return response


@requires(Perm.CSR_REGISTER)
@require_POST
def case_clone(request: HttpRequest, pk: int) -> HttpResponse:
    """To the new case."""
    clone = services.case_clone(case_id=pk, by=user_of(request))
    return go(request, reverse("case_page", args=[clone.pk]))
