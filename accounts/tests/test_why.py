"""Why a master-fed field has its value."""

from decimal import Decimal as D
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from accounts import explanations, services
from accounts.models import Account, FieldOverride, MasterConflict, SurvivorshipRule
from accounts.survivorship import Rule
from accounts.tests.factories import IndustryFactory, MasterRecordFactory, SiteFactory
from core import clock
from core.tests.factories import JobRunFactory
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.req("S0.29", "S2.24"), pytest.mark.once]


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(people: SimpleNamespace, field: str, who: str = "owner") -> Any:
    return as_user(getattr(people, who)).get(f"/accounts/{people.account.pk}/why/{field}/")


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def master(people: SimpleNamespace) -> SimpleNamespace:
    """Three sites of the account, and what a sync made of them."""
    IndustryFactory(code="dairy", label_en="Dairies")
    for child, revenue, industry, postcode in (("C1", 100, "dairy", "1"), ("C2", 60, "bakery", "2"), ("C3", 50, "bakery", "2")):
        SiteFactory(
            account=people.account, child_id=child, name=f"Site {child}", revenue=revenue, volume=D("2.5"), postcode=postcode,
            city=f"Town {child}", row={"industry": industry, "salesperson_id": "S1", "salesperson_name": "Maija"},
        )  # fmt: skip
    run = JobRunFactory(kind="customer_sync", finished_at=clock.now())
    values = {"industry": "bakery", "yearly_revenue": "210.00", "city": "Town C2", "owner": "S1", "owner_name": "Maija"}
    record = MasterRecordFactory(account=people.account, run=run, values=values)
    return SimpleNamespace(run=run, record=record)


def test_the_candidates_and_the_sites_behind_them_are_shown_with_their_weights(people: SimpleNamespace, master: Any) -> None:
    response = page(people, "industry")
    why = response.context["why"]

    assert [(c.value, c.weight, c.sites, c.won, c.why) for c in why.decision.candidates] == [
        ("bakery", "€110.00", "C2, C3", True, "highest revenue"),
        ("Dairies (dairy)", "€100.00", "C1", False, ""),
    ]
    assert [(s.number, s.value, s.weight, s.won) for s in why.sites] == [
        ("C2", "bakery", "€60.00", True),
        ("C3", "bakery", "€50.00", True),
        ("C1", "Dairies (dairy)", "€100.00", False),
    ]
    assert (why.more_sites, why.silent, why.is_past, why.differs, why.is_usual) == (0, 0, False, False, True)
    assert "highest revenue, of “industry”" in text_of(response)


def test_the_place_is_named_and_sites_elsewhere_have_no_say(people: SimpleNamespace, master: Any) -> None:
    response = page(people, "city")
    why = response.context["why"]

    assert (why.decision.value, why.decision.place, why.differs) == ("Town C2", "2", False)
    assert [site.number for site in why.sites] == ["C2", "C3"]
    assert "at the postcode 2" in text_of(response)
    assert "1 site has no say" in text_of(response)


def test_a_sum_shows_its_parts(people: SimpleNamespace, master: Any) -> None:
    why = page(people, "yearly_revenue").context["why"]

    assert (why.decision.value, why.differs) == ("€210.00", False)
    assert [(site.number, site.value) for site in why.sites] == [("C1", "€100.00"), ("C2", "€60.00"), ("C3", "€50.00")]
    volume = page(people, "yearly_volume").context["why"]
    assert (volume.decision.value, volume.fact.at) == ("7.5", None)


@pytest.mark.req("S0.45")
def test_the_owner_is_named_by_our_user(people: SimpleNamespace, master: Any) -> None:
    people.owner.salesperson_id = "S1"
    people.owner.save()

    why = page(people, "owner").context["why"]

    assert (why.decision.value, why.differs) == (f"{people.owner.display_name} (S1)", False)
    assert why.sites[0].value == f"{people.owner.display_name} (S1)"


@pytest.mark.parametrize(("who", "has_link"), [("owner", False), ("manager", False), ("steward", True)])
def test_the_run_is_named_and_stewards_can_open_it(people: SimpleNamespace, master: Any, who: str, has_link: bool) -> None:
    text = text_of(page(people, "industry", who))

    assert "Brought by run" in text
    assert (f'href="/sync/{master.run.pk}/"' in text) is has_link


def test_a_rule_that_was_changed_since_is_said(people: SimpleNamespace, master: Any) -> None:
    SurvivorshipRule.objects.create(field="industry", rule=Rule.FIRST, column="industry")

    response = page(people, "industry")

    assert (response.context["why"].differs, response.context["why"].is_usual) == (True, False)
    said = "By the rule in force the sites now give Dairies (dairy). The rule was changed; the next sync applies it."
    assert said in text_of(response)


def test_a_list_that_was_cut_is_no_difference(people: SimpleNamespace, master: Any) -> None:
    for number, site in enumerate(people.account.sites.all()):
        site.sap_code = f"10{number}"
        site.save()
    for stored, differs in (
        ("100, 101, 102", False),
        ("100, 101, …", False),
        ("100, 109, …", True),
        ("100, 101", True),
        ("", True),
    ):
        master.record.values = {"sap_codes": stored}
        master.record.save()
        assert explanations.explain(people.account, "sap_codes").differs is differs


