"""The pages of cases: what they show, cost and refuse."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from accounts.tests.factories import AccountFactory, SiteFactory
from catalog.tests.factories import ProductFactory
from csr.choices import CaseStatus
from csr.models import Case, CaseType, RequirementType
from csr.tests.factories import World, bring_to, make_case_world, registered
from users.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def world() -> World:
    return make_case_world()


@pytest.fixture
def as_user(client: Client) -> Any:
    def start(user: User) -> Client:
        client.force_login(user)
        return client

    return start


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


# --- The list ---------------------------------------------------------------------------------------------------------
@pytest.mark.req("S3.15")
@pytest.mark.req("S3.24")
def test_the_list_shows_status_owner_and_number_of_products(world: World, as_user: Any) -> None:
    case = bring_to(world, CaseStatus.UNDER_ASSESSMENT)
    page = text_of(as_user(world.rep).get("/cases/"))
    assert case.number in page
    assert "Under Assessment" in page
    assert world.assessor.display_name in page
    assert re.search(r'data-label="# of related products">1<', page)
    assert 'href="/cases/new/csr/"' in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=smaller", True),
        ("q=nothing", False),
        ("status=under_assessment", True),
        ("status=registration", False),
        ("quick=mine", True),
        ("quick=waiting", False),
        ("quick=pending", False),
        ("quick=implemented", False),
        ("quick=overdue", False),
        ("quick=review", False),
        ("quick=unassigned", False),
    ],
)
def test_the_list_is_narrowed_down(world: World, as_user: Any, query: str, found: bool) -> None:
    case = bring_to(world, CaseStatus.UNDER_ASSESSMENT)
    assert (case.number in text_of(as_user(world.rep).get(f"/cases/?{query}"))) is found


def test_a_case_waits_for_its_assessor_and_for_who_owes_a_part(world: World, as_user: Any) -> None:
    case = bring_to(world, CaseStatus.UNDER_ASSESSMENT)
    for user, waits in ((world.assessor, True), (world.quality, True), (world.implementer, False)):
        assert (case.number in text_of(as_user(user).get("/cases/?quick=waiting"))) is waits


# --- Registering ------------------------------------------------------------------------------------------------------
@pytest.mark.req("S3.16")
def test_the_record_types_are_offered(world: World, as_user: Any) -> None:
    assert 'href="/cases/new/csr/"' in text_of(as_user(world.rep).get("/cases/new/"))
    CaseType.objects.update(is_active=False)
    assert as_user(world.rep).get("/cases/new/csr/").url == "/cases/new/"


def given(account: Account, **more: Any) -> dict[str, Any]:
    return {
        "account": account.pk,
        "requirement_type": RequirementType.objects.get(code="packaging").pk,
        "title": "Smaller boxes",
        "description": "Boxes of 6",
        "priority": "2",
        "received_on": "2026-11-01",
        **more,
    }


@pytest.mark.req("S3.17")
@pytest.mark.req("S3.19")
@pytest.mark.req("S3.22")
def test_a_case_is_registered_with_products(world: World, as_user: Any, clock: Any) -> None:
    account, other = world.quotes.account, ProductFactory(sku="VOI-1")
    site = SiteFactory(account=account)
    answer = as_user(world.rep).post("/cases/new/csr/", given(account, product=[world.quotes.product.pk, other.pk], site=site.pk))
    case = Case.objects.get()
    assert answer.url == f"/cases/{case.pk}/"
    assert (case.status, case.site, case.products.count(), case.registered_by) == ("registration", site, 2, world.rep)


def test_a_form_with_mistakes_keeps_what_was_typed(world: World, as_user: Any, clock: Any) -> None:
    data = given(
        world.quotes.account, title="", description="Boxes of 6", needed_by="2026-10-01", product=world.quotes.product.pk
    )
    answer = as_user(world.rep).post("/cases/new/csr/", data)
    page = text_of(answer)
    assert answer.status_code == 422
    assert "Boxes of 6" in page
    assert world.quotes.product.sku in page
    assert 'aria-invalid="true"' in page
    assert as_user(world.rep).post("/cases/new/csr/", data | {"title": "x", "account": ""}).status_code == 422
    refused = as_user(world.rep).post("/cases/new/csr/", data | {"title": "x"})
    assert (refused.status_code, "needed before it was received" in text_of(refused)) == (422, True)
    assert not Case.objects.exists()


def test_an_account_out_of_sight_is_refused(world: World, as_user: Any) -> None:
    foreign = AccountFactory(owner=world.quotes.stranger)
    assert as_user(world.rep).post("/cases/new/csr/", given(foreign)).status_code == 422
    assert foreign.name not in text_of(as_user(world.rep).get(f"/cases/new/account/?account={foreign.pk}"))
    assert not Case.objects.exists()


@pytest.mark.req("S3.21")
@pytest.mark.req("S3.18")
def test_choosing_the_account_fetches_sites_sap_codes_and_classification(world: World, as_user: Any) -> None:
    account = world.quotes.account
    account.sap_codes = "SAP-77"
    account.save()
    site = SiteFactory(account=account, name="Tehdas")
    part = text_of(as_user(world.rep).get(f"/cases/new/account/?account={account.pk}"))
    assert "SAP-77" in part
    assert f'<option value="{site.pk}" selected>' in part
    assert world.quotes.contact.name in part


def test_without_scripts_accounts_and_products_are_searched_for(world: World, as_user: Any) -> None:
    client = as_user(world.rep)
    account, product = world.quotes.account, world.quotes.product
    found = text_of(client.post("/cases/new/csr/", {"account_text": account.name, "title": "Kept", "find": "account"}))
    assert f'type="radio" name="account" value="{account.pk}"' in found
    assert 'value="Kept"' in found
    found = text_of(client.post("/cases/new/csr/", {"account": account.pk, "product_text": "MAITO", "find": "product"}))
    assert f'type="checkbox" name="product" value="{product.pk}"' in found


def test_similar_cases_are_shown_while_typing(world: World, as_user: Any) -> None:
    case = registered(world)
    client = as_user(world.rep)
    assert case.number in text_of(client.get("/cases/new/similar/?title=smaller"))
    assert case.number in text_of(client.get(f"/cases/new/similar/?account={world.quotes.account.pk}"))
    assert case.number not in text_of(client.get("/cases/new/similar/?title=other"))


# --- The page ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", CaseStatus)
@pytest.mark.parametrize("language", ["en", "fi"])
def test_the_page_opens_in_every_status_and_language(world: World, as_user: Any, status: CaseStatus, language: str) -> None:
    case = bring_to(world, status)
    for user in (world.rep, world.assessor, world.implementer, world.quality, world.director, world.steward):
        answer = as_user(user).get(f"/cases/{case.pk}/", headers={"Accept-Language": language})
        assert answer.status_code == 200
        assert 'aria-current="step"' in text_of(answer)
