"""Pages of accounts."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, AccountStatus, Contact, FieldOverride, MasterConflict
from accounts.tests.factories import (
    AccountFactory,
    CategoryTma2Factory,
    ContactFactory,
    MasterRecordFactory,
    PaymentTermFactory,
    PaymentTermRuleFactory,
    SiteFactory,
)
from core import clock
from core.tests.factories import JobRunFactory
from users.models import User
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]
HTMX = {"HX-Request": "true"}


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(people: SimpleNamespace, name: str = "account_page", *arguments: Any) -> str:
    return reverse(name, args=[people.account.pk, *arguments])


# --- List -------------------------------------------------------------------------------------------------------------
def test_the_list_shows_what_is_in_sight(people: SimpleNamespace) -> None:
    AccountFactory(owner=people.stranger, name="Vieras Oy")

    text = as_user(people.owner).get("/accounts/").content.decode()

    assert people.account.name in text
    assert "Vieras Oy" not in text


def names(client: Client, **query: Any) -> list[str]:
    return [account.name for account in client.get("/accounts/", query).context["page"].rows]


def test_the_list_is_searched_and_filtered(people: SimpleNamespace) -> None:
    tma2 = CategoryTma2Factory()
    AccountFactory(owner=people.colleague, name="Öljy ja Äyriäinen", parent_customer_id="00123", tma2=tma2)
    AccountFactory(owner=people.owner, name="Zeta", status=AccountStatus.INACTIVE)
    client = as_user(people.owner)

    assert names(client, q="ÄYRI öljy", tma2=tma2.pk) == ["Öljy ja Äyriäinen"]
    assert names(client, q="00123") == ["Öljy ja Äyriäinen"]
    assert names(client, q="äyri", tma2=tma2.pk, owner=people.owner.pk) == []
    assert names(client, status="inactive") == ["Zeta"]
    assert names(client, owner=people.colleague.pk) == ["Öljy ja Äyriäinen"]


@pytest.mark.parametrize(
    "query", ["q=%00", "owner=999999", "tma2=x", "status=no", "cursor=%F6", "q=%25_%27--", "owner=" + "9" * 30, "q=" + "a" * 500]
)
def test_a_list_address_that_makes_no_sense_is_no_error(people: SimpleNamespace, query: str) -> None:
    assert as_user(people.owner).get(f"/accounts/?{query}").status_code == 200


def test_markup_in_names_is_shown_as_text(people: SimpleNamespace) -> None:
    AccountFactory(owner=people.owner, name="<script>alert(1)</script>")

    text = as_user(people.owner).get("/accounts/").content.decode()

    assert "<script>alert(1)</script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def queries_of(client: Client, path: str, django_assert_max_num_queries: Any) -> int:
    with django_assert_max_num_queries(100) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def test_the_list_costs_the_same_with_2_and_20_rows(people: SimpleNamespace, django_assert_max_num_queries) -> None:
    client = as_user(people.owner)
    AccountFactory(owner=people.colleague, tma2=CategoryTma2Factory())
    few = queries_of(client, "/accounts/", django_assert_max_num_queries)
    for _ in range(18):
        AccountFactory(owner=UserFactory(roles=["sales_rep"], team=people.owner.team), tma2=CategoryTma2Factory())

    assert queries_of(client, "/accounts/", django_assert_max_num_queries) == few


def test_the_next_page_keeps_the_search(people: SimpleNamespace) -> None:
    AccountFactory.create_batch(60, owner=people.owner)
    client = as_user(people.owner)

    first = client.get("/accounts/?q=oy")
    second = client.get(f"/accounts/?{first.context['page'].next_query}")

    assert len(first.context["page"].rows) == 50
    assert len(second.context["page"].rows) == 11
    assert second.context["page"].first_query == "q=oy"


# --- Page -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("who", "status"),
    [("owner", 200), ("colleague", 200), ("finance", 200), ("neighbour", 404), ("stranger", 404), ("nobody", 403)],
)
def test_an_account_out_of_sight_does_not_exist(people: SimpleNamespace, who: str, status: int) -> None:
    assert as_user(getattr(people, who)).get(page_of(people)).status_code == status


@pytest.mark.req("S0.28")
def test_each_fact_names_its_source(people: SimpleNamespace) -> None:
    MasterRecordFactory(account=people.account, values={"name": people.account.name, "city": "Turku"})
    FieldOverride.objects.create(account=people.account, field="city", by=people.owner, at=clock.now(), reason="Muutti")
    MasterConflict.objects.create(
        account=people.account,
        field="owner",
        kind="tie",
        candidates=[{"value": "S1", "label": "Repo", "revenue": "5.00"}],
        run=JobRunFactory(),
    )

    text = as_user(people.owner).get(page_of(people)).content.decode()

    assert text.count("from the customer master, ") == 1
    assert f"Set by {people.owner.display_name}, " in text
    assert "Muutti" in text
    assert "set by hand</span> Master: Turku" in " ".join(text.split())
    assert "the customer master could not decide." in text
    assert "(Repo S1: €5.00)" in text


@pytest.mark.req("S0.43")
def test_the_currency_is_shown_and_never_asked(people: SimpleNamespace) -> None:
    client = as_user(people.owner)

    assert ">EUR<" in client.get(page_of(people)).content.decode()
    assert "currency" not in client.get(page_of(people, "account_edit", "terms")).context["form"].fields


@pytest.mark.req("S0.20")
def test_the_recommended_payment_term_is_shown_with_its_reason(people: SimpleNamespace) -> None:
    PaymentTermRuleFactory(payment_term=PaymentTermFactory(days=21))

    text = as_user(people.owner).get(page_of(people)).content.decode()

    assert "21 days net: the general rule, which fits every customer." in text


def test_those_who_may_not_edit_are_offered_nothing(people: SimpleNamespace) -> None:
    assert "/override/" not in as_user(people.colleague).get(page_of(people)).content.decode()
    assert "/edit/" not in as_user(people.finance).get(page_of(people)).content.decode()


def test_the_page_costs_the_same_with_2_and_20_of_everything(people: SimpleNamespace, django_assert_max_num_queries) -> None:
    client = as_user(people.owner)
    SiteFactory.create_batch(2, account=people.account)
    ContactFactory.create_batch(2, account=people.account)
    client.get(page_of(people))  # what is read once for all pages has been read
    few = queries_of(client, page_of(people), django_assert_max_num_queries)
    SiteFactory.create_batch(18, account=people.account)
    ContactFactory.create_batch(18, account=people.account)
    for field in people.account.MASTER_FIELDS:
        FieldOverride.objects.create(account=people.account, field=field, by=people.owner, at=clock.now())

    assert queries_of(client, page_of(people), django_assert_max_num_queries) == few


# --- Manual fields ----------------------------------------------------------------------------------------------------
def terms(version: int = 1, **changes: str) -> dict[str, str]:
    blank = dict.fromkeys(("payment_term", "payment_type", "default_discount", "language", "territory"), "")
    return {**blank, "version": str(version), **changes}


def test_a_group_is_edited_in_place(people: SimpleNamespace) -> None:
    client, address = as_user(people.owner), page_of(people, "account_edit", "terms")

    form = client.get(address, headers=HTMX)
    saved = client.post(address, terms(default_discount="12,5"), headers=HTMX)

    assert form.content.decode().lstrip().startswith("<section")
    assert (saved.status_code, "12.5%" in saved.content.decode()) == (200, True)
    assert 'id="live" hx-swap-oob' in saved.content.decode()
    assert "HX-Request" in saved["Vary"]
    assert Account.objects.get(pk=people.account.pk).default_discount == Decimal("12.5")


def test_a_group_is_edited_without_script(people: SimpleNamespace) -> None:
    client, address = as_user(people.owner), page_of(people, "account_edit", "notes")

    assert "<h1" in client.get(address).content.decode()
    saved = client.post(address, {"version": "1", "notes": "Hei"})

    assert (saved.status_code, saved["Location"]) == (302, page_of(people))
    assert Account.objects.get(pk=people.account.pk).notes == "Hei"


def test_a_stale_save_keeps_what_was_typed_and_tells_what_is_there(people: SimpleNamespace) -> None:
    client, address = as_user(people.owner), page_of(people, "account_edit", "notes")
    Account.objects.filter(pk=people.account.pk).update(notes="Muu teksti", version=2)

    answer = client.post(address, {"version": "1", "notes": "Oma teksti"}, headers=HTMX)

    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Oma teksti</textarea>" in text
    assert "Now saved: Muu teksti" in text
    assert "Someone else changed this account meanwhile" in text
    assert 'name="version" value="2"' in text
    assert Account.objects.get(pk=people.account.pk).notes == "Muu teksti"


@pytest.mark.parametrize("typed", ["NaN", "1e309", "-1", "101", "1,23456", "=1+1", "<b>"])
def test_a_number_that_cannot_be_used_is_refused_in_the_form(people: SimpleNamespace, typed: str) -> None:
    answer = as_user(people.owner).post(page_of(people, "account_edit", "terms"), terms(default_discount=typed), headers=HTMX)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["default_discount"]
    assert Account.objects.get(pk=people.account.pk).version == 1


@pytest.mark.parametrize("version", ["", "x", "0", "-1"])
def test_a_save_names_its_version(people: SimpleNamespace, version: str) -> None:
    answer = as_user(people.owner).post(page_of(people, "account_edit", "notes"), {"version": version, "notes": "x"})

    assert answer.status_code == 422
    assert Account.objects.get(pk=people.account.pk).notes == ""


@pytest.mark.parametrize(("who", "status"), [("colleague", 403), ("finance", 403), ("stranger", 404), ("nobody", 403)])
def test_editing_is_for_those_who_manage_the_account(people: SimpleNamespace, who: str, status: int) -> None:
    client = as_user(getattr(people, who))

    assert client.get(page_of(people, "account_edit", "notes")).status_code == status
    assert client.post(page_of(people, "account_edit", "notes"), {"version": "1", "notes": "x"}).status_code == status
    assert (
        client.post(page_of(people, "account_override", "city"), {"version": "1", "value": "x", "reason": "y"}).status_code
        == status
    )
    assert Account.objects.get(pk=people.account.pk).version == 1


def test_there_are_only_the_groups_and_fields_there_are(people: SimpleNamespace) -> None:
    client = as_user(people.owner)

    assert client.get(page_of(people, "account_edit", "password")).status_code == 404
    assert client.get(page_of(people, "account_override", "notes")).status_code == 404


def test_reading_again_cancels(people: SimpleNamespace) -> None:
    answer = as_user(people.owner).get(page_of(people, "account_edit", "notes") + "?cancel=1", headers=HTMX)

    assert "<form" not in answer.content.decode()


# --- Overrides --------------------------------------------------------------------------------------------------------
def test_a_field_of_the_master_is_overridden_and_lifted(people: SimpleNamespace) -> None:
    MasterRecordFactory(account=people.account, values={"city": "Turku"})
    client = as_user(people.owner)

    assert "Turku" in client.get(page_of(people, "account_override", "city")).content.decode()
    client.post(page_of(people, "account_override", "city"), {"version": "1", "value": "Oulu", "reason": "Muutti"})
    assert Account.objects.get(pk=people.account.pk).city == "Oulu"

    client.post(page_of(people, "account_lift_override", "city"), {"version": "2"})
    assert Account.objects.get(pk=people.account.pk).city == "Turku"


def test_giving_an_account_away_leads_to_the_list(people: SimpleNamespace) -> None:
    people.neighbour.salesperson_id = "S2"
    people.neighbour.save()

    answer = as_user(people.owner).post(
        page_of(people, "account_override", "owner"), {"version": "1", "value": str(people.neighbour.pk), "reason": "Siirto"}
    )

    assert (answer.status_code, answer["Location"]) == (302, "/accounts/")
    assert Account.objects.get(pk=people.account.pk).owner == people.neighbour


@pytest.mark.parametrize(
    ("field", "value", "reason", "blamed"),
    [("business_id", "1234567-8", "r", "value"), ("city", "Oulu", "", "reason"), ("yearly_revenue", "1e309", "r", "value"),
     ("name", "", "r", "value"), ("tma2", "999", "r", "value"), ("country", "Suomi", "r", "value")],
)  # fmt: skip
def test_an_override_is_refused_with_the_field_to_blame(
    people: SimpleNamespace, field: str, value: str, reason: str, blamed: str
) -> None:
    answer = as_user(people.owner).post(
        page_of(people, "account_override", field), {"version": "1", "value": value, "reason": reason}
    )

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [blamed]
    assert not FieldOverride.objects.exists()


def test_a_stale_override_and_lift_are_refused(people: SimpleNamespace) -> None:
    client = as_user(people.owner)
    FieldOverride.objects.create(account=people.account, field="city", by=people.owner, at=clock.now())

    stale = client.post(page_of(people, "account_override", "street"), {"version": "9", "value": "x", "reason": "y"})

    assert (stale.status_code, "x" in stale.content.decode()) == (409, True)
    assert client.post(page_of(people, "account_lift_override", "city"), {"version": "9"}).status_code == 409
    assert client.post(page_of(people, "account_lift_override", "city"), {}).status_code == 422
    assert FieldOverride.objects.count() == 1


# --- Contacts ---------------------------------------------------------------------------------------------------------
CONTACT = {"name": "Väinö", "title": "", "email": "vaino@asiakas.example", "language": "fi", "is_default": "on"}


def test_contacts_are_added_changed_and_removed(people: SimpleNamespace) -> None:
    client = as_user(people.owner)

    client.post(page_of(people, "contact_new"), CONTACT)
    contact = Contact.objects.get()
    client.post(page_of(people, "contact_edit", contact.pk), {**CONTACT, "name": "Äijä"})
    assert (Contact.objects.get().name, Contact.objects.get().is_default) == ("Äijä", True)
    client.post(page_of(people, "contact_remove", contact.pk))

    assert not Contact.objects.exists()


def test_a_contact_without_an_address_is_refused(people: SimpleNamespace) -> None:
    answer = as_user(people.owner).post(page_of(people, "contact_new"), {**CONTACT, "email": "x"})

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["email"])
    assert not Contact.objects.exists()


def test_a_contact_of_another_account_is_not_reached(people: SimpleNamespace) -> None:
    foreign = ContactFactory()
    client = as_user(people.owner)

    assert client.get(page_of(people, "contact_edit", foreign.pk)).status_code == 404
    assert client.post(page_of(people, "contact_remove", foreign.pk)).status_code == 404
    assert Contact.objects.filter(pk=foreign.pk).exists()
