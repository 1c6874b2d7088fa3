"""What differs between two revisions: the pure comparison."""

import random
from typing import Any

import pytest
from hypothesis import given, strategies as st

from quotes.comparing import TOTALS, Comparison, Json, Kind, compared, partners

pytestmark = pytest.mark.once


def line(key: int, sku: str = "", position: int | None = None, **values: Any) -> Json:
    numbers = {
        "quantity": "5.000",
        "list_price": "10.0000",
        "net_price": "10.0000",
        "line_net": "50.00",
        "vat_percent": "25.5000",
    }
    return {
        "id": key,
        "position": position or key,
        "sku": sku or f"S{key}",
        "share": "0.00",
        "optional": False,
        **numbers,
        **values,
    }


def content(*lines: Json, vat: tuple[tuple[str, str], ...] = (("25.50", "12.75"),), **values: Any) -> Json:
    totals = dict.fromkeys(TOTALS, "50.00") | {"vat": [{"rate": rate, "base": "0.00", "amount": amount} for rate, amount in vat]}
    return {
        "number": "Q-1", "revision": 1, "currency": "EUR", "account": {"id": 1}, "valid_until": "2026-12-01",
        "payment_term": {"code": "14", "days": 14}, "customer_note": "", "lines": list(lines), "totals": totals, **values,
    }  # fmt: skip


def told(found: Comparison) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(change.line["sku"], change.kind.value, change.fields) for change in found.lines]


def test_nothing_differs_between_a_content_and_itself_written_with_other_decimals() -> None:
    found = compared(content(line(1)), content(line(1, quantity="5", net_price="10.00")))
    assert (found.differs, told(found)) == (False, [("S1", "same", ())])


def test_changed_added_and_gone_lines_are_told_apart_where_they_stand() -> None:
    found = compared(
        content(line(1), line(2), line(3), line(4)),
        content(line(11, "S1"), line(13, "S3", 2, quantity="7", line_net="70.00"), line(14, "NEW", 3), line(15, "S4", 4)),
    )
    assert told(found) == [
        ("S1", "same", ()),
        ("S2", "removed", ()),
        ("S3", "changed", ("quantity", "line_net")),
        ("NEW", "added", ()),
        ("S4", "same", ()),
    ]
    assert {kind: found.number(kind) for kind in Kind} == {"same": 2, "changed": 1, "moved": 0, "added": 1, "removed": 1}


def test_a_line_is_held_against_the_one_it_was_copied_from_whatever_is_more_like_it() -> None:
    before = content(line(1, "A", quantity="1"), line(2, "A", quantity="2"))
    after = content(line(12, "A", 1, quantity="1.000"))
    assert told(compared(before, after)) == [("A", "same", ()), ("A", "removed", ())]
    assert told(compared(before, after, {12: 2})) == [("A", "removed", ()), ("A", "changed", ("quantity",))]


def test_the_same_line_of_one_quote_stays_itself_when_its_product_is_another() -> None:
    assert told(compared(content(line(1, "A")), content(line(1, "B")))) == [("B", "changed", ("sku",))]


def test_of_equal_lines_the_one_in_the_same_place_goes_first() -> None:
    found = partners([line(1, "A", 1), line(2, "A", 2), line(3, "A", 3)], [line(12, "A", 2), line(19, "A", 9)], {})
    assert {key: was["id"] for key, was in found.items()} == {12: 2, 19: 1}


def test_of_lines_of_one_code_the_one_that_sells_the_same_goes_first() -> None:
    before = content(line(1, "A", quantity="5"), line(2, "A", quantity="6"), line(3, "A", quantity="7"))
    after = content(line(11, "A", 1, quantity="9"), line(13, "A", 2, quantity="7.0"))
    assert told(compared(before, after)) == [("A", "changed", ("quantity",)), ("A", "removed", ()), ("A", "same", ())]


