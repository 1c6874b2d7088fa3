"""Prices, cent by cent. The table is that of docs/pricing.md."""

import random
from decimal import Decimal as D

import pytest
from hypothesis import given, strategies as st

from core import money
from core.errors import Invalid
from quotes import pricing, triggers
from quotes.pricing import Header, Line, Targets, price_quote
from quotes.triggers import Reason, breaches

pytestmark = pytest.mark.once

Q = pricing.Target(1, None, None, D(0), D("20"))


def line(
    list_price: str, quantity: str = "1", *, id: int = 1, kind: str = "", value: str = "0", vat: str = "25.5", **more: object
) -> Line:
    numbers = {
        name: D(str(text)) if name in ("cost", "floor_price") and text is not None else text for name, text in more.items()
    }
    return Line(
        id=id, quantity=D(quantity), list_price=D(list_price), vat_percent=D(vat), discount_kind=kind, discount_value=D(value),
        **numbers,  # type: ignore[arg-type]
    )  # fmt: skip


def header(kind: str = "", value: str = "0", account: str | None = None) -> Header:
    return Header(D(account) if account else None, kind, D(value))


def nets(*lines: str) -> list[Line]:
    return [line("0", kind="net_price", value=net, id=number) for number, net in enumerate(lines, 1)]


@pytest.mark.parametrize(
    ("given_", "expected"),
    [("2.674", "2.67"), ("2.675", "2.68"), ("-2.675", "-2.68"), ("0.0049", "0.00"), ("0.005", "0.01"), ("-0.005", "-0.01"),
     ("0.125", "0.13"), ("1.005", "1.01"), ("2.665", "2.67")],
)  # fmt: skip
def test_cents_are_half_up_away_from_zero(given_: str, expected: str) -> None:
    assert str(money.cents(D(given_))) == expected


@pytest.mark.parametrize(
    ("list_price", "quantity", "kind", "value", "expected"),
    [
        ("168", "2", "net_price", "158", "316.00"),
        ("305", "1", "net_price", "290", "290.00"),
        ("84000", "1", "amount", "70000", "14000.00"),
        ("28.5", "4", "percent", "35", "74.10"),
        ("541.26", "38", "percent", "2", "20156.52"),
        ("124.75", "9.5", "", "0", "1185.13"),
        ("2.8207", "4", "percent", "100", "0.00"),
        ("2.8207", "5", "percent", "100", "0.00"),
        ("64.22", "2.25", "percent", "100", "0.00"),
    ],
)
@pytest.mark.req("S4.8")
def test_a_line_net_comes_from_what_was_typed_and_is_rounded_once(
    list_price: str, quantity: str, kind: str, value: str, expected: str
) -> None:
    priced = price_quote([line(list_price, quantity, kind=kind, value=value)], header())
    assert str(priced.lines[0].line_net) == expected


@pytest.mark.req("S1.12")
def test_every_line_shows_list_price_discount_and_net_price() -> None:
    row = price_quote([line("168", "2", kind="net_price", value="158")], header()).lines[0]
    assert (row.line.list_price, row.discount_amount, row.net_price) == (D("168"), D("10.0000"), D("158.0000"))


@pytest.mark.req("S1.13")
def test_a_computed_discount_percent_has_two_places_and_a_typed_one_stays_as_typed() -> None:
    rows = price_quote(
        [line("168", kind="net_price", value="158"), line("10", kind="percent", value="7.125", id=2)], header()
    ).lines
    assert [str(row.discount_percent) for row in rows] == ["5.95", "7.125"]


@pytest.mark.req("S1.14")
def test_a_line_that_costs_nothing_is_included() -> None:
    rows = price_quote([line("10", kind="percent", value="100"), line("10", id=2)], header()).lines
    assert [row.is_included for row in rows] == [True, False]


def test_a_header_discount_is_computed_on_the_sum_and_shared_by_largest_remainder() -> None:
    priced = price_quote(nets("1.06", "2.06", "3.06", "4.06"), header("percent", "10"))
    assert priced.totals.header_discount == D("1.02")
    assert [str(row.share) for row in priced.lines] == ["0.11", "0.21", "0.30", "0.40"]


