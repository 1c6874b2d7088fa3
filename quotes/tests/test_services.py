"""What happens to a quote, from draft to answer."""

import datetime as dt
import hashlib
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts.tests.factories import AccountFactory, PaymentTermFactory
from approvals import services as approvals
from approvals.choices import RequestStatus, Verdict, Via
from approvals.models import Request
from catalog.models import Price, Product
from catalog.tests.factories import ProductFactory
from core import clock as house_clock, events
from core.db import is_postgresql
from core.errors import DomainError, Invalid, NotAllowed, NotFound, StaleVersion, WrongState
from core.models import Event, Link, OutboxMessage
from opportunities.services import opportunity_follow_quote
from opportunities.tests.factories import OpportunityFactory
from quotes import selectors, services, snapshots
from quotes.models import Quote, QuoteAnswer, QuoteLine, QuoteSnapshot
from quotes.services import Discount, LineDraft
from quotes.services.answering import Source
from quotes.tests.factories import World, draft, sent
from users.roles import Perm


def submit(quote: Quote, world: World, **more: Any) -> Quote:
    return services.quote_submit(quote_id=quote.pk, by=world.rep, **more)


def decide(quote: Quote, world: World, verdict: Verdict = Verdict.APPROVE, comment: str = "", by: Any = None) -> None:
    request = Request.objects.get(run__subject_id=quote.pk, status=RequestStatus.PENDING)
    answer(request, by or world.pricing, verdict, comment)
    quote.refresh_from_db()


def answer(request: Request, by: Any, verdict: Verdict = Verdict.APPROVE, comment: str = "") -> None:
    approvals.request_decide(
        request_id=request.pk,
        verdict=verdict,
        comment=comment,
        by=by,
        via=Via.PAGE,
        version=None,
        content_hash=None,
        ip=None,
        link=None,
    )


# --- drafts -----------------------------------------------------------------------------------------------------------
@pytest.mark.req("S0.9")
@pytest.mark.req("S0.41")
def test_a_new_quote_is_numbered_and_prefilled_from_the_account(world: World, clock: Any) -> None:
    quote = services.quote_create(account_id=world.account.pk, by=world.rep)
    assert str(quote) == "Q-2026-00001/1"
    assert (quote.status, quote.contact, quote.language) == ("draft", world.contact, "fi")
    assert (quote.payment_term, quote.payment_type) == (world.account.payment_term, world.account.payment_type)
    assert (quote.price_date, quote.valid_until) == (dt.date(2026, 11, 20), dt.date(2026, 12, 20))


@pytest.mark.req("S0.6")
@pytest.mark.req("S0.12")
def test_a_quote_may_hang_under_an_opportunity_which_moves_to_quoting(world: World) -> None:
    opportunity = OpportunityFactory(account=world.account, owner=world.rep)
    services.quote_create(account_id=world.account.pk, by=world.rep, opportunity_id=opportunity.pk)
    opportunity.refresh_from_db()
    assert opportunity.status == "quoting"


@pytest.mark.req("S0.26")
def test_an_opportunity_has_several_quotes(world: World) -> None:
    opportunity = OpportunityFactory(account=world.account, owner=world.rep)
    for _ in range(2):
        services.quote_create(account_id=world.account.pk, by=world.rep, opportunity_id=opportunity.pk)
    assert opportunity.quotes.count() == 2


@pytest.mark.req("S4.6")
def test_a_won_opportunity_gets_a_further_quote_and_stays_won(world: World) -> None:
    opportunity = OpportunityFactory(account=world.account, owner=world.rep)
    opportunity_follow_quote(opportunity_id=opportunity.pk, stage="ordered", by=world.rep)
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, opportunity_id=opportunity.pk)
    opportunity.refresh_from_db()
    assert (quote.opportunity, quote.status, opportunity.status) == (opportunity, "draft", "ordered")


def test_an_account_out_of_sight_gets_no_quote(world: World) -> None:
    with pytest.raises(NotFound):
        services.quote_create(account_id=world.account.pk, by=world.stranger)
    assert Quote.objects.count() == 0


def test_an_inactive_account_gets_no_quote(world: World) -> None:
    world.account.status = "inactive"
    world.account.save()
    with pytest.raises(Invalid, match="inactive"):
        services.quote_create(account_id=world.account.pk, by=world.rep)


