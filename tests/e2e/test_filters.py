"""Lists that follow what somebody types into their filter."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import AccountFactory
from quotes.tests.factories import World

pytestmark = [pytest.mark.e2e, pytest.mark.once("postgresql"), pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [360, 1280])
def test_a_list_follows_the_filter_without_leaving_the_page(world: World, visit: Any, width: int) -> None:
    for name in ("Kuusamon Kala Oy", "Kuusankosken Kahvila Oy"):
        AccountFactory(name=name, owner=world.rep, city="Oulu")
    me = visit(world.rep, width=width)
    me.go("/accounts/")
    me.page.evaluate("window.stayed = true")
    rows = me.page.locator("#rows tbody tr")
    expect(rows).to_have_count(3)
    field = me.page.locator("#id_q")
    field.press_sequentially("kuusa")
    expect(rows).to_have_count(2)
    expect(me.page.locator("#live")).to_have_text("2 rows")
    field.press_sequentially("mo")
    expect(rows).to_have_count(1)
    expect(field).to_be_focused()
    expect(me.page.locator("#export form")).to_have_attribute("action", re.compile("q=kuusamo&"))
    field.press_sequentially("xx")
    expect(me.page.locator("#rows")).to_contain_text("No account fits")
    expect(me.page.locator("#export form")).to_have_count(0)
    field.fill("kuusamo")
    me.page.get_by_label("Status").select_option(label="Inactive")
    expect(me.page.locator("#rows")).to_contain_text("No account fits")
    me.page.get_by_label("Status").select_option(label="Active")
    expect(rows).to_have_count(1)
    assert "q=kuusamo" in me.page.url
    assert me.page.evaluate("window.stayed")
    if width == 1280:
        me.page.locator("[name=language][value=fi]:visible").click()
        expect(me.page.locator("#rows")).to_contain_text("Kuusamon Kala Oy")
        expect(rows).to_have_count(1)
        assert "q=kuusamo" in me.page.url
    me.page.wait_for_load_state("networkidle")
