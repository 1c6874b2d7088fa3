"""The largest discount on the whole quote that asks nobody anew, held against pricing and triggers themselves."""

import time
from collections.abc import Callable
from decimal import Decimal as D

import pytest
from hypothesis import given, strategies as st

from approvals.choices import Operator
from approvals.rules import Condition, holds
from quotes import triggers
from quotes.pricing import Header, Line, PricedQuote, Target, Targets, price_quote
from quotes.triggers import Breach, Reason
from quotes.what_if import Largest, largest_discount, turning_nets

pytestmark = pytest.mark.once

NO_TIERS = [Target(1, None, None, D(0), D(0))]


def line(
    key: int, net: str, quantity: str = "1", *, cost: str | None = None, floor: str | None = None, optional: bool = False
) -> Line:
    cost_price, floor_price = (None if text is None else D(text) for text in (cost, floor))
    return Line(key, D(quantity), D(net), D("25.5"), cost=cost_price, floor_price=floor_price, optional=optional)


def largest(lines: list[Line], targets: list[Target] = NO_TIERS, header: Header | None = None, **more: object) -> Largest:
    nets = more.pop("nets", [target.min_amount for target in targets])
    return largest_discount(lines, header or Header(), targets=Targets(targets), nets=nets, **more)  # type: ignore[arg-type]


def gates_at(lines: list[Line], targets: list[Target], amount: D, account: D | None = None, kind: str = "amount") -> set[str]:
    priced = price_quote(lines, Header(account, kind, amount))
    return set(triggers.gates(triggers.breaches(priced, Targets(targets))))


OPTION = line(2, "50", cost="0", floor="45", optional=True)


# --- Worked examples --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("lines", "targets", "amount", "percent", "gate"),
    [
        # margin 20 % of 100 - x with a cost of 60: x = 25
        ([line(1, "100", cost="60")], {"0": "20"}, "25.00", "25.00", "quote_margin"),
        # the floor of 80 comes first
        ([line(1, "100", cost="60", floor="80")], {"0": "20"}, "20.00", "20.00", "quote_floor"),
        # with both at once the first gate is the floor
        ([line(1, "100", cost="60", floor="75")], {"0": "20"}, "25.00", "25.00", "quote_floor"),
        # a third is no percentage of two places
        ([line(1, "99", cost="52.8")], {"0": "20"}, "33.00", "33.33", "quote_margin"),
        # from 90 a target of 30 % (100 - x >= 85.72 would do), below 90 one of 20 %: 75 is left
        ([line(1, "100", cost="60")], {"0": "20", "90": "30"}, "25.00", "25.00", "quote_margin"),
        # below 90 a target that cannot be reached: 90 is left
        ([line(1, "100", cost="60")], {"0": "40", "90": "20"}, "10.00", "10.00", "quote_margin"),
        # no row of the table for less than 90: the stewards would have to say
        ([line(1, "100", cost="10")], {"90": "20"}, "10.00", "10.00", "quote_margin_unknown"),
        # nothing has a cost or a floor: the whole sum
        ([line(1, "100", cost="0")], {"0": "20"}, "100.00", "100.00", None),
        # what the quote asks for already is no limit any more: an unknown cost is a matter of the floor
        ([line(1, "100", floor="80"), line(2, "100", cost="90")], {"0": "20"}, "200.00", "100.00", None),
        # an option counts as if it were chosen
        ([line(1, "100", cost="0"), OPTION], {"0": "0"}, "10.00", "10.00", "quote_floor"),
        ([], {"0": "20"}, "0.00", None, None),
    ],
)  # fmt: skip
@pytest.mark.req("S4.8")
def test_how_far_a_discount_goes(
    lines: list[Line], targets: dict[str, str], amount: str, percent: str | None, gate: str | None
) -> None:
    table = [Target(key, None, None, D(least), D(target)) for key, (least, target) in enumerate(targets.items(), 1)]
    found = largest(lines, table)
    assert (str(found.amount), found.percent and str(found.percent), found.gate) == (amount, percent, gate)
    assert found.priced.totals.header_discount == found.amount


def test_a_discount_that_is_there_is_replaced_and_counts_as_asked_for() -> None:
    lines, table = [line(1, "100", cost="60", floor="50")], [Target(1, None, None, D(0), D(20))]
    assert largest(lines, table, Header(None, "percent", D(10))).amount == D("25.00")
    assert largest(lines, table, Header(None, "percent", D(30))).amount == D("50.00")  # the margin is asked about already
    assert largest(lines, table, Header(D(10), "", D(0))).amount == D("15.00")


def test_only_a_surcharge_that_is_there_may_be_what_keeps_it_from_being_asked_about() -> None:
    lines, table = [line(1, "100", cost="88")], [Target(1, None, None, D(0), D(20))]
    found = largest(lines, table, Header(None, "amount", D(-20)))
    assert (found.amount, found.percent, found.gate) == (D("-10.00"), None, "quote_margin")


def test_no_percentage_is_named_where_rounding_it_down_would_ask() -> None:
    # 30.00 is left with a target of 10 %; 99.96 % would leave 36.00, of which 90 % are wanted
    table = [Target(1, None, None, D(0), D(10)), Target(2, None, None, D("30.02"), D(90))]
    found = largest([line(1, "90000", cost="27")], [*table, Target(3, None, None, D(40000), D(0))])
    assert (found.amount, found.percent) == (D("89970.00"), None)


