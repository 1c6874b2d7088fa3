"""The large demo keeps the promises of the services that it goes past: prices, states, snapshots, approvals, history."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Count, Sum

from accounts.models import Account, Contact, MasterRecord, Site
from approvals.models import Decision, Request, Run
from catalog.models import Price, Product
from core import events
from core.db import bulk
from core.models import Event, NumberSeries
from crm import demo_large
from crm.demo_large import cases, deals
from crm.demo_large.customers import KIND
from crm.demo_large.products import PREFIX
from csr.models import Case
from opportunities.models import Opportunity
from quotes import policies, selectors, services, snapshots
from quotes.choices import QuoteStatus
from quotes.models import Quote, QuoteAnswer, QuoteDocument, QuoteLine, QuoteSnapshot
from users.models import Team, User

pytestmark = [pytest.mark.django_db, pytest.mark.once("postgresql")]
SIZES = demo_large.Sizes(accounts=150, products=150, quotes=120, cases=100)
FROZEN = {*QuoteStatus} - {QuoteStatus.DRAFT, QuoteStatus.CANCELLED}
SENT = FROZEN - {QuoteStatus.IN_REVIEW, QuoteStatus.APPROVED}


@pytest.fixture(scope="module", autouse=True)
def _loaded(django_db_setup: None, django_db_blocker: object) -> Iterator[None]:
    """Loaded once for all tests of this module, and rolled back at its end."""
    with django_db_blocker.unblock(), transaction.atomic():
        demo_large.load(SIZES)
        yield
        transaction.set_rollback(True)


def large_quotes() -> list[Quote]:
    found = Quote.objects.filter(account__master__run__kind=KIND)
    return list(found.select_related("account", "payment_term", "payment_type", "contact", "owner"))


def counts() -> list[int]:
    models = (User, Team, Account, MasterRecord, Site, Contact, Product, Price, Opportunity, Quote, QuoteLine, Case, Event, Run)
    return [model.objects.count() for model in models]  # type: ignore[attr-defined]


@pytest.mark.req("S0.36")
def test_the_sizes_are_those_asked_for() -> None:
    large = Account.objects.filter(master__run__kind=KIND)
    assert (large.count(), Product.objects.filter(sku__startswith=PREFIX).count(), len(large_quotes())) == (150, 150, 120)
    assert (User.objects.filter(role_assignments__role="sales_rep").count(), Team.objects.count()) == (56, 13)


def test_loading_again_adds_nothing() -> None:
    before = counts()
    demo_large.load(SIZES)
    assert counts() == before


def test_every_state_but_none_out_of_reach_is_there() -> None:
    assert {quote.status for quote in large_quotes()} <= {*QuoteStatus}
    assert sum(share for share, _days in deals.STATES.values()) == 1000
    assert {*deals.STATES, QuoteStatus.SUPERSEDED} == {*QuoteStatus}


def test_cases_stand_where_their_moves_have_led_them() -> None:
    large = Case.objects.filter(account__master__run__kind=KIND)
    assert large.count() == 100
    assert {case.status for case in large} == {status for status, _share, _steps in cases.ENDS}
    for case in large.prefetch_related("spells"):
        spells = list(case.spells.all())
        assert [spell.ended_at for spell in spells] == [*(spell.began_at for spell in spells[1:]), None]
        assert (spells[-1].status, spells[-1].began_at, spells[0].began_at) == (case.status, case.status_since, case.created_at)
        assert [cases.VERBS[spell.status] for spell in spells] == [event.verb for event in events.timeline(case).reverse()]
    counted = large.counted().order_by("-product_count")
    assert counted[0].product_count == 148  # all there are in use; 500 of a full house
    last = NumberSeries.objects.filter(series="CSR").aggregate(Sum("last"))["last__sum"]
    assert last >= 100


def test_stored_totals_are_those_of_pricing() -> None:
    for quote in large_quotes():
        totals = selectors.priced(quote).totals
        assert (quote.list_total, quote.net_total, quote.gross_total, quote.margin_percent) == (
            totals.list_total, totals.net_total, totals.gross_total, totals.margin_percent,
        )  # fmt: skip


def test_lines_carry_the_prices_of_the_break_that_their_quantity_reaches() -> None:
    from catalog import selectors as catalog

    lines = list(QuoteLine.objects.filter(product__sku__startswith=PREFIX).select_related("quote"))
    prices = catalog.prices_on({line.product_id for line in lines}, lines[0].quote.price_date)
    for line in lines:
        price = catalog.price_for(prices[line.product_id], line.quantity)
        assert price is not None
        assert (line.list_price, line.cost, line.floor_price) == (price.list_price, price.cost, price.floor_price)


def test_what_was_submitted_has_the_snapshot_that_submitting_would_have_made() -> None:
    for quote in large_quotes():
        stored = list(QuoteSnapshot.objects.filter(quote=quote))
        assert len(stored) == (quote.status in FROZEN)
        for snapshot in stored:
            fresh = snapshots.content_of(quote, selectors.quoted(quote))
            assert (snapshot.content, snapshot.commercial_hash) == (fresh, snapshots.commercial_hash(fresh))


def test_what_was_sent_has_its_document_with_a_hash_that_holds() -> None:
    for quote in large_quotes():
        documents = list(QuoteDocument.objects.filter(quote=quote).select_related("snapshot", "link"))
        assert len(documents) == (quote.status in SENT) == (quote.sent_at is not None)
        for document in documents:
            assert document.document_hash == snapshots.document_hash(document.snapshot.text, document.language, document.parties)
            assert document.link.subject_id == quote.pk


def test_answers_belong_to_those_who_answered() -> None:
    answered = {quote.pk for quote in large_quotes() if quote.status in ("accepted", "ordered", "declined")}
    assert set(QuoteAnswer.objects.filter(quote__in=large_quotes()).values_list("quote_id", flat=True)) == answered


def test_only_quotes_in_review_wait_for_a_yes_and_the_others_needed_none_or_got_it() -> None:
    for quote in large_quotes():
        runs = list(Run.objects.filter(subject_type="quote", subject_id=quote.pk))
        if quote.status == QuoteStatus.IN_REVIEW:
            assert [run.status for run in runs] == ["open"]
        elif quote.status in FROZEN:
            needed = bool(selectors.breaches_of(quote, selectors.priced(quote)))
            assert [run.status for run in runs] == ["approved"] * needed
    assert (
        Decision.objects.filter(request__run__subject_type="quote").count()
        == Request.objects.filter(run__subject_type="quote", status="approved").count()
    )


def test_a_quote_in_review_can_be_approved_and_sent_like_any_other() -> None:
    from approvals import services as approvals
    from approvals.choices import Verdict, Via

    request = Request.objects.filter(run__status="open").first()
    assert request is not None
    approvals.request_decide(request_id=request.pk, verdict=Verdict.APPROVE, comment="", by=request.approver, via=Via.PAGE)
    quote = Quote.objects.get(pk=request.run.subject_id)
    services.quote_send(quote_id=quote.pk, by=quote.owner, to=["a@b.example"])
    assert QuoteDocument.objects.filter(quote=quote).count() == 1


def test_a_draft_can_be_submitted_by_its_owner() -> None:
    quote = next(quote for quote in large_quotes() if quote.status == QuoteStatus.DRAFT)
    assert policies.may_edit(quote.owner, quote)
    assert services.quote_submit(quote_id=quote.pk, by=quote.owner).status in ("approved", "in_review")


def test_the_history_says_how_a_quote_came_to_its_state() -> None:
    for quote in large_quotes():
        states = list(quote.history.order_by("history_id").values_list("status", flat=True))
        assert (states[0], states[-1]) == ("draft", quote.status)
        assert len(states) == quote.version
    lines = QuoteLine.objects.filter(quote__in=large_quotes())
    assert QuoteLine.history.filter(quote__in=large_quotes()).count() == lines.count()


def test_each_quote_of_a_customer_has_an_opportunity_at_the_stage_it_has_reached() -> None:
    for quote in Quote.objects.filter(account__master__run__kind=KIND, status="accepted").select_related("opportunity"):
        assert quote.opportunity is not None
        assert (quote.opportunity.status, quote.opportunity.account_id) == ("ordered", quote.account_id)


def test_only_a_superseded_quote_has_a_later_revision() -> None:
    large = Quote.objects.filter(account__master__run__kind=KIND)
    for quote in large.filter(revision=2).select_related("previous"):
        assert quote.previous is not None
        assert (quote.previous.number, quote.previous.status) == (quote.number, "superseded")
    assert large.filter(status="superseded").count() == large.filter(revision=2).count()


def test_the_next_quote_gets_a_number_that_is_free() -> None:
    account = Account.objects.filter(master__run__kind=KIND, status="active", owner__username="rep011").first()
    account = account or Account.objects.filter(owner__role_assignments__role="sales_rep", status="active").first()
    assert account is not None
    quote = services.quote_create(account_id=account.pk, by=account.owner)
    assert Quote.objects.filter(number=quote.number).count() == 1
    assert NumberSeries.objects.filter(series="Q").count() > 0


def test_business_ids_pass_the_check_of_an_import() -> None:
    from stdnum.fi import ytunnus

    ids = Account.objects.filter(master__run__kind=KIND).values_list("business_id", flat=True)
    assert all(ytunnus.is_valid(number) for number in ids)


def test_revenue_of_sites_adds_up_to_that_of_their_customer() -> None:
    for account in Account.objects.filter(master__run__kind=KIND).annotate(sites_=Count("sites"))[:40]:
        parts = [site.revenue for site in account.sites.all()]
        assert sum(parts, Decimal(0)) == account.yearly_revenue
    assert Site.objects.filter(account__master__run__kind=KIND).aggregate(Sum("volume"))["volume__sum"] is not None


def test_a_quote_that_is_copied_in_starts_as_a_draft_like_any_other() -> None:
    from django.db import IntegrityError

    taken: Any = Quote.objects.values().first()
    row = {**taken, "id": 10**9, "number": "Q-1", "status": "sent"}
    fields = [column.attname for column in Quote._meta.concrete_fields]
    with pytest.raises(IntegrityError, match="illegal transition"), transaction.atomic():
        bulk.copy_rows(Quote, fields, [[row[name] for name in fields]])
