"""The whole way of a quote, from a spreadsheet to the customer's yes and the figures on paper, in both languages."""

import io
import re
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.utils import translation
from playwright.sync_api import expect
from pypdf import PdfReader

from catalog.tests.factories import ProductFactory
from core.models import Event
from core.templatetags.ui import money
from quotes.models import Quote, QuoteAnswer, QuoteDocument
from quotes.tests.factories import World

pytestmark = [pytest.mark.e2e, pytest.mark.once("postgresql"), pytest.mark.django_db(transaction=True)]

SPACES = str.maketrans({"\u00a0": " ", "\u200b": None, "\u202f": " "})
ROWS = [f"TUOTE-{number}\t{number},5\t{number % 3} %" for number in range(1, 19)]
STATUS = {
    "en": {"approval": "In approval", "sent": "Sent", "accepted": "Accepted"},
    "fi": {"approval": "Hyväksyttävänä", "sent": "Lähetetty", "accepted": "Asiakas hyväksynyt"},
}


def pasted(me: Any, text: str) -> None:
    me.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(me.page.locator("#new-line-search")).to_be_focused()
    me.page.evaluate("text => navigator.clipboard.writeText(text)", text)
    me.page.keyboard.press("Control+V")


def mailed_link(kind: str) -> str:
    found = [link.group() for letter in mail.outbox if (link := re.search(rf"http\S+/{kind}/\S+", letter.body))]
    return found[-1]


@pytest.mark.req("S0.15")
@pytest.mark.req("S1.33")
@pytest.mark.req("S4.7")
@pytest.mark.parametrize("language", ["en", "fi"])
def test_from_a_spreadsheet_to_the_customers_yes(world: World, visit: Any, deliver: Any, language: str) -> None:
    world.rep.language = world.manager.language = world.contact.language = language
    for row in (world.rep, world.manager, world.contact):
        row.save()
    for number in range(1, 19):
        ProductFactory(sku=f"TUOTE-{number}", list_price=f"{number}.37", cost=f"{number / 2}", floor_price=f"{number}")
    ProductFactory(sku="VOI-1", name_en="Butter", name_fi="Voi", list_price="12.35", cost="6", floor_price="10")
    me = visit(world.rep, language=language)
    quote = build(me)
    be_cut_off(me, quote)
    approve(me, quote, visit, deliver, language)
    send(me, quote, language)
    deliver()
    answer(world, quote, visit, deliver, language)
    me.go(f"/quotes/{quote.pk}/")
    expect(me.page.locator("[aria-current=step]")).to_have_text(STATUS[language]["accepted"])
    read_back(quote, language)


def build(me: Any) -> Quote:
    """20 lines out of a spreadsheet, two rows of which had to be put right; the last line is an option."""
    me.go("/")
    me.page.keyboard.press("q")
    me.fill("#account-search", "ämpäri")
    me.page.keyboard.press("Enter")
    pasted(me, "\n".join([*ROWS, "VANHA-VOI\t3\t", "MAITO-1\tmonta\t25 %"]))
    expect(me.page.locator("#row-19-code")).to_be_focused()
    me.page.keyboard.press("Control+A")
    me.page.keyboard.type("voi-1")
    me.page.locator("#row-19-options [role=option]").click()
    me.page.locator("[name='row-20-quantity']").fill("4")
    me.click("#paste-add")
    rows = me.page.locator("#quote-rows [data-row]")
    expect(rows).to_have_count(20)
    rows.nth(17).locator("[data-line-menu]").press("Enter")
    expect(me.page.locator("#line-menu [role=menuitem]").first).to_be_focused()
    me.page.locator("[data-line-action=optional]").click()
    expect(rows.nth(17).locator(".quote-flag")).to_be_visible()
    return Quote.objects.get()


def be_cut_off(me: Any, quote: Quote) -> None:
    """The browser ends while a cell is being typed in; the next one has it."""
    line = quote.lines.get(product__sku="VOI-1")
    me.page.route("**/lines/*/", lambda route: route.abort())
    me.page.locator(f"#quote-line-{line.pk}-quantity").focus()
    me.page.keyboard.press("Control+A")
    me.page.keyboard.type("7")
    context = me.page.context
    me.page.close(run_before_unload=False)
    me.problems.clear()  # the browser itself reports what was cut off
    me.page = context.new_page()
    me.go(f"/quotes/{quote.pk}/")
    expect(me.page.locator("[data-kept-note]")).to_be_visible()
    expect(me.page.locator(f"#quote-line-{line.pk}-quantity")).to_have_value("7")
    cue = me.page.locator("#save-cue")
    expect(cue).to_have_text(cue.get_attribute("data-saved"))
    line.refresh_from_db()
    assert line.quantity == 7


