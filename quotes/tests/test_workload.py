"""What customer success sees of a quote that asks them."""

from decimal import Decimal as D
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from approvals.models import Request
from catalog.tests.factories import ProductFactory
from quotes import services
from quotes.models import Quote
from quotes.services import LineDraft, Statement
from quotes.tests.factories import make_world
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.req("S1.1", "S1.7", "S1.8", "S1.9", "S1.10")
def test_customer_success_sees_the_work_what_is_sold_already_and_whether_it_is_feasible() -> None:
    world = make_world()
    success = UserFactory(roles=["customer_success"], sees_all_units=True)
    writer = UserFactory(roles=["presales"], sees_all_units=True)
    workshop = ProductFactory(sku="WS", cs_days=D("0.5"))
    make: dict[str, Any] = {"account_id": world.account.pk, "by": world.rep}
    for answer in ("accepted", "sent"):
        sold = services.quote_create(**make, lines=[LineDraft(workshop, D(6))])
        services.quote_send(quote_id=sold.pk, by=world.rep, to=["a@b.fi"])
        Quote.objects.filter(pk=sold.pk).update(status=answer)
    quote = services.quote_create(**make, lines=[LineDraft(workshop, D(4))])
    statement = Statement("Audit", D(500), D(2), D(100), D("1.5"), "A. Udit", "The room is large enough")
    services.statement_write(quote_id=quote.pk, by=writer, statement=statement)
    services.quote_submit(quote_id=quote.pk, by=world.rep, approvers={"quote_catalogue": success.pk})
    facts = {fact["label"]["en"]: fact["value"]["en"] for fact in Request.objects.get().summary["facts"]}
    assert {name: facts[name] for name in list(facts)[-4:]} == {
        "Work of customer success": "5 working days",
        "Sold in 90 days": "3 working days",
        "Offered and not answered": "3 working days",
        "Feasibility": "The room is large enough (A. Udit)",
    }
    assert Quote.objects.get(pk=quote.pk).work_days == D(5)


def change(client: Client, quote: Quote, **given: str) -> int:
    """Each field of its only line as the sheet saves it; the status of the last answer."""
    status = 0
    for field, value in given.items():
        body = {"field": field, "value": value, "version": Quote.objects.get(pk=quote.pk).version}
        status = client.post(reverse("quote_line_change", args=[quote.pk, quote.lines.get().pk]), body).status_code
    return status


@pytest.mark.req("S1.8")
def test_whether_a_product_outside_the_catalogue_is_feasible_is_said_of_its_line(client: Client) -> None:
    world = make_world()
    success = UserFactory(roles=["customer_success"], sees_all_units=True)
    strange, known = ProductFactory(sku="ODD", outside_catalogue=True), ProductFactory(sku="KNOWN")
    quote, other = (
        services.quote_create(account_id=world.account.pk, by=world.rep, lines=[LineDraft(product, D(2))])
        for product in (strange, known)
    )
    client.force_login(world.rep)
    sheets = [
        client.get(reverse("quote_line_details", args=[one.pk, one.lines.get().pk])).content.decode() for one in (quote, other)
    ]
    assert ['id="line-feasibility"' in sheet for sheet in sheets] == [True, False]
    assert change(client, quote, feasibility=" It fits the kitchen ", specialist="A. Udit", effort_days="1,5") == 200
    services.quote_submit(quote_id=quote.pk, by=world.rep, approvers={"quote_catalogue": success.pk})
    facts = {fact["label"]["en"]: fact["value"]["en"] for fact in Request.objects.get().summary["facts"]}
    assert [facts["Work of customer success"], facts["Feasibility"]] == ["3 working days", "It fits the kitchen (A. Udit)"]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("effort_days", "-1", "The number cannot be negative."),
        ("effort_days", "many", "“many” is not a number."),
        ("effort_days", "100000", "The number is too large."),
        ("specialist", "x" * 151, "At most 150 characters fit here."),
        ("feasibility", "x" * 2001, "At most 2000 characters fit here."),
    ],
)
def test_what_cannot_be_said_of_a_line_is_refused_with_a_sentence(client: Client, field: str, value: str, why: str) -> None:
    world = make_world()
    product = ProductFactory(outside_catalogue=True)
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=[LineDraft(product, D(2))])
    client.force_login(world.rep)
    before = quote.lines.values().get()
    body = {"field": field, "value": value, "version": quote.version}
    answer = client.post(reverse("quote_line_change", args=[quote.pk, quote.lines.get().pk]), body)
    assert (answer.status_code, why in answer.content.decode(), quote.lines.values().get()) == (422, True, before)
