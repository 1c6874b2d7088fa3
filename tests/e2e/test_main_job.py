"""The main job in a browser: from home to an accepted quote, with the steps counted."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import expect

from catalog.models import Price
from catalog.tests.factories import ProductFactory
from integration.services import quality
from opportunities.tests.factories import OpportunityFactory
from quotes import services as quotes
from quotes.models import Quote, QuoteAnswer
from quotes.tests.factories import World, draft, sent

pytestmark = [pytest.mark.e2e, pytest.mark.once("postgresql"), pytest.mark.django_db(transaction=True)]


def add_line(visitor: Any, text: str, quantity: str) -> None:
    visitor.fill("#new-line-search", text)
    visitor.click("#product-options [role=option]")
    visitor.fill("#new-line-quantity", quantity)
    visitor.page.keyboard.press("Enter")


def test_enter_is_heard_while_the_page_is_still_loading(world: World, visit: Any) -> None:
    me = visit(world.rep)
    held: list[Any] = []
    me.page.route(re.compile(r"/app(\.\w+)?\.js"), lambda route: held.append(route))
    me.page.goto(f"{me.base}/quotes/new/", wait_until="commit")
    me.fill("#account-search", "ämpäri")
    me.page.keyboard.press("Enter")
    expect(me.page.locator("#quote-new-account")).to_have_value("")
    (script,) = held
    script.continue_()
    expect(me.page.locator("#new-line-search")).to_be_focused()
    assert Quote.objects.get().account == world.account


@pytest.mark.req("S0.15")
def test_home_to_sent_quote_takes_7_clicks_7_fields_and_1_page_change(world: World, visit: Any) -> None:
    for sku in ("JUUSTO-1", "LEIPA-1"):
        ProductFactory(sku=sku, name_en=f"Product {sku}", name_fi=f"Tuote {sku}")
    me = visit(world.rep)
    me.go("/")
    me.start_counting()
    me.click("a[href='/quotes/new/']")
    me.fill("#account-search", "ämpäri")
    me.click("#account-options [role=option]")
    add_line(me, "maito", "5")
    add_line(me, "juusto", "2,5")
    add_line(me, "leipa", "10")
    me.click("#quote-review-button")
    me.click("#quote-sheet button[type=submit]")
    expect(me.page.locator("[aria-current=step]")).to_have_text("Sent", timeout=20_000)  # a document is made on the way
    quote = Quote.objects.get()
    assert (quote.status, quote.net_total, [str(line.quantity) for line in quote.lines.all()]) == (
        "sent", 175, ["5.000", "2.500", "10.000"],
    )  # fmt: skip
    assert (me.clicks, me.fields, me.loads) == (7, 7, 1)


def test_the_same_by_keyboard_alone(world: World, visit: Any) -> None:
    me = visit(world.rep)
    me.go("/")
    keys = me.page.keyboard
    keys.press("q")
    me.fill("#account-search", "ämpäri")
    keys.press("Enter")
    me.fill("#new-line-search", "maito")
    keys.press("Enter")
    me.fill("#new-line-quantity", "5")
    keys.press("Enter")
    expect(me.page.locator("#quote-totals")).to_contain_text("€50.00")
    keys.press("Control+Enter")
    expect(me.page.locator("[name=recipient]").first).to_be_focused()
    keys.press("Control+Enter")
    expect(me.page.locator("[aria-current=step]")).to_have_text("Sent")


def test_approval_by_link_on_a_phone_then_the_customer_accepts(world: World, visit: Any, deliver: Any) -> None:
    quote = draft(world, "21")
    me = visit(world.rep)
    me.go(f"/quotes/{quote.pk}/")
    me.start_counting()
    me.click("#quote-review-button")
    expect(me.page.locator("#quote-sheet")).to_contain_text("Request approval")
    me.click("#quote-sheet button[type=submit]")
    expect(me.page.locator("[aria-current=step]")).to_have_text("In approval")
    assert me.clicks == 2

    assert deliver() == 1
    link = re.search(r"http\S+/a/\S+", mail.outbox[0].body)
    assert link is not None
    approver = visit(None, width=360)
    approver.page.goto(link.group())
    assert "/a/r/" in approver.page.url
    assert approver.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    approver.click("button[value=approve]")
    expect(approver.page.locator("body")).to_contain_text("Approved")
    assert approver.clicks == 1

    me.go(f"/quotes/{quote.pk}/")
    me.click("[data-primary]")
    me.click("#quote-sheet button[type=submit]")
    expect(me.page.locator("[aria-current=step]")).to_have_text("Sent")
    deliver()
    link = re.search(r"http\S+/q/\S+", mail.outbox[-1].body)
    assert link is not None
    customer = visit(None, width=360, dark=True)
    customer.page.goto(link.group())
    assert customer.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    customer.page.get_by_label("Nimenne").first.fill("Öykkönen")
    customer.page.get_by_label("Asemanne").fill("Ostaja")
    customer.page.locator("[name='accept-agree']").check()
    customer.click("button[value=accept]")
    expect(customer.page.locator("[role=status].alert")).to_contain_text("Öykkönen")
    assert QuoteAnswer.objects.get().answer == "accepted"


def test_nothing_typed_is_lost_while_the_server_is_slow(world: World, visit: Any) -> None:
    quote = draft(world, "0", "0")
    me = visit(world.rep)
    me.go(f"/quotes/{quote.pk}/")
    held: list[Any] = []
    me.page.route("**/lines/**", lambda route: route.continue_() if held else held.append(route))
    first, second = (f"#quote-line-{line.pk}" for line in quote.lines.all())
    me.page.locator(f"{first}-quantity").fill("7")
    me.page.locator(f"{first}-discount").fill("10")
    me.page.locator(f"{second}-quantity").fill("3")
    me.page.locator(f"{second}-net_price").focus()
    expect(me.page.locator("#save-cue")).to_have_text("Saving…")
    held[0].continue_()
    expect(me.page.locator("#quote-totals")).to_contain_text("€93.00")
    expect(me.page.locator("#save-cue")).to_have_text("Saved")
    assert [(str(line.quantity), str(line.discount_value)) for line in quote.lines.all()] == [
        ("7.000", "10.0000"),
        ("3.000", "0.0000"),
    ]
    expect(me.page.locator(f"{second}-net_price")).to_be_focused()


def test_a_bad_cell_keeps_the_text_and_says_why(world: World, visit: Any) -> None:
    quote = draft(world)
    line = quote.lines.get()
    me = visit(world.rep)
    me.go(f"/quotes/{quote.pk}/")
    field = me.page.locator(f"#quote-line-{line.pk}-discount")
    field.fill("150")
    field.press("Tab")
    expect(me.page.locator(f"#quote-line-{line.pk}-error")).to_have_text("The discount must be between 0 and 100 %.")
    expect(field).to_have_value("150")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert "net" not in me.problems
    me.problems.clear()  # the browser itself reports every 422


@pytest.mark.once
def test_pages_fit_and_are_accessible(world: World, visit: Any) -> None:
    quote = draft(world, "21")
    done = sent(world).quote
    Price.objects.update(list_price=Decimal("10.5"))
    quality.quality_note()
    me = visit(world.rep)
    found = []
    lists = ["/", "/accounts/", "/opportunities/", "/quotes/", "/approvals/", "/products/"]
    deal = OpportunityFactory(account=world.account, owner=world.rep)
    Quote.objects.update(opportunity=deal)
    pages = [
        f"/accounts/{world.account.pk}/",
        f"/opportunities/{deal.pk}/",
        f"/quotes/{done.pk}/copy/",
        "/quotes/new/",
        "/sync/quality/",
        "/sync/quality/lacks_business_id/",
    ]
    drafted = [f"/quotes/{quote.pk}/{part}" for part in ("", "prices/", "review/", "how-far/")]
    both = f"q={quote.pk}&q={done.pk}"
    several = ["/quotes/?view=board", f"/quotes/compare/?{both}", f"/quotes/selected/?do=owner&{both}"]
    revised = quotes.quote_revise(quote_id=done.pk, by=world.rep)
    quotes.quote_change(quote_id=revised.pk, by=world.rep, customer_note="Hei")
    quotes.line_change(quote_id=revised.pk, line_id=revised.lines.get().pk, by=world.rep, quantity=Decimal(7))
    for path in [*lists, *several, *pages, *drafted, f"/quotes/{done.pk}/", f"/quotes/{revised.pk}/compare/?all=1"]:
        me.go(path)
        me.settled()
        found += me.faults()
    assert found == []
