"""Quotes and the rules of approval: what only rules ask about, what nobody has to decide, and what stays approved."""

from decimal import Decimal as D
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import PaymentTermRule
from accounts.tests.factories import PaymentTermFactory
from approvals import selectors as asked, services as approvals
from approvals.choices import RequestStatus, Settled, Verdict, Via
from approvals.models import Gate, Request, Run
from approvals.tests.factories import make_rule
from catalog.models import Product
from catalog.tests.factories import ProductFactory
from core.errors import WrongState
from core.models import Event, OutboxMessage
from quotes import approval_case, selectors, services, what_if_selectors
from quotes.choices import Trigger
from quotes.models import Quote, QuoteLine
from quotes.services import Discount
from quotes.tests.factories import World, draft
from quotes.tests.test_services import decide, submit
from quotes.triggers import Reason
from users.tests.factories import UserFactory

pytestmark = pytest.mark.req("S0.24")


def reasons(quote: Quote) -> list[Reason]:
    return [breach.reason for breach in selectors.breaches_of(quote, selectors.priced(quote))]


def change(quote: Quote, world: World, percent: str) -> None:
    line = QuoteLine.objects.filter(quote=quote).first()
    assert line is not None
    services.line_change(line_id=line.pk, discount=Discount("percent", D(percent)), by=world.rep, quote_id=quote.pk)
    quote.refresh_from_db()


# --- Only by rule ---
def test_a_discount_asks_only_where_a_rule_says_so_and_at_the_number_itself(world: World) -> None:
    assert reasons(draft(world, "10")) == []
    make_rule(Trigger.DISCOUNT, ("discount_percent", "ge", "10"), name="Deep")
    below, at = draft(world, "9.99"), draft(world, "10")
    assert (reasons(below), reasons(at)) == ([], [Reason.DISCOUNT])
    breach = selectors.breaches_of(at, selectors.priced(at))[0]
    assert (breach.limit, breach.actual) == (D(10), D("10.00"))
    submit(at, world)
    assert Request.objects.get().approver == world.manager
    decide(at, world, by=world.manager)
    assert at.status == "approved"


def test_a_payment_term_asks_only_where_it_is_not_the_advised_one_and_a_rule_says_so(world: World) -> None:
    finance = UserFactory(roles=["finance"], sees_all_units=True)
    PaymentTermRule.objects.create(payment_term=world.account.payment_term)
    long = PaymentTermFactory(code="net90", days=90)
    quote = draft(world)
    make_rule(Trigger.PAYMENT_TERM, ("payment_days", "gt", "30"))
    assert reasons(quote) == []
    Quote.objects.filter(pk=quote.pk).update(payment_term=long, payment_term_reason="Tärkeä asiakas")
    quote.refresh_from_db()
    assert reasons(quote) == [Reason.PAYMENT_TERM]
    submit(quote, world)
    assert Request.objects.get().approver == finance


def test_a_rule_for_another_category_asks_nobody(world: World) -> None:
    make_rule(Trigger.DISCOUNT, ("discount_percent", "ge", "5"), ("tma2", "eq", "NO-SUCH"))
    assert reasons(draft(world, "10")) == []


def test_every_field_of_a_case_has_a_value_of_its_kind_or_none(world: World) -> None:
    quote = draft(world, "30", "50")
    priced = selectors.priced(quote)
    values = approval_case.values_of(quote, priced, selectors.breaches_of(quote, priced))
    assert set(values) == {field.code for field in approval_case.FIELDS}
    known = {name: value for name, value in values.items() if value not in (None, False)}
    assert known["lines_below_floor"] == 2
    assert known["line_discount_percent"] == D(50)
    for field in approval_case.FIELDS:
        kinds = {"code": str, "flag": bool}
        assert values[field.code] is None or isinstance(values[field.code], kinds.get(field.kind, D))


# --- Nobody is asked ---
def test_what_a_rule_approves_is_sent_in_one_step(world: World) -> None:
    Gate.objects.filter(code=Trigger.FLOOR).update(may_be_automatic=True)
    Gate.objects.filter(code=Trigger.MARGIN).update(may_be_automatic=True)
    for gate in (Trigger.FLOOR, Trigger.MARGIN):
        make_rule(gate, ("amount", "lt", "1000"), outcome="approve", name="Small")
    quote = draft(world, "30")
    services.quote_send(quote_id=quote.pk, by=world.rep, to=["asiakas@esim.example"])
    quote.refresh_from_db()
    assert (quote.status, Request.objects.count()) == ("sent", 0)
    assert set(Run.objects.get().gates.values_list("settled", flat=True)) == {Settled.AUTOMATIC}
    verbs = list(Event.objects.filter(subject_type="quote", subject_id=quote.pk).order_by("pk").values_list("verb", flat=True))
    assert verbs == ["created", "submitted", "approved_unasked", "approved", "sent"]


