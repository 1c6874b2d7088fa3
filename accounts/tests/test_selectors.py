"""Reads of accounts."""

from types import SimpleNamespace

import pytest

from accounts import selectors
from accounts.models import Account, AccountStatus
from accounts.tests.factories import AccountFactory, MasterRecordFactory
from core.paging import keyset
from users.roles import Perm

pytestmark = pytest.mark.django_db


def test_the_type_ahead_starts_with_names_that_start_so(people: SimpleNamespace) -> None:
    for name in ("Iso Ämpäri Oy", "Ämpäri Oy", "ämpäri ja kumppanit"):
        AccountFactory(name=name, owner=people.owner)
    AccountFactory(name="Ämpäri vieras", owner=people.stranger)
    AccountFactory(name="Ämpäri vanha", owner=people.owner, status=AccountStatus.INACTIVE)
    people.account.delete()

    found = [account.name for account in selectors.account_search(people.owner, "äMPÄRI")]

    assert found == [*sorted(["Ämpäri Oy", "ämpäri ja kumppanit"]), "Iso Ämpäri Oy"]


def test_the_type_ahead_takes_any_text_as_text(people: SimpleNamespace) -> None:
    for text in ("%", "_", "\x00", "' OR 1=1 --", "\\"):
        assert selectors.account_search(people.owner, text) in ([], [people.account])
    assert selectors.account_search(people.owner, "%") == []


def test_the_type_ahead_is_one_query_and_has_a_limit(people: SimpleNamespace, django_assert_num_queries) -> None:
    AccountFactory.create_batch(8, owner=people.owner)
    assert people.owner.may(Perm.ACCOUNT_VIEW)

    with django_assert_num_queries(1):
        assert len(selectors.account_search(people.owner, "oy", limit=5)) == 5


def test_a_fact_tells_where_it_comes_from(people: SimpleNamespace) -> None:
    stored = {"value": "HEL", "label": "Helsinki", "rule": "highest revenue", "run": 1, "at": "2026-11-20T09:00:00+00:00"}
    MasterRecordFactory(
        account=people.account, values={"city": stored, "yearly_revenue": {**stored, "value": "1234.5", "label": ""}}
    )

    facts = {fact.field: fact for fact in selectors.master_facts(people.account)}

    assert list(facts) == list(people.account.MASTER_FIELDS)
    assert (facts["city"].master_label, facts["city"].rule, facts["city"].is_from_master) == ("Helsinki", "highest revenue", True)
    assert facts["yearly_revenue"].master_label == "€1,234.50"
    assert facts["owner"].is_from_master is False


def test_lists_can_be_ordered_by_what_belongs_to_a_row(people: SimpleNamespace, rf) -> None:
    AccountFactory.create_batch(4, owner=people.colleague)
    shown: list[Account] = []
    query, order = "", ("-owner__display_name", "pk")
    for _ in range(3):
        page = keyset(Account.objects.select_related("owner"), rf.get(f"/?{query}"), order=order, per_page=2)
        shown, query = [*shown, *page.rows], page.next_query

    assert shown == list(Account.objects.order_by(*order))
    assert query == ""
