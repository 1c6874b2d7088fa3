"""The demo data: what a newcomer starts with."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Account, Contact, MasterConflict, Site
from catalog.models import Product
from quotes.models import Quote
from users.demo import DEMO_USERS
from users.models import User

pytestmark = pytest.mark.django_db


def counts() -> list[int]:
    return [model.objects.count() for model in (User, Account, Site, Contact, MasterConflict, Product, Quote)]  # type: ignore[attr-defined]


@pytest.mark.req("S0.28")
@pytest.mark.req("S0.36")
def test_demo_data_loads_and_loading_it_again_changes_nothing(client: Client) -> None:
    call_command("demo")
    first = counts()
    call_command("demo")
    assert counts() == first
    assert all(client.login(username=name, password="demo") for name in DEMO_USERS)
    assert Quote.objects.filter(owner__username="rep", status="draft").count() == 3
    assert not Account.objects.filter(industry__label_fi="").exists()


def test_demo_data_is_refused_outside_demo_mode(settings: Any) -> None:
    settings.DEMO = settings.TESTING = False
    with pytest.raises(CommandError):
        call_command("demo")
    assert User.objects.count() == 0