@pytest.mark.req("S1.15")
def test_managers_hear_of_a_deep_discount_that_nobody_has_to_decide(world: World) -> None:
    make_rule(Trigger.DISCOUNT, ("discount_percent", "ge", "10"), outcome="inform", steps=[{"who": "managers"}])
    quote = draft(world, "12")
    submit(quote, world)
    quote.refresh_from_db()
    assert quote.status == "approved"
    (told,) = OutboxMessage.objects.filter(topic="approval.alert")
    assert told.payload["user_id"] == world.manager.pk


# --- What stays approved ---
def approved(world: World, *percents: str) -> Quote:
    quote = draft(world, *percents)
    submit(quote, world)
    while request := Request.objects.filter(run__subject_id=quote.pk, status=RequestStatus.PENDING, is_open=True).first():
        assert request.approver is not None
        approvals.request_decide(request_id=request.pk, verdict=Verdict.APPROVE, comment="", by=request.approver, via=Via.PAGE)
    quote.refresh_from_db()
    assert quote.status == "approved"
    return quote


@pytest.mark.parametrize(("percent", "gates"), [("25", []), ("24", []), ("26", ["quote_floor", "quote_margin"])])
def test_a_revision_asks_only_about_what_got_worse(world: World, percent: str, gates: list[str]) -> None:
    old = approved(world, "25")
    new = services.quote_revise(quote_id=old.pk, by=world.rep)
    change(new, world, percent)
    submit(new, world)
    run = Run.objects.get(subject_id=new.pk)
    found = sorted(gate.gate for gate in run.gates.filter(settled=Settled.ASKED))
    assert found == gates
    new.refresh_from_db()
    assert new.status == ("in_review" if gates else "approved")
    assert run.compared_with is not None


@pytest.mark.parametrize("worse", ["quantity", "another line"])
def test_more_of_what_is_too_cheap_is_worse(world: World, worse: str) -> None:
    old = approved(world, "25")
    new = services.quote_revise(quote_id=old.pk, by=world.rep)
    line = new.lines.get()
    if worse == "quantity":
        services.line_change(quote_id=new.pk, line_id=line.pk, quantity=D(500), by=world.rep)
    else:
        draft_of = services.LineDraft(world.product, D(1), Discount("percent", D(25)))
        services.line_add(quote_id=new.pk, draft=draft_of, by=world.rep)
    submit(Quote.objects.get(pk=new.pk), world)
    assert Request.objects.filter(run__subject_id=new.pk).exists()


def test_what_is_approved_from_before_is_bound_to_the_new_content_and_sent(world: World) -> None:
    old = approved(world, "25")
    new = services.quote_revise(quote_id=old.pk, by=world.rep)
    change(new, world, "24")
    services.quote_send(quote_id=new.pk, by=world.rep, to=["asiakas@esim.example"])
    new.refresh_from_db()
    run = Run.objects.get(subject_id=new.pk)
    assert (new.status, run.status) == ("sent", "approved")
    assert run.content_hash != Run.objects.get(subject_id=old.pk).content_hash


def test_the_comparison_is_shown_to_the_approver(world: World, client: Client) -> None:
    old = approved(world, "25")
    new = services.quote_revise(quote_id=old.pk, by=world.rep)
    change(new, world, "40")
    submit(new, world)
    request = Request.objects.filter(run__subject_id=new.pk, is_open=True).first()
    assert request is not None
    client.force_login(world.pricing)
    shown = " ".join(client.get(reverse("approval_detail", args=[request.pk])).content.decode().split())
    assert "before: €37.50" in shown
    assert "before: 5 × €7.50, €37.50" in shown


# --- Options ---
def with_option(world: World, percent: str = "0", cost: str = "9") -> Quote:
    """5 at 10 that cost 6, without a floor; and an option of 50 at 10."""
    products = [ProductFactory(cost=each, floor_price=None) for each in ("6", cost)]
    drafts = [
        services.LineDraft(products[0], D(5), Discount("percent", D(percent))),
        services.LineDraft(products[1], D(50), optional=True),
    ]
    return services.quote_create(account_id=world.account.pk, by=world.rep, lines=drafts)


def test_an_option_that_the_customer_may_choose_is_asked_about_before_it_is_offered(world: World, client: Client) -> None:
    quote, fine = with_option(world), with_option(world, cost="7")
    for one in (quote, fine):
        submit(one, world)
        one.refresh_from_db()
    assert (quote.status, fine.status) == ("in_review", "approved")
    request = Request.objects.get(run__subject_id=quote.pk)
    assert [row.gate for row in request.gates.all()] == [Trigger.MARGIN]
    client.force_login(world.manager)
    shown = " ".join(client.get(reverse("approval_detail", args=[request.pk])).content.decode().split())
    assert "With the options the customer may choose, the margin falls below its target" in shown
    assert "12.73%" in shown  # 70 of 550
    client.force_login(world.rep)
    services.quote_recall(quote_id=quote.pk, by=world.rep)
    shown = client.get(reverse("quote_page", args=[quote.pk])).content.decode()
    assert "With the options the customer may choose, the margin falls below its target" in shown


