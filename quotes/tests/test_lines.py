"""Lines of a draft: order, headings and notes, options and alternatives, statements of work, undo."""

from decimal import Decimal as D
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import AccountFactory
from approvals.models import Request
from catalog.models import UnitOfMeasure
from catalog.tests.factories import PriceFactory, ProductFactory
from core.errors import DomainError, Invalid, NotAllowed, NotFound, StaleVersion, WrongState
from core.models import Event, OutboxMessage
from quotes import explaining, last_prices, selectors, services, snapshots
from quotes.choices import LineKind
from quotes.models import Quote, QuoteLine
from quotes.services import Discount, LineDraft, Measure, Statement, pricing_lines
from quotes.tests.factories import World, draft, make_world
from users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def order(quote: Quote) -> list[str]:
    """The lines from top to bottom: how much of a product, or the text."""
    return [line.text or f"{line.quantity:f}".rstrip("0").rstrip(".") for line in quote.lines.order_by("position", "id")]


def lines_of(quote: Quote) -> list[QuoteLine]:
    return list(quote.lines.order_by("position", "id"))


def with_lines(world: World, *quantities: str) -> Quote:
    drafts = [LineDraft(world.product, D(quantity)) for quantity in quantities]
    return services.quote_create(account_id=world.account.pk, by=world.rep, lines=drafts)


def heading(text: str) -> LineDraft:
    return LineDraft(None, kind=LineKind.SECTION, text=text)


# --- Order ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("moved", "before", "expected"),
    [(3, 0, "4123"), (0, 3, "2314"), (0, None, "2341"), (1, 3, "1324"), (2, 1, "1324"), (1, 1, "1234"), (3, None, "1234")],
)
def test_a_line_moves_before_another_one_or_to_the_end(world: World, moved: int, before: int | None, expected: str) -> None:
    quote = with_lines(world, "1", "2", "3", "4")
    lines = lines_of(quote)
    where = None if before is None else lines[before].pk
    services.line_move(quote_id=quote.pk, line_id=lines[moved].pk, before=where, by=world.rep)
    assert order(quote) == list(expected)
    assert len({line.position for line in lines_of(quote)}) == 4
    quote.refresh_from_db()
    assert (quote.net_total, quote.version) == (D(100), 2)


def test_a_duplicate_stands_right_below_with_everything_typed(world: World) -> None:
    quote = with_lines(world, "1", "2")
    first = lines_of(quote)[0]
    services.line_change(quote_id=quote.pk, line_id=first.pk, by=world.rep, discount=Discount("percent", D(10)))
    twin = services.line_duplicate(quote_id=quote.pk, line_id=first.pk, by=world.rep)
    assert order(quote) == ["1", "1", "2"]
    assert lines_of(quote)[1].pk == twin.pk
    assert (twin.discount_kind, twin.discount_value, twin.line_net) == ("percent", D(10), D("9.00"))
    quote.refresh_from_db()
    assert quote.net_total == D(38)
    assert QuoteLine.history.filter(id=twin.pk, history_user=world.rep).count() == 1


def test_lines_are_added_before_another_one_and_priced_in_their_place(world: World) -> None:
    quote = with_lines(world, "1", "4")
    last = lines_of(quote)[1]
    drafts = [LineDraft(world.product, D(2)), LineDraft(world.product, D(3))]
    made = services.lines_add(quote_id=quote.pk, drafts=drafts, by=world.rep, before=last.pk)
    assert order(quote) == ["1", "2", "3", "4"]
    priced = made[0].quote.priced
    assert priced is not None
    assert [row.line.quantity for row in priced.lines] == [D(1), D(2), D(3), D(4)]
    assert [row.line.id for row in priced.lines] == [line.pk for line in lines_of(quote)]
    assert repr(selectors.with_catalogue(quote, priced)) == repr(selectors.priced(Quote.objects.get(pk=quote.pk)))


def test_of_several_lines_all_are_added_or_none(world: World) -> None:
    quote = with_lines(world, "1")
    gone = ProductFactory(is_active=False)
    with pytest.raises(Invalid):
        services.lines_add(quote_id=quote.pk, drafts=[LineDraft(world.product), LineDraft(gone)], by=world.rep)
    quote.refresh_from_db()
    assert (order(quote), quote.version) == (["1"], 1)


