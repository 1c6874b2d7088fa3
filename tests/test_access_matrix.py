"""The access table against the product, cell by cell; and holes opened on purpose, which it must see."""

import re
from typing import Any

import pytest
from django.http import HttpRequest
from rest_framework.response import Response

from accounts import policies as account_policies, selectors as account_selectors
from accounts.models import Account, AccountQuerySet
from approvals.admin import RunAdmin
from core import events, prepared
from core.errors import NotAllowed
from quotes import policies as quote_policies
from quotes.api.views import QuoteEndpoint
from quotes.models import Quote, QuoteQuerySet
from tests import access_admin as admin, access_matrix as matrix
from tests.access_policy import ADMIN, LIBRARY, POLICY, SIGNED_IN, page
from tests.access_world import World
from users import access
from users.api.permissions import Declared
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.usefixtures("undisturbed")]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes long and says nothing of rights: pictures of documents, and the description of the API."""
    monkeypatch.setattr("quotes.attachment_selectors.content_of", lambda attachment: b"Hei")
    monkeypatch.setattr("core.uploads.content_of", lambda record: b"Hei")
    monkeypatch.setattr("quotes.typesetting._compiled", lambda data, output: (b"page",))
    monkeypatch.setattr("crm.api.SchemaView._get_schema_response", lambda self, request: Response({}))


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
def is_seen(world: World, name: str, fault: str) -> bool:
    """Whether a fault like this is among those of the address."""
    return any(re.search(fault, found) for found in matrix.wrong_cells(world, name, POLICY[name]))


@pytest.mark.parametrize("name", ["account_edit", "contact_remove", "quote_change", "api:quote-send"])
def test_it_sees_a_policy_that_lets_everybody_edit(name: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_policies, "may_edit", lambda user, account: True)
    assert is_seen(world, name, "POST of a record of the team by sales_rep, as .*: should be forbidden, is (2|3)")


@pytest.mark.parametrize(
    ("name", "queryset"),
    [("account_page", AccountQuerySet), ("api:account-sites", AccountQuerySet), ("quote_page", QuoteQuerySet)],
)
def test_it_sees_a_query_that_shows_everything(
    name: str, queryset: Any, world: World, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(queryset, "visible_to", lambda self, user: self)
    prepared.forget()
    request.addfinalizer(prepared.forget)
    assert is_seen(world, name, "GET of a record of another unit by sales_rep, as .*: should be not found, is 200")


def test_it_sees_a_part_that_is_found_under_any_record(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.services._contact", lambda account, pk: account.contacts.model.objects.filter(pk=pk).first())
    assert is_seen(
        world, "contact_remove", "POST of a record the own one with a part of another's by sales_rep, as .*: should be"
    )


def test_it_sees_a_refusal_that_tells_what_there_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(user: User, account_id: int) -> Account:
        if not Account.objects.visible_to(user).filter(pk=account_id).exists() and Account.objects.filter(pk=account_id).exists():
            raise NotAllowed
        return account_for(user, account_id)

    account_for = account_selectors.account_for
    monkeypatch.setattr(account_selectors, "account_for", tell)
    assert is_seen(world, "account_page", "of another unit by sales_rep, as .*: should be not found, is 403")
    assert is_seen(world, "account_page", "of another unit by sales_rep, as .*: can be told from a missing record")


def test_it_sees_a_refusal_that_changes_something(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def note(user: User, account: Account) -> bool:
        events.record(account, "asked", by=user)
        return may_edit(user, account)

    may_edit = account_policies.may_edit
    monkeypatch.setattr(account_policies, "may_edit", note)
    assert is_seen(world, "account_edit", "POST of a record of the team by sales_rep, as .*: changes core_event")


def test_it_sees_a_page_that_changes_something(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def count(account: Account) -> list[Any]:
        Account.objects.filter(pk=account.pk).update(notes="seen")
        return []

    monkeypatch.setattr(account_selectors, "master_facts", count)
    assert is_seen(world, "account_page", "HEAD of a record own by finance, as .*: changes accounts_account")


def test_it_sees_a_door_that_is_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "may_enter", lambda user, declared: user.is_authenticated)
    assert is_seen(world, "sync_list", "GET of a record there by sales_rep, as .*: should be forbidden, is 200")
    assert is_seen(world, "api:opportunity-list", "GET of a record there by finance, as a program: should be forbidden, is 200")


def test_it_sees_a_margin_that_is_shown_to_everybody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quote_policies, "may_see_margin", lambda user: True)
    assert is_seen(world, "quote_page", r"GET of a record own by sales_support, as \w+: tells .*22.3%")
    assert is_seen(world, "api:quote-detail", r"GET of a record .* by presales, as a program: tells .*22.29")


def test_it_sees_a_token_to_read_that_writes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Declared, "has_permission", lambda self, request, view: bool(request.user.is_authenticated))
    assert is_seen(world, "api:quote-cancel", "own by sales_rep, as a program that may read: should be forbidden, is 200")


def test_it_sees_an_action_that_declares_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(QuoteEndpoint.access, "cancel")
    assert is_seen(world, "api:quote-cancel", "own by sales_rep, as a program: should be allowed, raised ImproperlyConfigured")


def test_it_sees_a_method_that_is_not_in_the_table(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = matrix.addresses()["quote_line_remove"]
    monkeypatch.setattr(pattern, "callback", access.signed_in(pattern.callback.__wrapped__))
    assert is_seen(world, "quote_line_remove", "by sales_rep, as .*: should be no such method, is")
    assert is_seen(world, "quote_line_remove", "by presales, as .*: should be forbidden, is 422")


def test_it_sees_an_address_that_is_in_no_table(world: World, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.access_hole_urls"
    assert matrix.wrong_rows() == ["forgotten: not in the table"]
    found = matrix.wrong_cells(world, "forgotten", page(SIGNED_IN))
    assert any("GET of a record there by sales_rep" in fault and "raised ImproperlyConfigured" in fault for fault in found)


def test_it_sees_a_row_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POLICY, "gone", page(SIGNED_IN))
    assert matrix.wrong_rows() == ["gone: in the table, but there is no such address"]


def test_it_sees_a_flow_that_can_be_changed_in_the_admin(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def anybody(self: Any, request: HttpRequest, obj: Quote | None = None) -> bool:
        return True

    monkeypatch.setattr(RunAdmin, "has_change_permission", anybody)
    assert any("change/ by data_steward should be refused" in fault for fault in admin.wrong_admin_cells(world, "approvals.Run"))