def test_an_opportunity_of_another_account_is_refused(world: World) -> None:
    other = OpportunityFactory(account=AccountFactory(owner=world.rep))
    with pytest.raises(Invalid) as refusal:
        services.quote_create(account_id=world.account.pk, by=world.rep, opportunity_id=other.pk)
    assert list(refusal.value.fields) == ["opportunity"]


@pytest.mark.req("S4.7")
def test_a_line_change_brings_the_stored_totals_up_to_date(world: World) -> None:
    quote = draft(world)
    line = quote.lines.get()
    services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, quantity=D(7), discount=Discount("percent", D(10)))
    quote.refresh_from_db()
    assert (quote.list_total, quote.net_total, quote.gross_total, quote.margin_percent, quote.version) == (
        D("70.00"), D("63.00"), D("79.07"), D("33.33"), 2,
    )  # fmt: skip


def test_every_change_is_in_the_field_history(world: World) -> None:
    quote = draft(world)
    line = quote.lines.get()
    services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, quantity=D(7))
    assert [str(row.quantity) for row in line.history.order_by("history_id")] == ["5.000", "7.000"]


def test_the_quantity_break_follows_the_quantity(world: World) -> None:
    Price.objects.create(
        price_list=Price.objects.get().price_list, product=world.product, min_quantity=10, list_price=D(9), cost=D(6)
    )
    quote = draft(world, quantity="1")
    line = quote.lines.get()
    services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, quantity=D(10))
    line.refresh_from_db()
    assert (line.list_price, line.line_net) == (D(9), D("90.00"))


def test_prices_stay_those_of_the_day_the_draft_was_made_until_repriced(world: World, clock: Any) -> None:
    quote = draft(world)
    Price.objects.create(
        price_list=Price.objects.get().price_list,
        product=world.product,
        valid_from=dt.date(2026, 12, 1),
        list_price=D(11),
        cost=D(6),
    )
    clock.move_to(dt.datetime(2026, 12, 2, 9, tzinfo=dt.UTC))
    line = quote.lines.get()
    services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, quantity=D(6))
    assert QuoteLine.objects.get().list_price == D(10)
    services.quote_reprice(quote_id=quote.pk, by=world.rep)
    assert QuoteLine.objects.get().list_price == D(11)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"by": "stranger"}, NotFound),
        ({"version": 99}, StaleVersion),
        ({"line_id": 10**9}, NotFound),
        ({"discount": Discount("amount", D("100000"))}, Invalid),
        ({"discount": Discount("percent", D("-5"))}, Invalid),
        ({"quantity": D("999999999")}, Invalid),
    ],
)
def test_a_refused_line_change_changes_nothing(world: World, change: dict[str, Any], code: type[DomainError]) -> None:
    quote = draft(world)
    Price.objects.update(list_price=D("99999"))
    arguments: dict[str, Any] = {
        "quote_id": quote.pk,
        "line_id": quote.lines.get().pk,
        "by": world.rep,
        "quantity": D(9),
        **change,
    }
    if isinstance(arguments["by"], str):
        arguments["by"] = getattr(world, arguments["by"])
    with pytest.raises(code):
        services.line_change(**arguments)
    quote.refresh_from_db()
    assert (quote.lines.get().quantity, quote.version, quote.net_total) == (D(5), 1, D(50))


def test_a_manager_may_add_a_surcharge(world: World) -> None:
    quote = draft(world)
    services.line_change(quote_id=quote.pk, line_id=quote.lines.get().pk, by=world.manager, discount=Discount("percent", D(-50)))
    assert quote.lines.get().line_net == D("75.00")


def test_an_ended_product_cannot_be_added(world: World) -> None:
    quote = draft(world)
    Product.objects.update(is_active=False)
    world.product.refresh_from_db()
    with pytest.raises(Invalid, match="MAITO-1"):
        services.line_add(quote_id=quote.pk, draft=LineDraft(world.product, D(1)), by=world.rep)
    assert quote.lines.count() == 1


def test_a_product_without_a_price_cannot_be_added(world: World) -> None:
    quote = draft(world)
    with pytest.raises(Invalid, match="no price"):
        services.line_add(quote_id=quote.pk, draft=LineDraft(ProductFactory(list_price=None), D(1)), by=world.rep)


