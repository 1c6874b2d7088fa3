"""The editor of a quote at a keyboard: order of lines, undo, two people at once, a browser that dies, how few keys it takes."""

from decimal import Decimal as D
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import PaymentTermFactory, PaymentTermRuleFactory
from catalog.tests.factories import ProductFactory
from quotes import services
from quotes.models import Quote
from quotes.services import LineDraft
from quotes.tests.factories import World, sent

pytestmark = [pytest.mark.e2e, pytest.mark.once("postgresql"), pytest.mark.django_db(transaction=True)]


def with_lines(world: World, *quantities: str) -> Quote:
    drafts = [LineDraft(world.product, D(quantity)) for quantity in quantities]
    return services.quote_create(account_id=world.account.pk, by=world.rep, lines=drafts)


def opened(world: World, visit: Any, quote: Quote, **look: Any) -> Any:
    me = visit(world.rep, **look)
    me.go(f"/quotes/{quote.pk}/")
    expect(me.page.locator("#new-line-search")).to_be_focused()
    return me


def saved(me: Any, version: int) -> None:
    expect(me.page.locator("#quote-version")).to_have_value(str(version))


def order(quote: Quote) -> list[str]:
    return [line.text or f"{line.quantity.normalize():f}" for line in quote.lines.order_by("position", "id")]


def seen(me: Any) -> list[str]:
    return [row.input_value() for row in me.page.locator("#quote-rows [data-row] [name=quantity], #quote-rows [name=text]").all()]


def cell(me: Any, place: int, name: str = "quantity") -> Any:
    return me.page.locator("#quote-rows [data-row]").nth(place).locator(f"[name={name}]")


class Keys:
    """A keyboard that counts."""

    def __init__(self, page: Any) -> None:
        self.page, self.pressed = page, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.pressed += 1
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.pressed += len(text)
        self.page.keyboard.type(text)


@pytest.mark.req("S0.15")
@pytest.mark.parametrize("language", ["en", "fi"])
def test_home_to_sent_quote_of_three_lines_takes_40_keys_and_no_click(world: World, visit: Any, language: str) -> None:
    world.rep.language = language
    world.rep.save()
    for sku in ("JUUSTO-1", "LEIPA-1"):
        ProductFactory(sku=sku, name_en=f"Product {sku}", name_fi=f"Tuote {sku}")
    me = visit(world.rep, language=language)
    me.go("/")
    keys, page = Keys(me.page), me.page
    keys.press("q")
    expect(page.locator("#account-search")).to_be_focused()
    keys.type("ämp")
    keys.press("Enter")
    for sku, quantity in (("maito", "5"), ("juus", "3"), ("lei", "7")):
        expect(page.locator("#new-line-search")).to_be_focused()
        keys.type(sku)
        keys.press("Enter")
        expect(page.locator("#new-line-quantity")).to_be_focused()
        keys.type(quantity)
        keys.press("Enter")
    keys.press("Control+Enter")
    expect(page.locator("#quote-sheet-dialog")).to_have_attribute("open", "")
    keys.press("Control+Enter")
    expect(page.locator("[aria-current=step]")).to_have_text({"en": "Sent", "fi": "Lähetetty"}[language])
    assert keys.pressed <= 40
    assert (me.clicks, Quote.objects.get().net_total) == (0, D(150))


@pytest.mark.req("S0.15")
def test_20_typed_lines_take_180_keys_and_no_click(world: World, visit: Any) -> None:
    for number in range(20):
        ProductFactory(sku=f"T{100 + number}")
    quote = with_lines(world)
    me = opened(world, visit, quote)
    me.start_counting()
    keys, page = Keys(me.page), me.page
    for number in range(20):
        expect(page.locator("#new-line-search")).to_be_focused()
        keys.type(f"t{100 + number}")
        keys.press("Enter")
        expect(page.locator("#new-line-quantity")).to_be_focused()
        keys.type(f"{10 + number}")
        keys.press("Enter")
    saved(me, 21)
    assert order(quote) == [f"{10 + number}" for number in range(20)]
    assert keys.pressed <= 180
    assert (me.clicks, me.loads) == (0, 0)


@pytest.mark.req("S0.15")
def test_a_discount_on_the_whole_quote_takes_1_click_and_1_field(world: World, visit: Any) -> None:
    quote = with_lines(world, "1", "2")
    me = opened(world, visit, quote)
    me.start_counting()
    me.click("#id_header_discount")
    me.fill("#id_header_discount", "10")
    me.page.keyboard.press("Tab")
    saved(me, 2)
    expect(me.page.locator("#quote-totals")).to_contain_text("€27.00")
    assert (me.clicks, me.fields, me.loads) == (1, 1, 0)


