"""What goes together, and rules that contradict each other."""

import datetime as dt
import sys
from collections.abc import Iterable
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given, strategies as st

from catalog import configuration
from catalog.choices import RuleKind as K
from catalog.configuration import Finding, Line, Rule, Thing

pytestmark = pytest.mark.once

DAY = dt.date(2026, 11, 20)
GROUPS = {"a": "G", "b": "G", "c": "H"}
"""The group of products; others have none."""


def thing(letter: str) -> Thing:
    """A small letter is a product, a capital one a group."""
    return Thing(group=ord(letter)) if letter.isupper() else Thing(ord(letter))


def rule(text: str, pk: int = 1, **more: Any) -> Rule:
    """ "a requires b", "a at_most 5"."""
    subject, kind, what = text.split()
    named = {"quantity": D(what)} if K(kind) in configuration.LIMITS else {"object": thing(what)}
    return Rule(pk, K(kind), thing(subject), **named, **more)


def line(number: int, product: str, quantity: str = "1") -> Line:
    group = GROUPS.get(product)
    return Line(number, ord(product), ord(group) if group else None, D(quantity))


def lines(products: str) -> list[Line]:
    return [line(number, product) for number, product in enumerate(products, 1)]


def found(products: str, *rules: str) -> list[tuple[int, tuple[int, ...]]]:
    """Rule and lines of what is found."""
    made = [rule(text, pk) for pk, text in enumerate(rules, 1)]
    return [(finding.rule.pk, finding.lines) for finding in configuration.check(lines(products), made, DAY)]


def test_what_rules_speak_of_is_all_that_decides() -> None:
    rules = [rule("a requires x"), rule("G at_most 5", 2)]
    assert configuration.named(rules) == ({ord("a"), ord("x")}, {ord("G")})
    spoken_of, others = lines("ab"), [line(3, "c"), line(4, "y")]
    assert configuration.check([*spoken_of, *others], rules, DAY) == configuration.check(spoken_of, rules, DAY) != []


@pytest.mark.parametrize(
    ("products", "text", "about"),
    [
        ("ax", "a requires x", None),
        ("ayay", "a requires x", (1, 3)),
        ("x", "a requires x", None),
        ("ac", "G requires H", None),
        ("ba", "G requires H", (1, 2)),
        ("ab", "a requires G", None),
        ("ax", "x requires G", None),
        ("ax", "a recommends x", None),
        ("a", "a recommends x", (1,)),
        ("ax", "a excludes x", (1, 2)),
        ("xa", "a excludes x", (1, 2)),
        ("aa", "a excludes x", None),
        ("axc", "G excludes H", (1, 3)),
        ("aa", "a excludes G", None),
        ("aba", "a excludes G", (1, 2, 3)),
        ("b", "a excludes G", None),
    ],
)
def test_what_a_rule_finds_in_the_lines(products: str, text: str, about: tuple[int, ...] | None) -> None:
    assert found(products, text) == ([] if about is None else [(1, about)])


def test_what_is_missing_is_named() -> None:
    [finding] = configuration.check(lines("a"), [rule("a requires H")], DAY)
    assert finding == Finding(rule("a requires H"), (1,), missing=thing("H"))


@pytest.mark.parametrize(
    ("text", "quantities", "sum_of"),
    [
        ("a at_most 5", ["2", "3"], None),
        ("a at_most 5", ["2", "3.001"], "5.001"),
        ("a at_least 5", ["2", "3"], None),
        ("a at_least 5", ["2", "2.999"], "4.999"),
        ("a at_least 5", [], None),
        ("G at_most 5", ["3", "3"], "6"),
    ],
)
def test_limits_look_at_all_lines_together(text: str, quantities: list[str], sum_of: str | None) -> None:
    some = [line(number, "ab"[number % 2] if text[0] == "G" else "a", quantity) for number, quantity in enumerate(quantities)]
    findings = configuration.check([*some, line(9, "x", "100")], [rule(text)], DAY)
    assert [(finding.found, finding.lines) for finding in findings] == ([(D(sum_of), (0, 1))] if sum_of else [])


def test_what_blocks_stands_before_what_is_suggested() -> None:
    assert found("a", "a recommends x", "a requires y", "a recommends y", "a at_least 2") == [
        (2, (1,)), (4, (1,)), (1, (1,)), (3, (1,)),
    ]  # fmt: skip
    assert [K(kind) for kind in K if Rule(1, kind, thing("a")).blocks] == [K.REQUIRES, K.EXCLUDES, K.AT_MOST, K.AT_LEAST]


