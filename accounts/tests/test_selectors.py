"""Reads of accounts."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import translation

from accounts import selectors
from accounts.models import Account, AccountStatus, SurvivorshipRule
from accounts.survivorship import DEFAULTS, FieldRule, Rule
from accounts.tests.factories import AccountFactory, CategoryTma2Factory, IndustryFactory, MasterRecordFactory
from core import clock
from core.paging import keyset
from core.tests.factories import JobRunFactory
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


def facts_of(account: Account) -> dict[str, selectors.Fact]:
    return {fact.field: fact for fact in selectors.master_facts(account)}


def test_a_fact_tells_where_it_comes_from(people: SimpleNamespace) -> None:
    first, later = JobRunFactory(finished_at=clock.now()), JobRunFactory()
    MasterRecordFactory(
        account=people.account,
        values={"city": "Helsinki", "yearly_revenue": "1234.5", "name": ""},
        run=later,
        first_run=first,
        runs={"city": later.pk},
    )

    facts = facts_of(people.account)

    assert list(facts) == list(people.account.MASTER_FIELDS)
    assert (facts["city"].master_label, facts["city"].rule) == ("Helsinki", "largest volume by postcode")
    assert (facts["city"].at, facts["name"].at) == (later.started_at, first.finished_at)
    assert (facts["city"].is_from_master, facts["owner"].is_from_master) == (True, False)
    assert (facts["yearly_revenue"].master_label, facts["name"].master_label) == ("€1,234.50", "")
    assert (facts["owner"].rule, facts["owner"].at) == ("", None)


def test_the_label_of_a_code_is_that_of_its_row(people: SimpleNamespace, django_assert_num_queries: Any) -> None:
    people.account.industry = IndustryFactory(code="bakery")
    CategoryTma2Factory(code="dairy")
    record = MasterRecordFactory(account=people.account, values={"industry": "bakery", "tma2": "dairy", "region": "gone"})

    with django_assert_num_queries(6):  # codes that the account does not have cost one more, however many they are
        facts = facts_of(people.account)
    labels = [facts[field].master_label for field in ("industry", "tma2", "region", "channel")]
    assert labels == ["English bakery", "English dairy", "gone", ""]

    with translation.override("fi"):
        assert facts_of(people.account)["tma2"].master_label == "Suomi dairy"
    record.values = {"industry": "bakery"}
    record.save()
    with django_assert_num_queries(5):
        selectors.master_facts(people.account)


@pytest.mark.req("S0.45")
def test_the_owner_is_named_by_the_user_with_the_number_else_by_the_master(people: SimpleNamespace) -> None:
    people.colleague.salesperson_id = "S2"
    people.colleague.save()
    record = MasterRecordFactory(account=people.account, values={"owner": "S2", "owner_name": "Colleague, once"})
    assert facts_of(people.account)["owner"].master_label == people.colleague.display_name

    record.values = {"owner": "S3", "owner_name": "Myyjä, Maija"}
    record.save()
    assert facts_of(people.account)["owner"].master_label == "Myyjä, Maija"


def test_the_rules_in_force_are_the_usual_ones_but_for_those_that_were_changed() -> None:
    SurvivorshipRule.objects.create(field="industry", rule=Rule.FIRST, column="tma1", must_agree=True)

    rules = selectors.rules_in_force()

    assert list(rules) == list(DEFAULTS)
    assert rules["industry"] == FieldRule("industry", Rule.FIRST, "tma1", must_agree=True)
    assert {field: rule for field, rule in rules.items() if rule != DEFAULTS[field]} == {"industry": rules["industry"]}


def test_lists_can_be_ordered_by_what_belongs_to_a_row(people: SimpleNamespace, rf) -> None:
    AccountFactory.create_batch(4, owner=people.colleague)
    shown: list[Account] = []
    query, order = "", ("-owner__display_name", "pk")
    for _ in range(3):
        page = keyset(Account.objects.select_related("owner"), rf.get(f"/?{query}"), order=order, per_page=2)
        shown, query = [*shown, *page.rows], page.next_query

    assert shown == list(Account.objects.order_by(*order))
    assert query == ""
