"""What an approver of a quote reads, signed in or by link: what exactly is sold, the margins, what differs from what was sent."""

import re
from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from approvals import link_views
from approvals.models import Request
from catalog.tests.factories import BundleFactory, ProductFactory, UsageStepFactory
from core import links
from core.models import Link
from quotes import services
from quotes.models import Quote
from quotes.services import Discount, LineDraft, Statement
from quotes.tests.factories import World, draft
from quotes.tests.test_margins import accepted
from quotes.tests.test_services import decide
from users.models import User
from users.tests.factories import UserFactory
from users.tests.programs import Program


def signed_in(asked: Request, person: User) -> str:
    client = Client()
    client.force_login(person)
    return text_of(client.get(reverse("approval_detail", args=[asked.pk])))


def by_link(asked: Request, person: User) -> str:
    client = Client()
    link = Link.objects.get(purpose=Link.Purpose.APPROVAL, subject_id=asked.pk, person=person)
    client.cookies[link_views.COOKIE] = links.token_of(link)
    return text_of(client.get(reverse("approval_link_review", args=[asked.uuid])))


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


WAYS = pytest.mark.parametrize("look", [signed_in, by_link], ids=lambda way: way.__name__)
Page = Callable[[Request, User], str]


def asked_of(world: World, quote: Quote, person: User, gate: str) -> Request:
    services.quote_submit(quote_id=quote.pk, by=world.rep, approvers={gate: person.pk})
    return Request.objects.get(run__subject_id=quote.pk, run__status="open", approver=person)


def success() -> User:
    return UserFactory(roles=["customer_success"], sees_all_units=True)


# --- What exactly is sold ---------------------------------------------------------------------------------------------
@pytest.mark.req("S1.1", "S1.10")
@WAYS
def test_customer_success_reads_the_statement_of_work(world: World, look: Page) -> None:
    quote, person = draft(world), success()
    statement = Statement("Audit of the kitchen\nTwo days on site", D(500), D(1), D(100), D(2), "A. Udit", "Possible in May")
    services.statement_write(quote_id=quote.pk, by=UserFactory(roles=["presales"], sees_all_units=True), statement=statement)
    shown = look(asked_of(world, quote, person, "quote_catalogue"), person)
    assert "What it is Audit of the kitchen Two days on site" in shown


@WAYS
def test_the_parts_of_a_bundle_the_prices_by_use_and_options_are_told(world: World, look: Page) -> None:
    part = ProductFactory(sku="PART", name_en="Ladle")
    bundle = BundleFactory(sku="SET", name_en="Set", parts=[(part, 3)], bundle_shows_parts=True, description_en="All of it")
    used = ProductFactory(sku="USE")
    UsageStepFactory(product=used, from_quantity=0, price=D("0.05"))
    used.refresh_from_db()
    drafts = [LineDraft(bundle, D(1), Discount("percent", D(90))), LineDraft(used, D(1), optional=True)]
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=drafts)
    shown = look(asked_of(world, quote, world.pricing, "quote_floor"), world.pricing)
    assert "All of it Contains: 3" in shown
    assert "Ladle (PART)" in shown
    assert "Page views beyond 0 a year, up to no end: €0.05 each" in shown
    assert "Option, not in the total" in shown


@pytest.mark.req("S1.8", "S1.9")
@WAYS
def test_a_product_outside_the_catalogue_shows_its_work(world: World, look: Page) -> None:
    person, product = success(), ProductFactory(sku="ODD", outside_catalogue=True, cs_days=D("1.5"))
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=[LineDraft(product, D(2))])
    shown = look(asked_of(world, quote, person, "quote_catalogue"), person)
    assert "Work of customer success 3 working days Sold in 90 days 0 working days" in shown


# --- Margins ----------------------------------------------------------------------------------------------------------
@WAYS
def test_the_margin_stands_beside_what_the_account_has_accepted_and_on_each_line(world: World, look: Page) -> None:
    last = accepted(world, "300", "50", 20)
    shown = look(asked_of(world, draft(world, "21"), world.pricing, "quote_floor"), world.pricing)
    assert "Margin of this account over 12 months 50.0%; this quote -26.0 percentage points" in shown
    assert f"Last accepted {last.number}/1, 50.0%; this quote -26.0 percentage points" in shown
    assert "5 × €7.90 · list €10.00, discount 21% · margin 24.1%" in shown