def approve(me: Any, quote: Quote, visit: Any, deliver: Any, language: str) -> None:
    """The rep sees what asks for approval and up to where it would not; a manager answers on a phone."""
    milk = quote.lines.get(product__sku="MAITO-1")
    why = me.page.locator(f"#quote-status a[href='#quote-line-{milk.pk}']")
    expect(why).to_be_visible()
    with translation.override(language):
        expect(me.page.locator("#quote-status")).to_contain_text(money(Decimal(32)))
    me.click("#quote-review-button")
    expect(me.page.locator("#quote-sheet .alert-warning")).to_be_visible()
    me.page.locator("#id_reason").fill("Ensimmäinen tilaus")
    me.click("#quote-sheet button[type=submit]")
    expect(me.page.locator("[aria-current=step]")).to_have_text(STATUS[language]["approval"])
    deliver()
    approver = visit(None, width=360, language=language)
    approver.page.goto(mailed_link("a"))
    approver.click("button[value=approve]")
    expect(approver.page.locator("button[value=approve]")).to_have_count(0)


def send(me: Any, quote: Quote, language: str) -> None:
    me.go(f"/quotes/{quote.pk}/")
    me.click("[data-primary]")
    me.click("#quote-sheet button[type=submit]")
    expect(me.page.locator("[aria-current=step]")).to_have_text(STATUS[language]["sent"])


def answer(world: World, quote: Quote, visit: Any, deliver: Any, language: str) -> None:
    """The customer asks, takes the option and accepts; the rep is told of both by mail."""
    customer = visit(None, width=360, language=language)
    customer.page.goto(mailed_link("q"))
    page = customer.page
    page.locator("#questions summary").click()
    page.locator("[name='ask-name']").fill("Öykkönen")
    page.locator("[name='ask-text']").fill("Milloin toimitatte?")
    customer.click("button[value=ask]")
    expect(page.locator("#questions blockquote")).to_have_text("Milloin toimitatte?")
    mail.outbox.clear()
    deliver()
    assert [letter.to for letter in mail.outbox if "Milloin toimitatte?" in letter.body] == [[world.rep.email]]
    quote.refresh_from_db()
    without = quote.gross_total
    page.locator("[name=option]").check()
    expect(page.locator("#agreed-total")).not_to_have_text(shown(without, language))
    page.locator("[name='accept-name']").fill("Öykkönen")
    page.locator("[name='accept-role']").fill("Ostaja")
    page.locator("[name='accept-purchase_order']").fill("PO-77")
    page.locator("[name='accept-agree']").check()
    customer.click("button[value=accept]")
    expect(page.locator("#next-title")).to_be_visible()
    quote.refresh_from_db()
    accepted = QuoteAnswer.objects.get(answer="accepted")
    assert (quote.status, accepted.gross_total, accepted.purchase_order) == ("accepted", quote.gross_total, "PO-77")
    assert accepted.gross_total > without
    assert Event.objects.filter(verb="accepted").count() == 1


def shown(amount: Decimal, language: str) -> str:
    with translation.override(language):
        return money(amount)


def read_back(quote: Quote, language: str) -> None:
    """Each line and total of the stored PDF is that of the quote that was sent, to the cent."""
    from quotes import documents

    document = QuoteDocument.objects.get(quote=quote)
    reader = PdfReader(io.BytesIO(documents.pdf_of_document(document, language)))
    text = re.sub(r"\s+", " ", " ".join(page.extract_text().translate(SPACES) for page in reader.pages))
    totals = document.snapshot.content["totals"]
    wanted = [row["line_net"] for row in document.snapshot.content["lines"]] + [totals[n] for n in ("net_total", "gross_total")]
    stored = {line.pk: line.line_net for line in quote.lines.all()}
    assert {row["id"]: Decimal(row["line_net"]) for row in document.snapshot.content["lines"]} == stored
    figures = [shown(Decimal(amount), language).translate(SPACES) for amount in wanted]
    assert (len(figures), [figure for figure in figures if figure not in text]) == (22, [])