def test_a_contact_of_another_account_is_refused(world: World) -> None:
    from accounts.tests.factories import ContactFactory

    quote = draft(world)
    with pytest.raises(Invalid):
        services.quote_change(quote_id=quote.pk, by=world.rep, contact=ContactFactory())
    quote.refresh_from_db()
    assert quote.contact == world.contact


def test_a_status_cannot_be_changed_like_a_field(world: World) -> None:
    quote = draft(world)
    with pytest.raises(Invalid):
        services.quote_change(quote_id=quote.pk, by=world.rep, status="sent")
    quote.refresh_from_db()
    assert quote.status == "draft"


# --- what it costs ------------------------------------------------------------------------------------------------------
def exactly(priced: Any) -> Any:
    """A priced quote with the decimals of its numbers, which equality overlooks."""
    return repr(priced)


COLUMNS = len(QuoteLine._meta.concrete_fields) - 1


@pytest.mark.parametrize("lines", [1, 20, 150])
def test_a_quote_is_made_in_few_statements_at_any_length(world: World, lines: int, django_assert_num_queries: Any) -> None:
    drafts = [LineDraft(world.product, D(number), Discount("percent", D(5))) for number in range(1, lines + 1)]
    assert world.rep.may(Perm.QUOTE_EDIT)
    assert world.product.vat_rate.rate == D("25.5")
    batches = 1 if is_postgresql() else -(-lines // (999 // COLUMNS))  # SQLite takes 999 values at a time
    with django_assert_num_queries(10 + batches):  # with the start and the end of the transaction
        services.quote_create(account_id=world.account.pk, by=world.rep, lines=drafts)
    assert QuoteLine.history.count() == lines


@pytest.mark.parametrize("kind", ["", "percent"])
def test_each_service_prices_like_a_fresh_read(world: World, kind: str) -> None:
    drafts = [LineDraft(world.product, D("1.5"), Discount("percent", D(10))), LineDraft(world.product, D(2), optional=True)]
    head = Discount(kind, D(7) if kind else D(0))
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=drafts, header=head)
    assert exactly(quote.priced) == exactly(selectors.priced(quote))
    key = quote.lines.order_by("position").values_list("pk", flat=True)[0]
    for service, more in (
        (services.line_add, {"draft": LineDraft(world.product, D(3))}),
        (services.line_change, {"line_id": key, "quantity": D(9), "discount": Discount("net_price", D("8.1"))}),
        (services.quote_change, {"header_discount": Discount("amount", D(1))}),
        (services.quote_reprice, {}),
        (services.line_remove, {"line_id": key}),
    ):
        answer: Any = service(quote_id=quote.pk, by=world.rep, **more)
        changed = answer.quote if isinstance(answer, QuoteLine) else answer
        assert exactly(selectors.with_catalogue(changed, changed.priced)) == exactly(selectors.priced(changed))


def test_the_present_hash_is_that_of_the_content_that_would_be_frozen(world: World) -> None:
    quote = draft(world, "0", "7.125", "100")
    services.quote_change(quote_id=quote.pk, by=world.rep, header_discount=Discount("percent", D(3)))
    quote.refresh_from_db()
    frozen = snapshots.content_of(quote, selectors.quoted(quote))
    assert snapshots.present_hash(quote) == snapshots.commercial_hash(frozen)


def test_a_missing_text_falls_back_to_the_other_language_in_the_frozen_content(world: World) -> None:
    Product.objects.update(name_fi="", description_fi="Kuvaus", description_en=None)
    quote = draft(world)
    line = snapshots.content_of(quote, selectors.quoted(quote))["lines"][0]
    assert (line["name"], line["description"]) == ({"en": "Milk", "fi": "Milk"}, {"en": "Kuvaus", "fi": "Kuvaus"})


def test_a_note_prices_nothing(world: World) -> None:
    assert services.quote_change(quote_id=draft(world).pk, by=world.rep, internal_note="Soita").priced is None


def test_repricing_writes_the_lines_that_change_and_their_history_at_once(world: World, django_assert_num_queries: Any) -> None:
    quote = draft(world, "0", "0")
    other = ProductFactory(list_price="3")
    services.line_add(quote_id=quote.pk, draft=LineDraft(other, D(2)), by=world.rep)
    Price.objects.filter(product=world.product).update(list_price=D("10.5"))
    with django_assert_num_queries(11):
        services.quote_reprice(quote_id=quote.pk, by=world.rep)
    quote.refresh_from_db()
    assert [str(line.line_net) for line in quote.lines.order_by("position")] == ["52.50", "52.50", "6.00"]
    assert [row.position for row in QuoteLine.history.filter(history_type="~").order_by("history_id")] == [1, 2]
    assert quote.net_total == D("111.00")


