"""What the customer may choose is held to the limits, held against every choice there is, priced by itself."""

import time
from collections.abc import Iterator
from decimal import Decimal as D
from itertools import chain, combinations, product
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from core.errors import Invalid
from quotes import choosing, options, triggers
from quotes.pricing import Header, Line, PricedQuote, Target, Targets, price_quote
from quotes.triggers import Breach, Reason
from quotes.what_if import largest_discount

pytestmark = pytest.mark.once

TWENTY = Targets([Target(1, None, None, D(0), D(20))])


def line(key: int, net: str, *, cost: str | None = "0", floor: str | None = None, **more: Any) -> Line:
    cost_price, floor_price = (None if text is None else D(text) for text in (cost, floor))
    return Line(key, D(1), D(net), D("25.5"), cost=cost_price, floor_price=floor_price, **more)


def option(key: int, net: str, of: int | None = None, **more: Any) -> Line:
    return line(key, net, optional=True, alternative_to=of, **more)


def found(lines: list[Line], header: Header | None = None, targets: Targets = TWENTY) -> list[Breach]:
    return triggers.breaches(price_quote(lines, header or Header()), targets)


def by_choice(reason: Reason, limit: str, actual: str, line_id: int | None = None) -> Breach:
    return Breach(reason, line_id, D(limit), D(actual), by_choice=True)


# --- Worked examples --------------------------------------------------------------------------------------------------
@pytest.mark.req("S0.24")
def test_an_option_that_takes_the_margin_below_the_target_asks() -> None:
    lines = [line(1, "100", cost="70"), option(2, "1000", cost="900")]
    assert found(lines) == [by_choice(Reason.MARGIN_BELOW_TARGET, "20", "11.82")]
    assert found([lines[0], option(2, "1000", cost="780")]) == []


@pytest.mark.req("S0.24")
def test_an_alternative_that_leaves_a_line_more_of_a_discount_asks() -> None:
    header = Header(None, "amount", D(30))
    lines = [line(1, "100", floor="80"), line(2, "100"), option(3, "10", 2)]
    assert found(lines, header) == [by_choice(Reason.BELOW_FLOOR, "80.00", "72.73", 1)]
    assert found(lines[:2], header) == []


def test_what_is_below_as_it_is_offered_is_said_as_it_is_and_more_only_where_it_gets_worse() -> None:
    lines = [line(1, "100", cost="90"), option(2, "100", cost="50")]
    offered = Breach(Reason.MARGIN_BELOW_TARGET, None, D(20), D("10.00"))
    assert found(lines) == [offered]
    assert found([*lines, option(3, "100", cost="100")]) == [offered, by_choice(Reason.MARGIN_BELOW_TARGET, "20", "5.00")]


def test_each_choice_is_held_to_the_target_of_its_own_size() -> None:
    table = Targets([Target(1, None, None, D(0), D(20)), Target(2, None, None, D(1000), D(10))])
    lines = [line(1, "900", cost="700"), option(2, "2000", cost="1700")]  # 22 %; 17 % of 2900, where 10 % are enough
    assert found(lines, targets=table) == []
    assert found([*lines, option(3, "50", cost="80")], targets=table) == [by_choice(Reason.MARGIN_BELOW_TARGET, "20", "17.89")]


def test_a_size_without_a_target_and_a_choice_that_costs_nothing_ask() -> None:
    table = Targets([Target(1, None, None, D(50), D(20))])
    assert found([line(1, "60"), option(2, "40", 1)], targets=table) == [
        Breach(Reason.NO_MARGIN_TARGET, actual=D("100.00"), by_choice=True)
    ]
    assert found([line(1, "60", cost="10"), option(2, "0", 1, cost="10")]) == [by_choice(Reason.NOTHING_TO_PAY, "10", "0.00")]


def test_an_option_of_unknown_cost_is_asked_about_by_itself_and_the_others_are_judged_without_it() -> None:
    lines = [line(1, "100", cost="70"), option(2, "1000", cost=None), option(3, "1000", cost="900")]
    assert found(lines) == [Breach(Reason.MISSING_COST, 2), by_choice(Reason.MARGIN_BELOW_TARGET, "20", "11.82")]
    assert found([line(1, "100", cost=None), option(2, "1", cost="1")]) == [Breach(Reason.MISSING_COST, 1)]


def test_nobody_can_choose_less_than_the_discount() -> None:
    lines = [line(1, "10", cost="9"), option(2, "100", cost="10", selected=True)]
    assert found(lines, Header(None, "amount", D(50))) == []  # 51 of 60; the first line alone is less than 50


# --- Whatever the quote -----------------------------------------------------------------------------------------------
amounts = st.integers(0, 30_000).map(lambda cents: D(cents).scaleb(-2))
parts = st.sampled_from(range(0, 111, 5))


@st.composite
def quotes(draw: st.DrawFn) -> list[Line]:
    lines: list[Line] = []
    for key in range(1, draw(st.integers(2, 6)) + 1):
        net, optional = draw(amounts), draw(st.booleans())
        bases = [known.id for known in lines if known.alternative_to is None]
        lines.append(
            line(
                key,
                str(net),
                cost=str(net * draw(parts) / 100) if draw(st.integers(0, 9)) else None,
                floor=str(net * draw(parts) / 100) if draw(st.booleans()) else None,
                optional=optional,
                alternative_to=draw(st.sampled_from(bases)) if optional and bases and draw(st.booleans()) else None,
            )
        )
    return lines