# --- Headings and notes -----------------------------------------------------------------------------------------------
def test_a_heading_has_the_sum_of_the_lines_below_it(world: World) -> None:
    quote = with_lines(world, "1", "2", "3")
    lines = lines_of(quote)
    services.line_add(quote_id=quote.pk, draft=heading("A"), by=world.rep, before=lines[0].pk)
    services.line_add(quote_id=quote.pk, draft=heading("B"), by=world.rep, before=lines[2].pk)
    services.line_add(quote_id=quote.pk, draft=LineDraft(None, kind=LineKind.NOTE, text="n"), by=world.rep)
    assert order(quote) == ["A", "1", "2", "B", "3", "n"]
    quote.refresh_from_db()
    assert quote.net_total == D(60)
    assert list(selectors.subtotals_of(quote, selectors.priced(quote)).values()) == [D(30), D(30)]
    content = snapshots.content_of(quote, selectors.quoted(quote))
    assert content["texts"] == [
        {"kind": "section", "text": "A", "before": 1, "subtotal": "30.00"},
        {"kind": "section", "text": "B", "before": 3, "subtotal": "30.00"},
        {"kind": "note", "text": "n", "before": 4},
    ]
    assert [line["position"] for line in content["lines"]] == [1, 2, 3]


def test_a_heading_is_part_of_what_is_approved(world: World) -> None:
    quote = with_lines(world, "1")
    before = snapshots.present_hash(quote)
    line = services.line_add(quote_id=quote.pk, draft=heading("A"), by=world.rep)
    with_heading = snapshots.present_hash(quote)
    services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, text="B")
    other = snapshots.present_hash(quote)
    services.line_remove(quote_id=quote.pk, line_id=line.pk, by=world.rep)
    assert len({before, with_heading, other}) == 3
    assert snapshots.present_hash(quote) == before
    assert snapshots.commercial_hash(snapshots.content_of(quote, selectors.quoted(quote))) == before


@pytest.mark.parametrize(
    "changes", [{"quantity": D(2)}, {"discount": Discount("percent", D(5))}, {"optional": True}, {"text": " "}]
)
def test_a_heading_has_nothing_but_its_text(world: World, changes: dict[str, Any]) -> None:
    quote = with_lines(world, "1")
    line = services.line_add(quote_id=quote.pk, draft=heading("A"), by=world.rep)
    with pytest.raises(Invalid):
        services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, **changes)
    line.refresh_from_db()
    assert (line.text, line.quantity, line.optional, line.quote.version) == ("A", D(1), False, 2)


@pytest.mark.req("S1.16", "S1.17")
def test_the_text_of_a_product_cannot_be_changed(world: World) -> None:
    quote = with_lines(world, "1")
    line = quote.lines.get()
    with pytest.raises(Invalid) as refused:
        services.line_change(quote_id=quote.pk, line_id=line.pk, by=world.rep, text="better milk")
    assert set(refused.value.fields) == {"text"}
    assert quote.lines.get().text == ""


# --- Options ----------------------------------------------------------------------------------------------------------
def test_an_option_that_is_chosen_takes_the_place_of_its_line(world: World) -> None:
    quote = with_lines(world, "10", "20", "12")
    first, _second, third = lines_of(quote)
    services.line_change(quote_id=quote.pk, line_id=third.pk, by=world.rep, alternative_to=first.pk)
    quote.refresh_from_db()
    assert (quote.net_total, QuoteLine.objects.get(pk=third.pk).optional) == (D(300), True)
    QuoteLine.objects.filter(pk=third.pk).update(selected=True)
    assert selectors.priced(quote).totals.net_total == D(320)


def test_an_alternative_stands_for_a_line_that_is_none(world: World) -> None:
    quote = with_lines(world, "1", "2", "3")
    first, second, third = lines_of(quote)
    edit: dict[str, Any] = {"quote_id": quote.pk, "by": world.rep}
    services.line_change(**edit, line_id=second.pk, alternative_to=first.pk)
    for line, other in ((third, second), (third, third)):
        with pytest.raises(Invalid) as refused:
            services.line_change(**edit, line_id=line.pk, alternative_to=other.pk)
        assert set(refused.value.fields) == {"alternative_to"}
    with pytest.raises(NotFound):
        services.line_change(**edit, line_id=third.pk, alternative_to=draft(world).lines.get().pk)
    services.line_change(**edit, line_id=first.pk, alternative_to=third.pk)  # nothing stands for an alternative any more
    assert list(quote.lines.order_by("position").values_list("alternative_to", flat=True)) == [third.pk, None, None]


