"""What customer success sees of a quote that asks them."""

from decimal import Decimal as D
from typing import Any

import pytest

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