tables = st.lists(
    st.builds(Target, st.integers(1, 99), st.none(), st.none(), st.just(D(0)) | amounts, st.integers(0, 40).map(D)),
    min_size=1, max_size=4, unique_by=lambda row: row.id,
).map(Targets)  # fmt: skip
headers = st.sampled_from(
    [Header(), Header(None, "percent", D("7.5")), Header(None, "amount", D(20)), Header(D(5), "amount", D(-30))]
)


def choices(lines: list[Line], header: Header) -> Iterator[PricedQuote]:
    """Whatever the customer may choose."""
    content: Any = {"lines": [{"id": one.id, "optional": one.optional, "alternative_to": one.alternative_to} for one in lines]}
    optional = [one.id for one in lines if one.optional]
    for chosen in chain.from_iterable(combinations(optional, size) for size in range(len(optional) + 1)):
        try:
            options._require_fitting(content, chosen)
            yield price_quote([one._replace(selected=one.id in chosen) for one in lines], header)
        except Invalid:
            continue


def passed(quote: PricedQuote, targets: Targets, *, cents: D) -> set[Reason]:
    """The limits of price and margin that it breaks as it is, by more than so many cents."""
    counted = [row for row in quote.lines if row.counts]
    totals = quote.totals
    broken = set()
    for row in counted:
        if row.line.floor_price is not None and row.net < row.line.amount(row.line.floor_price) - cents:
            broken.add(Reason.BELOW_FLOOR)
    target = targets.at(totals.net_total)
    if totals.cost_total is None or not counted:
        return broken
    if totals.net_total == 0:
        return broken | ({Reason.NOTHING_TO_PAY} if totals.cost_total else set())
    if target is None:
        return broken | {Reason.NO_MARGIN_TARGET}
    if (totals.net_total - totals.cost_total) * 100 < target.target_percent * totals.net_total:
        return broken | {Reason.MARGIN_BELOW_TARGET}
    return broken


ROUNDING = D("0.02")
"""What whole cents may move of a line's share."""


@pytest.mark.parametrize("most", [choosing.MOST, 0], ids=["one by one", "by steps"])
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(lines=quotes(), header=headers, table=tables)
@pytest.mark.req("S0.24")
def test_of_what_asks_nobody_no_choice_breaks_a_limit(
    monkeypatch: pytest.MonkeyPatch, most: int, lines: list[Line], header: Header, table: Targets
) -> None:
    monkeypatch.setattr(choosing._sums, "__defaults__", (most,))
    try:
        asked = {breach.gate for breach in found(lines, header, table)}
    except Invalid:
        return
    for chosen in choices(lines, header):
        gates = {triggers.GATE_OF[reason] for reason in passed(chosen, table, cents=ROUNDING)}
        assert gates <= asked or (most == 0 and asked & {"quote_margin", "quote_margin_unknown"})


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(lines=quotes(), header=headers, table=tables)
def test_of_the_margin_nothing_is_said_that_no_choice_comes_to(lines: list[Line], header: Header, table: Targets) -> None:
    try:
        said = [breach for breach in found(lines, header, table) if breach.by_choice and breach.line_id is None]
    except Invalid:
        return
    real = [chosen.totals for chosen in choices(lines, header)]
    for breach in said:
        actual = [totals.net_total if breach.reason == Reason.NOTHING_TO_PAY else totals.margin_percent for totals in real]
        assert breach.actual in actual


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(lines=quotes(), table=tables)
def test_the_largest_discount_lets_no_choice_break_another_limit(lines: list[Line], table: Targets) -> None:
    known = {breach.gate for breach in found(lines, targets=table)}
    answer = largest_discount(lines, Header(), targets=table, nets={row.min_amount for row in table.rows})
    for chosen in choices(lines, Header(None, "amount", answer.amount)):
        assert {triggers.GATE_OF[reason] for reason in passed(chosen, table, cents=ROUNDING)} <= known


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 60), parts), min_size=2, max_size=3), st.lists(st.integers(0, 60), max_size=2), parts)
@example([(60, 50), (50, 80)], [30], 20)
def test_with_options_it_is_the_largest_of_all(made: list[tuple[int, int]], sizes: list[int], percent: int) -> None:
    lines = [
        line(key, str(D(net) / 100), cost=str(D(net * part) / 10_000), optional=key > 1)
        for key, (net, part) in enumerate(made, 1)
    ]
    rows = [Target(key, None, None, D(size) / 100, D(percent % 40 + key)) for key, size in enumerate([0, *sizes])]
    table = Targets(rows)
    known = {breach.gate for breach in found(lines, targets=table)}
    best = max(
        cents
        for cents in range(made[0][0] + 1)
        if {breach.gate for breach in found(lines, Header(None, "amount", D(cents) / 100), table)} <= known
    )
    answer = largest_discount(lines, Header(), targets=table, nets={row.min_amount for row in rows})
    assert answer.amount * 100 == best


def test_a_hundred_options_of_200_lines_are_judged_at_once() -> None:
    lines = [line(key, f"{key}.37", cost=f"{key * 6 // 10}", optional=key % 2 == 0) for key in range(1, 201)]
    table = Targets([Target(key, None, None, D(key * 1000), D(12 + key)) for key in range(6)])
    priced = price_quote(lines, Header(None, "percent", D(3)))
    started = time.perf_counter()
    assert triggers.breaches(priced, table) == []
    assert time.perf_counter() - started < 0.25


def test_ways_to_choose() -> None:
    lines = [line(1, "1"), option(2, "2", 1), option(3, "3"), option(4, "4", 3), option(5, "5", 9)]
    picked = [[row and row.line.id for row in slot] for slot in choosing.slots(price_quote(lines, Header()).lines)]
    assert picked == [[1, 2], [3, None, 4], [None, 5]]
    assert len(list(product(*picked))) == len(list(choices(lines[:4], Header()))) * 2