# --- Units ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("quantity", "per", "price", "net"), [("1", 1, "10", "10.00"), ("10", 1, "9", "90.00"), ("10000", 1000, "9", "90.00")]
)
def test_breaks_are_reached_in_pricing_units(world: World, quantity: str, per: int, price: str, net: str) -> None:
    product = ProductFactory(sku="KG")
    PriceFactory(product=product, min_quantity=D(10), list_price=D(9))
    unit = UnitOfMeasure.objects.create(code="g", label_en="g", label_fi="g")
    measure = Measure(unit, 1, per) if per > 1 else Measure()
    drafts = [LineDraft(product, D(quantity), measure=measure)]
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=drafts)
    line = quote.lines.get()
    assert (line.list_price, line.line_net) == (D(price), D(net))


# --- Undo -------------------------------------------------------------------------------------------------------------
def test_a_removed_line_comes_back_as_it_was_with_what_stood_for_it(world: World) -> None:
    quote = with_lines(world, "1", "2", "3")
    _first, second, third = lines_of(quote)
    edit: dict[str, Any] = {"quote_id": quote.pk, "by": world.rep}
    services.line_change(**edit, line_id=second.pk, discount=Discount("net_price", D("8.5")))
    services.line_change(**edit, line_id=third.pk, alternative_to=second.pk)
    before = (order(quote), selectors.priced(quote).totals, list(quote.lines.order_by("id").values()))
    services.line_remove(**edit, line_id=second.pk)
    assert order(quote) == ["1", "3"]
    services.line_restore(**edit, line_id=second.pk)
    assert (order(quote), selectors.priced(quote).totals, list(quote.lines.order_by("id").values())) == before
    quote.refresh_from_db()
    assert quote.net_total == before[1].net_total


def test_only_a_line_that_was_removed_from_this_quote_comes_back(world: World) -> None:
    quote, other = with_lines(world, "1"), with_lines(world, "2")
    line, strange = quote.lines.get(), other.lines.get()
    services.line_remove(quote_id=other.pk, line_id=strange.pk, by=world.rep)
    for key in (line.pk, strange.pk, 10**12):
        with pytest.raises(NotFound):
            services.line_restore(quote_id=quote.pk, line_id=key, by=world.rep)
    assert order(quote) == ["1"]


@pytest.mark.parametrize("move", ["move", "duplicate", "remove", "restore"])
@pytest.mark.parametrize(("who", "error"), [("stranger", NotFound), ("colleague", NotAllowed)])
def test_lines_are_for_whoever_may_edit_the_quote(world: World, move: str, who: str, error: type[DomainError]) -> None:
    quote = with_lines(world, "1", "2")
    line = lines_of(quote)[0]
    more = {"before": None} if move == "move" else {}
    with pytest.raises(error):
        getattr(services, f"line_{move}")(quote_id=quote.pk, line_id=line.pk, by=getattr(world, who), **more)
    with pytest.raises(StaleVersion):
        getattr(services, f"line_{move}")(quote_id=quote.pk, line_id=line.pk, by=world.rep, version=7, **more)
    services.quote_submit(quote_id=quote.pk, by=world.rep)
    with pytest.raises(WrongState):
        getattr(services, f"line_{move}")(quote_id=quote.pk, line_id=line.pk, by=world.rep, **more)
    assert order(quote) == ["1", "2"]


# --- Statements of work -----------------------------------------------------------------------------------------------
def statement(**more: Any) -> Statement:
    given = {"text": "Audit", "list_price": D(500), "cost": D(200), "specialist": "A. Udit", "feasibility": "Checked"} | more
    return Statement(**given)


@pytest.fixture
def writer() -> Any:
    return UserFactory(username="presales", roles=["presales"], sees_all_units=True)


@pytest.mark.req("S1.21")
def test_only_who_writes_statements_duplicates_one(world: World, writer: Any) -> None:
    quote = with_lines(world, "1")
    line = services.statement_write(quote_id=quote.pk, by=writer, statement=statement())
    with pytest.raises(NotAllowed, match="written by pre-sales"):
        services.line_duplicate(quote_id=quote.pk, line_id=line.pk, by=world.rep)
    assert order(quote) == ["1", "Audit"]
    both = UserFactory(roles=["sales_rep", "presales"], team=world.team)
    services.line_duplicate(quote_id=quote.pk, line_id=line.pk, by=both)
    assert order(quote) == ["1", "Audit", "Audit"]


