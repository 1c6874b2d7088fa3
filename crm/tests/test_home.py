"""What needs this person, with the next step."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.tests.factories import AccountFactory
from core import clock
from crm import home
from opportunities.tests.factories import OpportunityFactory
from quotes.models import Quote
from users.models import User
from users.tests.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def rep() -> User:
    return UserFactory(roles=["sales_rep"], team=TeamFactory())


def draft(owner: User, number: str, **changes: Any) -> Quote:
    return Quote.objects.create(
        number=number,
        account=AccountFactory(owner=owner),
        owner=owner,
        last_editor=owner,
        valid_until=changes.pop("valid_until", clock.today() + dt.timedelta(days=30)),
        price_date=clock.today(),
        net_total=Decimal("1234.50"),
        **changes,
    )


def shown(user: User) -> list[tuple[str, str, str]]:
    return [(str(task.why), task.title, str(task.action)) for task in home.tasks_for(user)]


def test_my_drafts_wait_to_be_continued(rep: User) -> None:
    mine = draft(rep, "Q-1")
    draft(UserFactory(roles=["sales_rep"], team=rep.team), "Q-2")
    client = Client()
    client.force_login(rep)

    text = client.get("/").content.decode()

    assert shown(rep) == [("Draft", "Q-1/1", "Continue")]
    assert f'href="/quotes/{mine.pk}/"' in text
    assert "€1,234.50" in text


@pytest.mark.parametrize(
    ("status", "days", "expected"),
    [
        ("accepted", 30, [("Accepted", "Q-1/1", "Open")]),
        ("approved", 30, [("Approved, not sent", "Q-1/1", "Send")]),
        ("sent", 7, [("Expires soon", "Q-1/1", "Follow up")]),
        ("sent", 8, []),
        ("declined", 30, []),
        ("ordered", 30, []),
        ("in_review", 30, []),
    ],
)
def test_each_state_asks_for_its_next_step(
    rep: User, status: str, days: int, expected: list[tuple[str, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    quote = draft(rep, "Q-1", valid_until=clock.today() + dt.timedelta(days=days))
    rows = Quote.objects.visible_to(rep).filter(pk=quote.pk)
    matching = [kind for kind in home._kinds(clock.today()) if _fits(kind, status, days)]

    assert [(str(kind.why), str(rows.get()), str(kind.action)) for kind in matching] == expected


def _fits(kind: home.Kind, status: str, days: int) -> bool:
    """The condition of a kind read against a state: the database lets nobody start a quote there."""
    facts = {"status": status, "valid_until__lte": clock.today() + dt.timedelta(days=days)}
    return all(facts[name] == value if name == "status" else facts[name] <= value for name, value in kind.condition.children)


def test_the_pipeline_adds_up_exactly(rep: User) -> None:
    account = AccountFactory(owner=rep)
    OpportunityFactory(account=account, value=Decimal("0.10"))
    OpportunityFactory(account=account, value=Decimal("0.20"))
    OpportunityFactory(account=account, owner=UserFactory(), value=Decimal(5))

    assert [(str(stage.label), stage.count, stage.value) for stage in home.pipeline_for(rep)] == [("New", 2, Decimal("0.30"))]


def test_home_costs_the_same_with_2_and_20_of_everything(rep: User, django_assert_max_num_queries) -> None:
    client = Client()
    client.force_login(rep)

    def queries() -> int:
        with django_assert_max_num_queries(50) as captured:
            assert client.get("/").status_code == 200
        return len(captured)

    for number in range(2):
        draft(rep, f"Q-{number}")
        OpportunityFactory(account__owner=rep)
    few = queries()
    for number in range(2, 20):
        draft(rep, f"Q-{number}")
        OpportunityFactory(account__owner=rep)

    assert queries() == few


@pytest.mark.parametrize("role", ["finance", "technical_team", "data_steward", "pricing"])
def test_everyone_has_a_home(role: str) -> None:
    client = Client()
    client.force_login(UserFactory(roles=[role]))

    assert "Nothing waits for you" in client.get("/").content.decode()


def test_somebody_without_any_role_has_a_home_too(client: Client) -> None:
    client.force_login(UserFactory())

    assert client.get("/").status_code == 200