@pytest.mark.parametrize(("percent", "discount"), [("40", "0.04"), ("50", "0.05")])
def test_tiny_lines_share_whole_cents_and_none_pays_more_than_it_costs(percent: str, discount: str) -> None:
    priced = price_quote(nets(*["0.01"] * 10), header("percent", percent))
    assert priced.totals.header_discount == D(discount)
    assert {str(row.share) for row in priced.lines} == {"0.00", "0.01"}


def test_the_order_of_lines_does_not_change_the_totals() -> None:
    lines = [
        line("0", kind="net_price", value="3.08", id=1),
        line("0", kind="net_price", value="45.35", id=2),
        line("0", kind="net_price", value="1.75", vat="13.5", id=3),
    ]
    expected = price_quote(lines, header("percent", "10")).totals
    for _ in range(6):
        random.shuffle(lines)
        assert price_quote(lines, header("percent", "10")).totals == expected


def test_a_header_amount_above_the_sum_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        price_quote(nets("50.00"), header("amount", "60"))
    assert list(refusal.value.fields) == ["header_discount"]


def test_a_header_percent_of_nothing_is_nothing() -> None:
    assert price_quote(nets("0"), header("percent", "10")).totals.header_discount == D("0.00")


@pytest.mark.parametrize(("list_price", "expected"), [("100.00", "81.00"), ("0.06", "0.04")])
def test_line_discount_first_then_header_discount(list_price: str, expected: str) -> None:
    priced = price_quote([line(list_price, kind="percent", value="10")], header("percent", "10"))
    assert str(priced.totals.net_total) == expected


def test_a_discount_larger_than_the_price_is_refused() -> None:
    with pytest.raises(Invalid):
        price_quote([line("10", kind="amount", value="10.01")], header())


@pytest.mark.req("S0.18")
def test_the_account_discount_makes_the_base_that_line_discounts_apply_to() -> None:
    rows = price_quote(
        [line("100"), line("100", kind="percent", value="10", id=2), line("100", kind="net_price", value="70", id=3)],
        header(account="5"),
    ).lines
    assert [str(row.line_net) for row in rows] == ["95.00", "85.50", "70.00"]
    assert [str(row.discount_percent) for row in rows] == ["5.00", "14.50", "30.00"]


def test_margin_is_measured_on_the_price() -> None:
    totals = price_quote([line("300", cost="100")], header()).totals
    assert (totals.margin_amount, totals.margin_percent) == (D("200.00"), D("66.67"))


def test_a_free_line_counts_in_the_margin_and_has_no_percentage_of_its_own() -> None:
    priced = price_quote([line("0", cost="5"), line("100", cost="50", id=2)], header())
    assert priced.lines[0].margin_percent is None
    assert priced.totals.margin_percent == D("45.00")


def test_an_unknown_cost_is_not_nought() -> None:
    totals = price_quote([line("10", cost="4"), line("10", id=2)], header()).totals
    assert (totals.cost_total, totals.margin_amount, totals.margin_percent) == (None, None, None)


def test_only_chosen_options_are_in_the_total() -> None:
    options = [
        line("100", id=1, vat="10"),
        line("200", id=2, vat="10"),
        line("120", id=3, vat="10", optional=True),
        line("110", id=4, vat="10", optional=True),
    ]
    assert price_quote(options, header()).totals.gross_total == D("330.00")
    chosen = [
        line("100", id=1, vat="10", optional=True),
        *options[1:3],
        line("110", id=4, vat="10", optional=True, selected=True),
    ]
    assert price_quote(chosen, header()).totals.net_total == D("310.00")


def test_what_nothing_can_carry_is_charged_to_nobody() -> None:
    lines = [line("0", id=1), line("120", id=2, optional=True)]
    quote = price_quote(lines, header("amount", "-10"))
    assert [row.share for row in quote.lines] == [0, 0]
    assert (quote.totals.header_discount, quote.totals.net_total) == (0, 0)


def test_vat_is_rounded_once_per_rate_on_the_document() -> None:
    totals = price_quote([line("45", "3", vat="21")], header("amount", "60")).totals
    assert (totals.net_total, totals.vat_total, totals.gross_total) == (D("75.00"), D("15.75"), D("90.75"))