# --- submitting and approval ------------------------------------------------------------------------------------------
def test_a_quote_within_its_limits_is_approved_at_once(world: World) -> None:
    quote = submit(draft(world), world)
    assert (quote.status, Request.objects.count(), QuoteSnapshot.objects.count()) == ("approved", 0, 1)


@pytest.mark.req("S0.24")
@pytest.mark.req("S1.27")
def test_a_line_below_its_floor_goes_to_the_chosen_approver(world: World) -> None:
    quote = submit(draft(world, "21"), world, approvers={"quote_floor": world.pricing.pk}, reason="Uusi asiakas")
    request = Request.objects.get()
    assert (quote.status, request.approver, request.run.reason) == ("in_review", world.pricing, "Uusi asiakas")
    assert request.summary["sentences"]["en"] == ["Line 1 (MAITO-1) is below its floor price"]
    brief = request.summary["brief"]
    assert (sorted(brief["breaks"]), sorted(brief["margin"])) == (["quote_floor"], ["en", "fi"])
    floor = brief["breaks"]["quote_floor"]
    assert (floor["what"]["en"], floor["count"], floor["margin"]) == ("Line 1 (MAITO-1) is below its floor price", 1, False)
    assert brief["margin"] == {"en": "24.1%", "fi": "24,1\xa0%"}
    decide(quote, world)
    assert quote.status == "approved"


def test_nobody_can_choose_someone_who_may_not_decide(world: World) -> None:
    quote = draft(world, "21")
    with pytest.raises(Invalid):
        submit(quote, world, approvers={"quote_floor": world.colleague.pk})
    quote.refresh_from_db()
    assert (quote.status, Request.objects.count(), QuoteSnapshot.objects.count()) == ("draft", 0, 0)


def test_a_rejection_brings_the_draft_back_with_its_reason(world: World) -> None:
    quote = submit(draft(world, "21"), world)
    decide(quote, world, Verdict.REJECT, "Liian halpa")
    assert quote.status == "draft"
    assert Event.objects.get(subject_type="quote", subject_id=quote.pk, verb="rejected").reason == "Liian halpa"
    assert submit(quote, world).status == "in_review"


def test_nobody_but_the_one_who_asked_recalls(world: World) -> None:
    quote = submit(draft(world, "21"), world)
    with pytest.raises(NotAllowed):
        services.quote_recall(quote_id=quote.pk, by=world.colleague)
    assert services.quote_recall(quote_id=quote.pk, by=world.rep).status == "draft"
    assert list(Request.objects.values_list("status", flat=True)) == ["cancelled"]


def test_a_quote_in_review_cannot_be_edited(world: World) -> None:
    quote = submit(draft(world, "21"), world)
    with pytest.raises(WrongState):
        services.line_change(quote_id=quote.pk, line_id=quote.lines.get().pk, by=world.rep, quantity=D(1))
    assert quote.lines.get().quantity == D(5)


def test_a_stale_approval_after_recall_edit_and_resubmit_is_refused(world: World) -> None:
    quote = submit(draft(world, "21"), world)
    stale = Request.objects.get()
    services.quote_recall(quote_id=quote.pk, by=world.rep)
    services.line_change(quote_id=quote.pk, line_id=quote.lines.get().pk, by=world.rep, discount=Discount("percent", D(40)))
    submit(quote, world)
    with pytest.raises(WrongState):
        answer(stale, world.pricing)
    quote.refresh_from_db()
    assert (quote.status, quote.lines.get().discount_value) == ("in_review", D(40))


def test_lines_changed_behind_the_approvals_back_make_the_decision_refused(world: World) -> None:
    quote = submit(draft(world, "21"), world)
    QuoteLine.objects.update(line_net=D("1.00"), discount_value=D(90))
    with pytest.raises(WrongState):
        decide(quote, world)
    quote.refresh_from_db()
    assert quote.status == "in_review"