# --- What rules of the admin add --------------------------------------------------------------------------------------
def values(priced: PricedQuote, found: list[Breach]) -> dict[str, D | None]:
    gap = next((row.limit - row.actual for row in found if row.reason == Reason.MARGIN_BELOW_TARGET), None)
    totals = priced.totals
    return {
        "amount": totals.net_total,
        "discount_percent": totals.discount_percent,
        "margin_percent": totals.margin_percent,
        "margin_gap": gap,
    }


def by(conditions: list[Condition]) -> Callable[[PricedQuote, list[Breach]], list[Breach]]:
    """Asks where all of them hold."""

    def more(priced: PricedQuote, found: list[Breach]) -> list[Breach]:
        known = values(priced, found)
        return [Breach(Reason.DISCOUNT)] if all(holds(one, known[one.field]) for one in conditions) else []

    return more


def test_a_rule_at_ten_percent_lets_9_99_through() -> None:
    lines, rule = [line(1, "1000", cost="1")], [Condition("discount_percent", Operator.GE, D(10))]
    found = largest(lines, more=by(rule), nets=turning_nets(price_quote(lines, Header()), rule, NO_TIERS))
    assert (found.amount, found.percent, found.gate) == (D("99.94"), D("9.99"), "quote_discount")  # 9.995 % would read 10


def test_a_rule_for_large_deals_is_passed_by_making_the_deal_smaller() -> None:
    lines = [line(1, "1000", cost="600")]
    rule = [Condition("amount", Operator.GT, D(900)), Condition("discount_percent", Operator.GE, D(5))]
    nets = turning_nets(price_quote(lines, Header()), rule, NO_TIERS)
    found = largest(lines, [Target(1, None, None, D(0), D(20))], more=by(rule), nets=nets)
    assert (found.amount, found.gate) == (D("250.00"), "quote_margin")


# --- Whatever the quote -----------------------------------------------------------------------------------------------
amounts = st.integers(0, 30_000).map(lambda cents: D(cents).scaleb(-2))


@st.composite
def quotes(draw: st.DrawFn, most: int = 6) -> list[Line]:
    lines = []
    for key in range(1, draw(st.integers(1, most)) + 1):
        price = draw(amounts)
        share = st.none() | st.sampled_from([price * part / 100 for part in range(0, 101, 5)])
        lines.append(
            Line(
                key, draw(st.sampled_from([D(1), D("2.5"), D(7)])), price, D("25.5"), "percent", D(draw(st.integers(0, 40))),
                cost=draw(share), floor_price=draw(share), optional=draw(st.booleans()) and key > 1,
            )
        )  # fmt: skip
    return lines


targets = st.lists(
    st.builds(Target, st.integers(1, 99), st.none(), st.none(), amounts, st.integers(0, 60).map(D)),
    max_size=4,
    unique_by=lambda row: row.id,
)
OPERATORS = [Operator.EQ, Operator.NE, Operator.LT, Operator.LE, Operator.GT, Operator.GE]
conditions = st.lists(
    st.builds(
        Condition,
        st.sampled_from(["amount", "discount_percent", "margin_percent", "margin_gap"]),
        st.sampled_from(OPERATORS),
        st.integers(0, 1000).map(lambda tenths: D(tenths) / 10),
    ),
    max_size=2,
)
headers = st.sampled_from([Header(), Header(D(5)), Header(None, "percent", D("7.5")), Header(D(3), "amount", D("0.01"))])


@given(quotes(), targets, conditions, headers)
def test_at_the_answer_nobody_new_is_asked_and_a_cent_more_asks_somebody(
    lines: list[Line], table: list[Target], rule: list[Condition], header: Header
) -> None:
    if header.discount_value > price_quote(lines, Header(header.account_discount)).totals.line_total:
        header = Header(header.account_discount)
    more = by(rule) if rule else None
    before = price_quote(lines, header)
    nets = {target.min_amount for target in table} | turning_nets(before, rule, table)
    found = largest(lines, table, header, more=more, nets=nets)

    def gates(amount: D, kind: str = "amount") -> set[str]:
        priced = price_quote(lines, Header(header.account_discount, kind, amount))
        breaches = triggers.breaches(priced, Targets(table))
        return set(triggers.gates(breaches + (more(priced, breaches) if more else [])))

    known = gates(header.discount_value, header.discount_kind)
    assert gates(found.amount) <= known
    assert found.percent is None or gates(found.percent, "percent") <= known
    if found.amount == before.totals.line_total:
        assert found.new == []
    else:
        assert found.gate in gates(found.amount + D("0.01")) - known


@given(st.lists(st.integers(0, 150), min_size=1, max_size=2), st.lists(st.integers(0, 100), min_size=4, max_size=4), targets)
def test_of_two_lines_the_answer_is_the_largest_of_all(nets: list[int], parts: list[int], table: list[Target]) -> None:
    table = [Target(row.id, None, None, row.min_amount % 3, row.target_percent) for row in table]
    lines = [
        line(key, str(D(net) / 100), cost=str(D(net * parts[key]) / 10_000), floor=str(D(net * parts[key + 2]) / 10_000))
        for key, net in enumerate(nets)
    ]
    known = gates_at(lines, table, D(0))
    best = max(cents for cents in range(sum(nets) + 1) if gates_at(lines, table, D(cents) / 100) <= known)
    assert largest(lines, table).amount * 100 == best


def test_a_quote_of_200_lines_is_answered_at_once() -> None:
    lines = [line(key, f"{key}.37", "3", cost=f"{key * 6 // 10}", floor=f"{key * 7 // 10}") for key in range(1, 201)]
    table = [Target(key, None, None, D(key * 10_000), D(12 + key)) for key in range(6)]
    started = time.perf_counter()
    assert largest(lines, table).amount > 0
    assert time.perf_counter() - started < 0.5  # 0.03 s on an idle machine
