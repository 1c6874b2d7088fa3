"""Making and changing opportunities."""

import datetime as dt
from decimal import Decimal as D
from types import SimpleNamespace
from typing import Any

import pytest

from accounts.tests.factories import AccountFactory
from core.errors import DomainError, Invalid, NotAllowed, NotFound, StaleVersion, WrongState
from core.models import Event
from opportunities import policies, services
from opportunities.models import Opportunity
from opportunities.tests.factories import OpportunityFactory
from users.tests.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> SimpleNamespace:
    """The owner of an account, and those around."""
    team, elsewhere = TeamFactory(), TeamFactory()
    owner = UserFactory(roles=["sales_rep"], team=team)
    return SimpleNamespace(
        account=AccountFactory(owner=owner),
        owner=owner,
        colleague=UserFactory(roles=["sales_rep"], team=team),
        support=UserFactory(roles=["sales_support"], team=team),
        manager=UserFactory(roles=["sales_manager"], team=team),
        steward=UserFactory(roles=["data_steward"], team=elsewhere),
        leadership=UserFactory(roles=["sales_leadership"], team=elsewhere),
        finance=UserFactory(roles=["finance"], team=elsewhere),
        stranger=UserFactory(roles=["sales_rep"], team=elsewhere),
    )


def create(people: SimpleNamespace, **more: Any) -> Opportunity:
    return services.opportunity_create(**{"account_id": people.account.pk, "name": "Kevät", "by": people.owner, **more})


def change(opportunity: Opportunity, by: Any, version: int | None = None, **changes: Any) -> Opportunity:
    return services.opportunity_change(opportunity_id=opportunity.pk, by=by, version=version, changes=changes)


def test_whoever_makes_an_opportunity_owns_it(people: SimpleNamespace) -> None:
    made = create(people, name=" Kevät ", value=D("1200.50"), close_date=dt.date(2026, 12, 31), by=people.support)
    made.refresh_from_db()
    assert (made.name, made.owner, made.status, made.version, made.currency) == ("Kevät", people.support, "new", 1, "EUR")
    assert (made.value, made.close_date, made.account) == (D("1200.50"), dt.date(2026, 12, 31), people.account)
    event = Event.objects.get()
    assert (event.subject_type, event.subject_id, event.verb, event.by) == ("opportunity", made.pk, "created", people.support)


def test_those_who_manage_the_account_make_opportunities(people: SimpleNamespace) -> None:
    may = {name for name, user in vars(people).items() if name != "account" and policies.may_create(user, people.account)}
    assert may == {"owner", "support", "manager", "steward"}


def test_the_owner_of_an_opportunity_changes_it_as_well(people: SimpleNamespace) -> None:
    opportunity = OpportunityFactory(account=people.account, owner=people.colleague)
    may = {name for name, user in vars(people).items() if name != "account" and policies.may_edit(user, opportunity)}
    assert may == {"owner", "support", "manager", "steward", "colleague"}
    opportunity.owner = people.leadership
    assert not policies.may_edit(people.leadership, opportunity)


@pytest.mark.parametrize(
    ("name", "refusal"), [("colleague", NotAllowed), ("leadership", NotAllowed), ("finance", NotAllowed), ("stranger", NotFound)]
)
def test_others_neither_make_nor_change(people: SimpleNamespace, name: str, refusal: type[DomainError]) -> None:
    opportunity = OpportunityFactory(account=people.account)
    by = getattr(people, name)
    with pytest.raises(refusal):
        create(people, by=by)
    with pytest.raises((refusal, NotFound)):
        change(opportunity, by, name="x")
    opportunity.refresh_from_db()
    assert (Opportunity.objects.count(), opportunity.version, Event.objects.count()) == (1, 1, 0)


@pytest.mark.parametrize(
    ("values", "field"), [({"name": " "}, "name"), ({"name": "x" * 201}, "name"), ({"value": D(-1)}, "value")]
)
def test_what_does_not_fit_is_refused(people: SimpleNamespace, values: dict[str, Any], field: str) -> None:
    opportunity = OpportunityFactory(account=people.account)
    for attempt in (lambda: create(people, **values), lambda: change(opportunity, people.owner, **values)):
        with pytest.raises(Invalid) as refusal:
            attempt()
        assert list(refusal.value.fields) == [field]
    assert (Opportunity.objects.count(), Event.objects.count()) == (1, 0)


def test_an_inactive_account_gets_no_opportunity(people: SimpleNamespace) -> None:
    people.account.status = "inactive"
    people.account.save()
    with pytest.raises(Invalid):
        create(people)
    assert Opportunity.objects.count() == 0


def test_a_change_counts_a_version_and_says_what_changed(people: SimpleNamespace) -> None:
    opportunity = OpportunityFactory(account=people.account, name="Kevät")
    changed = change(opportunity, people.owner, 1, name="Kevät", value=D("5.00"), close_date=dt.date(2026, 12, 1))
    opportunity.refresh_from_db()
    assert (opportunity.value, opportunity.close_date, opportunity.version, changed.version) == (D(5), dt.date(2026, 12, 1), 2, 2)
    assert (Event.objects.get().verb, Event.objects.get().data) == ("edited", {"fields": ["close_date", "value"]})
    change(opportunity, people.owner, 2, value=D("5.00"))
    assert (Opportunity.objects.get().version, Event.objects.count()) == (2, 1)


def test_a_stale_version_a_closed_opportunity_and_a_foreign_field_are_refused(people: SimpleNamespace) -> None:
    opportunity = OpportunityFactory(account=people.account)
    with pytest.raises(StaleVersion):
        change(opportunity, people.owner, 7, name="x")
    with pytest.raises(Invalid):
        change(opportunity, people.owner, status="ordered")
    opportunity.win()
    opportunity.save()
    with pytest.raises(WrongState):
        change(opportunity, people.owner, name="x")
    opportunity.refresh_from_db()
    assert (opportunity.version, Event.objects.count()) == (1, 0)