@pytest.mark.req("S1.2", "S1.21", "S1.22")
def test_a_statement_of_work_asks_customer_success(world: World, writer: Any) -> None:
    quote = with_lines(world, "100")
    line = services.statement_write(quote_id=quote.pk, by=writer, statement=statement(effort_days=D("2.5")))
    quote.refresh_from_db()
    assert (quote.net_total, line.line_net, line.vat_percent) == (D(1500), D(500), D("25.5"))
    chosen = UserFactory(roles=["customer_success"], sees_all_units=True)
    services.quote_submit(quote_id=quote.pk, by=world.rep, approvers={"quote_catalogue": chosen.pk})
    request = Request.objects.get()
    assert (request.approver, [gate.gate for gate in request.gates.all()]) == (chosen, ["quote_catalogue"])


def test_a_statement_of_work_written_anew_is_asked_again(world: World, writer: Any) -> None:
    quote = with_lines(world, "100")
    line = services.statement_write(quote_id=quote.pk, by=writer, statement=statement())
    before = (snapshots.present_hash(quote), selectors.marks_of(quote)[line.pk])
    services.statement_write(quote_id=quote.pk, by=writer, statement=statement(text="Two audits"), line_id=line.pk)
    quote = Quote.objects.get(pk=quote.pk)
    after = (snapshots.present_hash(quote), selectors.marks_of(quote)[line.pk])
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert snapshots.commercial_hash(snapshots.content_of(quote, selectors.quoted(quote))) == after[0]


@pytest.mark.req("S1.21", "S1.26")
@pytest.mark.parametrize("who", ["rep", "manager", "pricing"])
def test_only_pre_sales_writes_statements_of_work(world: World, who: str) -> None:
    quote = with_lines(world, "1")
    with pytest.raises(NotAllowed):
        services.statement_write(quote_id=quote.pk, by=getattr(world, who), statement=statement())
    assert (order(quote), Event.objects.filter(verb="statement of work written").count()) == (["1"], 0)


@pytest.mark.parametrize("field", ["text", "specialist", "feasibility"])
def test_a_statement_of_work_is_complete(world: World, writer: Any, field: str) -> None:
    quote = with_lines(world, "1")
    with pytest.raises(Invalid) as refused:
        services.statement_write(quote_id=quote.pk, by=writer, statement=statement(**{field: " "}))
    assert (set(refused.value.fields), order(quote)) == ({field}, ["1"])


def test_a_full_quote_has_no_room_for_a_statement_but_the_ones_it_has_are_written_anew(
    world: World, writer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pricing_lines, "MOST_LINES", 2)
    quote = with_lines(world, "1")
    line = services.statement_write(quote_id=quote.pk, by=writer, statement=statement())
    with pytest.raises(Invalid, match="at most 2 lines"):
        services.statement_write(quote_id=quote.pk, by=writer, statement=statement(text="One more"))
    services.statement_write(quote_id=quote.pk, by=writer, statement=statement(text="Two audits"), line_id=line.pk)
    assert order(quote) == ["1", "Two audits"]


def test_a_rep_asks_for_a_statement_and_pre_sales_hears_of_it(world: World, writer: Any) -> None:
    quote = with_lines(world, "1")
    services.statement_ask(quote_id=quote.pk, by=world.rep, wish="An audit")
    message = OutboxMessage.objects.get(topic="quote.statement_asked")
    assert (message.payload["reader_id"], message.payload["wish"]) == (writer.pk, "An audit")
    with pytest.raises(Invalid):
        services.statement_ask(quote_id=quote.pk, by=world.rep, wish=" ")


# --- Copies -----------------------------------------------------------------------------------------------------------
def test_copy_and_revision_keep_headings_notes_options_and_statements(world: World, writer: Any) -> None:
    quote = with_lines(world, "100", "3", "2")
    first, _second, third = lines_of(quote)
    edit: dict[str, Any] = {"quote_id": quote.pk, "by": world.rep}
    services.line_add(**edit, draft=heading("A"), before=first.pk)
    services.line_change(**edit, line_id=third.pk, alternative_to=first.pk)
    services.line_change(**edit, line_id=first.pk, yearly_volume=D(1200))
    services.statement_write(quote_id=quote.pk, by=writer, statement=statement())
    same = (
        "kind",
        "text",
        "quantity",
        "list_price",
        "cost",
        "line_net",
        "optional",
        "yearly_volume",
        "specialist",
        "vat_percent",
    )
    expected = [tuple(getattr(line, name) for name in same) for line in lines_of(quote)]
    copy = services.quote_copy(quote_id=quote.pk, by=world.rep)
    assert [tuple(getattr(line, name) for name in same) for line in lines_of(copy)] == expected
    services.quote_submit(quote_id=quote.pk, by=world.rep, approvers={"quote_catalogue": None})
    Quote.objects.filter(pk=quote.pk).update(status="approved")
    revision = services.quote_revise(quote_id=quote.pk, by=world.rep)
    assert [tuple(getattr(line, name) for name in same) for line in lines_of(revision)] == expected
    assert [line.origin for line in lines_of(revision)] == [line.pk for line in lines_of(quote)]
    for new in (copy, revision):
        lines = lines_of(new)
        assert lines[3].alternative_to_id == lines[1].pk
        assert new.net_total == lines[0].quote.net_total == D(1530)


