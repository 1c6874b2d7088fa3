"""Who is who around an account."""

from types import SimpleNamespace

import pytest

from accounts.tests.factories import AccountFactory
from users.tests.factories import BusinessUnitFactory, TeamFactory, UserFactory


@pytest.fixture
def people() -> SimpleNamespace:
    """The owner of an account, and those around: same team, same unit, elsewhere."""
    unit, elsewhere = BusinessUnitFactory(), BusinessUnitFactory()
    team, neighbours, strangers = TeamFactory(unit=unit), TeamFactory(unit=unit), TeamFactory(unit=elsewhere)
    owner = UserFactory(roles=["sales_rep"], team=team)
    return SimpleNamespace(
        account=AccountFactory(owner=owner),
        owner=owner,
        colleague=UserFactory(roles=["sales_rep"], team=team),
        support=UserFactory(roles=["sales_support"], team=team),
        neighbour=UserFactory(roles=["sales_rep"], team=neighbours),
        manager=UserFactory(roles=["sales_manager"], team=neighbours),
        foreign_manager=UserFactory(roles=["sales_manager"], team=strangers),
        stranger=UserFactory(roles=["sales_rep"], team=strangers),
        finance=UserFactory(roles=["finance"], team=strangers),
        steward=UserFactory(roles=["data_steward"], team=strangers),
        nobody=UserFactory(team=team),
    )
