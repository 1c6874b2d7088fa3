"""The cells of the admin and of the login library, whose addresses follow from models and from the library."""

from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.admin import site
from django.core.cache import cache
from django.db import connection, models, transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import int_to_base36

from accounts.models import Account, MasterConflict, PaymentTerm, PaymentTermRule, PriceListRule, SurvivorshipRule
from approvals import services as approvals
from approvals.choices import Verdict, Via
from approvals.models import ApprovalSettings, AuthorityLimit
from catalog.models import ConfigurationRule, PriceList
from core import clock
from core.models import JobRun, LookUp
from csr.models import CsrSettings, HandlingRule
from integration.models import RowDecision, SyncSettings
from quotes.models import CompanyDetails, QuoteSettings, StarterPackSettings
from tests import access_matrix as matrix
from tests.access_matrix import FACES, HTMX, METHODS, PAGE, Wrong, asks_to_log_in
from tests.access_policy import (
    ADMIN,
    ADMINS,
    ANONYMOUS,
    EVERYBODY,
    FURTHER_ADMIN_PAGES,
    KEPT_BY_PRICING,
    LIBRARY,
    NOWHERE,
    PERSONAL,
    SET_UP,
    STEWARDS,
)
from tests.access_world import NOBODYS, World
from tests.table_states import Watch

# --- The admin --------------------------------------------------------------------------------------------------------
SITE_PAGES: dict[str, tuple[Any, ...]] = {
    "app_list": ("users",),
    "autocomplete": (),
    "index": (),
    "jsi18n": (),
    "login": (),
    "logout": (),
    "password_change": (),
    "password_change_done": (),
    "view_on_site": (1, 1),
}
"""Pages of the admin that belong to no model, and the arguments of their addresses."""


def wrong_admin_rows() -> Wrong:
    """Models of the admin that the table does not name, and the other way round."""
    unknown = ADMIN.keys() ^ models_of_the_admin().keys()
    return [f"{label}: in the table or in the admin, not in both" for label in sorted(unknown)] + [
        f"{name}: an address of the admin that no table names"
        for name in sorted(
            {name.removeprefix("admin:") for name in matrix.addresses() if matrix.is_of_admin(name)} - _known_names()
        )
    ]


def _known_names() -> set[str]:
    """Names of addresses of the admin: those of the site, of every model, and what Django gives no name of its own."""
    verbs = ("changelist", "add", "history", "delete", "change", "simple_history")
    options = [model._meta for model in models_of_the_admin().values()]
    of_models = {f"{option.app_label}_{option.model_name}_{verb}" for option in options for verb in verbs}
    further = {
        f"{models_of_the_admin()[label]._meta.app_label}_{models_of_the_admin()[label]._meta.model_name}_{verb}"
        for label, verbs in FURTHER_ADMIN_PAGES.items()
        for verb in verbs
    }
    return {*SITE_PAGES, *of_models, *further, "auth_user_password_change", "<path:object_id>/", "(?P<url>.*)$"}


def models_of_the_admin() -> dict[str, type[models.Model]]:
    return {model._meta.label: model for model in site._registry}


def keepers(label: str) -> frozenset[str]:
    return ADMINS if label in KEPT_BY_PRICING else STEWARDS


def record_of(world: World, model: Any) -> models.Model:
    """A row of the model: one that is there, else the smallest."""
    if model._meta.label == "approvals.Decision" and not model.objects.exists():
        request = world.asked["pricing"]
        by, kind = world.people["pricing"], {"via": Via.PAGE, "comment": ""}
        return approvals.request_decide(request_id=request.pk, verdict=Verdict.APPROVE, by=by, **kind)
    if model._meta.label == "approvals.Remark" and not model.objects.exists():
        by = world.people["pricing"]
        return approvals.remark_add(request_id=world.asked["pricing"].pk, text="Why?", by=by, via=Via.PAGE)
    found = model.objects.order_by("pk").first()
    if found is not None:
        return found
    account, run = Account.objects.order_by("pk").first(), JobRun.objects.order_by("pk").first()
    values: dict[type[models.Model], dict[str, Any]] = {
        ConfigurationRule: {"kind": "at_most", "subject_product": world.product, "quantity": Decimal(1)},
        PriceListRule: {"price_list": PriceList.objects.order_by("pk").first()},
        PaymentTermRule: {"payment_term": PaymentTerm.objects.order_by("pk").first(), "min_amount": Decimal(1)},
        SurvivorshipRule: {"field": "industry", "rule": "first", "column": "industry"},
        MasterConflict: {"account": account, "field": "owner", "kind": "tie", "run": run},
        RowDecision: {"child_id": "1", "by": world.people["data_steward"], "at": clock.now()},
        ApprovalSettings: {"pk": 1},
        CompanyDetails: {"pk": 1},
        CsrSettings: {"pk": 1},
        HandlingRule: {"name": "All"},
        AuthorityLimit: {"role": "pricing", "up_to": 1},
        QuoteSettings: {"pk": 1},
        StarterPackSettings: {"pk": 1},
        SyncSettings: {"pk": 1},
    }
    if issubclass(model, LookUp):
        return model.objects.create(code="first", label_en="First", label_fi="Ensimmäinen")
    return model.objects.create(**values[model])


class AdminPage(NamedTuple):
    """An address of the admin, and what those who keep the model need to be able to do there."""

    path: str
    verb: str


