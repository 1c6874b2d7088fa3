"""Pages of prospects: making one, answering proposals, merging, and where a merged one leads."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from accounts import merging, prospects, selectors
from accounts.models import Account, AccountMerge, LinkProposal
from accounts.tests.factories import AccountFactory, ContactFactory
from core import clock
from users.models import User
from users.tests.programs import Program

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]
TYPING = {"HX-Request": "true", "HX-Target": "matches"}
NEW = "/accounts/new/"


def as_user(user: User, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    User.objects.filter(pk=user.pk).update(language=language)
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def prospect(owner: User, name: str = "Äyräs Oy", **values: Any) -> Account:
    return AccountFactory(owner=owner, name=name, is_prospect=True, parent_customer_id=None, **values)


def proposal(people: SimpleNamespace, **values: Any) -> LinkProposal:
    loser = prospect(people.owner, **values)
    return LinkProposal.objects.create(prospect=loser, account=people.account, match="name", made_at=clock.now())


def merged(people: SimpleNamespace, name: str = "Äyräs Oy") -> AccountMerge:
    loser = prospect(people.owner, name)
    return merging.account_merge(survivor_id=people.account.pk, loser_id=loser.pk, by=people.owner)


# --- New prospect -----------------------------------------------------------------------------------------------------
@pytest.mark.req("S0.25")
def test_a_prospect_is_made_and_shown(people: SimpleNamespace) -> None:
    client = as_user(people.owner)
    assert f'href="{NEW}"' in text_of(client.get("/accounts/"))
    assert 'value="FI"' in text_of(client.get(NEW))

    answer = client.post(NEW, {"name": "Äyräs Oy", "city": "Turku", "country": "FI", "language": "fi"}, follow=True)

    made = Account.objects.get(name="Äyräs Oy")
    assert answer.redirect_chain == [(reverse("account_page", args=[made.pk]), 302)]
    assert "Basic facts" in text_of(answer)
    assert "Prospect</span>" in text_of(client.get("/accounts/"))


def test_those_who_only_look_are_not_offered_a_new_one(people: SimpleNamespace) -> None:
    assert NEW not in text_of(as_user(people.finance).get("/accounts/"))


@pytest.mark.req("S2.33")
def test_matches_show_while_somebody_types_and_tell_no_more_than_they_may(people: SimpleNamespace) -> None:
    own = AccountFactory(owner=people.colleague, name="Kala Oy")
    hidden = AccountFactory(owner=people.stranger, name="Kala Ab", city="Salainen", parent_customer_id="S3CR3T")
    client = as_user(people.owner)

    part = client.get(NEW, {"name": "kala", "business_id": "", "vat_number": ""}, headers=TYPING)

    text = text_of(part)
    assert text.startswith('<div id="matches"')
    assert f'<a href="{reverse("account_page", args=[own.pk])}">Kala Oy</a>' in text
    assert f"a customer of another team, owner: {people.stranger.display_name}" in text
    assert "same name" in text
    assert 'name="is_other"' in text
    assert not any(secret in text for secret in ("Salainen", "S3CR3T", f"/accounts/{hidden.pk}/"))
    assert "HX-Target" in part["Vary"]
    assert text_of(client.get(NEW, {"name": "Siika"}, headers=TYPING)) == '<div id="matches" role="status"></div>'


def test_without_script_matches_show_on_saving_and_what_was_typed_stays(people: SimpleNamespace) -> None:
    AccountFactory(owner=people.stranger, name="Kala Oy")
    client, data = as_user(people.owner), {"name": "KALA", "street": "Rantatie 1", "country": "FI"}

    refused = client.post(NEW, data)

    assert refused.status_code == 422
    assert {"Rantatie 1", "KALA"} <= set(re.findall(r'value="([^"]*)"', refused.content.decode()))
    assert "Say that it is another company" in text_of(refused)
    assert not Account.objects.filter(is_prospect=True).exists()
    assert client.post(NEW, {**data, "is_other": "on"}).status_code == 302
    assert Account.objects.get(is_prospect=True).street == "Rantatie 1"


@pytest.mark.parametrize(
    ("typed", "blamed"),
    [({"name": ""}, "name"), ({"name": "A", "business_id": "1"}, "business_id"), ({"name": "A", "language": "x"}, "language")],
)
def test_the_field_to_blame_is_marked(people: SimpleNamespace, typed: dict[str, str], blamed: str) -> None:
    answer = as_user(people.owner).post(NEW, {"country": "FI", **typed})

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [blamed])
    assert Account.objects.count() == 1


@pytest.mark.parametrize("query", ["name=%00", "name=" + "a" * 500, "language=%F6", "business_id=%27", "vat_number=%E2%98%83"])
def test_an_address_that_makes_no_sense_is_no_error(people: SimpleNamespace, query: str) -> None:
    assert as_user(people.owner).get(f"{NEW}?{query}").status_code == 200


def test_typing_costs_the_same_for_one_match_and_for_many(people: SimpleNamespace) -> None:
    client = as_user(people.owner)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(NEW, {"name": "Kala"}, headers=TYPING)
        return len(captured)

    AccountFactory(name="Kala Oy")
    few = queries()
    AccountFactory.create_batch(9, name="Kala Ab")
    assert queries() == few


# --- Proposals --------------------------------------------------------------------------------------------------------
@pytest.mark.req("S2.33")
def test_the_owner_is_asked_on_the_page_on_home_and_in_the_list(people: SimpleNamespace) -> None:
    row = proposal(people)
    client = as_user(people.owner)
    page = reverse("account_page", args=[row.prospect_id])

    assert "Is this a customer already?" in text_of(client.get(page))
    assert reverse("proposal_merge", args=[row.pk]) in text_of(client.get(page))
    assert "Customer already?" in text_of(client.get("/"))
    assert reverse("proposal_merge", args=[row.pk]) in text_of(client.get("/accounts/proposals/"))


def test_a_colleague_sees_the_question_and_no_buttons(people: SimpleNamespace) -> None:
    row = proposal(people)
    client = as_user(people.colleague)

    for page in (reverse("account_page", args=[row.prospect_id]), "/accounts/proposals/"):
        text = text_of(client.get(page))
        assert people.account.name in text
        assert "/decline/" not in text
    assert "Customer already?" not in text_of(client.get("/"))


def test_of_an_account_out_of_sight_only_name_and_owner_are_told(people: SimpleNamespace) -> None:
    row = proposal(people)
    Account.objects.filter(pk=people.account.pk).update(owner=people.stranger, unit=None, parent_customer_id="S3CR3T")
    client = as_user(people.owner)

    text = text_of(client.get(reverse("account_page", args=[row.prospect_id])))

    assert f"a customer of another team, owner: {people.stranger.display_name}" in text
    assert "A manager or a data steward who sees both can merge them." in text
    assert "S3CR3T" not in text
    for answer in (client.get(reverse("proposal_merge", args=[row.pk])), client.post(reverse("proposal_merge", args=[row.pk]))):
        assert answer.status_code == 403
        assert "S3CR3T" not in answer.content.decode()
    assert not AccountMerge.objects.exists()


def test_a_no_is_one_click_and_is_taken_back_by_another(people: SimpleNamespace) -> None:
    row = proposal(people)
    client = as_user(people.owner)

    declined = client.post(reverse("proposal_decline", args=[row.pk]), follow=True)
    assert declined.redirect_chain == [(f"/accounts/proposals/?declined={row.pk}", 302)]
    assert "are not the same: this is not asked again." in text_of(declined)
    assert "Nothing to compare" in text_of(declined)

    client.post(reverse("proposal_reopen", args=[row.pk]))
    assert LinkProposal.objects.get().status == "open"
    for key in ("x", "999999", str(row.pk), "9" * 30):
        assert "not asked again" not in text_of(client.get("/accounts/proposals/", {"declined": key}))


def test_the_preview_shows_what_follows_what_is_filled_and_what_differs(people: SimpleNamespace) -> None:
    row = proposal(people, city="Oulu", notes="Soita aamulla")
    ContactFactory.create_batch(2, account=row.prospect)
    Account.objects.filter(pk=people.account.pk).update(city="Turku")

    text = text_of(as_user(people.owner).get(reverse("proposal_merge", args=[row.pk])))

    assert "<li>Contacts: 2</li>" in text
    assert '<li>Notes: <span class="pre-line">Soita aamulla</span></li>' in text
    assert re.search(r">City</td><td[^>]*>Turku</td><td[^>]*>Oulu</td>", text)
    assert not AccountMerge.objects.exists()


def test_a_preview_costs_the_same_for_few_and_for_many(people: SimpleNamespace) -> None:
    row = proposal(people)
    client = as_user(people.owner)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("proposal_merge", args=[row.pk])).status_code == 200
        return len(captured)

    ContactFactory(account=row.prospect)
    few = queries()
    ContactFactory.create_batch(20, account=row.prospect)
    assert queries() == few


# --- Merging ----------------------------------------------------------------------------------------------------------
def versions(row: LinkProposal) -> dict[str, int]:
    return {"survivor_version": row.account.version, "loser_version": row.prospect.version}


@pytest.mark.req("S2.33")
def test_a_merge_leads_to_the_customer_which_shows_it_and_the_way_back(people: SimpleNamespace) -> None:
    row = proposal(people)
    client = as_user(people.owner)

    answer = client.post(reverse("proposal_merge", args=[row.pk]), versions(row), follow=True)

    merge = AccountMerge.objects.get()
    assert answer.redirect_chain == [(reverse("account_page", args=[people.account.pk]), 302)]
    assert "Äyräs Oy is now part of this account." in text_of(answer)
    back = reverse("merge_undo", args=[people.account.pk, merge.pk])
    assert back in text_of(answer)

    undone = client.post(back, follow=True)
    assert undone.redirect_chain == [(reverse("account_page", args=[row.prospect_id]), 302)]
    assert "Merged into this account" not in text_of(client.get(reverse("account_page", args=[people.account.pk])))


@pytest.mark.parametrize("change", [{"survivor_version": 7}, {"loser_version": 7}, {"loser_version": ""}])
def test_a_merge_names_the_versions_that_were_shown(people: SimpleNamespace, change: dict[str, Any]) -> None:
    row = proposal(people)

    assert as_user(people.owner).post(reverse("proposal_merge", args=[row.pk]), {**versions(row), **change}).status_code == 409
    assert not AccountMerge.objects.exists()


def test_what_is_answered_is_not_merged_from_an_old_page(people: SimpleNamespace) -> None:
    row = proposal(people)
    prospects.proposal_decline(proposal_id=row.pk, by=people.owner)
    client, address = as_user(people.owner), reverse("proposal_merge", args=[row.pk])

    assert client.post(address, versions(row)).status_code == 409
    assert client.get(address)["Location"] == reverse("account_page", args=[row.prospect_id])
    assert not AccountMerge.objects.exists()


def test_a_colleague_is_not_offered_the_way_back(people: SimpleNamespace) -> None:
    merge = merged(people)
    back = reverse("merge_undo", args=[people.account.pk, merge.pk])
    client = as_user(people.colleague)

    assert back not in text_of(client.get(reverse("account_page", args=[people.account.pk])))
    assert client.post(back).status_code == 403
    assert AccountMerge.objects.get().undone_at is None


# --- Where a merged one is --------------------------------------------------------------------------------------------
@pytest.mark.req("S2.33")
def test_a_merged_prospect_is_in_no_list_and_no_search(people: SimpleNamespace) -> None:
    merge = merged(people, "Harvinainen Oy")
    client = as_user(people.owner)

    assert "Harvinainen" not in text_of(client.get("/accounts/"))
    assert "Harvinainen" not in text_of(client.get("/accounts/?q=harvinainen"))
    assert 'value="merged"' not in text_of(client.get("/accounts/"))
    assert "Harvinainen" not in client.post("/accounts/export/", {"format": "csv"}).getvalue().decode()
    assert selectors.account_search(people.owner, "harvinainen") == []
    assert selectors.accounts_to_quote(people.owner, merge.loser_id).first() is None
    assert "Harvinainen" not in text_of(client.get(NEW, {"name": "Harvinainen"}, headers=TYPING)).replace(
        'value="Harvinainen"', ""
    )


@pytest.mark.req("S2.33")
def test_its_address_leads_to_what_it_became_over_several_merges(people: SimpleNamespace) -> None:
    middle, first = prospect(people.owner, "Keski Oy"), prospect(people.owner, "Eka Oy")
    merging.account_merge(survivor_id=middle.pk, loser_id=first.pk, by=people.owner)
    merging.account_merge(survivor_id=people.account.pk, loser_id=middle.pk, by=people.owner)

    for account in (first, middle):
        page = reverse("account_page", args=[account.pk])
        assert as_user(people.owner).get(page)["Location"] == reverse("account_page", args=[people.account.pk])
        assert as_user(people.stranger).get(page).status_code == 404
        edit = reverse("account_edit", args=[account.pk, "notes"])
        assert as_user(people.owner).post(edit, {"version": "2", "notes": "x"}).status_code == 404


@pytest.mark.req("S2.33")
def test_programs_are_led_on_too(people: SimpleNamespace) -> None:
    merge = merged(people)
    program = Program(people.owner)
    gone, there = (f"/api/v1/accounts/{pk}/" for pk in (merge.loser_id, merge.survivor_id))

    for part in ("", "contacts/", "sites/"):
        answer = program.get(gone + part)
        assert (answer.status_code, answer["Location"].partition("/api/")[2]) == (307, (there + part).removeprefix("/api/"))
    written = program.patch(gone, {"notes": "x"})
    assert (written.status_code, written.json()["code"]) == (409, "wrong_state")
    assert str(merge.survivor_id) in written.json()["detail"]
    assert Program(people.stranger).get(gone).status_code == 404
    assert merge.loser_id not in [row["id"] for row in program.get("/api/v1/accounts/").json()["results"]]


# --- In Finnish -------------------------------------------------------------------------------------------------------
def test_the_pages_speak_finnish(people: SimpleNamespace) -> None:
    row = proposal(people, city="Oulu")
    AccountFactory(owner=people.stranger, name="Kala Oy")
    client = as_user(people.owner, "fi")

    new = text_of(client.get(NEW, {"name": "kala"}))
    assert all(
        word in new for word in ("Uusi prospekti", "Onko kyseessä jokin näistä?", "toisen tiimin asiakas", "Tämä on eri yritys")
    )
    assert "Onko tämä jo asiakas?" in text_of(client.get(reverse("account_page", args=[row.prospect_id])))
    assert "Prospektit, jotka voivat olla asiakkaita" in text_of(client.get("/accounts/proposals/"))
    assert "Mitä siirtyy" in text_of(client.get(reverse("proposal_merge", args=[row.pk])))
    assert translation.get_language() == "en"