def test_a_quote_without_lines_cannot_be_submitted(world: World) -> None:
    quote = services.quote_create(account_id=world.account.pk, by=world.rep)
    with pytest.raises(Invalid) as refusal:
        submit(quote, world)
    assert list(refusal.value.fields) == ["product"]


@pytest.mark.req("S0.17")
@pytest.mark.req("S0.20")
def test_another_payment_term_than_advised_needs_a_reason(world: World) -> None:
    from accounts.tests.factories import PaymentTermFactory, PaymentTermRuleFactory

    PaymentTermRuleFactory(payment_term=PaymentTermFactory(days=7))
    quote = draft(world)
    services.quote_change(quote_id=quote.pk, by=world.rep, payment_term=PaymentTermFactory(days=60))
    with pytest.raises(Invalid) as refusal:
        submit(quote, world)
    assert list(refusal.value.fields) == ["payment_term_reason"]
    services.quote_change(quote_id=quote.pk, by=world.rep, payment_term_reason="Vuosisopimus")
    assert submit(quote, world).status == "approved"


# --- sending ----------------------------------------------------------------------------------------------------------
def test_sending_freezes_the_document_and_writes_the_mail_for_ten_seconds_later(world: World, clock: Any) -> None:
    document = sent(world)
    message = OutboxMessage.objects.get(topic="quote.sent")
    assert message.available_at - document.sent_at == dt.timedelta(seconds=10)
    to = [{"address": world.contact.email, "language": "fi", "name": ""}]
    assert (document.quote.status, document.language, document.recipients) == ("sent", "fi", to)
    assert len(document.document_hash) == 64


@pytest.mark.parametrize("to", [[], [""], ["not an address"], ["a@b.example"] * 1 + [f"x{n}@b.example" for n in range(11)]])
def test_bad_recipients_are_refused_by_name(world: World, to: list[str]) -> None:
    quote = draft(world)
    with pytest.raises(Invalid) as refusal:
        services.quote_send(quote_id=quote.pk, by=world.rep, to=to)
    quote.refresh_from_db()
    assert (list(refusal.value.fields), quote.status, OutboxMessage.objects.count()) == (["to"], "draft", 0)


def test_a_quote_that_needs_a_yes_cannot_be_sent_past_it(world: World) -> None:
    quote = draft(world, "21")
    with pytest.raises(WrongState):
        services.quote_send(quote_id=quote.pk, by=world.rep, to=["a@b.example"])
    quote.refresh_from_db()
    assert quote.status == "draft"


def test_an_approved_quote_changed_behind_our_back_is_not_sent(world: World) -> None:
    quote = submit(draft(world), world)
    QuoteLine.objects.update(discount_kind="percent", discount_value=D(50))
    with pytest.raises(WrongState, match="not what was approved"):
        services.quote_send(quote_id=quote.pk, by=world.rep, to=["a@b.example"])


def test_sending_can_be_undone_until_the_mail_is_taken_up(world: World) -> None:
    quote = services.quote_unsend(quote_id=sent(world).quote.pk, by=world.rep)
    assert (quote.status, OutboxMessage.objects.filter(topic="quote.sent").count()) == ("approved", 0)
    assert Link.objects.get().revoked_at is not None
    document = services.quote_send(quote_id=quote.pk, by=world.rep, to=["a@b.example"])
    OutboxMessage.objects.update(claimed_until=house_clock.now(), attempts=1)
    with pytest.raises(WrongState):
        services.quote_unsend(quote_id=document.quote_id, by=world.rep)


def test_only_the_sender_undoes_the_sending(world: World) -> None:
    document = sent(world)
    with pytest.raises(NotAllowed):
        services.quote_unsend(quote_id=document.quote_id, by=world.colleague)


def test_a_new_revision_supersedes_the_old_one_only_when_it_is_sent(world: World) -> None:
    old = sent(world).quote
    new = services.quote_revise(quote_id=old.pk, by=world.rep)
    old.refresh_from_db()
    assert (str(new), new.status, new.previous, old.status) == ("Q-2026-00001/2", "draft", old, "sent")
    assert [line.line_net for line in new.lines.all()] == [D("50.00")]
    services.quote_send(quote_id=new.pk, by=world.rep, to=["a@b.example"])
    old.refresh_from_db()
    assert old.status == "superseded"


