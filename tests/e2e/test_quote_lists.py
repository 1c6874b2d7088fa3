"""The list and the board of quotes by hand: selecting, moving by keys, and what is announced."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from quotes import services
from quotes.models import Quote
from quotes.tests.factories import World, draft

pytestmark = [pytest.mark.e2e, pytest.mark.once("postgresql"), pytest.mark.django_db(transaction=True)]


def test_quotes_are_selected_by_key_and_given_to_a_colleague(world: World, visit: Any) -> None:
    for _ in range(3):
        draft(world)
    me = visit(world.rep)
    me.go("/quotes/?mine=true")
    me.page.keyboard.press("j")
    me.page.keyboard.press("x")
    me.page.keyboard.press("j")
    me.page.keyboard.press("x")
    expect(me.page.get_by_role("button", name="Change owner")).to_have_text("Change owner\u00a0(2)")
    me.page.get_by_role("button", name="Select all on this page").click()
    expect(me.page.get_by_role("button", name="Cancel quotes")).to_have_text("Cancel quotes\u00a0(3)")
    me.page.get_by_role("button", name="Change owner").click()
    me.page.get_by_label("New owner").select_option(label=world.colleague.display_name)
    me.page.get_by_role("button", name="Change the owner of 3 quotes").click()
    expect(me.page.locator(".alert[role=status]")).to_have_text("3 quotes changed.")
    expect(me.page.locator("#rows")).to_contain_text("No quotes here")
    assert me.page.url.endswith("/quotes/?mine=true")
    assert set(Quote.objects.values_list("owner", flat=True)) == {world.colleague.pk}


def test_a_quote_is_moved_on_the_board_by_keys_alone_and_that_is_announced(world: World, visit: Any) -> None:
    quote = draft(world, "21")
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    me = visit(world.rep)
    me.go("/quotes/?view=board&mine=true")
    me.page.evaluate("window.stayed = true")
    button = me.page.locator(f"#card-{quote.pk}-move")
    button.focus()
    me.page.keyboard.press("Enter")
    me.page.keyboard.press("ArrowDown")
    expect(me.page.get_by_role("button", name="Recall")).to_be_focused()
    me.page.keyboard.press("Enter")
    expect(me.page.get_by_role("region", name="Draft").locator(f"#card-{quote.pk}")).to_be_visible()
    expect(me.page.locator("#live")).to_have_text(f"{quote}: Draft.")
    expect(button).to_be_focused()
    assert me.page.evaluate("window.stayed")
    assert "view=board" in me.page.url


def test_a_move_that_is_refused_says_why_on_the_board(world: World, visit: Any) -> None:
    quote = draft(world, "21")
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    me = visit(world.rep)
    me.go("/quotes/?view=board&mine=true")
    services.quote_recall(quote_id=quote.pk, by=world.rep)
    me.click(f"#card-{quote.pk}-move")
    me.page.get_by_role("button", name="Recall").click()
    expect(me.page.locator("#problem")).to_contain_text("This quote is not waiting for approval.")
    expect(me.page.locator(f"#card-{quote.pk}")).to_be_visible()
    me.problems.clear()  # the browser itself reports every 409


@pytest.mark.parametrize("width", [360, 1280])
def test_the_board_follows_the_filters_and_stays_a_board(world: World, visit: Any, width: int) -> None:
    draft(world)
    unsent = draft(world)
    services.quote_submit(quote_id=unsent.pk, by=world.rep)
    me = visit(world.rep, width=width)
    me.go("/quotes/")
    me.page.get_by_role("link", name="Board").click()
    expect(me.page.locator(".quote-card")).to_have_count(2)
    me.page.get_by_text("Approved, not sent").click()
    expect(me.page.locator(".quote-card")).to_have_count(1)
    expect(me.page.locator("#live")).to_have_text("1 quote on the board")
    assert re.search(r"view=board.*quick=unsent", me.page.url)
    me.page.get_by_role("link", name="List", exact=True).click()
    expect(me.page.locator("#rows tbody tr")).to_have_count(1)
    expect(me.page.get_by_role("radio", name="Approved, not sent")).to_be_checked()


def test_how_far_the_discount_goes_is_asked_in_the_editor_and_taken_over(world: World, visit: Any) -> None:
    quote = draft(world)
    me = visit(world.rep)
    me.go(f"/quotes/{quote.pk}/")
    me.page.get_by_role("link", name="How far can the discount go?").click()
    sheet = me.page.get_by_role("dialog")
    expect(sheet).to_contain_text("A discount of up to 20%, or €10.00, needs no further approval.")
    sheet.get_by_role("button", name="Use 20%").click()
    expect(me.page.locator("#quote-totals")).to_contain_text("€40.00")
    expect(me.page.get_by_role("link", name="Review & send")).to_be_visible()