@pytest.mark.req("S0.15")
def test_another_payment_term_takes_2_clicks_and_2_fields(world: World, visit: Any) -> None:
    other = PaymentTermFactory(days=30)
    PaymentTermRuleFactory(payment_term=world.account.payment_term)
    quote = with_lines(world, "1")
    me = opened(world, visit, quote)
    me.start_counting()
    me.click("#id_payment_term")
    me.fill("#id_payment_term", "30")
    me.page.keyboard.press("Enter")
    me.click("#id_payment_term_reason")
    me.fill("#id_payment_term_reason", "Agreed with the customer")
    me.page.keyboard.press("Tab")
    saved(me, 3)
    quote.refresh_from_db()
    assert (quote.payment_term, quote.payment_term_reason) == (other, "Agreed with the customer")
    assert (me.clicks, me.fields, me.loads) == (2, 2, 0)


@pytest.mark.req("S0.15")
def test_a_new_revision_of_a_sent_quote_takes_1_click(world: World, visit: Any) -> None:
    old = sent(world).quote
    me = visit(world.rep)
    me.go(f"/quotes/{old.pk}/")
    me.start_counting()
    me.click("form[action$='/revise/'] button")
    expect(me.page.locator("#new-line-search")).to_be_focused()
    assert Quote.objects.filter(number=old.number, revision=2, status="draft").exists()
    assert (me.clicks, me.fields) == (1, 0)


def test_lines_move_double_and_go_by_keys_and_come_back(world: World, visit: Any) -> None:
    quote = with_lines(world, "1", "2", "3")
    me = opened(world, visit, quote)
    keys = me.page.keyboard
    cell(me, 2).focus()
    keys.press("Alt+ArrowUp")
    saved(me, 2)
    assert (seen(me), order(quote)) == (["1", "3", "2"], ["1", "3", "2"])
    expect(cell(me, 1)).to_be_focused()
    keys.press("Alt+ArrowDown")
    saved(me, 3)
    assert (seen(me), order(quote)) == (["1", "2", "3"], ["1", "2", "3"])
    cell(me, 0).focus()
    keys.press("Control+d")
    saved(me, 4)
    assert (seen(me), order(quote)) == (["1", "1", "2", "3"], ["1", "1", "2", "3"])
    numbers = me.page.locator("#quote-rows .quote-number").all_inner_texts()
    assert numbers == ["1", "2", "3", "4"]
    cell(me, 2).focus()
    keys.press("Control+Delete")
    saved(me, 5)
    assert (seen(me), order(quote)) == (["1", "1", "3"], ["1", "1", "3"])
    expect(cell(me, 2)).to_be_focused()
    me.click("#quote-undo [data-undo]")
    saved(me, 6)
    assert (seen(me), order(quote)) == (["1", "1", "2", "3"], ["1", "1", "2", "3"])
    expect(me.page.locator("#quote-totals")).to_contain_text("€70.00")


def test_headings_and_notes_are_typed_and_the_subtotal_follows(world: World, visit: Any) -> None:
    quote = with_lines(world, "1", "2")
    me = opened(world, visit, quote)
    cell(me, 0).focus()
    me.page.keyboard.press("Alt+s")
    saved(me, 2)
    heading = quote.lines.get(kind="section")
    expect(me.page.locator(f"#quote-line-{heading.pk}-text")).to_be_focused()
    me.page.keyboard.type("Milk")
    me.page.keyboard.press("Enter")
    saved(me, 3)
    me.page.keyboard.press("Alt+n")
    saved(me, 4)
    assert order(quote) == ["Milk", "New note", "1", "2"]
    expect(me.page.locator(f"#quote-subtotal-{heading.pk}")).to_have_text("€30.00")
    cell(me, 3).fill("5")
    cell(me, 3).press("Tab")
    saved(me, 5)
    expect(me.page.locator(f"#quote-subtotal-{heading.pk}")).to_have_text("€60.00")


