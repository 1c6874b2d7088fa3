"""The margin of a draft beside what the account has accepted, while it is typed."""

from typing import Any

import pytest
from playwright.sync_api import expect

from quotes.tests.factories import World, draft
from quotes.tests.test_margins import accepted

pytestmark = [pytest.mark.e2e, pytest.mark.once("postgresql"), pytest.mark.django_db(transaction=True)]


def test_the_difference_follows_what_is_typed(world: World, visit: Any) -> None:
    accepted(world, "100", "27.77", 5)
    me = visit(world.rep)
    me.go(f"/quotes/{draft(world).pk}/")
    beside = me.page.locator(".quote-margin-context [data-margin-beside]")
    expect(beside).to_have_text(["; this quote +12.2 percentage points"] * 2)
    me.page.locator("#id_header_discount").fill("10 %")
    me.page.keyboard.press("Tab")
    expect(beside).to_have_text(["; this quote +5.6 percentage points"] * 2)
    me.page.locator("#id_header_discount").fill("20 %")
    me.page.keyboard.press("Tab")
    expect(beside).to_have_text(["; this quote -2.8 percentage points"] * 2)