def test_rates_are_listed_largest_first_with_their_own_base() -> None:
    totals = price_quote([line("10", vat="13.5"), line("20", vat="25.5", id=2), line("2", vat="13.5", id=3)], header()).totals
    assert [(str(row.rate), str(row.base), str(row.amount)) for row in totals.vat] == [
        ("25.5", "20.00", "5.10"),
        ("13.5", "12.00", "1.62"),
    ]


cents = st.integers(0, 10**7).map(lambda number: D(number) / 100)


@given(st.lists(cents, min_size=1, max_size=40), st.integers(0, 10000))
def test_shares_add_up_and_none_exceeds_its_line(amounts: list[D], basis_points: int) -> None:
    priced = price_quote(nets(*map(str, amounts)), header("percent", str(D(basis_points) / 100)))
    assert money.total(row.share for row in priced.lines) == priced.totals.header_discount
    assert all(D(0) <= row.share <= row.line_net for row in priced.lines)
    assert priced.totals.net_total == money.total(row.net for row in priced.lines)


def reasons(lines: list[Line], head: Header | None = None, target: pricing.Target | None = Q) -> list[Reason]:
    return [breach.reason for breach in breaches(price_quote(lines, head or header()), Targets([target] if target else []))]


def test_the_floor_counts_after_the_header_share() -> None:
    fine = [line("100", cost="1", floor_price="90")]
    assert reasons(fine, header("percent", "10")) == []
    assert reasons(fine, header("percent", "10.01")) == [Reason.BELOW_FLOOR]


def test_an_option_that_is_not_chosen_is_held_to_its_floor() -> None:
    lines = [line("100", cost="1"), line("50", cost="1", floor_price="60", optional=True, id=2)]
    assert reasons(lines) == [Reason.BELOW_FLOOR]


@pytest.mark.parametrize(("cost", "expected"), [("80", []), ("80.01", [Reason.MARGIN_BELOW_TARGET])])
@pytest.mark.req("S0.24")
def test_margin_must_be_strictly_below_the_target_to_ask(cost: str, expected: list[Reason]) -> None:
    assert reasons([line("100", cost=cost)]) == expected


def test_a_missing_cost_asks_pricing_and_leaves_the_margin_alone() -> None:
    assert reasons([line("100")]) == [Reason.MISSING_COST]
    assert triggers.gates(breaches(price_quote([line("100")], header()), Targets([Q]))) == [triggers.Trigger.FLOOR]


def test_without_a_margin_target_the_stewards_are_asked() -> None:
    assert reasons([line("100", cost="1")], target=None) == [Reason.NO_MARGIN_TARGET]


def test_a_free_quote_with_a_cost_asks() -> None:
    assert reasons([line("0", cost="5")]) == [Reason.NOTHING_TO_PAY]


@pytest.mark.req("S1.2")
def test_a_product_outside_the_catalogue_asks_customer_success() -> None:
    assert reasons([line("100", cost="1", outside_catalogue=True)]) == [Reason.OUTSIDE_CATALOGUE]


@pytest.mark.req("S1.2")
def test_a_product_of_which_the_catalogue_was_not_asked_is_no_product_inside_it() -> None:
    with pytest.raises(ValueError, match="was not asked"):
        reasons([line("100", cost="1", outside_catalogue=None)])
    assert reasons([line("100", cost="1", outside_catalogue=None)._replace(kind="sow")]) == [Reason.STATEMENT_OF_WORK]


def test_the_most_specific_margin_target_wins() -> None:
    table = [
        pricing.Target(1, None, None, D(0), D(18)),
        pricing.Target(2, 7, None, D(0), D(20)),
        pricing.Target(3, 7, 4, D(0), D(22)),
        pricing.Target(4, None, None, D(10000), D(12)),
    ]
    pick = lambda tma2, channel, amount: pricing.margin_target(table, tma2=tma2, channel=channel, amount=D(amount))  # noqa: E731
    assert [pick(7, 4, 5).id, pick(7, 1, 5).id, pick(1, 1, 5).id, pick(1, 1, 10000).id] == [3, 2, 1, 4]  # type: ignore[union-attr]
    assert pricing.margin_target(table[1:2], tma2=1, channel=None, amount=D(5)) is None