def pages_of(label: str, pk: int) -> list[AdminPage]:
    """Every page of one model, for one record."""
    options = models_of_the_admin()[label]._meta
    name = f"admin:{options.app_label}_{options.model_name}"
    changelist = reverse(f"{name}_changelist")
    return [
        AdminPage(changelist, "look"),
        AdminPage(reverse(f"{name}_add"), "add"),
        AdminPage(reverse(f"{name}_history", args=[pk]), "look"),
        AdminPage(reverse(f"{name}_change", args=[pk]), "change"),
        AdminPage(reverse(f"{name}_delete", args=[pk]), "delete"),
        AdminPage(f"{changelist}{pk}/", "redirect"),  # of old bookmarks
        *(AdminPage(reverse(f"{name}_{verb}"), "look") for verb in FURTHER_ADMIN_PAGES.get(label, ())),
    ]


def wrong_admin_cells(world: World, label: str) -> Wrong:
    """Answers of the pages of one model that differ from the table, or that change something for who may not.

    Those who have no business in the admin are stopped at the door, which looks neither at the method nor at the record.
    """
    there = pages_of(label, record_of(world, models_of_the_admin()[label]).pk)
    wrong: Wrong = []
    for role in sorted(EVERYBODY):
        pages = [*there, *pages_of(label, NOBODYS)[2:5]] if role in keepers(label) else there
        for page in pages:
            for method in ("GET", "POST") if role in keepers(label) else ("POST",):
                response, changed = _ask(world, role, method, page.path, PAGE if role in ADMINS else HTMX)
                fault = _admin_fault(label, page, role, method, response)
                if fault:
                    wrong.append(f"{label}: {method} {page.path} by {role} {fault}")
                if changed and (method == "GET" or not _is_open(label, page, role, method)):
                    wrong.append(f"{label}: {method} {page.path} by {role} changes {changed}")
    return wrong


def wrong_site_cells(world: World) -> Wrong:
    """Pages of the admin that belong to no model, and addresses that there are not, which open for others than its keepers."""
    paths = [*(reverse(f"admin:{name}", args=args) for name, args in SITE_PAGES.items()), "/admin/nothing/"]
    wrong: Wrong = []
    for role in sorted(EVERYBODY):
        for path in paths:
            response, changed = _ask(world, role, "GET", path, HTMX)
            refused = asks_to_log_in(response, HTMX) if role == ANONYMOUS else response.status_code == 403
            if path == reverse("admin:login"):
                refused = asks_to_log_in(response, HTMX)
            if role not in ADMINS and not refused:
                wrong.append(f"{path} by {role} should be refused, is {response.status_code}")
            if changed:
                wrong.append(f"{path} by {role} changes {changed}")
    return wrong


def _is_open(label: str, page: AdminPage, role: str, method: str) -> bool:
    may_look = role in keepers(label) and (page.verb == "look" or (page.verb == "change" and method == "GET"))
    return may_look or (role in keepers(label) and page.verb in ADMIN[label].split())


def _admin_fault(label: str, page: AdminPage, role: str, method: str, response: HttpResponse) -> str:
    if role not in ADMINS:
        refused = asks_to_log_in(response, HTMX) if role == ANONYMOUS else response.status_code == 403
    elif page.verb == "redirect" or str(NOBODYS) in page.path:
        return "" if response.status_code in (302, 403, 404) else f"should lead elsewhere, is {response.status_code}"
    elif _is_open(label, page, role, method):
        return "" if 200 <= response.status_code < 400 else f"should be open, is {response.status_code}"
    else:
        refused = response.status_code == 403
    return "" if refused else f"should be refused, is {response.status_code}"


def _ask(world: World, role: str, method: str, path: str, face: str) -> tuple[HttpResponse, str]:
    """The answer, and the first table that it changed; undone."""
    watch, savepoint = Watch(), transaction.savepoint()
    send = getattr(world.client(role), method.lower())
    with connection.execute_wrapper(watch):
        response = send(path, *[{"post": "yes"}] * (method == "POST"), headers=FACES[face])
    changed = watch.changed(world.state)
    transaction.savepoint_rollback(savepoint)
    return response, changed


# --- The login library ------------------------------------------------------------------------------------------------
def wrong_library_cells(world: World, name: str) -> Wrong:
    """Answers of an address of the login library that differ from the table, or that change something for an empty request."""
    reset = {"uidb36": int_to_base36(world.people["finance"].pk), "key": "x-y"}
    arguments = {"account_confirm_email": {"key": "x"}, "account_reset_password_from_key": reset}
    path = reverse(name, kwargs=arguments.get(name))
    wrong: Wrong = []
    for role in sorted(EVERYBODY):
        for method in METHODS:
            cache.clear()  # the limits on trying are not what is tried here
            response, changed = _ask(world, role, method, path, PAGE)
            if not _is_as_the_library_does(response, LIBRARY[name], role):
                wrong.append(f"{name}: {method} by {role} should be {LIBRARY[name]}, is {response.status_code}")
            if changed:
                wrong.append(f"{name}: {method} by {role} changes {changed}")
    return wrong


def _is_as_the_library_does(response: HttpResponse, kind: str, role: str) -> bool:
    if kind == NOWHERE:
        return response.status_code == 404
    if kind in (PERSONAL, SET_UP) and role == ANONYMOUS:
        return asks_to_log_in(response, PAGE)
    if kind == SET_UP:
        return response.status_code == 404 or "Allow" in response.headers
    return response.status_code in (200, 302, 405)
