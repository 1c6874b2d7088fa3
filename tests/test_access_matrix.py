"""The access table against the product, cell by cell; and holes opened on purpose, which it must see."""

from typing import Any

import pytest
from django.http import HttpRequest

from accounts import policies as account_policies
from accounts.models import Account, AccountQuerySet
from accounts.views import selectors as account_selectors
from approvals.admin import RunAdmin
from core import events
from core.errors import NotAllowed
from quotes.models import Quote, QuoteQuerySet
from tests import access_admin as admin, access_matrix as matrix
from tests.access_policy import ADMIN, LIBRARY, POLICY, SIGNED_IN, page
from tests.access_world import World
from users import access

pytestmark = pytest.mark.django_db


def test_the_table_names_every_address_once() -> None:
    assert matrix.wrong_rows() == []
    assert admin.wrong_admin_rows() == []
    assert [list(table) for table in (POLICY, LIBRARY, ADMIN)] == [sorted(table) for table in (POLICY, LIBRARY, ADMIN)]


@pytest.mark.parametrize("name", POLICY)
def test_everybody_gets_what_the_table_says_and_a_refusal_changes_nothing(name: str, world: World) -> None:
    wrong = matrix.wrong_cells(world, name, POLICY[name])
    assert not wrong, told(wrong)


@pytest.mark.parametrize("name", LIBRARY)
def test_logging_in_is_as_open_as_the_table_says(name: str, world: World) -> None:
    wrong = admin.wrong_library_cells(world, name)
    assert not wrong, told(wrong)


@pytest.mark.parametrize("label", ADMIN)
def test_a_model_of_the_admin_opens_for_its_keepers_and_a_refusal_changes_nothing(label: str, world: World) -> None:
    wrong = admin.wrong_admin_cells(world, label)
    assert not wrong, told(wrong)


def test_the_pages_of_the_admin_itself_open_for_keepers_only(world: World) -> None:
    assert admin.wrong_site_cells(world) == []


def told(wrong: list[str]) -> str:
    return "\n".join([f"{len(wrong)} wrong", *wrong[:40]])


# --- Holes opened on purpose ------------------------------------------------------------------------------------------
def faults_of(world: World, name: str) -> str:
    return "\n".join(matrix.wrong_cells(world, name, POLICY[name]))


@pytest.mark.parametrize("name", ["account_edit", "contact_remove", "quote_change", "quote_send"])
def test_it_sees_a_policy_that_lets_everybody_edit(name: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_policies, "may_edit", lambda user, account: True)
    assert "POST of a record of the team by sales_rep, as page: should be forbidden" in faults_of(world, name)


@pytest.mark.parametrize(
    ("name", "queryset"), [("account_page", AccountQuerySet), ("contact_new", AccountQuerySet), ("quote_page", QuoteQuerySet)]
)
def test_it_sees_a_query_that_shows_everything(name: str, queryset: Any, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queryset, "visible_to", lambda self, user: self)
    assert "GET of a record of another unit by sales_rep, as htmx: should be not found" in faults_of(world, name)


def test_it_sees_a_part_that_is_found_under_any_record(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.services._contact", lambda account, pk: account.contacts.model.objects.filter(pk=pk).first())
    found = faults_of(world, "contact_remove")
    assert "POST of a record the own one with a part of another's by sales_rep, as page: should be not found" in found


def test_it_sees_a_refusal_that_tells_what_there_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(user: Any, pk: int) -> Account:
        if Account.objects.filter(pk=pk).exists():
            raise NotAllowed
        return visible(user, pk)

    from accounts import views

    visible = views._visible
    monkeypatch.setattr(views, "_visible", tell)
    found = faults_of(world, "account_page")
    assert "by sales_rep, as page: should be not found, is 403" in found
    assert "by sales_rep, as page: can be told from a missing record" in found


def test_it_sees_a_refusal_that_changes_something(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def note(user: Any, account: Account) -> bool:
        events.record(account, "asked", by=user)
        return may_edit(user, account)

    may_edit = account_policies.may_edit
    monkeypatch.setattr(account_policies, "may_edit", note)
    assert "by sales_rep, as page: changes core_event" in faults_of(world, "account_edit")


def test_it_sees_a_page_that_changes_something(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def count(account: Account) -> list[Any]:
        Account.objects.filter(pk=account.pk).update(notes="seen")
        return []

    monkeypatch.setattr(account_selectors, "master_facts", count)
    assert "HEAD of a record own by finance, as page: changes accounts_account" in faults_of(world, "account_page")


def test_it_sees_a_door_that_is_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "may_enter", lambda user, declared: user.is_authenticated)
    assert "GET of a record there by sales_rep, as page: should be forbidden, is 200" in faults_of(world, "sync_list")


def test_it_sees_a_method_that_is_not_in_the_table(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = matrix.addresses()["quote_line_remove"]
    monkeypatch.setattr(pattern, "callback", access.signed_in(pattern.callback.__wrapped__))
    found = faults_of(world, "quote_line_remove")
    assert "DELETE of a record the own one with a part of another's by sales_rep, as htmx: should be no such method" in found
    assert "by finance, as htmx: should be forbidden" in found


def test_it_sees_an_address_that_is_in_no_table(world: World, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.access_hole_urls"
    assert matrix.wrong_rows() == ["forgotten: not in the table"]
    found = "\n".join(matrix.wrong_cells(world, "forgotten", page(SIGNED_IN)))
    assert "by sales_rep, as page: should be allowed, raised ImproperlyConfigured" in found


def test_it_sees_a_row_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POLICY, "gone", page(SIGNED_IN))
    assert matrix.wrong_rows() == ["gone: in the table, but there is no such address"]


def test_it_sees_a_flow_that_can_be_changed_in_the_admin(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def anybody(self: Any, request: HttpRequest, obj: Quote | None = None) -> bool:
        return True

    monkeypatch.setattr(RunAdmin, "has_change_permission", anybody)
    assert any("change/ by data_steward should be refused" in fault for fault in admin.wrong_admin_cells(world, "approvals.Run"))
