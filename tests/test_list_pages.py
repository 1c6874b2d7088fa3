"""Registry: every list page costs the same number of queries with 2 and with 20 rows, and no more than the table says."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.test_access import own_addresses
from users.models import RoleAssignment, User


class ListPage(NamedTuple):
    role: str
    rows: Callable[[int, User], Any]
    """Makes that many rows that the user sees."""
    queries: int
    """Including session, user and roles."""
    row_marker: str
    """What each row has once in its HTML, to be sure that the rows are there."""


LIST_PAGES: dict[str, ListPage] = {}

NOT_A_LIST: dict[str, str] = {
    # Address that ends like a list → what it is instead.
}


def test_every_list_page_is_in_the_table() -> None:
    lists = {name for name in own_addresses() if name.endswith("_list")}
    assert lists == LIST_PAGES.keys() | NOT_A_LIST.keys()


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [2, 20])
@pytest.mark.parametrize("name", LIST_PAGES)
def test_a_list_page_costs_the_same_for_few_and_for_many_rows(name: str, rows: int) -> None:
    page = LIST_PAGES[name]
    user = User.objects.create_user("eeva", "eeva@tukku.example", display_name="Eeva Äyräs")
    RoleAssignment.objects.create(user=user, role=page.role)
    page.rows(rows, user)
    client = Client()
    client.force_login(user)
    client.get(reverse(name))  # what is read once per process is read now
    with CaptureQueriesContext(connection) as queries:
        response = client.get(reverse(name))
    assert response.content.decode().count(page.row_marker) == rows
    assert len(queries) == page.queries, "\n".join(query["sql"][:300] for query in queries.captured_queries)
