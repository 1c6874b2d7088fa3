"""What holds of every quote, whatever is typed into it: sums, order, options, copies, and what an approval is worth."""

from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from catalog.tests.factories import ProductFactory
from core.errors import Invalid
from quotes import documents, options, pricing, selectors, services, snapshots
from quotes.models import Quote, QuoteLine
from quotes.pricing import Header, Line, PricedQuote
from quotes.services import Discount, LineDraft
from quotes.services.answering import Source
from quotes.tests.factories import World, make_world

prices = st.decimals(0, 100_000, places=4)
quantities = st.decimals(D("0.001"), 1000, places=3)
discounts = st.one_of(
    st.just(("", D(0))),
    st.tuples(st.just("percent"), st.decimals(0, 100, places=2)),
    st.tuples(st.just("net_price"), prices),
)
headers = st.one_of(
    st.just(Header()), st.builds(Header, st.none(), st.just("percent"), st.decimals(0, 100, places=2)),
    st.builds(Header, st.decimals(0, 50, places=2), st.just("amount"), st.decimals(0, 50, places=2)),
)  # fmt: skip


@st.composite
def quotes(draw: Any) -> tuple[list[Line], Header]:
    """Lines of three rates, some of them options, some options that stand for another line; and a header discount."""
    lines: list[Line] = []
    for key in range(1, draw(st.integers(1, 12)) + 1):
        kind, value = draw(discounts)
        optional = draw(st.booleans())
        plain = [line.id for line in lines if line.alternative_to is None]
        lines.append(
            Line(
                id=key,
                quantity=draw(quantities),
                list_price=draw(prices),
                vat_percent=draw(st.sampled_from([D("25.5"), D("13.5"), D(0)])),
                discount_kind=kind,
                discount_value=value,
                cost=draw(st.one_of(st.none(), prices)),
                optional=optional,
                selected=optional and draw(st.booleans()),
                alternative_to=draw(st.sampled_from(plain)) if optional and plain and draw(st.booleans()) else None,
                denominator=draw(st.sampled_from([1, 1, 3, 1000])),
            )
        )
    return lines, draw(headers)


def priced(lines: list[Line], header: Header) -> PricedQuote | None:
    try:
        return pricing.price_quote(lines, header)
    except Invalid:  # the header discount is larger than the lines
        return None


@pytest.mark.once
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(quotes())
def test_the_totals_are_the_sums_of_the_lines(made: tuple[list[Line], Header]) -> None:
    found = priced(*made)
    if found is None:
        return
    counted = [row for row in found.lines if row.counts]
    totals = found.totals
    assert totals.line_total == sum((row.line_net for row in counted), D(0))
    assert totals.header_discount == sum((row.share for row in counted), D(0))
    assert totals.net_total == totals.line_total - totals.header_discount == sum((vat.base for vat in totals.vat), D(0))
    assert totals.gross_total == totals.net_total + sum((vat.amount for vat in totals.vat), D(0))
    assert all(0 <= row.share <= row.line_net for row in counted)
    assert all(amount == amount.quantize(D("0.01")) for row in found.lines for amount in (row.line_list, row.line_net, row.share))


@pytest.mark.once
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(quotes(), st.randoms(use_true_random=False))
def test_the_order_of_the_lines_changes_nothing(made: tuple[list[Line], Header], random: Any) -> None:
    lines, header = made
    found = priced(lines, header)
    shuffled = list(lines)
    random.shuffle(shuffled)
    other = priced(shuffled, header)
    assert (found is None) == (other is None)
    if found is not None and other is not None:
        assert found.totals == other.totals
        assert {row.line.id: row for row in found.lines} == {row.line.id: row for row in other.lines}


@pytest.mark.once
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(quotes())
def test_a_line_and_what_stands_for_it_are_never_both_in_the_total(made: tuple[list[Line], Header]) -> None:
    found = priced(*made)
    if found is not None:
        counts = {row.line.id: row.counts for row in found.lines}
        chosen = [row.line for row in found.lines if row.counts and row.line.selected]
        assert not any(counts[line.alternative_to] for line in chosen if line.alternative_to)