def test_the_menu_of_a_line_does_what_the_keys_do_and_gives_the_focus_back(world: World, visit: Any) -> None:
    quote = with_lines(world, "1", "2")
    me = opened(world, visit, quote)
    row = me.page.locator("#quote-rows [data-row]").first
    row.locator("[data-line-menu]").press("Enter")
    expect(me.page.locator("#line-menu [role=menuitem]").first).to_be_focused()
    me.page.keyboard.press("Escape")
    expect(row.locator("[data-line-menu]")).to_be_focused()
    me.page.keyboard.press("Enter")
    me.page.keyboard.press("ArrowDown")
    me.page.keyboard.press("Enter")
    saved(me, 2)
    expect(row.locator(".quote-flag")).to_have_text("Option")
    expect(me.page.locator("#quote-totals")).to_contain_text("€20.00")
    row.locator("[data-line-menu]").click()
    me.page.locator("[data-line-action=details]").click()
    expect(me.page.locator("#quote-sheet-dialog .quote-waterfall")).to_contain_text("List price")
    me.page.locator("#line-yearly_volume").fill("1200")
    me.page.locator("#line-yearly_volume").press("Tab")
    saved(me, 3)
    assert quote.lines.order_by("position")[0].yearly_volume == D(1200)


def test_a_line_is_dragged_to_another_place(world: World, visit: Any) -> None:
    quote = with_lines(world, "1", "2", "3")
    me = opened(world, visit, quote)
    rows = me.page.locator("#quote-rows [data-row]")
    rows.nth(2).locator(".quote-handle").drag_to(rows.nth(0))
    saved(me, 2)
    assert (seen(me), order(quote)) == (["3", "1", "2"], ["3", "1", "2"])


def test_two_people_see_both_values_and_choose(world: World, visit: Any) -> None:
    quote = with_lines(world, "1", "2")
    first = opened(world, visit, quote)
    second = visit(world.manager)
    second.go(f"/quotes/{quote.pk}/")
    expect(second.page.locator("#quote-presence")).to_contain_text(f"{world.rep.display_name} is editing this quote since")
    cell(second, 0).fill("7")
    cell(second, 0).press("Tab")
    saved(second, 2)
    cell(first, 0).fill("9")
    cell(first, 0).press("Tab")
    conflict = first.page.locator("#quote-conflict")
    expect(conflict).to_contain_text(f"{world.manager.display_name} has changed this quote since you opened it")
    expect(conflict.locator("dd")).to_have_text(["9", "7"])
    first.problems.clear()  # the browser itself reports every 409
    conflict.locator("[data-conflict=mine]").click()
    saved(first, 3)
    assert order(quote) == ["9", "2"]
    cell(second, 1).fill("8")
    cell(second, 1).press("Tab")
    expect(second.page.locator("#quote-conflict dd")).to_have_text(["8", "2"])
    second.problems.clear()
    second.page.locator("[data-conflict=theirs]").click()
    saved(second, 3)
    expect(cell(second, 1)).to_have_value("2")
    assert order(quote) == ["9", "2"]


def test_a_browser_that_dies_in_the_middle_loses_nothing(world: World, visit: Any) -> None:
    quote = with_lines(world, "1", "2")
    me = opened(world, visit, quote)
    me.page.route("**/lines/*/", lambda route: route.abort())
    cell(me, 0).fill("5")
    cell(me, 0).press("Tab")
    expect(me.page.locator("#save-cue")).to_have_text("Not saved")
    cell(me, 1).focus()
    me.page.keyboard.type("6")  # and it is never left
    me.page.locator("#id_customer_note").focus()
    me.page.keyboard.type("Half a sen")
    storage = me.page.context
    me.page.close(run_before_unload=False)
    me.problems.clear()  # the browser itself reports what was cut off
    again = storage.new_page()
    again.goto(me.base + f"/quotes/{quote.pk}/")
    expect(again.locator("[data-kept-note]")).to_contain_text("is back")
    expect(again.locator("#id_customer_note")).to_have_value("Half a sen")
    expect(again.locator("#quote-version")).to_have_value("4")
    expect(again.locator("#quote-totals")).to_contain_text("€110.00")
    quote.refresh_from_db()
    assert (order(quote), quote.customer_note) == (["5", "6"], "Half a sen")
    again.goto(me.base + f"/quotes/{quote.pk}/")
    expect(again.locator("[data-kept-note]")).to_be_hidden()


def test_the_wanted_total_is_solved_for(world: World, visit: Any) -> None:
    quote = with_lines(world, "1", "2")
    me = opened(world, visit, quote)
    field = me.page.locator("#id_header_target")
    field.fill("25")
    field.press("Tab")
    saved(me, 2)
    expect(me.page.locator("#id_header_discount")).to_have_value("5.00 €")
    expect(field).to_have_value("")
    expect(me.page.locator("#quote-totals")).to_contain_text("€25.00")
