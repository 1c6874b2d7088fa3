"""What a frozen quote comes to with other options: the same cents as pricing gives."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from core.errors import Invalid
from quotes import options, pricing
from quotes.pricing import Header, Line
from quotes.tests.contents import content, line, option

pytestmark = pytest.mark.once

BASE = line(1, line_list="100.00", line_net="100.00", vat_percent="10")
OTHER = line(2, line_list="200.00", line_net="200.00", vat_percent="10")
CHEAPER = option(3, line_list="110.00", line_net="110.00", vat_percent="10", alternative_to=10)
DEARER = option(4, line_list="120.00", line_net="120.00", vat_percent="10", alternative_to=10)
EXTRA = option(5, line_list="50.00", line_net="45.00", vat_percent="25.5")


def totals(made: dict[str, Any], *chosen: int) -> tuple[str, str]:
    found = options.choose(made, set(chosen))
    return str(found.net_total), str(found.gross_total)


def test_an_alternative_that_is_chosen_replaces_the_line_it_stands_for() -> None:
    made = content([BASE, OTHER, CHEAPER, DEARER])
    assert totals(made) == ("300.00", "330.00")
    assert totals(made, 30) == ("310.00", "341.00")
    assert (options.counted(made, {30}), options.counted(made, set())) == ({20, 30}, {10, 20})


def test_an_option_adds_to_the_total_with_its_own_tax() -> None:
    assert totals(content([BASE, EXTRA]), 50) == ("145.00", "166.48")


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({10}, "There is no option 10 in this quote."),
        ({999}, "There is no option 999 in this quote."),
        ({30, 40}, "Of alternatives only one can be chosen."),
    ],
)
def test_what_is_no_option_and_two_alternatives_at_once_are_refused(chosen: set[int], sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        options.choose(content([BASE, OTHER, CHEAPER, DEARER]), chosen)
    assert refused.value.fields == {"chosen": sentence}


def test_an_optional_line_and_its_alternative_are_alternatives_to_each_other() -> None:
    made = content([OTHER, option(1, line_list="100.00", line_net="100.00"), CHEAPER])
    with pytest.raises(Invalid):
        options.choose(made, {10, 30})


def test_a_header_amount_that_is_larger_than_what_is_left_is_refused() -> None:
    made = content([option(1, line_net="45.00", selected=True), line(2, line_net="10.00")], header=("amount", "20"))
    assert options.choose(made, {10}).net_total == Decimal("35.00")
    with pytest.raises(Invalid):
        options.choose(made, set())


def test_what_sections_come_to_follows_the_choice() -> None:
    texts = [{"kind": "section", "text": "A", "before": 1}, {"kind": "note", "text": "n", "before": 2},
             {"kind": "section", "text": "B", "before": 3}]  # fmt: skip
    made = content([BASE, OTHER, CHEAPER, EXTRA], texts=texts)
    assert options.subtotals(made, set()) == {1: Decimal("300.00"), 3: Decimal("0.00")}
    assert options.subtotals(made, {30, 50}) == {1: Decimal("200.00"), 3: Decimal("155.00")}


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_choice_comes_to_what_pricing_gives_to_the_cent(data: st.DataObject) -> None:
    """The quote priced from its quantities and percents, against its frozen lines taken as one piece each."""
    amounts = st.decimals("0.01", "999.99", places=2)
    count = data.draw(st.integers(1, 6))
    typed = [
        Line(
            id=number * 10,
            quantity=data.draw(st.decimals("0.001", "50", places=3)),
            list_price=data.draw(amounts),
            vat_percent=data.draw(st.sampled_from([Decimal("25.5"), Decimal("13.5"), Decimal(10)])),
            discount_kind="percent",
            discount_value=data.draw(st.decimals("0", "60", places=2)),
            optional=number > 1 and data.draw(st.booleans()),
        )
        for number in range(1, count + 1)
    ]
    header = Header(data.draw(st.sampled_from([None, Decimal(7)])), "percent", data.draw(st.decimals("0", "30", places=2)))
    chosen = {one.id for one in typed if one.optional and data.draw(st.booleans())}
    expected = pricing.price_quote([one._replace(selected=one.id in chosen) for one in typed], header)
    frozen = {
        "lines": [
            {"id": row.line.id, "line_list": str(row.line_list), "line_net": str(row.line_net),
             "vat_percent": str(row.line.vat_percent), "optional": row.line.optional, "selected": False}
            for row in pricing.price_quote(typed, header).lines
        ],
        "header": {"kind": "percent", "value": str(header.discount_value)},
    }  # fmt: skip
    found = options.priced(frozen, chosen)
    assert (found.net_total, found.gross_total, found.vat) == (
        expected.totals.net_total,
        expected.totals.gross_total,
        expected.totals.vat,
    )