@pytest.mark.once
@given(st.lists(st.tuples(prices, quantities), min_size=1, max_size=5), st.none() | st.decimals(0, 99, places=2))
def test_all_of_it_off_leaves_nothing_at_any_price_and_quantity(made: list[tuple[D, D]], account_discount: D | None) -> None:
    plain = [Line(key, quantity, price, D("25.5")) for key, (price, quantity) in enumerate(made)]
    free = [line._replace(discount_kind="percent", discount_value=D(100)) for line in plain]
    on_lines = pricing.price_quote(free, Header(account_discount))
    on_all = pricing.price_quote(plain, Header(account_discount, "percent", D(100)))
    assert {str(row.line_net) for row in on_lines.lines} == {"0.00"}
    for found in (on_lines, on_all):
        assert {*(str(row.net) for row in found.lines), str(found.totals.net_total), str(found.totals.gross_total)} == {"0.00"}


@pytest.mark.once
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(quotes(), st.integers(0, 10_000))
def test_a_wanted_total_is_reached_to_the_cent(made: tuple[list[Line], Header], share: int) -> None:
    lines, header = made
    total = pricing.price_quote(lines, Header(header.account_discount)).totals.line_total
    target = (total * share / 10_000).quantize(D("0.01"))
    assert pricing.price_quote(lines, Header(header.account_discount, "amount", total - target)).totals.net_total == target


# --- Through the services -----------------------------------------------------------------------------------------------
@pytest.fixture
def world(db: None) -> World:
    return make_world()


def rich(world: World) -> Quote:
    """Every kind of line and discount, an option, an alternative, an account discount and one on the whole quote."""
    world.account.default_discount = D("2.5")
    world.account.save()
    others = [ProductFactory(list_price=price, vat=vat) for price, vat in (("3.3333", "13.5"), ("119.99", "25.5"))]
    typed = (Discount(), Discount("percent", D("7.125")), Discount("amount", D("0.3333")), Discount("net_price", D("9.1234")))
    drafts = [LineDraft(world.product, D("3.5"), discount) for discount in typed]
    drafts += [LineDraft(product, D(2), Discount("percent", D(1)), optional=place == 1) for place, product in enumerate(others)]
    header = Discount("percent", D("3.21"))
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=drafts, header=header)
    first = quote.lines.order_by("position")[0]
    alternative = services.line_add(quote_id=quote.pk, draft=LineDraft(others[1], D("1.5"), optional=True), by=world.rep)
    services.line_change(quote_id=quote.pk, line_id=alternative.pk, by=world.rep, alternative_to=first.pk)
    heading = LineDraft(None, kind="section", text="Everything")
    services.line_add(quote_id=quote.pk, draft=heading, by=world.rep, before=first.pk)
    return Quote.objects.get(pk=quote.pk)


def figures(quote: Quote) -> tuple[Any, ...]:
    """Every figure and text of the quote but its own keys, number and revision."""
    content = snapshots.content_of(quote, selectors.quoted(quote))
    places = {line["id"]: line["position"] for line in content["lines"]}
    lines = [{name: value for name, value in line.items() if name not in ("id", "alternative_to")} for line in content["lines"]]
    for line, own in zip(content["lines"], lines, strict=True):
        own["stands for"] = places.get(line.get("alternative_to"))
    stored = (quote.list_total, quote.net_total, quote.gross_total, quote.margin_percent)
    return lines, content["totals"], content["texts"], content["header"], stored


def test_a_copy_and_a_revision_keep_every_figure(world: World) -> None:
    quote = rich(world)
    copy = Quote.objects.get(pk=services.quote_copy(quote_id=quote.pk, by=world.rep).pk)
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    Quote.objects.filter(pk=quote.pk).update(status="approved")
    revision = Quote.objects.get(pk=services.quote_revise(quote_id=quote.pk, by=world.rep).pk)
    assert figures(copy) == figures(revision) == figures(quote)
    assert {copy.status, revision.status} == {"draft"}