def test_there_is_one_open_draft_per_number(world: World) -> None:
    old = sent(world).quote
    services.quote_revise(quote_id=old.pk, by=world.rep)
    with pytest.raises(WrongState):
        services.quote_revise(quote_id=old.pk, by=world.rep)


def test_nothing_is_sent_once_a_revision_is_accepted(world: World) -> None:
    document = sent(world)
    new = submit(services.quote_revise(quote_id=document.quote_id, by=world.rep), world)
    accept(document)
    with pytest.raises(WrongState, match="already accepted"):
        services.quote_send(quote_id=new.pk, by=world.rep, to=["a@b.example"])


def test_quotes_expire_after_their_last_day_in_helsinki(world: World, clock: Any) -> None:
    quote = sent(world).quote
    clock.move_to(dt.datetime(2026, 12, 20, 21, 59, 59, tzinfo=dt.UTC))
    assert services.quote_expire(quote_id=quote.pk) is False
    clock.move_to(dt.datetime(2026, 12, 20, 22, 0, tzinfo=dt.UTC))
    assert services.quote_expire(quote_id=quote.pk) is True
    assert services.quote_expire(quote_id=quote.pk) is False


# --- answers ----------------------------------------------------------------------------------------------------------
def accept(document: Any, **changes: Any) -> QuoteAnswer:
    arguments: dict[str, Any] = {
        "document_id": document.pk, "document_hash": document.document_hash, "name": "Öykkönen", "role": "Ostaja",
        "source": Source(link=document.link, ip="127.0.0.1", agent="test"), **changes,
    }  # fmt: skip
    return services.quote_accept(**arguments)


@pytest.mark.req("S4.9")
def test_the_customer_accepts_exactly_what_was_sent(world: World) -> None:
    opportunity = OpportunityFactory(account=world.account, owner=world.rep)
    quote = draft(world)
    services.quote_change(quote_id=quote.pk, by=world.rep, opportunity=opportunity)
    document = services.quote_send(quote_id=quote.pk, by=world.rep, to=["a@b.example"])
    accepted = accept(document)
    quote.refresh_from_db()
    opportunity.refresh_from_db()
    assert (quote.status, accepted.document_hash, opportunity.status) == ("accepted", document.document_hash, "ordered")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"document_hash": "0" * 64}, WrongState),
        ({"name": " "}, Invalid),
        ({"role": ""}, Invalid),
        ({"source": Source(link=None)}, WrongState),
    ],
)
def test_a_refused_acceptance_leaves_the_quote_open(world: World, changes: dict[str, Any], code: type[DomainError]) -> None:
    document = sent(world)
    with pytest.raises(code):
        accept(document, **changes)
    document.quote.refresh_from_db()
    assert (document.quote.status, QuoteAnswer.objects.count()) == ("sent", 0)


def test_a_quote_is_answered_once(world: World) -> None:
    document = sent(world)
    accept(document)
    with pytest.raises(WrongState, match="already been answered"):
        services.quote_decline(
            document_id=document.pk,
            document_hash=document.document_hash,
            name="X",
            reason=world.reason,
            source=Source(link=document.link),
        )
    assert QuoteAnswer.objects.get().answer == "accepted"


def test_an_expired_quote_cannot_be_accepted_even_before_the_sweep(world: World, clock: Any) -> None:
    document = sent(world)
    clock.move_to(dt.datetime(2026, 12, 21, 9, tzinfo=dt.UTC))
    with pytest.raises(WrongState, match="no longer valid"):
        accept(document)


@pytest.mark.req("S4.10")
def test_a_decline_needs_a_reason_and_leads_to_a_new_revision(world: World) -> None:
    document = sent(world)
    arguments: dict[str, Any] = {
        "document_id": document.pk, "document_hash": document.document_hash, "name": "X", "source": Source(link=document.link),
    }  # fmt: skip
    with pytest.raises(Invalid):
        services.quote_decline(reason=None, **arguments)
    services.quote_decline(reason=world.reason, **arguments)
    assert services.quote_revise(quote_id=document.quote_id, by=world.rep).revision == 2


def test_a_rep_records_an_answer_only_with_evidence(world: World) -> None:
    document = sent(world)
    with pytest.raises(Invalid):
        accept(document, source=Source(recorded_by=world.rep))
    accepted = accept(document, source=Source(recorded_by=world.rep, evidence="Sähköposti 20.11."))
    assert accepted.recorded_by == world.rep


