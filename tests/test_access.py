"""Registry: every address × everybody who may knock, by a table written by hand.

An address that is not in the table fails the build. Records are missing here (404 is let in); who sees which record is tested
where the model is. Only GET: what a POST may do is tested with its service.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.contrib.admin import site
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from users.models import RoleAssignment, User
from users.roles import ROLES

EVERYBODY = frozenset({"anonymous", *ROLES})
SIGNED_IN = frozenset(ROLES)
SALES = frozenset({"sales_rep", "sales_support", "sales_manager"})
STEWARDS = frozenset({"data_steward"})
ACCOUNT_EDITORS = SALES | STEWARDS
QUOTE_READERS = SALES | STEWARDS | {"sales_leadership", "pricing", "customer_success", "finance", "presales"}
OPPORTUNITY_READERS = SALES | STEWARDS | {"sales_leadership"}
ADMINS = STEWARDS | {"pricing"}

POLICY: dict[str, frozenset[str]] = {
    "account_edit": ACCOUNT_EDITORS,
    "account_export": SIGNED_IN,
    "account_lift_override": ACCOUNT_EDITORS,
    "account_list": SIGNED_IN,
    "account_override": ACCOUNT_EDITORS,
    "account_page": SIGNED_IN,
    "approval_detail": SIGNED_IN,  # who may decide which request: approvals.policies
    "approval_link": EVERYBODY,  # the link carries its own right
    "approval_link_review": EVERYBODY,
    "approval_list": SIGNED_IN,
    "approval_recall": SIGNED_IN,
    "contact_edit": ACCOUNT_EDITORS,
    "contact_new": ACCOUNT_EDITORS,
    "contact_remove": ACCOUNT_EDITORS,
    "customer_document": EVERYBODY,
    "customer_link": EVERYBODY,
    "customer_quote": EVERYBODY,
    "demo_login": EVERYBODY,  # in demo mode only
    "healthz": EVERYBODY,
    "home": SIGNED_IN,
    "mailbox": EVERYBODY,  # in demo mode only
    "mailbox_body": EVERYBODY,
    "mailbox_message": EVERYBODY,
    "opportunity_export": OPPORTUNITY_READERS,
    "opportunity_list": OPPORTUNITY_READERS,
    "product_export": SIGNED_IN,
    "product_list": SIGNED_IN,
    "product_page": SIGNED_IN,
    "profile": SIGNED_IN,
    "quote_account_options": SALES,
    "quote_answer": SALES,
    "quote_change": SALES,
    "quote_document": QUOTE_READERS,
    "quote_export": QUOTE_READERS,
    "quote_line_add": SALES,
    "quote_line_change": SALES,
    "quote_line_remove": SALES,
    "quote_list": QUOTE_READERS,
    "quote_move": SALES,
    "quote_new": SALES,
    "quote_page": QUOTE_READERS,
    "quote_preview": QUOTE_READERS,
    "quote_product_options": SALES,
    "quote_review": SALES,
    "quote_send": SALES,
    "quote_submit": SALES,
    "readyz": EVERYBODY,
    "set_language": EVERYBODY,
    "sync_list": STEWARDS,
    "sync_page": STEWARDS,
    "sync_quarantine": STEWARDS,
    "sync_quarantine_file": STEWARDS,
    "theme": SIGNED_IN,
}
"""Name of the address → who may open it."""

LIBRARY = frozenset(
    {
        "account_change_password",
        "account_confirm_email",
        "account_confirm_login_code",
        "account_email",
        "account_email_verification_sent",
        "account_inactive",
        "account_login",
        "account_logout",
        "account_reauthenticate",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "account_set_password",
        "account_signup",
    }
)
"""Addresses of the login library, which are public; the admin has its own test below."""

ARGUMENTS: dict[str, Any] = {
    "IntConverter": 987654,
    "SlugConverter": "none",
    "UUIDConverter": UUID(int=1),
    "PathConverter": "none",
}
TOKEN = "x" * 43


def addresses() -> dict[str, URLPattern]:
    """Every address of the resolver by its name, with namespaces."""
    return dict(walk(get_resolver().url_patterns))


def walk(patterns: Any, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from walk(pattern.url_patterns, inner)
        else:
            yield f"{namespace}{pattern.name or pattern.pattern}", pattern


def own_addresses() -> list[str]:
    return sorted(name for name in addresses() if name not in LIBRARY and not name.startswith("admin:"))


def path_to(name: str) -> str:
    """A path to nothing in particular: the arguments are well formed and name no record."""
    converters = addresses()[name].pattern.converters
    arguments = {key: ARGUMENTS.get(type(converter).__name__, TOKEN) for key, converter in converters.items()}
    return reverse(name, kwargs=arguments)


def client_of(role: str, **extra: Any) -> Client:
    client = Client(raise_request_exception=True, **extra)
    if role != "anonymous":
        user = User.objects.create_user(role, f"{role}@tukku.example", display_name=role.title())
        RoleAssignment.objects.create(user=user, role=role)
        client.force_login(user)
    return client


def is_let_in(client: Client, path: str) -> bool:
    response = client.get(path)
    if response.status_code == 302 and response.headers["Location"].startswith("/login/"):
        return False
    assert response.status_code in {200, 302, 403, 404, 405}, f"{path}: {response.status_code}"
    return response.status_code != 403


def test_every_address_is_in_the_table() -> None:
    assert own_addresses() == sorted(POLICY)
    assert list(POLICY) == sorted(POLICY)


def test_every_address_has_a_name() -> None:
    unnamed = [
        str(pattern.pattern) for name, pattern in addresses().items() if not pattern.name and not name.startswith("admin:")
    ]
    assert unnamed == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", POLICY)
def test_an_address_opens_for_those_in_the_table_and_nobody_else(name: str) -> None:
    path = path_to(name)
    let_in = {role for role in EVERYBODY if is_let_in(client_of(role), path)}
    assert let_in == POLICY[name]


@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name, who in sorted(POLICY.items()) if "anonymous" not in who])
def test_a_fragment_is_guarded_like_its_page(name: str) -> None:
    stranger = Client(headers={"HX-Request": "true"})
    response = stranger.get(path_to(name))
    assert response.status_code in {302, 401, 403}
    assert b"<table" not in response.content


def changelist_of(model: Any) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"


@pytest.mark.django_db
def test_the_admin_opens_for_those_who_keep_look_ups() -> None:
    pages = ["admin:index", *map(changelist_of, site._registry)]
    assert {role for role in EVERYBODY if is_let_in(client_of(role), reverse("admin:index"))} == ADMINS
    outsider, steward = Client(), Client()
    steward.force_login(User.objects.get(username="data_steward"))
    outsider.force_login(User.objects.get(username="sales_rep"))
    assert {page: is_let_in(outsider, reverse(page)) for page in pages} == dict.fromkeys(pages, False)
    assert {page: is_let_in(steward, reverse(page)) for page in pages} == dict.fromkeys(pages, True)


@pytest.mark.django_db
def test_a_role_keeps_its_own_models_in_the_admin_and_no_others() -> None:
    client = client_of("pricing")
    kept = ROLES["pricing"].admin_models
    lists = {model._meta.label_lower: reverse(changelist_of(model)) for model in site._registry}
    assert {label for label, path in lists.items() if is_let_in(client, path)} == kept & lists.keys()


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_logging_in_is_public(name: str) -> None:
    arguments = {"account_confirm_email": {"key": "x"}, "account_reset_password_from_key": {"uidb36": "1", "key": "x-y"}}
    assert Client().get(reverse(name, kwargs=arguments.get(name))).status_code in {200, 302, 404}


def test_a_path_can_be_made_to_every_address() -> None:
    for name in own_addresses():
        try:
            path_to(name)
        except NoReverseMatch as error:  # an argument of a new kind
            pytest.fail(f"{name}: {error}; add its converter to ARGUMENTS")
