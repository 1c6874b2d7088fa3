"""The sheets of the editor in a browser: rows pasted from a spreadsheet, templates, the starter pack, files; steps counted."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import AccountFactory
from catalog.models import ProductUnit, UnitOfMeasure
from catalog.tests.factories import PriceFactory, ProductFactory
from quotes import services
from quotes.models import Quote, QuoteAttachment, QuoteTemplate
from quotes.tests.factories import World, draft, sent, template_of

pytestmark = [pytest.mark.e2e, pytest.mark.once("postgresql"), pytest.mark.django_db(transaction=True)]


def paste(me: Any, text: str) -> None:
    """Ctrl+V in the empty row, of what a spreadsheet has put on the clipboard."""
    me.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    me.page.locator("#new-line-search").focus()
    me.page.evaluate("text => navigator.clipboard.writeText(text)", text)
    me.page.keyboard.press("Control+V")


@pytest.mark.req("S0.15")
def test_20_rows_of_a_spreadsheet_take_1_click(world: World, visit: Any) -> None:
    for number in range(20):
        ProductFactory(sku=f"TUOTE-{number}")
    quote = draft(world)
    me = visit(world.rep)
    me.go(f"/quotes/{quote.pk}/")
    me.start_counting()
    paste(me, "Tuotekoodi\tMäärä\tAlennus\n" + "".join(f"tuote-{n}\t{n + 1},5\t{n} %\n" for n in range(20)))
    expect(me.page.locator("#paste-add")).to_be_focused()
    me.click("#paste-add")
    expect(me.page.locator("#quote-rows [data-row]")).to_have_count(21)
    expect(me.page.locator("#new-line-search")).to_be_focused()
    assert (me.clicks, me.loads, quote.lines.count()) == (1, 0, 21)


def test_two_wrong_rows_are_put_right_in_the_sheet(world: World, visit: Any) -> None:
    ProductFactory(sku="VOI-1", name_en="Butter")
    quote = draft(world)
    me = visit(world.rep)
    me.go(f"/quotes/{quote.pk}/")
    me.page.locator(f"#quote-line-{quote.lines.get().pk}-quantity").fill("6")  # saved while the sheet is open
    paste(me, "MAITO-1\t2\nOLD-BUTTER\t3\nMAITO-1\tmany")
    expect(me.page.locator("#quote-sheet")).to_contain_text("2 rows to put right")
    expect(me.page.locator("#row-2-code")).to_be_focused()
    me.page.keyboard.press("Control+A")
    me.page.keyboard.type("butt")
    me.page.locator("#row-2-options [role=option]").click()
    me.page.locator("[name='row-3-quantity']").fill("oops")
    me.click("#paste-add")
    expect(me.page.locator("#quote-sheet")).to_contain_text("“oops” is not a number.")
    expect(me.page.locator("#quote-sheet")).to_contain_text("2 rows in order")  # what was put right stays so
    me.problems.clear()  # the browser itself reports every 422
    me.page.locator("[name='row-3-quantity']").fill("4")
    me.click("#paste-add")
    expect(me.page.locator("#quote-rows [data-row]")).to_have_count(4)
    expect(me.page.locator("#quote-totals")).to_contain_text("€150.00")


def test_one_cell_is_pasted_as_it_is(world: World, visit: Any) -> None:
    me = visit(world.rep)
    me.go(f"/quotes/{draft(world).pk}/")
    paste(me, "MAITO-1\n")
    expect(me.page.locator("#new-line-search")).to_have_value("MAITO-1")
    expect(me.page.locator("dialog[open]")).to_have_count(0)


@pytest.mark.req("S0.15")
def test_a_template_takes_3_clicks_to_sent(world: World, visit: Any) -> None:
    template_of(world.rep, world.product)
    me = visit(world.rep)
    me.go("/quotes/templates/")
    me.start_counting()
    me.click("tbody .btn")
    me.fill("#account-search", "ämpäri")
    me.page.keyboard.press("Enter")
    me.click("#quote-review-button")
    me.click("#quote-sheet button[type=submit]")
    expect(me.page.locator("[aria-current=step]")).to_have_text("Sent")
    assert (me.clicks, me.fields, Quote.objects.get().lines.count()) == (3, 1, 1)


@pytest.mark.req("S0.15")
def test_a_copied_quote_takes_3_clicks_to_sent(world: World, visit: Any) -> None:
    old = sent(world).quote
    me = visit(world.rep)
    me.go(f"/quotes/{old.pk}/")
    me.start_counting()
    me.click("form[action$='/copy/'] button")
    expect(me.page.locator("[aria-current=step]")).to_have_text("Draft")
    me.click("#quote-review-button")
    me.click("#quote-sheet button[type=submit]")
    expect(me.page.locator("[aria-current=step]")).to_have_text("Sent")
    assert (me.clicks, me.fields, Quote.objects.filter(status="sent").count()) == (3, 0, 2)


def test_a_stroke_opens_the_templates_and_enter_takes_the_one_that_is_named(world: World, visit: Any) -> None:
    template_of(world.rep, world.product, name="Lunch set")
    template_of(world.rep, world.product, world.product, name="Breakfast set")
    quote = draft(world)
    me = visit(world.rep)
    me.go(f"/quotes/{quote.pk}/")
    expect(me.page.locator("#new-line-search")).to_be_focused()
    keys = me.page.keyboard
    keys.press("/")
    expect(me.page.locator("#insert-name")).to_be_focused()
    keys.type("break")
    expect(me.page.locator("#insert-templates li:visible")).to_have_count(1)
    keys.press("ArrowDown")
    expect(me.page.locator("[data-pick]:visible").first).to_be_focused()
    keys.press("ArrowUp")
    keys.press("Enter")
    expect(me.page.locator("#quote-rows [data-row]")).to_have_count(3)
    assert (me.clicks, me.loads) == (0, 1)


def test_lines_are_kept_as_a_template_and_taken_from_another_quote(world: World, visit: Any) -> None:
    source = services.quote_copy(quote_id=draft(world, "0", "5").pk, by=world.rep)
    quote = draft(world)
    me = visit(world.rep)
    me.go(f"/quotes/{quote.pk}/")
    me.click("#quote-insert-button")
    expect(me.page.locator("#insert-name")).to_be_focused()
    me.page.locator("#insert-q").fill(source.number)
    expect(me.page.locator("#insert-sources li")).to_have_count(1)
    me.click(f"#insert-source-{source.pk}")
    expect(me.page.locator("#quote-rows [data-row]")).to_have_count(3)
    me.click("#quote-template-button")
    me.page.locator("#template-name").fill("Kahvitarjoilu")
    me.page.get_by_label("Everyone").check()
    me.click("#template-save")
    expect(me.page.locator("h1")).to_have_text("Kahvitarjoilu")
    template = QuoteTemplate.objects.get()
    assert (template.shared_with, template.lines.count()) == ("all", 3)


@pytest.mark.req("S1.29")
def test_a_new_customers_starter_pack_is_one_click(world: World, visit: Any) -> None:
    template_of(world.manager, world.product, is_starter_pack=True)
    quote = draft(world)
    me = visit(world.rep)
    me.go(f"/quotes/{quote.pk}/")
    me.start_counting()
    me.click("#starter-take")
    expect(me.page.locator("#quote-rows [data-row]")).to_have_count(2)
    expect(me.page.locator("#starter-take")).to_have_count(0)
    assert (me.clicks, quote.lines.count()) == (1, 2)


def test_a_file_is_added_beside_a_line_that_changes(world: World, visit: Any, tmp_path: Path) -> None:
    file = tmp_path / "Piirros.pdf"
    file.write_bytes(b"%PDF-1.7")
    quote = draft(world)
    me = visit(world.rep)
    me.go(f"/quotes/{quote.pk}/")
    me.page.set_input_files("#attachment-file", file)
    me.page.get_by_label("The customer gets it with the quote").check()
    me.click("#attachment-add")
    expect(me.page.locator("#quote-attachments")).to_contain_text("for the customer")
    field = me.page.locator(f"#quote-line-{quote.lines.get().pk}-quantity")
    field.fill("7")
    field.press("Tab")
    expect(me.page.locator("#quote-totals")).to_contain_text("€70.00")  # the page knows the new version
    with me.page.expect_download() as download:
        me.page.locator("#quote-attachments a").first.click()
    assert (download.value.suggested_filename, QuoteAttachment.objects.get().for_customer) == ("Piirros.pdf", True)
    me.click("#quote-attachments [aria-label^=Remove]")
    expect(me.page.locator("#quote-attachments")).not_to_contain_text("Piirros.pdf")
    assert quote.attachments.count() == 0


@pytest.mark.once
def test_the_sheets_fit_and_are_accessible(world: World, visit: Any) -> None:
    template = template_of(world.rep, world.product, is_starter_pack=True)
    quote = draft(world)
    me = visit(world.rep)
    found: list[str] = []

    def look(what: str) -> None:
        me.settled()
        me.page.evaluate("scrollTo(0, document.body.scrollHeight)")  # bars that stay at the bottom cover nothing there
        found.extend(f"{what}: {fault}" for fault in me.faults())

    for path in ("", "paste/", "insert/", "template/", "attachments/"):
        me.go(f"/quotes/{quote.pk}/{path}")
        look(path)
    for path in ("", f"{template.pk}/", f"{template.pk}/quote/"):
        me.go(f"/quotes/templates/{path}")
        look(f"templates/{path}")
    me.go(f"/quotes/{quote.pk}/")
    paste(me, "MAITO-1\t2\nOLD-BUTTER\t3\t1 €\nMAITO-1\tmany")
    expect(me.page.locator("#row-2-code")).to_be_focused()
    look("pasted rows")
    me.page.keyboard.press("Escape")
    me.click("#quote-insert-button")
    expect(me.page.locator("#insert-name")).to_be_focused()
    look("templates to insert")
    assert found == []


def test_the_sheet_of_a_line_follows_what_is_changed_in_it(world: World, visit: Any) -> None:
    units = [UnitOfMeasure.objects.create(code=code, label_en=code, label_fi=code) for code in ("gram", "crate")]
    for unit, factor in zip(units, ((1, 1000), (3, 1)), strict=True):
        ProductUnit.objects.create(product=world.product, unit=unit, numerator=factor[0], denominator=factor[1])
    PriceFactory(product=world.product, list_price="8", min_quantity="5")
    quote = draft(world)
    line = quote.lines.get()
    me = visit(world.rep)
    me.go(f"/quotes/{quote.pk}/")
    me.page.locator("[data-line-menu]").click()
    me.page.locator("[data-line-action=details]").click()
    expect(me.page.locator("#quote-sheet")).to_contain_text("from 5 pcs on")
    me.page.locator("#line-unit").select_option(label="gram")
    expect(me.page.locator(f"#quote-line-{line.pk}-quantity")).to_have_value("5000")
    expect(me.page.locator("#quote-sheet")).to_contain_text("from 5 pcs on")
    me.page.locator("#line-unit").select_option(label="crate")
    expect(me.page.locator("#line-unit-error")).to_contain_text("This quantity cannot be said exactly in that unit.")
    me.problems.clear()  # the browser itself reports every 422
    me.page.locator("#line-unit").select_option(label="pcs")
    expect(me.page.locator(f"#quote-line-{line.pk}-quantity")).to_have_value("5")
    expect(me.page.locator("#line-unit-error")).to_be_empty()
    me.page.locator("#quote-sheet").evaluate("sheet => sheet.replaceChildren()")
    url = me.page.locator(f"#quote-line-{line.pk}").get_attribute("data-url")
    refused = {"field": "unit", "value": str(units[1].pk)}
    me.page.evaluate("([url, values]) => quoteEditor.enqueue({ url, values })", [url, refused])
    expect(me.page.locator(f"#quote-line-{line.pk}-error")).to_contain_text("This quantity cannot be said exactly in that unit.")
    expect(me.page.locator("#quote-conflict")).to_be_empty()
    me.problems.clear()


def test_undo_of_sending_counts_down_and_goes_when_it_can_no_longer_help(world: World, visit: Any) -> None:
    quote = draft(world)
    me = visit(world.rep)
    me.page.clock.install()
    me.go(f"/quotes/{quote.pk}/")
    me.click("#quote-review-button")
    me.click("#quote-sheet button[type=submit]")
    undo = me.page.get_by_role("button", name="Undo sending", exact=True)
    expect(undo).to_contain_text(re.compile(r"\((10|[789])\ss\)"), timeout=20_000)
    undo.focus()
    me.page.clock.run_for(3_000)
    expect(undo).to_contain_text(re.compile(r"\([4567]\ss\)"))
    me.page.clock.run_for(8_000)
    expect(undo).to_have_count(0)
    expect(me.page.get_by_role("button", name="New revision")).to_be_focused()


@pytest.mark.req("S0.15")
def test_a_copy_for_another_account_takes_2_clicks_and_1_field(world: World, visit: Any) -> None:
    other = AccountFactory(owner=world.rep, name="Toinen Oy")
    quote = sent(world).quote
    me = visit(world.rep)
    me.go(f"/quotes/{quote.pk}/")
    me.start_counting()
    me.click(f"a[href='/quotes/{quote.pk}/copy/']")
    me.fill("#account-search", "toinen")
    me.click("#account-options [role=option]")
    expect(me.page.locator("#new-line-search")).to_be_focused()
    new = Quote.objects.latest("pk")
    assert (me.clicks, me.fields, new.account, new.lines.count()) == (2, 1, other, 1)
