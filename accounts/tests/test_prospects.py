"""Prospects that people make, and proposals that they are customers of the master."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import prospect_selectors, prospects, services
from accounts.models import Account, AccountTeamMember, LinkProposal
from accounts.tests.factories import AccountFactory
from core import clock, outbox
from core.errors import DomainError, Invalid, NotAllowed, NotFound, WrongState
from core.models import Event, OutboxMessage
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def make(by: Any, *, is_other: bool = False, **values: str) -> Account:
    return prospects.prospect_create(by=by, values={"name": "Uusi Asiakas Oy", **values}, is_other=is_other)


def prospect(owner: Any, name: str = "Äyräs Oy", **values: Any) -> Account:
    return AccountFactory(owner=owner, name=name, is_prospect=True, parent_customer_id=None, **values)


# --- Making -----------------------------------------------------------------------------------------------------------
@pytest.mark.req("S0.25")
def test_a_prospect_is_its_makers_and_has_no_customer_number(people: SimpleNamespace) -> None:
    made = make(
        people.owner,
        name="  Äyräs   Oy ",
        business_id="20774740",
        vat_number="fi 2077474-0",
        city="Turku",
        country="fi",
        language="fi",
    )

    stored = Account.objects.get(pk=made.pk)
    assert (stored.name, stored.business_id, stored.vat_number) == ("Äyräs Oy", "2077474-0", "FI20774740")
    assert (stored.city, stored.country, stored.language) == ("Turku", "FI", "fi")
    assert (stored.owner, stored.unit, stored.is_prospect) == (people.owner, people.owner.team.unit, True)
    assert (stored.parent_customer_id, stored.status, stored.match_key) == (None, "active", "ayras")
    assert stored.history.count() == 1
    assert (Event.objects.get().verb, Event.objects.get().by) == ("created prospect", people.owner)


@pytest.mark.parametrize(
    ("values", "blamed"),
    [
        ({"name": " "}, "name"),
        ({"name": "!?"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"business_id": "1234567-8"}, "business_id"),
        ({"business_id": "1234567-8", "country": "FI"}, "business_id"),
        ({"vat_number": "FI12345678"}, "vat_number"),
        ({"vat_number": "12345678"}, "vat_number"),
        ({"country": "Suomi"}, "country"),
        ({"language": "sv"}, "language"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(people: SimpleNamespace, values: dict[str, str], blamed: str) -> None:
    with pytest.raises(Invalid) as refused:
        make(people.owner, **values)

    assert list(refused.value.fields) == [blamed]
    assert Account.objects.count() == 1
    assert not Event.objects.exists()


def test_a_foreign_company_has_a_number_of_its_own_kind(people: SimpleNamespace) -> None:
    assert make(people.owner, business_id="HRB 1234 B", country="DE", vat_number="NO 123 456 789").vat_number == "NO123456789"


def test_those_who_do_not_keep_accounts_make_no_prospects(people: SimpleNamespace) -> None:
    for who in (people.finance, people.nobody):
        with pytest.raises(NotAllowed):
            make(who)
    assert Account.objects.count() == 1


@pytest.mark.req("S0.25")
@pytest.mark.req("S2.33")
@pytest.mark.parametrize(
    "values", [{"name": "TOINEN & nimi oy", "business_id": "20774740"}, {"vat_number": "FI 20774740"}, {"name": "AYRAS AB"}]
)
def test_a_second_one_is_made_only_if_it_is_said_to_be_another_company(people: SimpleNamespace, values: dict[str, str]) -> None:
    AccountFactory(owner=people.stranger, name="Oy Äyräs", business_id="2077474-0", vat_number="FI20774740")

    with pytest.raises(Invalid) as refused:
        make(people.owner, **values)
    assert list(refused.value.fields) == ["is_other"]
    assert Account.objects.count() == 2

    assert make(people.owner, is_other=True, **values).is_prospect
    assert Event.objects.get().data == {"despite": ["Oy Äyräs"]}


# --- Duplicates -------------------------------------------------------------------------------------------------------
def test_a_duplicate_says_why_and_of_another_team_only_name_and_owner(people: SimpleNamespace) -> None:
    own = AccountFactory(owner=people.colleague, name="Kala Oy", business_id="2077474-0")
    AccountFactory(owner=people.stranger, name="KALA Ab", city="Salainen")
    AccountFactory(owner=None, name="Kala Ltd")

    found = prospect_selectors.duplicates(people.owner, name="Kala", business_id="20774740")

    assert [(row.pk, row.name, row.owner, [str(why) for why in row.why]) for row in found] == [
        (own.pk, "Kala Oy", people.colleague.display_name, ["same business ID", "same name"]),
        (None, "KALA Ab", people.stranger.display_name, ["same name"]),
        (None, "Kala Ltd", "", ["same name"]),
    ]
    assert prospect_selectors.duplicates(people.owner) == prospect_selectors.duplicates(people.owner, name="!") == []


def test_duplicates_are_found_in_two_queries_by_indexes(people: SimpleNamespace, django_assert_num_queries: Any) -> None:
    AccountFactory.create_batch(12, owner=people.owner, name="Kala Oy")

    assert people.owner.permissions  # read once for each request
    with django_assert_num_queries(2) as queries:
        found = prospect_selectors.duplicates(people.owner, name="kala", business_id="2077474-0", vat_number="FI20774740")

    assert len(found) == 10
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + queries[0]["sql"])
            plan = str(cursor.fetchall())
        assert all(f"account_by_{name}" in plan for name in ("business_key", "vat_key", "match_key")), plan


def test_only_what_was_typed_is_named_as_the_reason(people: SimpleNamespace) -> None:
    AccountFactory(owner=people.owner, business_id="2077474-0", vat_number="FI20774740")

    def why(**typed: str) -> list[str]:
        [found] = prospect_selectors.duplicates(people.owner, **typed)
        return [str(reason) for reason in found.why]

    assert why(business_id="2077474-0") == ["same business ID"]
    assert why(vat_number="FI20774740") == ["same VAT number"]
    assert why(business_id="20774740", vat_number="FI20774740") == ["same business ID", "same VAT number"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Kuuns", ["Kuunsilta Oy", "Kuunsäde Oy"]), ("Kuunsi", ["Kuunsilta Oy"]), ("Kuunsilta", ["Kuunsilta Oy"]),
        ("Kuunsilta O", ["Kuunsilta Oy"]), ("Kuunsilta Oy", ["Kuunsilta Oy"]), ("Kuunsilta Ra", []), ("Kuun", []), ("K u", []),
        ("Kuuns%", ["Kuunsilta Oy", "Kuunsäde Oy"]), ("Kuun_ilta", []),
    ],
)  # fmt: skip
def test_the_beginning_of_a_name_matches_while_somebody_types(people: SimpleNamespace, typed: str, found: list[str]) -> None:
    for name in ("Kuunsilta Oy", "Kuunsäde Oy"):
        AccountFactory(owner=people.owner, name=name)

    typing = prospect_selectors.duplicates(people.owner, name=typed, is_typing=True)
    assert [row.name for row in typing] == found
    assert [row.name for row in prospect_selectors.duplicates(people.owner, name="Kuunsi")] == []


@pytest.mark.postgresql
def test_the_beginning_of_a_name_is_found_by_the_index(people: SimpleNamespace) -> None:
    with CaptureQueriesContext(connection) as queries:
        prospect_selectors.duplicates(people.owner, name="Kuuns", business_id="2077474-0", is_typing=True)

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_indexscan = off")  # of another index, to its end, which few rows make as cheap
        cursor.execute("EXPLAIN " + queries[0]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "~>=~ 'kuuns'" in plan, plan
    assert "Seq Scan on accounts_account" not in plan


# --- Names to match by ------------------------------------------------------------------------------------------------
def test_the_key_follows_the_name_in_every_service(people: SimpleNamespace) -> None:
    services.account_override(account_id=people.account.pk, by=people.owner, version=1, field="name", value="Äijä Oy", reason="r")

    assert Account.objects.get(pk=people.account.pk).match_key == "aija"


def test_the_key_is_no_part_of_the_history() -> None:
    assert "match_key" not in {field.name for field in Account.history.model._meta.fields}


# --- Proposals --------------------------------------------------------------------------------------------------------
def propose(*accounts: Account) -> int:
    return prospects.link_proposals_make(account_ids=[row.pk for row in accounts], by=None, at=clock.now())


@pytest.mark.req("S2.33")
@pytest.mark.req("S0.28")
def test_prospects_are_proposed_by_number_first_then_by_name(people: SimpleNamespace) -> None:
    all_three = prospect(people.owner, business_id="2077474-0", vat_number="FI20774740")
    by_vat = prospect(people.owner, "Muu Nimi Oy", vat_number="FI20774740")
    by_name = prospect(people.colleague, "AYRAS Ab", status="inactive")
    prospect(people.owner, "Aivan Muu Oy", business_id="0737546-2")
    account = AccountFactory(name="Äyräs", business_id="2077474-0", vat_number="FI20774740")

    assert propose(account, people.account) == 3

    made = LinkProposal.objects.order_by("prospect").values_list("prospect", "account", "match", "status")
    assert list(made) == [
        (all_three.pk, account.pk, "business_id", "open"),
        (by_vat.pk, account.pk, "vat_number", "open"),
        (by_name.pk, account.pk, "name", "open"),
    ]


@pytest.mark.parametrize("every", [True, False])
@pytest.mark.parametrize(
    ("ours", "masters", "match"),
    [
        ({"vat_number": "SE556016068001"}, {"vat_number": "SE 556016-0680 01"}, "vat_number"),
        ({"vat_number": "FI20774740"}, {"business_id": "2077474-0"}, "business_id"),
        ({"business_id": "0112038-9"}, {"vat_number": "FI01120389"}, "vat_number"),
        ({"vat_number": "FI20774740"}, {"vat_number": "fi20774740"}, "vat_number"),
        ({"business_id": "556016-0680", "country": "SE"}, {"business_id": "5560160680"}, "business_id"),
    ],
)
def test_numbers_match_however_they_are_written(
    people: SimpleNamespace, ours: dict[str, str], masters: dict[str, str], match: str, every: bool
) -> None:
    prospect(people.owner, "Aivan Muu Oy", **ours)
    account = AccountFactory(**masters)
    AccountFactory(business_id="20774741", vat_number="FI", name="Kolmas")

    assert prospects.link_proposals_make(account_ids=None if every else [account.pk], by=None, at=clock.now()) == 1
    assert LinkProposal.objects.get().match == match
    found = prospect_selectors.duplicates(
        people.steward, **{name: masters.get(name, "") for name in ("business_id", "vat_number")}
    )
    assert {row.name for row in found} == {"Aivan Muu Oy", account.name}


def test_all_accounts_are_compared_where_none_is_named(people: SimpleNamespace) -> None:
    prospect(people.owner)
    AccountFactory(name="Äyräs Ab")

    assert prospects.link_proposals_make(account_ids=None, by=people.steward, at=clock.now()) == 1


def test_a_pair_is_proposed_once_whatever_became_of_it(people: SimpleNamespace) -> None:
    prospect(people.owner)
    account = AccountFactory(name="Äyräs Ab")
    assert propose(account) == 1
    prospects.proposal_decline(proposal_id=LinkProposal.objects.get().pk, by=people.owner)

    assert propose(account) == 0
    assert OutboxMessage.objects.count() == 1


def test_prospects_are_not_proposed_for_each_other_nor_blank_for_blank(people: SimpleNamespace) -> None:
    first, _second = prospect(people.owner), prospect(people.colleague)
    AccountFactory(name="Muu")

    assert propose(first) == prospects.link_proposals_make(account_ids=None, by=None, at=clock.now()) == 0


def queries_to_propose(number: int, owners: list[Any]) -> int:
    accounts = []
    for place in range(number):
        prospect(owners[place % len(owners)], f"Firma {number} {place}")
        accounts.append(AccountFactory(name=f"Firma {number} {place} Oy"))
    with CaptureQueriesContext(connection) as queries:
        assert propose(*accounts) == number
    return len(queries)


def test_proposing_costs_the_same_for_few_and_for_many(people: SimpleNamespace) -> None:
    owners = [people.owner, people.colleague, people.stranger]

    assert queries_to_propose(2, owners) == queries_to_propose(30, owners)


# --- Mail -------------------------------------------------------------------------------------------------------------
@pytest.mark.req("S2.33")
def test_each_owner_gets_one_mail_per_call(people: SimpleNamespace) -> None:
    for name in ("Äyräs Oy", "Kala Oy"):
        prospect(people.owner, name)
    prospect(people.stranger, "Voi Oy")
    prospect(UserFactory(roles=["sales_rep"], is_active=False), "Maito Oy")
    prospect(None, "Leipä Oy")
    propose(*(AccountFactory(name=name) for name in ("Äyräs", "Kala", "Voi", "Maito", "Leipä")))

    assert outbox.drain() == 2

    ours, theirs = sorted(mail.outbox, key=lambda sent: sent.to != [people.owner.email])
    assert ours.to == [people.owner.email]
    assert ours.subject == "2 prospects may be accounts of the customer master"
    assert "- Äyräs Oy = Äyräs (same name)\n- Kala Oy = Kala (same name)" in ours.body
    assert "/accounts/proposals/" in ours.body
    assert "Kala Oy" in str(ours.alternatives[0][0])
    assert theirs.subject == "Voi Oy may be an account of the customer master"
    assert f"/accounts/{LinkProposal.objects.get(prospect__name='Voi Oy').prospect_id}/" in theirs.body


def test_nothing_is_mailed_once_it_is_answered(people: SimpleNamespace) -> None:
    prospect(people.owner)
    propose(AccountFactory(name="Äyräs"))
    prospects.proposal_decline(proposal_id=LinkProposal.objects.get().pk, by=people.owner)

    outbox.drain()

    assert mail.outbox == []


# --- Answers ----------------------------------------------------------------------------------------------------------
def proposal(owner: Any, **values: Any) -> LinkProposal:
    account = AccountFactory(name="Äyräs Ab", owner=owner)
    return LinkProposal.objects.create(prospect=prospect(owner, **values), account=account, match="name", made_at=clock.now())


def test_a_no_is_taken_back(people: SimpleNamespace) -> None:
    row = proposal(people.owner)

    declined = prospects.proposal_decline(proposal_id=row.pk, by=people.owner)
    assert (declined.status, declined.decided_by) == ("declined", people.owner)
    assert list(prospect_selectors.open_proposals(people.owner)) == []
    with pytest.raises(WrongState):
        prospects.proposal_decline(proposal_id=row.pk, by=people.owner)

    reopened = prospects.proposal_reopen(proposal_id=row.pk, by=people.owner)
    assert (reopened.status, reopened.decided_by, reopened.decided_at) == ("open", None, None)
    with pytest.raises(WrongState):
        prospects.proposal_reopen(proposal_id=row.pk, by=people.owner)
    assert list(Event.objects.order_by("pk").values_list("verb", flat=True)) == ["declined link", "reopened link"]


@pytest.mark.parametrize(("who", "refusal"), [("colleague", NotAllowed), ("finance", NotAllowed), ("stranger", NotFound)])
def test_answers_are_for_those_who_manage_the_prospect(people: SimpleNamespace, who: str, refusal: type[DomainError]) -> None:
    row = proposal(people.owner)

    with pytest.raises(refusal):
        prospects.proposal_decline(proposal_id=row.pk, by=getattr(people, who))

    assert LinkProposal.objects.get().status == "open"
    assert not Event.objects.exists()


def test_what_is_shown_tells_what_the_person_may_do(people: SimpleNamespace) -> None:
    row = proposal(people.owner)
    hidden = proposal(people.owner)
    Account.objects.filter(pk=hidden.account_id).update(owner=people.stranger, unit=None)
    AccountTeamMember.objects.create(account=hidden.prospect, user=people.colleague)

    def shown(user: Any) -> list[tuple[int, bool, bool, bool]]:
        rows = prospect_selectors.shown(user, list(prospect_selectors.open_proposals(user).order_by("pk")))
        return [(one.proposal.pk, one.sees_account, one.may_decide, one.may_merge) for one in rows]

    assert shown(people.owner) == [(row.pk, True, True, True), (hidden.pk, False, True, False)]
    assert shown(people.colleague) == [(row.pk, True, False, False), (hidden.pk, False, True, False)]
    assert shown(people.stranger) == []
    assert shown(people.steward) == [(row.pk, True, True, True), (hidden.pk, True, True, True)]