def test_the_largest_discount_leaves_every_choice_above_its_target(world: World) -> None:
    found = what_if_selectors.how_far(with_option(world, cost="8.1"))
    assert (found.amount, found.gate) == (D("6.25"), Trigger.MARGIN)  # 543.75 for 435; as it is offered, 37.50 for 30 would do


def test_rules_compare_the_margin_of_the_worst_choice(world: World) -> None:
    quote = with_option(world)
    priced = selectors.priced(quote)
    assert approval_case.values_of(quote, priced, selectors.breaches_of(quote, priced))["margin_gap"] == D("7.27")


@pytest.mark.parametrize(("cost", "is_asked"), [("8.5", False), ("9.5", True)])
def test_an_option_that_makes_it_worse_is_asked_about_anew(world: World, cost: str, is_asked: bool) -> None:
    old = with_option(world, "30")  # 35 for 30
    submit(old, world)
    decide(old, world, by=world.manager)
    new = services.quote_revise(quote_id=old.pk, by=world.rep)
    QuoteLine.objects.filter(quote=new, optional=True).update(cost=D(cost))
    submit(new, world)
    assert Request.objects.filter(run__subject_id=new.pk).exists() == is_asked


# --- Asked back ---
def ask_back(quote: Quote, world: World) -> None:
    request = Request.objects.get(run__subject_id=quote.pk, is_open=True)
    approvals.request_ask_back(request_id=request.pk, question="Miksi näin halpa?", lines=[1], by=world.pricing, via=Via.PAGE)


def test_a_quote_that_is_asked_back_is_a_draft_with_the_question_and_comes_again(world: World, client: Client) -> None:
    quote = draft(world, "25")
    submit(quote, world)
    ask_back(quote, world)
    quote.refresh_from_db()
    assert quote.status == "draft"
    client.force_login(world.rep)
    shown = client.get(reverse("quote_page", args=[quote.pk])).content.decode()
    assert "Miksi näin halpa?" in shown
    assert "Meant is line 1." in shown
    assert list(asked.sent_back_to(world.rep, "quote")) == [{"subject_id": quote.pk}]
    change(quote, world, "24")
    submit(quote, world)
    request = Request.objects.get(run__subject_id=quote.pk, is_open=True)
    assert (request.approver, request.continues is not None) == (world.pricing, True)
    assert list(asked.sent_back_to(world.rep, "quote")) == []
    decide(quote, world)
    assert quote.status == "approved"


def test_an_explanation_alone_is_enough_to_come_again(world: World) -> None:
    quote = draft(world, "25")
    submit(quote, world)
    ask_back(quote, world)
    quote.refresh_from_db()
    submit(quote, world, reason="Kilpailija tarjosi vähemmän")
    assert Request.objects.get(run__subject_id=quote.pk, is_open=True).run.reason == "Kilpailija tarjosi vähemmän"


# --- What the rep sees before ---
def test_the_sheet_says_who_decides_who_is_away_and_what_nobody_has_to_decide(world: World, client: Client, clock: Any) -> None:
    from users.models import Absence

    stand_in = UserFactory(display_name="Sini Sijainen", roles=["pricing"], sees_all_units=True)
    Absence.objects.create(
        user=world.pricing, starts_on="2026-11-19", ends_on="2026-11-25", substitute=stand_in,
        created_at="2026-11-19T00:00:00Z", created_by=world.pricing,
    )  # fmt: skip
    quote = draft(world, "25")
    client.force_login(world.rep)
    shown = " ".join(client.get(reverse("quote_review", args=[quote.pk])).content.decode().split())
    assert f"{world.pricing.display_name}, away until 25 Nov 2026: Sini Sijainen stands in" in shown
    Gate.objects.filter(code=Trigger.FLOOR).update(may_be_automatic=True)
    make_rule(Trigger.FLOOR, ("amount", "lt", "1000"), outcome="approve", name="Small")
    shown = " ".join(client.get(reverse("quote_review", args=[quote.pk])).content.decode().split())
    assert "the rule “Small” approves it, nobody is asked." in shown
    assert "Review & send" in shown


@pytest.mark.req("S1.1")
@pytest.mark.req("S1.7")
@pytest.mark.req("S1.9")
@pytest.mark.req("S1.10")
def test_customer_success_is_asked_before_sending_and_what_waits_for_them_is_seen_while_selling(
    world: World, client: Client
) -> None:
    success = UserFactory(display_name="Sanna Sjöblom", roles=["customer_success"], sees_all_units=True)
    Product.objects.filter(pk=world.product.pk).update(outside_catalogue=True)
    world.product.refresh_from_db()
    first = draft(world)
    with pytest.raises(WrongState, match="needs approval before it can be sent"):
        services.quote_send(quote_id=first.pk, by=world.rep, to=["asiakas@esim.example"])
    submit(first, world)
    assert Request.objects.get().approver_id == success.pk
    client.force_login(world.rep)
    second = draft(world)
    shown = " ".join(client.get(reverse("quote_review", args=[second.pk])).content.decode().split())
    assert "Sanna Sjöblom (1 waiting)</option>" in shown
