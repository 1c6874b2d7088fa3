"""The smallest valid objects of this app."""

import factory
from factory.django import DjangoModelFactory

from accounts.tests.factories import AccountFactory
from opportunities.models import Opportunity
from users.tests.factories import UserFactory


class OpportunityFactory(DjangoModelFactory[Opportunity]):
    class Meta:
        model = Opportunity

    account = factory.SubFactory(AccountFactory)
    name = factory.Sequence(lambda n: f"Kevätkampanja {n}")
    owner = factory.LazyAttribute(lambda opportunity: opportunity.account.owner or UserFactory(roles=["sales_rep"]))
