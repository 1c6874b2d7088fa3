"""Pages of opportunities."""

from decimal import Decimal

import pytest
from django.test import Client

from accounts.tests.factories import AccountFactory
from opportunities.tests.factories import OpportunityFactory
from users.models import User
from users.tests.factories import TeamFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def rep() -> User:
    return UserFactory.create(roles=["sales_rep"], team=TeamFactory())


def test_the_list_shows_those_of_the_accounts_in_sight(rep: User) -> None:
    mine = OpportunityFactory(account__owner=rep, value=Decimal("12000.5"))
    OpportunityFactory(name="Vieras diili")

    text = as_user(rep).get("/opportunities/").content.decode()

    assert mine.name in text
    assert "€12,000.50" in text
    assert "Vieras diili" not in text


def test_the_list_is_searched_and_filtered(rep: User) -> None:
    account = AccountFactory(owner=rep, name="Ämpäri Oy")
    first = OpportunityFactory(account=account, name="Kevät")
    OpportunityFactory(account__owner=rep, account__name="Toinen", name="Syksy")
    client = as_user(rep)

    def found(query: str) -> list[str]:
        return [row.name for row in client.get(f"/opportunities/?{query}").context["page"].rows]

    assert found("q=ämpäri") == ["Kevät"]
    assert found(f"account={account.pk}") == ["Kevät"]
    assert found("status=lost") == []
    assert found("status=new") == ["Syksy", "Kevät"]
    assert found("account=x&status=y&q=%00") == ["Syksy", first.name]


def test_the_list_costs_the_same_with_2_and_20_rows(rep: User, django_assert_max_num_queries) -> None:
    client = as_user(rep)

    def queries() -> int:
        with django_assert_max_num_queries(50) as captured:
            client.get("/opportunities/")
        return len(captured)

    OpportunityFactory.create_batch(2, account__owner=rep)
    few = queries()
    OpportunityFactory.create_batch(18, account__owner=rep)

    assert queries() == few


@pytest.mark.req("S0.46")
def test_the_account_page_shows_the_latest_five_and_leads_to_the_others(rep: User) -> None:
    account = AccountFactory(owner=rep)
    OpportunityFactory.create_batch(6, account=account)

    text = as_user(rep).get(f"/accounts/{account.pk}/").content.decode()

    assert text.count("Kevätkampanja") == 5
    assert f"/opportunities/?account={account.pk}" in text


def test_the_panel_stays_away_from_those_who_may_not_see_opportunities(rep: User) -> None:
    account = AccountFactory(owner=rep)

    assert "panel-opportunities" not in as_user(UserFactory(roles=["finance"])).get(f"/accounts/{account.pk}/").content.decode()


@pytest.mark.parametrize(
    ("role", "status"), [("sales_rep", 200), ("data_steward", 200), ("finance", 403), ("technical_team", 403)]
)
def test_the_list_is_for_those_with_the_right(role: str, status: int) -> None:
    assert as_user(UserFactory(roles=[role])).get("/opportunities/").status_code == status


def test_the_administration_only_shows(rep: User) -> None:
    opportunity = OpportunityFactory(account__owner=rep)
    client = as_user(UserFactory(roles=["data_steward"]))

    assert client.get(f"/admin/opportunities/opportunity/{opportunity.pk}/change/").status_code == 200
    assert client.post(f"/admin/opportunities/opportunity/{opportunity.pk}/change/", {"status": "ordered"}).status_code == 403
