"""Prices that changed meanwhile: the editor says so by itself, and nothing changes before somebody has seen what would."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Price
from core.models import Event
from quotes.models import Quote
from quotes.tests.factories import World, draft

pytestmark = [pytest.mark.e2e, pytest.mark.once("postgresql"), pytest.mark.django_db(transaction=True)]


def test_a_rep_is_told_of_changed_prices_and_takes_them(world: World, visit: Any) -> None:
    quote = draft(world)
    Price.objects.update(list_price=Decimal(12))
    rep = visit(world.rep)
    rep.go(f"/quotes/{quote.pk}/")
    rep.page.locator("#quote-offer .alert").wait_for()
    assert rep.page.locator("#new-line-search").evaluate("field => field === document.activeElement")
    rep.click("#quote-offer-button")
    rep.page.locator("dialog[open] #sheet-title").wait_for()
    assert "€50.00 → €60.00" in rep.page.locator("#quote-sheet").inner_text()
    assert Quote.objects.get().net_total == Decimal("50.00")
    rep.click("#quote-sheet button[data-primary]")
    rep.page.locator("#quote-totals", has_text="€60.00").wait_for()
    rep.page.wait_for_load_state("networkidle")
    assert rep.page.locator("#quote-offer .alert").count() == 0
    assert (Quote.objects.get().net_total, Event.objects.filter(verb="repriced").count()) == (Decimal("60.00"), 1)


def test_what_is_kept_is_not_told_again(world: World, visit: Any) -> None:
    quote = draft(world)
    Price.objects.update(list_price=Decimal(12))
    rep = visit(world.rep)
    rep.go(f"/quotes/{quote.pk}/")
    rep.click("#quote-offer-button")
    rep.click("#quote-sheet button[formaction]")
    rep.page.wait_for_url(f"**/quotes/{quote.pk}/")
    rep.page.locator("#quote-totals", has_text="€50.00").wait_for()
    rep.page.wait_for_load_state("networkidle")
    assert rep.page.locator("#quote-offer .alert").count() == 0
    assert (Quote.objects.get().net_total, Event.objects.filter(verb="prices kept").count()) == (Decimal("50.00"), 1)
