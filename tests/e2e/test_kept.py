"""What is typed into a quote and its sheets is never lost: failures, refusals, no connection, a session or browser that ends."""

from decimal import Decimal as D
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from accounts.tests.factories import PaymentTermFactory, PaymentTermRuleFactory
from catalog.tests.factories import ProductFactory
from core.errors import WrongState
from quotes import services
from quotes.models import QuoteLine
from quotes.tests.factories import World, draft, sent
from tests.e2e.test_editor import cell, opened, order, saved, seen, with_lines
from tests.e2e.test_quote_sheets import paste
from users.models import RoleAssignment
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.e2e, pytest.mark.once("postgresql"), pytest.mark.django_db(transaction=True)]

NOTE = "[data-kept-note]"


def reopened(me: Any, path: str) -> Any:
    """The browser ends without a word; a new page of the same person."""
    context = me.page.context
    me.page.close(run_before_unload=False)
    me.problems.clear()  # the browser itself reports what was cut off
    me.page = context.new_page()
    me.page.on("load", me._loaded)
    me.go(path)
    return me.page


def choose(me: Any, text: str) -> None:
    expect(me.page.locator("#new-line-search")).to_be_focused()
    me.page.keyboard.type(text)
    me.page.keyboard.press("Enter")
    expect(me.page.locator("#new-line-quantity")).to_be_focused()


def add(me: Any, text: str, quantity: str) -> None:
    choose(me, text)
    me.page.keyboard.type(quantity)
    me.page.keyboard.press("Enter")
    expect(me.page.locator("#new-line-search")).to_be_focused()


def cue(me: Any, text: str) -> None:
    expect(me.page.locator("#save-cue")).to_have_text(text)


