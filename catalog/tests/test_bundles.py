"""What bundles hold and cost."""

from decimal import Decimal as D
from typing import NamedTuple

import pytest

from catalog import bundles
from catalog.bundles import Amounts, Circular, Leaf, Part
from core.errors import Invalid

pytestmark = pytest.mark.once


def parts_of(*rows: tuple[str, str, str] | tuple[str, str, str, bool]) -> dict[int, list[Part]]:
    """Of (bundle, part, quantity, is an option); products are letters."""
    found: dict[int, list[Part]] = {}
    for bundle, part, quantity, *option in rows:
        found.setdefault(ord(bundle), []).append(Part(ord(bundle), ord(part), D(quantity), bool(option and option[0]), part))
    return found


def held(parts: dict[int, list[Part]], chosen: str = "", whole: str = "") -> list[tuple[str, str, bool]]:
    leaves = bundles.leaves(ord("A"), parts, {*map(ord, chosen)}, whole={*map(ord, whole)})
    return [(chr(leaf.product), str(leaf.quantity), leaf.is_option) for leaf in leaves]


NESTED = parts_of(("A", "B", "2"), ("A", "x", "1"), ("B", "x", "3"), ("B", "C", "0.5"), ("C", "y", "4"), ("A", "o", "1", True))


def test_a_bundle_opens_into_its_leaves() -> None:
    assert held(NESTED) == [("x", "7", False), ("y", "4.0", False)]


def test_a_bundle_with_a_price_of_its_own_stays_whole() -> None:
    assert held(NESTED, whole="B") == [("B", "2", False), ("x", "1", False)]
    assert held(NESTED, whole="A") == held(NESTED)


def test_of_the_options_those_that_are_chosen_come_along_and_say_so() -> None:
    parts = parts_of(("A", "x", "1"), ("A", "B", "2", True), ("B", "x", "3"), ("B", "p", "1", True))
    assert held(parts) == held(parts, "p") == [("x", "1", False)]
    assert held(parts, "B") == [("x", "1", False), ("x", "6", True)]
    assert held(parts, "Bp") == [("x", "1", False), ("x", "6", True), ("p", "2", True)]
    assert [part.sku for part in bundles.options(ord("A"), parts)] == ["B", "p"]


def test_what_is_no_option_is_refused_when_chosen() -> None:
    bundles.require_options(ord("A"), NESTED, [ord("o")])
    with pytest.raises(Invalid) as refusal:
        bundles.require_options(ord("A"), NESTED, [ord("o"), ord("x")])
    assert refusal.value.fields == {"options": f"This is no option of the bundle: {ord('x')}."}


@pytest.mark.parametrize(
    ("rows", "circle"),
    [
        ([("A", "A", "1")], "A → A"),
        ([("A", "B", "1"), ("B", "C", "1"), ("C", "B", "1")], "B → C → B"),
        ([("A", "x", "1"), ("A", "B", "1", True), ("B", "A", "1")], "A → B → A"),
    ],
)
def test_a_circle_is_refused_and_named(rows, circle: str) -> None:
    parts = parts_of(*rows)
    for look in (lambda: bundles.leaves(ord("A"), parts), lambda: bundles.require_no_circle(parts)):
        with pytest.raises(Circular, match=f"A bundle cannot hold itself: {circle}."):
            look()


def test_many_ways_to_the_same_part_take_no_time() -> None:
    """A bundle of two of the next one, sixty levels down, would have 2^60 ways."""
    parts = {level: [Part(level, level + 1, D(1)), Part(level, level + 1, D(1))] for level in range(60)}
    assert bundles.leaves(0, parts) == [Leaf(60, D(2**60), False)]
    bundles.require_no_circle(parts)
    assert bundles.options(0, parts) == []


class Row(NamedTuple):
    list_price: D
    cost: D | None = None
    start_price: D | None = None
    target_price: D | None = None
    floor_price: D | None = None


def test_a_bundle_costs_what_its_parts_cost() -> None:
    priced = [(D(1), Row(D(100), D(60), D(98), D(95), D(90))), (D("0.5"), Row(D(400), D(300), D(390), D(380), D(350)))]
    assert bundles.together(priced) == Amounts(D("300.0000"), D("210.0000"), D("293.0000"), D("285.0000"), D("265.0000"))


def test_what_is_unknown_of_a_part_is_unknown_of_the_bundle_but_for_the_floor() -> None:
    known, unknown = Row(D(100), D(60), D(98), D(95), D(90)), Row(D(10))
    assert bundles.together([(D(2), known), (D(1), unknown)]) == Amounts(D("210.0000"), None, None, None, D("180.0000"))
    assert bundles.together([(D(2), unknown)]).floor_price is None


def test_the_price_of_a_bundle_is_rounded_once() -> None:
    assert bundles.together([(D("0.333"), Row(D("0.0001"))), (D("0.333"), Row(D("0.0002")))]).list_price == D("0.0001")
