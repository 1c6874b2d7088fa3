"""Doors in general: every address has a name, and the admin is for those who keep look-ups.

Who gets in where, cell by cell, stands in `tests.access_policy` and is tried in `tests.test_access_matrix`.
"""

from typing import Any

import pytest
from django.contrib.admin import site
from django.test import Client
from django.urls import reverse

from tests.access_matrix import addresses, is_of_admin
from tests.access_policy import ADMINS, EVERYBODY
from users.models import RoleAssignment, User
from users.roles import ROLES


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


def test_every_address_has_a_name() -> None:
    unnamed = [str(pattern.pattern) for name, pattern in addresses().items() if not pattern.name and not is_of_admin(name)]
    assert unnamed == []


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
