"""The customer's page in a browser: with and without scripts, on any screen, and every end that a quote may come to."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from core import clock, links
from core.models import Event
from quotes import services
from quotes.models import CompanyDetails, Quote, QuoteAnswer, QuoteDocument
from quotes.services.answering import Source
from quotes.tests.factories import World, offered, sent

pytestmark = [pytest.mark.e2e, pytest.mark.once("postgresql"), pytest.mark.django_db(transaction=True)]


def enter(visitor: Any, document: QuoteDocument, language: str = "en") -> None:
    visitor.go(reverse("customer_link", args=[links.token_of(document.link)]) + f"?language={language}")


def fill_in(visitor: Any) -> None:
    visitor.page.locator("[name='accept-name']").fill("Olli Ostaja")
    visitor.page.locator("[name='accept-role']").fill("Ostaja")
    visitor.page.locator("[name='accept-agree']").check()


def test_a_choice_changes_the_total_at_once_and_is_what_is_accepted(world: World, visit: Any) -> None:
    document = offered(world)
    customer = visit(None)
    enter(customer, document)
    assert not Event.objects.filter(verb="opened").exists()
    with customer.page.expect_response("**/opened/") as told:
        customer.page.locator("[name=option]").click()
    assert told.value.status == 204
    expect(customer.page.locator("#agreed-total")).to_have_text("€75.30")
    expect(customer.page.locator("#live")).to_contain_text("€75.30")
    expect(customer.page.locator("[name=option]")).to_be_focused()
    customer.page.locator("input[type=radio]").nth(1).check()
    expect(customer.page.locator("#button-total")).to_have_text("€37.65")
    fill_in(customer)
    customer.click("button[value=accept]")
    expect(customer.page.locator("#next-title")).to_be_visible()
    quote = Quote.objects.get(pk=document.quote_id)
    assert (quote.status, quote.gross_total, QuoteAnswer.objects.get().gross_total) == (
        "accepted", Decimal("37.65"), Decimal("37.65"),
    )  # fmt: skip
    assert Event.objects.filter(verb="opened").count() == 1


def test_without_scripts_a_button_updates_the_total_and_what_was_typed_stays(world: World, visit: Any) -> None:
    document = offered(world)
    customer = visit(None, scripts=False, width=360)
    enter(customer, document, "fi")
    fill_in(customer)
    customer.page.locator("[name=option]").check()
    customer.click("button[value=accept]")
    expect(customer.page.locator("#agreed-total")).to_have_text("75,30\u00a0€")
    assert QuoteAnswer.objects.count() == 0
    customer.problems.clear()  # the browser notes that it was refused
    expect(customer.page.locator("[name='accept-name']")).to_have_value("Olli Ostaja")
    customer.page.locator("[name=option]").uncheck()
    customer.click("button[value=update]")
    expect(customer.page.locator("#agreed-total")).to_have_text("62,75\u00a0€")
    customer.page.locator("[name='accept-agree']").check()
    customer.click("button[value=accept]")
    expect(customer.page.locator("#next-title")).to_be_visible()
    assert (QuoteAnswer.objects.get().gross_total, QuoteAnswer.objects.get().language) == (Decimal("62.75"), "fi")


@pytest.mark.once
def test_every_state_of_the_page_fits_and_is_accessible(world: World, visit: Any) -> None:
    CompanyDetails.objects.create(pk=1, terms_en="1. Scope", introduction_en="Thank you.", phone="+358 9 555", delivery_en="Soon")
    customer, found = visit(None), []
    for state in ("open", "accepted", "declined", "expired", "superseded", "withdrawn"):
        document = end(world, offered(world) if state == "open" else sent(world), state)
        enter(customer, document)
        for summary in customer.page.locator("summary").all():
            summary.click()
        found += [f"{state}: {fault}" for fault in customer.faults()]
    assert found == []


def end(world: World, document: QuoteDocument, state: str) -> QuoteDocument:
    """The document, its quote having come to this state."""
    given = {"document_id": document.pk, "document_hash": document.document_hash, "name": "Olli"}
    source = Source(link=document.link)
    if state == "accepted":
        services.quote_accept(**given, role="Ostaja", source=source)
    elif state == "declined":
        services.quote_decline(**given, reason=world.reason, source=source)
    elif state == "expired":
        Quote.objects.filter(pk=document.quote_id).update(valid_until=clock.today() - dt.timedelta(days=1))
    elif state == "superseded":
        new = services.quote_revise(quote_id=document.quote_id, by=world.rep)
        services.quote_send(quote_id=new.pk, by=world.rep, to=["a@b.example"])
    elif state == "withdrawn":
        services.quote_cancel(quote_id=document.quote_id, by=world.rep)
    return document