def test_a_line_that_only_stands_elsewhere_has_moved_and_the_others_have_not() -> None:
    found = compared(content(line(1), line(2), line(3), line(4)), content(line(4), line(1), line(2), line(3)))
    assert told(found) == [("S4", "moved", ()), ("S1", "same", ()), ("S2", "same", ()), ("S3", "same", ())]


def test_the_share_of_the_header_discount_makes_no_line_different() -> None:
    assert told(compared(content(line(1)), content(line(1, share="1.00")))) == [("S1", "same", ())]


def test_terms_notes_totals_and_rates_of_vat_are_compared() -> None:
    after = content(line(1), vat=(("13.50", "1.00"), ("25.5", "12.75")), customer_note="5.0", payment_term=None, delivery="EXW")
    found = compared(content(line(1), customer_note="5"), after)
    assert [pair.name for pair in found.head if pair.differs] == ["payment_term", "customer_note", "delivery"]
    assert [pair for pair in found.vat if pair.differs] == [("13.50", None, "1.00")]
    assert found.differs
    after["totals"]["net_total"] = "49.99"
    assert [pair for pair in compared(content(line(1)), after).totals if pair.differs] == [("net_total", "50.00", "49.99")]


@given(st.lists(st.integers(0, 6), max_size=12), st.lists(st.integers(0, 6), max_size=12), st.randoms(use_true_random=False))
def test_every_line_of_both_is_told_once_and_in_its_order(old: list[int], new: list[int], chance: random.Random) -> None:
    before = content(*(line(place, f"S{sku}") for place, sku in enumerate(old, 1)))
    after = content(*(line(100 + place, f"S{sku}", place) for place, sku in enumerate(new, 1)))
    copied = {100 + place: chance.randint(1, 12) for place in range(1, len(new) + 1) if chance.random() < 0.3}
    changes = compared(before, after, copied).lines
    assert [change.after["id"] for change in changes if change.after] == [line["id"] for line in after["lines"]]
    assert sorted(change.before["id"] for change in changes if change.before) == [line["id"] for line in before["lines"]]
    stayed = [change.before["position"] for change in changes if change.before and change.after and not change.moved]
    assert stayed == sorted(stayed)


@pytest.mark.parametrize("lines", [200, 1000])
def test_long_quotes_of_one_product_are_compared_at_once(lines: int) -> None:
    before = content(*(line(key, "A") for key in range(1, lines + 1)))
    after = content(*(line(lines + key, "A", key, quantity=str(key)) for key in range(lines, 0, -1)))
    assert compared(before, after).number(Kind.MOVED) == 1  # that of quantity 5
    assert compared(before, after).number(Kind.CHANGED) == lines - 1


def test_headings_and_notes_are_compared_by_what_they_say() -> None:
    before = content(line(1), texts=[{"kind": "section", "text": "Maidot", "before": 1, "subtotal": "5.00"}])
    moved = content(line(1), texts=[{"kind": "section", "text": "Maidot", "before": 2, "subtotal": "7.00"}])
    other = content(line(1), texts=[{"kind": "section", "text": "Juustot", "before": 1, "subtotal": "5.00"}])
    assert not compared(before, moved).differs
    [texts] = [pair for pair in compared(before, other).head if pair.differs]
    assert texts == ("texts", ["Maidot"], ["Juustot"])


def test_what_older_contents_do_not_say_is_no_difference() -> None:
    old = content(line(1))
    new = content(line(1, kind="product", price_unit=None, parts=[], usage=[], use_within_months=None), header={"kind": ""})
    new["texts"] = []
    assert not compared(old, new).differs
    assert told(compared(old, content(line(1, kind="sow"))))[0][2] == ("kind",)


def test_an_option_that_stands_for_the_same_line_is_the_same_option() -> None:
    before = content(line(1), line(2, "B", alternative_to=1))
    after = content(line(11, "S1", 1), line(12, "B", 2, alternative_to=11))
    assert not compared(before, after).differs
    after["lines"][1]["alternative_to"] = 12
    assert told(compared(before, after))[1][2] == ("alternative_to",)