@pytest.mark.parametrize(("days", "counts"), [((0, 0), True), ((-9, -1), False), ((1, None), False), ((None, 0), True)])
def test_a_rule_counts_on_its_days(days: tuple[int | None, int | None], counts: bool) -> None:
    first, last = (None if number is None else DAY + dt.timedelta(number) for number in days)
    made = rule("a requires x", valid_from=first, valid_to=last)
    assert bool(configuration.check(lines("a"), [made], DAY)) is counts


KINDS = st.sampled_from(["requires b", "excludes H", "recommends x", "at_most 2", "at_least 3", "excludes G", "requires H"])
SOME_RULES = st.lists(st.tuples(st.sampled_from("abcxGH"), KINDS), max_size=8)
SOME_LINES = st.lists(st.tuples(st.sampled_from("abcxy"), st.decimals(0, 5, places=3)), max_size=8)


@given(SOME_RULES, SOME_LINES, st.randoms())
def test_the_order_of_lines_and_rules_changes_nothing(some, quantities, random) -> None:
    rules = [rule(f"{subject} {rest}", pk) for pk, (subject, rest) in enumerate(some, 1) if not rest.endswith(f" {subject}")]
    made = [line(number, product, str(quantity)) for number, (product, quantity) in enumerate(quantities)]
    once = configuration.check(made, rules, DAY)
    random.shuffle(rules)
    random.shuffle(made)
    assert configuration.check(made, rules, DAY) == once
    problems = {(found.rules, found.is_circle) for found in contradictions(rules)}
    random.shuffle(rules)
    assert {(found.rules, found.is_circle) for found in contradictions(rules)} == problems


def calls(function: Any, *arguments: Any) -> int:
    """How many functions are called."""
    counted = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return counted


def test_the_work_is_the_lines_plus_the_rules_and_not_their_product() -> None:
    def work(count_of_lines: int, count_of_rules: int) -> int:
        made = [Line(number, number, number % 10, D(1)) for number in range(count_of_lines)]
        some = [K.REQUIRES, K.EXCLUDES, K.RECOMMENDS]
        rules = [Rule(number, some[number % 3], Thing(number % 200), Thing(number + 1000)) for number in range(count_of_rules)]
        return calls(configuration.check, made, rules, DAY)

    one, more_lines, more_rules = work(200, 500), work(400, 500), work(200, 1000)
    assert one < 20 * (200 + 500)
    assert more_lines - one < 20 * 200
    assert more_rules - one < 20 * 500


# --- Contradictions ---------------------------------------------------------------------------------------------------
def contradictions(rules: Iterable[Rule], of: Iterable[int] | None = None) -> list[configuration.Contradiction]:
    rules = list(rules)
    groups = {ord(product): ord(group) for product, group in GROUPS.items()}
    return list(configuration.contradictions(rules, groups, {made.pk for made in rules} if of is None else set(of)))


@pytest.mark.parametrize(
    ("texts", "clash"),
    [
        (["a requires x"], None),
        (["a requires x", "x excludes y"], None),
        (["a requires x", "a excludes x"], (1, 2)),
        (["a requires x", "x excludes a"], (1, 2)),
        (["a requires x", "x requires y", "a excludes y"], (1, 2, 3)),
        (["x requires a", "x requires c", "G excludes H"], (1, 2, 3)),
        (["a requires H", "G excludes H"], (1, 2)),
        (["a requires b", "a excludes G"], (1, 2)),
        (["a requires G", "a requires b", "b excludes G"], (2, 3)),
        (["G requires a"], None),
        (["G requires a", "G excludes a"], (1, 2)),
        (["a recommends x", "a excludes x"], None),
        (["a requires x", "x requires a"], (1, 2)),
        (["a requires x", "x requires y", "y requires x"], (2, 3)),
        (["a at_least 5", "a at_most 5"], None),
        (["a at_least 6", "a at_most 5"], (1, 2)),
        (["a at_least 6", "G at_most 5"], (1, 2)),
        (["G at_least 6", "a at_most 5"], None),
    ],
)
def test_rules_that_cannot_all_be_kept_are_found(texts: list[str], clash: tuple[int, ...] | None) -> None:
    made = [rule(text, pk) for pk, text in enumerate(texts, 1)]
    keys = {tuple(sorted(one.pk for one in found.rules)) for found in contradictions(made)}
    assert keys == ({clash} if clash else set())


def test_rules_on_different_days_contradict_nothing() -> None:
    before = rule("a requires x", 1, valid_to=DAY)
    assert contradictions([before, rule("a excludes x", 2, valid_from=DAY + dt.timedelta(1))]) == []
    assert len({found.rules for found in contradictions([before, rule("a excludes x", 2, valid_from=DAY)])}) == 1


def test_only_contradictions_of_the_rule_at_hand_are_told() -> None:
    made = [rule("a requires x", 1), rule("a excludes x", 2), rule("y requires z", 3)]
    assert contradictions(made, of=[3]) == []
