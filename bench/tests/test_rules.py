"""What the rules are held against has bundles and groups, and some of the rules are broken."""

from decimal import Decimal

import pytest

from bench import rules
from catalog.models import ConfigurationRule
from catalog.tests.factories import ProductFactory
from quotes import services
from quotes.services import LineDraft
from quotes.tests.factories import make_world

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def test_the_rules_are_held_against_bundles_and_groups() -> None:
    world = make_world()
    products = [ProductFactory(list_price="10", cost="1") for _number in range(40)]
    drafts = [LineDraft(product, Decimal(3)) for product in products[:20]]
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=drafts)
    found = rules.measured(quote.pk, [product.pk for product in products])
    assert (ConfigurationRule.objects.count(), found.sql) == (rules.RULES, 3)
    assert len([line for line in quote.lines.all() if line.parts]) == 5
    assert 0 < int(found.note.split()[0]) < rules.RULES