@pytest.mark.parametrize("taken", [0, 1, 2, 3])
def test_a_copy_of_what_was_accepted_keeps_the_options_that_were_taken(world: World, taken: int) -> None:
    quote = rich(world)
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    Quote.objects.filter(pk=quote.pk).update(status="approved")
    document = services.quote_send(quote_id=quote.pk, by=world.rep, to=["a@b.example"])
    keys = quote.lines.filter(optional=True).order_by("pk").values_list("pk", flat=True)
    chosen = [key for place, key in enumerate(keys) if taken >> place & 1]
    shown = options.choose(documents.content_of(document), chosen).gross_total
    told: dict[str, Any] = {"document_id": document.pk, "document_hash": document.document_hash, "name": "O", "role": "O"}
    services.quote_accept(**told, source=Source(link=document.link), chosen=chosen, shown=shown)
    accepted = Quote.objects.get(pk=quote.pk)
    copy = Quote.objects.get(pk=services.quote_copy(quote_id=quote.pk, by=world.rep).pk)
    assert accepted.gross_total == shown
    assert figures(copy) == figures(accepted)
    empty = services.quote_create(account_id=world.account.pk, by=world.rep, header=Discount("percent", D("3.21")))
    services.lines_copy(quote_id=empty.pk, source_id=quote.pk, by=world.rep)
    assert figures(Quote.objects.get(pk=empty.pk)) == figures(accepted)


def test_what_was_frozen_is_what_its_lines_come_to(world: World) -> None:
    quote = rich(world)
    content = snapshots.content_of(quote, selectors.quoted(quote))
    sent = options.chosen_in(content)
    assert options.choose(content, sent) == options.priced(content, sent)
    assert options.choose(content, sent).gross_total == quote.gross_total


def test_submit_recall_submit_changes_nothing(world: World) -> None:
    quote = rich(world)
    line = quote.lines.filter(kind="product").order_by("position")[0]
    services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, discount=Discount("percent", D(40)))
    quote.refresh_from_db()
    before = (figures(quote), list(QuoteLine.objects.filter(quote=quote).order_by("id").values()))
    hashes = []
    for _time in range(2):
        services.quote_submit(quote_id=quote.pk, by=world.rep, approvers={"quote_floor": world.pricing.pk})
        quote.refresh_from_db()
        assert quote.status == "in_review"
        hashes.append(quote.snapshots.latest("pk").commercial_hash)
        services.quote_recall(quote_id=quote.pk, by=world.rep)
        quote.refresh_from_db()
    assert (figures(quote), list(QuoteLine.objects.filter(quote=quote).order_by("id").values())) == before
    assert len(set(hashes)) == 1


CHANGES: dict[str, Any] = {
    "price": lambda quote, line: {"discount": Discount("percent", D(39))},
    "quantity": lambda quote, line: {"quantity": D("3.6")},
    "option": lambda quote, line: {"optional": True},
}


@pytest.mark.parametrize("change", [*CHANGES, "line set", "heading", "term"])
def test_any_change_makes_something_else_of_what_was_approved(world: World, change: str) -> None:
    quote = rich(world)
    line = quote.lines.filter(kind="product").order_by("position")[0]
    before = snapshots.present_hash(quote)
    edit: dict[str, Any] = {"quote_id": quote.pk, "by": world.rep}
    if change in CHANGES:
        services.line_change(**edit, line_id=line.pk, **CHANGES[change](quote, line))
    elif change == "line set":
        services.line_remove(**edit, line_id=line.pk)
    elif change == "heading":
        services.line_change(**edit, line_id=quote.lines.get(kind="section").pk, text="Nothing")
    else:
        services.quote_change(**edit, customer_note="Ex works")
    assert snapshots.present_hash(Quote.objects.get(pk=quote.pk)) != before