def test_a_failure_names_its_reference_once_and_is_tried_again(world: World, visit: Any, monkeypatch: Any) -> None:
    quote = with_lines(world, "1")
    me = opened(world, visit, quote)

    def fail(**_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(services, "line_change", fail)
        cell(me, 0).fill("5")
        cell(me, 0).press("Tab")
        expect(me.page.locator("#quote-conflict")).to_contain_text("Reference")
        cue(me, "Not saved")
        me.start_counting()
        me.page.reload()
        expect(me.page.locator("#quote-conflict")).to_contain_text("Reference")
        expect(cell(me, 0)).to_have_value("5")
        me.page.wait_for_timeout(300)
        assert me.loads == 1
    me.problems.clear()  # the browser itself reports every 500
    me.click("#quote-review-button")
    expect(me.page.locator("#quote-sheet-dialog")).to_have_attribute("open", "")
    assert order(quote) == ["5"]


def test_what_was_added_leaves_nothing_behind_and_what_was_chosen_comes_back(world: World, visit: Any) -> None:
    quote = with_lines(world, "1")
    me = opened(world, visit, quote)
    add(me, "mai", "2")
    saved(me, 2)
    page = reopened(me, f"/quotes/{quote.pk}/")
    expect(page.locator("#new-line-search")).to_be_focused()
    expect(page.locator("#new-line-search")).to_have_value("")
    expect(page.locator(NOTE)).to_be_hidden()
    choose(me, "mai")
    page.keyboard.type("7")
    page = reopened(me, f"/quotes/{quote.pk}/")
    expect(page.locator(NOTE)).to_be_visible()
    expect(page.locator("#new-line-quantity")).to_have_value("7")
    page.locator("#new-line-quantity").press("Enter")
    saved(me, 3)
    assert order(quote) == ["1", "2", "7"]


def test_a_refused_line_waits_while_the_next_one_is_typed(world: World, visit: Any) -> None:
    quote = with_lines(world, "1")
    me = opened(world, visit, quote)
    held: list[Any] = []
    me.page.route("**/lines/", lambda route: route.continue_() if held else held.append(route))
    add(me, "mai", "many")
    me.page.keyboard.type("mait")
    cue(me, "Saving…")
    held[0].continue_()
    waiting = me.page.locator("#quote-not-added li")
    expect(waiting).to_contain_text("MAITO-1 Milk × many")
    expect(waiting).to_contain_text("is not a number")
    expect(me.page.locator("#new-line-search")).to_have_value("mait")
    cue(me, "Not saved")
    waiting.locator("[data-put-right]").click()
    expect(me.page.locator("#new-line-quantity")).to_have_value("many")
    expect(waiting).to_have_count(0)
    me.page.locator("#new-line-quantity").fill("4")
    me.page.locator("#new-line-quantity").press("Enter")
    saved(me, 2)
    cue(me, "Saved")
    assert order(quote) == ["1", "4"]
    me.problems.clear()  # the browser itself reports every 422


def test_every_line_that_was_queued_comes_back(world: World, visit: Any) -> None:
    quote = with_lines(world, "1")
    me = opened(world, visit, quote)
    me.page.route("**/lines/", lambda route: route.abort())
    add(me, "mai", "2")
    add(me, "mai", "3")
    cue(me, "Not saved")
    page = reopened(me, f"/quotes/{quote.pk}/")
    saved(me, 3)
    expect(page.locator(NOTE)).to_be_visible()
    assert order(quote) == ["1", "2", "3"]


def test_a_line_is_not_added_twice_when_only_its_answer_was_lost(world: World, visit: Any) -> None:
    quote = with_lines(world, "1")
    me = opened(world, visit, quote)
    me.page.route("**/lines/", lambda route: (route.fetch(), route.abort()))
    add(me, "mai", "2")
    cue(me, "Not saved")
    page = reopened(me, f"/quotes/{quote.pk}/")
    expect(page.locator("#quote-not-added li")).to_contain_text("look whether this line is there")
    assert order(quote) == ["1", "2"]
    page.locator("[data-leave-out]").click()
    page.reload()
    expect(page.locator("#quote-presence")).to_be_attached()
    expect(page.locator("#quote-not-added li")).to_have_count(0)


def test_a_connection_that_is_back_saves_what_waits(world: World, visit: Any) -> None:
    quote = with_lines(world, "1", "2")
    me = opened(world, visit, quote)
    me.page.context.set_offline(True)
    cell(me, 0).fill("5")
    cell(me, 0).press("Tab")
    expect(me.page.locator("#quote-conflict")).to_contain_text("stays in this browser")
    cell(me, 1).fill("6")
    cell(me, 1).press("Tab")
    cue(me, "Not saved")
    me.page.context.set_offline(False)
    expect(me.page.locator("#quote-version")).to_have_value("3", timeout=3000)  # sooner than it would be tried again by itself
    cue(me, "Saved")
    expect(me.page.locator("#quote-conflict")).to_be_empty()
    assert order(quote) == ["5", "6"]
    me.problems.clear()  # the browser itself reports what was cut off


def test_a_change_outlives_the_session(world: World, visit: Any) -> None:
    quote = with_lines(world, "1")
    me = opened(world, visit, quote)
    name = settings.SESSION_COOKIE_NAME
    (session,) = (cookie for cookie in me.page.context.cookies() if cookie["name"] == name)
    me.page.context.clear_cookies(name=name)
    cell(me, 0).fill("5")
    me.page.locator("#new-line-search").focus()
    expect(me.page.locator("[name=login]").first).to_be_visible()
    assert f"next=%2Fquotes%2F{quote.pk}%2F" in me.page.url
    me.page.context.add_cookies([session])
    me.problems.clear()  # the browser itself reports every 401
    me.go(f"/quotes/{quote.pk}/")
    saved(me, 2)
    assert order(quote) == ["5"]


def test_a_move_that_was_refused_goes_back(world: World, visit: Any, monkeypatch: Any) -> None:
    quote = with_lines(world, "1", "2", "3")
    me = opened(world, visit, quote)

    def refuse(**_: Any) -> None:
        raise WrongState

    monkeypatch.setattr(services, "line_move", refuse)
    cell(me, 0).focus()
    me.page.keyboard.press("Alt+ArrowDown")
    expect(me.page.locator("#quote-conflict .alert")).to_be_visible()
    assert seen(me) == ["1", "2", "3"]
    assert me.page.locator("#quote-rows .quote-number").all_inner_texts() == ["1", "2", "3"]
    me.problems.clear()  # the browser itself reports every 409


def test_saved_is_said_of_all_of_it(world: World, visit: Any) -> None:
    quote = with_lines(world, "1", "2")
    me = opened(world, visit, quote)
    cell(me, 0, "discount").fill("150")
    cell(me, 0, "discount").press("Tab")
    cue(me, "Not saved")
    held: list[Any] = []
    me.page.route("**/lines/*/", lambda route: route.continue_() if len(held) == 1 else held.append(route))
    cell(me, 1).fill("5")
    cell(me, 1, "discount").fill("10")
    cell(me, 0).focus()
    cue(me, "Saving…")
    held[0].continue_()
    saved(me, 3)
    cue(me, "Not saved")
    cell(me, 0, "discount").fill("15")
    cell(me, 0, "discount").press("Tab")
    cue(me, "Saved")
    me.problems.clear()  # the browser itself reports every 422


def test_a_wish_and_a_reason_outlive_their_sheet_until_they_are_sent(world: World, visit: Any) -> None:
    quote = draft(world, "21")
    me = opened(world, visit, quote)
    me.click("#quote-ask-statement")
    me.page.locator("#id_wish").fill("A cheese course")
    me.page.keyboard.press("Escape")
    me.click("#quote-ask-statement")
    expect(me.page.locator("#id_wish")).to_have_value("A cheese course")
    expect(me.page.locator(f"#quote-sheet {NOTE}")).to_be_visible()
    me.click("#quote-sheet button[type=submit]")
    expect(me.page.locator("dialog[open]")).to_have_count(0)
    me.click("#quote-ask-statement")
    expect(me.page.locator("#id_wish")).to_have_value("")
    me.page.keyboard.press("Escape")
    me.click("#quote-review-button")
    me.page.locator("#id_reason").fill("A new customer")
    page = reopened(me, f"/quotes/{quote.pk}/")
    page.locator("#quote-review-button").click()
    expect(page.locator("#id_reason")).to_have_value("A new customer")


def test_rows_put_right_in_the_sheet_outlive_it(world: World, visit: Any) -> None:
    ProductFactory(sku="VOI-1", name_en="Butter")
    quote = with_lines(world, "1")
    me = opened(world, visit, quote)
    paste(me, "MAITO-1\t2\nOLD-BUTTER\t3\nMAITO-1\tmany")
    expect(me.page.locator("#row-2-code")).to_be_focused()
    me.page.keyboard.press("Control+A")
    me.page.keyboard.type("butt")
    me.page.locator("#row-2-options [role=option]").click()
    me.page.locator("[name='row-3-quantity']").fill("4")
    me.page.keyboard.press("Escape")
    expect(me.page.locator("dialog[open]")).to_have_count(0)
    me.click("#quote-paste-button")
    expect(me.page.locator("textarea#paste-text")).to_have_value("MAITO-1\t2\nOLD-BUTTER\t3\nMAITO-1\tmany")
    me.click("#quote-sheet [data-primary]")
    expect(me.page.locator("[name='row-3-quantity']")).to_have_value("4")
    me.click("#paste-add")
    expect(me.page.locator("#quote-rows [data-row]")).to_have_count(4)
    assert order(quote) == ["1", "2", "3", "4"]
    me.click("#quote-paste-button")
    expect(me.page.locator("textarea#paste-text")).to_have_value("")


def test_the_sheet_of_a_line_says_what_is_wrong_and_keeps_what_was_typed(world: World, visit: Any) -> None:
    quote = with_lines(world, "1")
    me = opened(world, visit, quote)
    me.page.locator("[data-line-menu]").click()
    me.page.locator("[data-line-action=details]").click()
    volume = me.page.locator("#line-yearly_volume")
    volume.fill("0")
    volume.press("Tab")
    expect(me.page.locator("#line-yearly_volume-error")).to_have_text("The quantity must be above 0.")
    me.problems.clear()  # the browser itself reports every 422
    volume.fill("1200")
    volume.press("Tab")
    saved(me, 2)
    expect(me.page.locator("#line-yearly_volume-error")).to_be_empty()
    volume.fill("1300")
    me.page.keyboard.press("Escape")  # leaving the sheet saves what was typed there
    saved(me, 3)
    assert quote.lines.get().yearly_volume == D(1300)


def test_a_statement_outlives_the_session(world: World, visit: Any) -> None:
    quote = with_lines(world, "1")
    writer = UserFactory(username="writer", roles=["presales"], sees_all_units=True)
    me = visit(writer)
    me.go(f"/quotes/{quote.pk}/statement/")
    typed = {"text": "A cheese course", "list_price": "many", "specialist": "M. Mestari", "feasibility": "Done before"}
    for field, text in typed.items():
        me.page.locator(f"#id_{field}").fill(text)
    name = settings.SESSION_COOKIE_NAME
    me.page.context.clear_cookies(name=name)
    me.click("#main button[type=submit]")
    expect(me.page.locator("[name=login]").first).to_be_visible()
    client = Client()
    client.force_login(writer)
    me.page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": me.base}])
    me.problems.clear()  # the browser itself reports every 401
    me.go(f"/quotes/{quote.pk}/statement/")
    expect(me.page.locator(NOTE)).to_be_visible()
    me.click("#main button[type=submit]")
    expect(me.page.locator("#id_list_price")).to_have_attribute("aria-invalid", "true")
    me.problems.clear()  # the browser itself reports every 422
    me.page.locator("#id_list_price").fill("900")
    me.click("#main button[type=submit]")
    expect(me.page.locator(".quote-lines")).to_contain_text("A cheese course")
    assert QuoteLine.objects.get(kind="sow").list_price == 900
    me.go(f"/quotes/{quote.pk}/statement/")
    expect(me.page.locator("#id_text")).to_have_value("")


def test_what_an_account_paid_last_stays_with_its_line(world: World, visit: Any) -> None:
    sent(world)
    quote = with_lines(world, "1")
    me = opened(world, visit, quote)
    last = me.page.locator("#quote-rows .quote-last")
    expect(last.first).to_contain_text("10.00")
    cell(me, 0).fill("5")
    cell(me, 0).press("Tab")
    saved(me, 2)
    expect(last.first).to_contain_text("10.00")
    me.page.locator("#new-line-search").focus()
    add(me, "mai", "2")
    saved(me, 3)
    expect(last).to_have_count(2)
    expect(last.nth(1)).to_contain_text("10.00")


def test_undo_goes_back_step_by_step(world: World, visit: Any) -> None:
    quote = with_lines(world, "1", "2", "3")
    me = opened(world, visit, quote)
    bar = me.page.locator("#quote-undo")
    cell(me, 0).focus()
    me.page.keyboard.press("Control+Delete")
    saved(me, 2)
    me.page.keyboard.press("Control+Delete")
    saved(me, 3)
    me.page.keyboard.press("Control+d")
    saved(me, 4)
    cell(me, 0).focus()
    cell(me, 0).fill("4")
    me.page.keyboard.press("Alt+ArrowDown")
    saved(me, 6)
    assert order(quote) == ["3", "4"]
    expect(bar).to_contain_text("moved")
    for version, lines in enumerate(("43", "4", "24", "124"), 7):
        bar.locator("[data-undo]").click()
        saved(me, version)
        assert seen(me) == order(quote) == list(lines)
    expect(bar).to_be_hidden()


def test_whoever_sells_and_writes_statements_does_both_in_the_editor(world: World, visit: Any) -> None:
    RoleAssignment.objects.create(user=world.rep, role="presales")
    quote = with_lines(world, "1")
    me = opened(world, visit, quote)
    me.click("#quote-write-statement")
    for field, text in {"text": "A course", "list_price": "900", "specialist": "M. M.", "feasibility": "Done before"}.items():
        me.page.locator(f"#id_{field}").fill(text)
    me.click("#main button[type=submit]")
    expect(me.page.locator("#quote-rows .quote-statement")).to_contain_text("A course")
    cell(me, 0).fill("5")  # what is typed is saved first
    me.page.locator(".quote-statement [data-line-menu]").click()
    me.page.get_by_role("menuitem", name="Change the statement of work").click()
    expect(me.page.locator("#id_text")).to_have_value("A course")
    assert quote.lines.get(kind="product").quantity == 5


def test_a_statement_of_others_has_no_twin(world: World, visit: Any) -> None:
    writer = UserFactory(username="writer", roles=["presales"], sees_all_units=True)
    quote = with_lines(world, "1")
    statement = services.Statement(text="A course", list_price=D(900), specialist="M. M.", feasibility="Done before")
    services.statement_write(quote_id=quote.pk, by=writer, statement=statement)
    me = opened(world, visit, quote)
    for row, shown in ((0, True), (1, False)):
        me.page.locator("#quote-rows [data-line-menu]").nth(row).click()
        expect(me.page.locator("[data-line-action=duplicate]")).to_be_visible(visible=shown)
        me.page.keyboard.press("Escape")
    expect(me.page.locator("#quote-write-statement, #line-menu-statement")).to_have_count(0)


def test_the_recommended_payment_term_is_taken_with_1_click(world: World, visit: Any) -> None:
    term = PaymentTermFactory()
    PaymentTermRuleFactory(payment_term=term)
    quote = with_lines(world, "1")
    assert quote.payment_term == world.account.payment_term
    me = opened(world, visit, quote)
    me.click("#quote-take-term")
    saved(me, 2)
    expect(me.page.locator("#quote-take-term")).to_have_count(0)
    expect(me.page.locator("#id_payment_term")).to_be_focused()
    quote.refresh_from_db()
    assert (quote.payment_term, me.clicks) == (term, 1)