# --- what the database itself refuses ---------------------------------------------------------------------------------
def test_the_database_refuses_an_illegal_transition(world: World) -> None:
    quote = draft(world)
    with pytest.raises(DatabaseError), transaction.atomic():
        Quote.objects.filter(pk=quote.pk).update(status="accepted")
    quote.refresh_from_db()
    assert quote.status == "draft"


@pytest.mark.parametrize("model", [QuoteSnapshot, QuoteAnswer])
def test_the_database_keeps_snapshots_and_answers(world: World, model: Any) -> None:
    accept(sent(world))
    with pytest.raises(DatabaseError), transaction.atomic():
        model.objects.update(at=house_clock.now())
    with pytest.raises(DatabaseError), transaction.atomic():
        model.objects.all()._raw_delete("default")
    assert model.objects.count() == 1


# --- edges ---------------------------------------------------------------------------------------------------------------
def test_a_margin_of_next_to_nothing_is_no_figure_and_the_list_still_opens(world: World) -> None:
    quote = draft(world, quantity="20000")
    services.quote_change(quote_id=quote.pk, by=world.rep, header_discount=Discount("percent", D("99.9999")))
    quote.refresh_from_db()
    assert (quote.net_total, quote.margin_percent) == (D("0.20"), None)


def test_a_total_beyond_its_range_is_refused(world: World) -> None:
    Price.objects.update(list_price=D("99999999"))
    quote = services.quote_create(account_id=world.account.pk, by=world.rep)
    lines = [LineDraft(world.product, D(99)) for _ in range(101)]
    with pytest.raises(Invalid, match="too large"):
        services.quote_create(account_id=world.account.pk, by=world.rep, lines=lines)
    assert list(Quote.objects.all()) == [quote]


@pytest.mark.req("S4.10")
@pytest.mark.parametrize("was", ["approved", "sent", "declined", "expired"])
def test_undoing_the_sending_brings_back_what_it_had_replaced(world: World, was: str) -> None:
    document = sent(world)
    old = document.quote
    new = services.quote_revise(quote_id=old.pk, by=world.rep)
    if was == "approved":
        services.quote_unsend(quote_id=old.pk, by=world.rep)
    elif was == "declined":
        answer = {"document_id": document.pk, "document_hash": document.document_hash, "name": "O", "reason": world.reason}
        services.quote_decline(**answer, source=Source(recorded_by=world.rep, evidence="Mail"))
    elif was == "expired":
        Quote.objects.filter(pk=old.pk).update(valid_until=dt.date(2020, 1, 1))
        services.quote_expire(quote_id=old.pk)
    for _time in range(2):
        services.quote_send(quote_id=new.pk, by=world.rep, to=["a@b.example"])
        old.refresh_from_db()
        version = old.version
        assert old.status == "superseded"
        new = services.quote_unsend(quote_id=new.pk, by=world.rep)
        old.refresh_from_db()
        assert (new.status, old.status, old.version) == ("approved", was, version + 1)
    verbs = [event.verb for event in events.timeline(old).order_by("id")][-4:]
    assert verbs == ["superseded", "brought back"] * 2


@pytest.mark.req("S4.10")
def test_undoing_the_sending_brings_back_nothing_that_something_else_replaced(world: World) -> None:
    first = sent(world).quote
    second = services.quote_revise(quote_id=first.pk, by=world.rep)
    services.quote_send(quote_id=second.pk, by=world.rep, to=["a@b.example"])
    third = services.quote_revise(quote_id=second.pk, by=world.rep)
    services.quote_send(quote_id=third.pk, by=world.rep, to=["a@b.example"])
    services.quote_unsend(quote_id=third.pk, by=world.rep)
    states = Quote.objects.order_by("revision").values_list("status", flat=True)
    assert list(states) == ["superseded", "sent", "approved"]


def test_only_those_who_manage_the_account_edit_its_quotes(world: World) -> None:
    quote = draft(world)
    with pytest.raises(NotAllowed):
        services.quote_cancel(quote_id=quote.pk, by=world.colleague)
    world.account.team_members.create(user=world.colleague)
    assert services.quote_cancel(quote_id=quote.pk, by=world.colleague).status == "cancelled"