def test_inactive_sites_tell_what_they_said_last_and_active_ones_alone_count(people: SimpleNamespace, master: Any) -> None:
    SiteFactory(account=people.account, child_id="C4", revenue=9999, is_active=False, row={"industry": "dairy"})
    assert len(page(people, "industry").context["why"].sites) == 3

    people.account.sites.update(is_active=False)
    response = page(people, "industry")

    assert (response.context["why"].is_past, len(response.context["why"].sites)) == (True, 4)
    assert response.context["why"].differs is False
    assert "No site is in the master any more." in text_of(response)


@pytest.mark.parametrize("field", Account.MASTER_FIELDS)
def test_an_account_without_sites_and_without_a_sync_has_a_page_too(people: SimpleNamespace, field: str) -> None:
    response = page(people, field)

    assert response.status_code == 200
    assert "No sync has brought this field." in text_of(response)
    assert "No site says anything of this field." in text_of(response)


def test_an_override_stands_beside_the_masters_value_and_can_be_lifted(people: SimpleNamespace, master: Any) -> None:
    services.account_override(
        account_id=people.account.pk, by=people.owner, version=None, field="city", value="Oulu", reason="Muutti"
    )
    response = page(people, "city")
    text = text_of(response)

    assert f"Set by {people.owner.display_name}, " in text
    assert ("Muutti" in text, "Town C2" in text, "Oulu" in text) == (True, True, True)
    assert "Lift the override" in text
    assert "Lift the override" not in text_of(page(people, "city", "colleague"))

    version = response.context["account"].version
    as_user(people.owner).post(f"/accounts/{people.account.pk}/override/city/lift/", {"version": str(version)})
    assert Account.objects.get(pk=people.account.pk).city == "Town C2"


def test_former_values_name_who_what_and_when(people: SimpleNamespace, master: Any) -> None:
    industry = IndustryFactory(code="fish", label_en="Fishmongers")
    account = Account.objects.get(pk=people.account.pk)
    account.city = "Turku"
    account.save()  # as a sync does: nobody is logged in
    client = as_user(people.owner)
    for field, value in (("city", "Oulu"), ("industry", str(industry.pk))):
        version = Account.objects.get(pk=account.pk).version
        client.post(f"/accounts/{account.pk}/override/{field}/", {"version": version, "value": value, "reason": "r"})

    city, branch = (page(people, field).context["why"].former for field in ("city", "industry"))
    assert [(change.by, change.before, change.after) for change in city] == [
        (people.owner.display_name, "Turku", "Oulu"),
        ("customer master", "–", "Turku"),
    ]
    assert [(change.before, change.after) for change in branch] == [("–", "Fishmongers")]
    assert page(people, "name").context["why"].former == []


@pytest.mark.parametrize(
    ("who", "status"),
    [("owner", 200), ("colleague", 200), ("finance", 200), ("neighbour", 404), ("stranger", 404), ("nobody", 403)],
)
def test_it_is_for_those_who_see_the_account(people: SimpleNamespace, who: str, status: int) -> None:
    assert page(people, "city", who).status_code == status


@pytest.mark.parametrize("field", ["notes", "status", "password", "version"])
def test_there_are_only_the_fields_of_the_master(people: SimpleNamespace, field: str) -> None:
    assert page(people, field).status_code == 404


@pytest.mark.parametrize("field", ["industry", "owner", "city", "yearly_revenue"])
def test_it_costs_the_same_with_2_and_60_sites(
    people: SimpleNamespace, master: Any, field: str, django_assert_max_num_queries: Any
) -> None:
    client, path = as_user(people.steward), f"/accounts/{people.account.pk}/why/{field}/"

    def cost() -> int:
        with django_assert_max_num_queries(40) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    few = cost()
    for number in range(60):
        row = {"industry": f"i{number}", "salesperson_id": f"S{number}"}
        SiteFactory(account=people.account, child_id=f"X{number:02d}", postcode="2", city=f"T{number}", row=row)
        Account.objects.get(pk=people.account.pk).save()
    assert cost() == few


def test_at_most_50_sites_and_candidates_are_listed(people: SimpleNamespace) -> None:
    for number in range(53):
        SiteFactory(account=people.account, child_id=f"X{number:02d}", row={"industry": f"i{number:02d}"})
    SiteFactory(account=people.account, child_id="Y", row={})

    response = page(people, "industry")
    why = response.context["why"]

    assert (len(why.sites), why.more_sites, why.silent) == (50, 3, 1)
    assert (len(why.decision.candidates), why.decision.more) == (50, 3)
    assert text_of(response).count("and 3 more") == 2


def test_the_account_page_links_to_it_from_every_field_of_the_master(people: SimpleNamespace, master: Any) -> None:
    FieldOverride.objects.create(account=people.account, field="street", by=people.owner, at=clock.now())
    MasterConflict.objects.create(account=people.account, field="tma2", kind="disagree", run=master.run)

    text = text_of(as_user(people.colleague).get(f"/accounts/{people.account.pk}/"))

    linked = [field for field in Account.MASTER_FIELDS if f"/accounts/{people.account.pk}/why/{field}/" in text]
    assert linked == ["tma2", "industry", "owner", "street", "city", "yearly_revenue"]
    assert 'why?<span class="visually-hidden"> city</span>' in text


def test_markup_in_cells_is_shown_as_text(people: SimpleNamespace) -> None:
    SiteFactory(account=people.account, name="<i>x</i>", row={"industry": "<script>alert(1)</script>"})

    text = text_of(page(people, "industry"))

    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<i>x</i>" not in text