# --- The discount on the whole quote ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("target", "kind", "value", "net"),
    [
        ("50", "amount", "10", "50.00"),
        ("60", "", "0", "60.00"),
        ("0", "amount", "60", "0.00"),
        ("59.99", "amount", "0.01", "59.99"),
    ],
)
def test_the_discount_is_worked_out_for_the_net_total_that_is_wanted(
    world: World, target: str, kind: str, value: str, net: str
) -> None:
    quote = with_lines(world, "1", "2", "3")
    changed = services.quote_change(quote_id=quote.pk, by=world.rep, header_target=D(target))
    quote.refresh_from_db()
    assert (quote.header_discount_kind, quote.header_discount_value, quote.net_total) == (kind, D(value), D(net))
    assert changed.priced is not None


@pytest.mark.parametrize("target", ["61", "-1"])
def test_a_wanted_total_above_the_lines_is_for_those_who_may(world: World, target: str) -> None:
    quote = with_lines(world, "1", "2", "3")
    with pytest.raises(Invalid):
        services.quote_change(quote_id=quote.pk, by=world.rep, header_target=D(target))
    quote.refresh_from_db()
    assert (quote.net_total, quote.version) == (D(60), 1)


# --- What it was sold for before ----------------------------------------------------------------------------------------
def test_the_last_price_is_that_of_the_latest_quote_that_was_sent_to_the_account(world: World) -> None:
    for discount in ("10", "5"):
        quote = draft(world, discount)
        services.quote_send(quote_id=quote.pk, by=world.rep, to=[world.contact.email])
    draft(world, "50")
    found = last_prices.last_prices(world.rep, world.account.pk, [world.product.pk])
    assert {key: (last.net_price, last.number) for key, last in found.items()} == {world.product.pk: (D("9.5"), quote.number)}
    assert last_prices.last_prices(world.stranger, world.account.pk) == {}
    assert last_prices.last_prices(world.rep, AccountFactory(owner=world.rep).pk) == {}


# --- The waterfall ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("header", [Discount(), Discount("percent", D(10)), Discount("amount", D(7))])
@pytest.mark.parametrize(
    "typed", [Discount(), Discount("percent", D(10)), Discount("amount", D("1.5")), Discount("net_price", D(8))]
)
def test_the_steps_of_a_line_add_up_to_its_net(world: World, typed: Discount, header: Discount) -> None:
    world.account.default_discount = D(5)
    world.account.save()
    drafts = [LineDraft(world.product, D(3), typed), LineDraft(world.product, D(1))]
    quote = services.quote_create(account_id=world.account.pk, by=world.rep, lines=drafts, header=header)
    line = lines_of(quote)[0]
    shown = explaining.explained(world.rep, quote, line)
    amounts = [D(step.amount.replace("€", "").replace(",", "").replace("−", "-")) for step in shown["steps"]]
    assert sum(amounts[:-1]) == amounts[-1] == shown["row"].net


def test_pre_sales_finds_the_way_to_statements_on_the_page_of_a_draft(world: World, writer: Any, client: Client) -> None:
    quote = with_lines(world, "1")
    line = services.statement_write(quote_id=quote.pk, by=writer, statement=statement())
    address = reverse("quote_statement", args=[quote.pk])
    client.force_login(writer)
    page = client.get(reverse("quote_page", args=[quote.pk])).content.decode()
    assert [f'href="{address}"' in page, f'href="{address}?line={line.pk}"' in page] == [True, True]
    assert "Audit" in client.get(f"{address}?line={line.pk}").content.decode()
    body = {"text": "Two audits", "quantity": "2", "list_price": "500", "specialist": "A", "feasibility": "B", "version": 2}
    assert client.post(f"{address}?line={line.pk}", body).status_code == 302
    line.refresh_from_db()
    assert (line.text, line.quantity, line.line_net, line.cost) == ("Two audits", D(2), D(1000), None)
    first = quote.lines.get(kind="product")
    assert client.post(f"{address}?line={first.pk}", body | {"version": 3}).status_code == 404
    bad = client.post(address, body | {"list_price": "much", "version": 3})
    assert (bad.status_code, quote.lines.count()) == (422, 2)
