"""Accounts and products are found by any part of their names and numbers, by an index, on both databases."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from accounts.tests.factories import AccountFactory
from catalog.models import Product
from catalog.tests.factories import ProductFactory

pytestmark = pytest.mark.django_db


def found(text: str) -> list[str]:
    return sorted(Account.objects.matching(text).values_list("name", flat=True))


@pytest.fixture
def houses() -> None:
    for number, name in enumerate(["Ämpäri ja Öljy Oy", "Leipomo Äyräs", 'O"Brien & 100% Oy', "a_b\\c Ab", "Kaffe*Hus NEAR Oy"]):
        AccountFactory(name=name, parent_customer_id=f"00{number}77", business_id=f"987654{number}-2")


@pytest.mark.usefixtures("houses")
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ämpä", ["Ämpäri ja Öljy Oy"]),
        ("ÖLJ", ["Ämpäri ja Öljy Oy"]),
        ("äyrä leip", ["Leipomo Äyräs"]),
        ("eipo", ["Leipomo Äyräs"]),
        ("ei", ["Leipomo Äyräs"]),
        ("00177", ["Leipomo Äyräs"]),
        ("76543-2", ["a_b\\c Ab"]),
        ("leipomo 9876541-2", ["Leipomo Äyräs"]),
        ("leipomo 9876542-2", []),
        ('O"B', ['O"Brien & 100% Oy']),
        ("100%", ['O"Brien & 100% Oy']),
        ("a_b\\", ["a_b\\c Ab"]),
        ("a%c", []),
        ("fe*Hu", ["Kaffe*Hus NEAR Oy"]),
        ("name:leipomo", []),
        ("NEAR", ["Kaffe*Hus NEAR Oy"]),
        ("leipomo OR kaffe", []),
        ("ä", ["Leipomo Äyräs", "Ämpäri ja Öljy Oy"]),
    ],
)
def test_every_word_is_found_wherever_it_stands(text: str, names: list[str]) -> None:
    assert found(text) == names


def test_a_search_follows_every_way_of_writing() -> None:
    account = Account.objects.get(pk=AccountFactory(name="Vanha nimi").pk)
    Account.objects.bulk_create([Account(name=f"{which} sisar", is_prospect=True) for which in ("Uusi", "Toinen")])
    assert found("sisar") == ["Toinen sisar", "Uusi sisar"]
    Account.objects.filter(name="Uusi sisar").update(name="Veljekset")
    account.name = "Kolmas sisar"
    account.save(update_fields=["name"])
    Account.objects.filter(name="Toinen sisar").delete()
    assert (found("sisar"), found("nimi"), found("eljek")) == (["Kolmas sisar"], [], ["Veljekset"])


def test_products_are_found_in_both_languages_and_without_texts() -> None:
    ProductFactory(sku="MAITO-1", name_en="Milk", name_fi="Maito")
    ProductFactory(sku="X-77", name_en="Bread", name_fi=None)
    matches = lambda text: [product.sku for product in Product.objects.matching(text)]  # noqa: E731
    assert [matches(text) for text in ("mil", "AITO", "x-7", "read", "leip")] == [
        ["MAITO-1"],
        ["MAITO-1"],
        ["X-77"],
        ["X-77"],
        [],
    ]


def plan_of(queryset: Any) -> str:
    return str(queryset.explain())


def test_a_word_is_looked_up_in_the_index() -> None:
    if connection.vendor == "sqlite":
        assert "VIRTUAL TABLE INDEX" in plan_of(Account.objects.matching("leipomo").order_by())


@pytest.mark.postgresql
def test_postgresql_uses_the_index_for_any_of_the_fields() -> None:
    rows = [Account(name=f"Yritys {number * 7919}", parent_customer_id=f"N{number}") for number in range(20000)]
    Account.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('accounts_account_search')")
        cursor.execute("ANALYZE accounts_account")
    for text in ("yritys 8710", "N19999", "itys 111"):
        with CaptureQueriesContext(connection) as queries:
            Account.objects.matching(text)
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + queries[0]["sql"].replace("%", "%%"), [])
            plan = str(cursor.fetchall())
        assert "accounts_account_search" in plan, plan
        assert "Seq Scan" not in plan, plan