@WAYS
def test_who_may_not_see_margins_sees_none_of_these(world: World, look: Page) -> None:
    accepted(world, "300", "50", 20)
    person, product = success(), ProductFactory(sku="ODD", outside_catalogue=True)
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=[LineDraft(product, D(2))])
    shown = look(asked_of(world, quote, person, "quote_catalogue"), person)
    assert "ODD" in shown
    assert [word for word in ("argin", "50.0%", "40.0%", "Last accepted") if word in shown] == []


def test_programs_read_the_same_of_the_lines(world: World) -> None:
    quote, person = draft(world, "21"), success()
    statement = Statement("Audit of the kitchen", D(500), D(1), D(100), D(2), "A. Udit", "Possible in May")
    services.statement_write(quote_id=quote.pk, by=UserFactory(roles=["presales"], sees_all_units=True), statement=statement)
    asked = asked_of(world, quote, person, "quote_catalogue")
    ours = Program(person).get(f"approvals/{asked.pk}/").json()["facts"]["lines"]
    assert [(line["details"], line["margin"]) for line in ours] == [([], None), (["Audit of the kitchen"], None)]
    theirs = asked.run.requests.get(approver=world.pricing)
    lines = Program(world.pricing).get(f"approvals/{theirs.pk}/").json()["facts"]["lines"]
    assert [line["margin"] for line in lines] == ["24.05", "80.00"]


# --- What is another than what was sent -------------------------------------------------------------------------------
@WAYS
def test_a_revision_is_held_against_what_was_sent_though_nobody_was_asked_about_that(world: World, look: Page) -> None:
    old = draft(world)
    services.quote_send(quote_id=old.pk, by=world.rep, to=["a@b.example"])
    new = services.quote_revise(quote_id=old.pk, by=world.rep)
    services.line_change(quote_id=new.pk, line_id=new.lines.get().pk, by=world.rep, discount=Discount("percent", D(30)))
    services.line_add(quote_id=new.pk, draft=LineDraft(ProductFactory(sku="NEW"), D(1)), by=world.rep)
    asked = asked_of(world, new, world.pricing, "quote_floor")
    shown = look(asked, world.pricing)
    assert "before: 5 × €10.00, €50.00" in shown
    assert "before: €0.00 (0%)" in shown
    assert "NEW new" in shown
    assert asked.run.compared_with is None
    if look is signed_in:
        client = Client()
        client.force_login(world.pricing)
        body = client.get(reverse("approval_detail", args=[asked.pk])).content.decode()
        assert f"{old.pk}.{old.snapshots.get().version}" in body
        assert client.get(re.findall(r'href="([^"]*with=[^"]*)"', body)[0].replace("&amp;", "&")).status_code == 200


@WAYS
def test_another_text_of_a_statement_is_told(world: World, look: Page) -> None:
    old, writer = draft(world, "0"), UserFactory(roles=["presales"], sees_all_units=True)
    statement = Statement("One day on site", D(500), D(1), D(100), D(2), "A. Udit", "Possible in May")
    services.statement_write(quote_id=old.pk, by=writer, statement=statement)
    person = success()
    asked_of(world, old, person, "quote_catalogue")
    decide(old, world, by=person)
    services.quote_send(quote_id=old.pk, by=world.rep, to=["a@b.example"])
    new = services.quote_revise(quote_id=old.pk, by=world.rep)
    line = new.lines.get(kind="sow")
    services.statement_write(
        quote_id=new.pk, by=writer, line_id=line.pk, statement=Statement("Two days", D(500), D(1), D(100), D(2), "A.", "Yes")
    )
    shown = look(asked_of(world, new, person, "quote_catalogue"), person)
    assert "What it is changed Two days Before: One day on site" in shown


def test_what_was_taken_back_before_it_left_is_nothing_to_compare_with(world: World) -> None:
    old = draft(world)
    services.quote_send(quote_id=old.pk, by=world.rep, to=["a@b.example"])
    services.quote_unsend(quote_id=old.pk, by=world.rep)
    new = services.quote_revise(quote_id=old.pk, by=world.rep)
    services.line_change(quote_id=new.pk, line_id=new.lines.get().pk, by=world.rep, discount=Discount("percent", D(30)))
    assert "before:" not in signed_in(asked_of(world, new, world.pricing, "quote_floor"), world.pricing)