def test_a_manager_of_another_unit_cannot_revise_what_they_do_not_see(world: World) -> None:
    from users.tests.factories import TeamFactory, UserFactory

    elsewhere = UserFactory(roles=["sales_manager"], team=TeamFactory())
    with pytest.raises(NotFound):
        services.quote_revise(quote_id=sent(world).quote_id, by=elsewhere)
    assert Quote.objects.count() == 1


def test_parties_changed_behind_our_back_make_the_acceptance_refused(world: World) -> None:
    document = sent(world)
    type(document).objects.update(parties={"buyer": {"name": "Joku muu"}})
    with pytest.raises(WrongState, match="not the document"):
        accept(document)
    assert QuoteAnswer.objects.count() == 0


def test_nobody_without_a_unit_approves_for_an_account_without_one(world: World) -> None:
    from approvals import routing
    from approvals.registry import Case
    from users.tests.factories import UserFactory

    UserFactory(username="teamless", roles=["pricing"])
    world.account.unit = None
    world.account.save()
    quote = draft(world, "21")
    choice = routing.choices_for(["quote_floor"], "quote", quote, world.rep, world.rep.pk, Case())[0]
    assert choice.eligible == [world.pricing]


def test_alternatives_follow_their_line_into_a_revision(world: World) -> None:
    quote = draft(world, "0", "0")
    first, second = quote.lines.order_by("position")
    second.alternative_to, second.optional = first, True
    second.save()
    services.quote_send(quote_id=quote.pk, by=world.rep, to=["a@b.example"])
    new = services.quote_revise(quote_id=quote.pk, by=world.rep)
    copy, alternative = new.lines.order_by("position")
    assert (alternative.alternative_to, copy.quote) == (copy, new)


@pytest.mark.parametrize(("price", "allowed"), [("10", True), ("10.0001", False)])
def test_a_net_price_above_the_list_price_is_a_surcharge_too(world: World, price: str, allowed: bool) -> None:
    quote = draft(world)
    edit: dict[str, Any] = {"quote_id": quote.pk, "line_id": quote.lines.get().pk, "discount": Discount("net_price", D(price))}
    if allowed:
        services.line_change(**edit, by=world.rep)
    else:
        with pytest.raises(Invalid, match="above the list price"):
            services.line_change(**edit, by=world.rep)
        services.line_change(**edit, by=world.manager)
    assert quote.lines.get().discount_value == D(price)


# --- What was frozen ---
def test_an_unchanged_quote_is_sent_without_pricing_it_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    quote = submit(draft(world), world)

    def refuse(quote: Quote) -> str:
        raise AssertionError("priced again")

    monkeypatch.setattr(snapshots, "present_hash", refuse)
    services.quote_send(quote_id=quote.pk, by=world.rep, to=["a@b.example"])


def test_rows_that_read_otherwise_but_come_to_the_same_are_no_change(world: World) -> None:
    quote = submit(draft(world), world)
    QuoteLine.objects.filter(quote=quote).update(cost=D("1.2345"))  # which is not part of what was agreed
    services.quote_send(quote_id=quote.pk, by=world.rep, to=["a@b.example"])


@pytest.mark.parametrize("field", ["valid_until", "customer_note", "payment_term", "header_discount_value"])
def test_terms_changed_past_everything_are_noticed(world: World, field: str) -> None:
    quote = submit(draft(world), world)
    other = PaymentTermFactory()
    values: dict[str, dict[str, Any]] = {
        "valid_until": {"valid_until": quote.valid_until + dt.timedelta(days=1)},
        "customer_note": {"customer_note": "ja ilmainen rahti"},
        "payment_term": {"payment_term": other},
        "header_discount_value": {"header_discount_kind": "percent", "header_discount_value": D(50)},
    }
    Quote.objects.filter(pk=quote.pk).update(**values[field])
    with pytest.raises(WrongState, match="not what was approved"):
        services.quote_send(quote_id=quote.pk, by=world.rep, to=["a@b.example"])


def test_a_snapshot_keeps_the_text_that_is_hashed(world: World) -> None:
    document = sent(world)
    text, content = document.snapshot.text, document.snapshot.content
    assert text == snapshots.canonical(content)
    whole = {"content": content, "language": document.language, "parties": document.parties}
    assert document.document_hash == hashlib.sha256(snapshots.canonical(whole).encode()).hexdigest()
