"""A case is registered: the page of record types, the form, and what it asks for while somebody types."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.models import Account
from accounts.selectors import account_search
from catalog.models import Product
from catalog.selectors import product_search
from core import clock
from core.errors import Invalid, NotFound
from core.forms import whole
from csr import selectors, services
from csr.forms import CaseForm
from csr.models import CaseType
from users.access import requires, user_of
from users.models import User
from users.roles import Perm

OPTIONS = 12


@requires(Perm.CSR_REGISTER)
@require_safe
def case_types(request: HttpRequest) -> HttpResponse:
    """The record types; there is one at first, and it is offered all the same."""
    types = CaseType.objects.filter(is_active=True)
    return render(request, "csr/types.html", {"types": types, "account": request.GET.get("account", "")})


@requires(Perm.CSR_REGISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def case_new(request: HttpRequest, code: str) -> HttpResponse:
    """The form. A POST with `find` looks for accounts and products, for browsers without script."""
    user = user_of(request)
    record_type = CaseType.objects.filter(code=code, is_active=True).first()
    if record_type is None:
        return redirect("case_types")
    sent = request.POST if request.method == "POST" else request.GET
    account = _account(user, next((text for text in reversed(sent.getlist("account")) if text), ""))
    keys = list(dict.fromkeys(key for text in sent.getlist("product") if (key := whole(text)) is not None))
    if request.method != "POST":
        form = CaseForm(account=account, initial={"received_on": clock.today(), **_usual(account)})
        return _form(request, user, record_type, form, account, keys)
    if "find" in request.POST:
        form = CaseForm(account=account, initial={name: value for name, value in request.POST.items() if name in _TYPED})
        return _form(request, user, record_type, form, account, keys, finds=True)
    form = CaseForm(request.POST, account=account)
    if form.is_valid() and account is not None:
        try:
            case = services.case_register(
                account_id=account.pk, by=user, record_type=record_type, product_ids=keys, **form.changes()
            )
        except Invalid as refusal:
            form.blame(refusal)
        else:
            return redirect("case_page", case.pk)
    return _form(request, user, record_type, form, account, keys, status=422, lacks_account=account is None)


_TYPED = frozenset(CaseForm.base_fields)


def _account(user: User, text: str) -> Account | None:
    key = whole(text)
    try:
        return None if key is None else selectors.account_to_choose(user, key)
    except NotFound:
        return None


def _usual(account: Account | None) -> dict[str, Any]:
    """The site of an account that has only one."""
    sites = selectors.sites_of(account) if account else []
    return {"site": sites[0].pk} if len(sites) == 1 else {}


def _form(
    request: HttpRequest, user: User, record_type: CaseType, form: CaseForm, account: Account | None, keys: list[int], *,
    status: int = 200, finds: bool = False, lacks_account: bool = False,
) -> HttpResponse:  # fmt: skip
    account_text, product_text = (request.POST.get(name, "")[:100] for name in ("account_text", "product_text"))
    chosen = list(selectors.products_in_use(keys).values())
    context = {
        "record_type": record_type,
        "form": form,
        "account": account,
        "account_text": account_text if finds or account is None else "",
        "accounts": account_search(user, account_text, OPTIONS) if finds and account_text else [],
        "lacks_account": lacks_account,
        "products": [(product, True) for product in chosen]
        + [(product, False) for product in _others(user, product_text if finds else "", chosen)],
        "similar": _similar(user, account, str(form["title"].value() or ""), keys),
    }
    return render(request, "csr/new.html", context, status=status)


def _others(user: User, text: str, chosen: list[Product]) -> list[Product]:
    return [product for product in product_search(user, text, OPTIONS) if product not in chosen] if text.strip() else []


def _similar(user: User, account: Account | None, title: str, keys: list[int]) -> list[Any]:
    return selectors.similar(user, account_id=account.pk if account else None, text=title[:200], products=keys[:100])


@requires(Perm.CSR_REGISTER)
@require_GET
def case_new_account(request: HttpRequest) -> HttpResponse:
    """The part of the form that depends on the account: its sites and contacts, SAP codes and classification."""
    account = _account(user_of(request), request.GET.get("account", ""))
    form = CaseForm(account=account, initial=_usual(account))
    return render(request, "csr/new.html#account_part", {"account": account, "form": form})


@requires(Perm.CSR_REGISTER)
@require_GET
def case_new_product(request: HttpRequest) -> HttpResponse:
    """One product that was chosen, as the form lists it."""
    key = whole(request.GET.get("chosen", ""))
    products = selectors.products_in_use([key]) if key is not None else {}
    return render(request, "csr/new.html#chosen", {"products": [(product, True) for product in products.values()]})


@requires(Perm.CSR_REGISTER)
@require_GET
def case_similar(request: HttpRequest) -> HttpResponse:
    """Cases of this account or these products, those with the words of the title first."""
    user = user_of(request)
    keys = [key for text in request.GET.getlist("product") if (key := whole(text)) is not None]
    account = _account(user, request.GET.get("account", ""))
    found = _similar(user, account, request.GET.get("title", ""), keys)
    return render(request, "csr/new.html#similar", {"similar": found})


@requires(Perm.CSR_REGISTER)
@require_GET
def case_account_options(request: HttpRequest) -> HttpResponse:
    accounts = account_search(user_of(request), request.GET.get("q", "")[:100], OPTIONS)
    options = [
        {"value": account.pk, "code": account.parent_customer_id or "", "name": account.name, "note": account.city}
        for account in accounts
    ]
    return render(request, "quotes/_options.html", {"options": options})


@requires(Perm.CSR_REGISTER)
@require_GET
def case_product_options(request: HttpRequest) -> HttpResponse:
    products = product_search(user_of(request), request.GET.get("q", "")[:100], OPTIONS)
    options = [
        {"value": product.pk, "code": product.sku, "name": product.name, "note": product.unit.label} for product in products
    ]
    return render(request, "quotes/_options.html", {"options": options})
