"""Rules as pure functions."""

from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given, strategies as st

from approvals import rules
from approvals.choices import FieldKind as K, Operator as O, Outcome
from approvals.rules import Condition, Rule

pytestmark = pytest.mark.once


def rule(pk: int, *conditions: Condition, unit: int | None = None, priority: int = 100, outcome: Outcome = Outcome.ASK) -> Rule:
    return Rule(pk, "gate", f"rule {pk}", unit, outcome, priority, conditions)


def over(number: str) -> Condition:
    return Condition("amount", O.GE, D(number))


def below(number: str) -> Condition:
    return Condition("amount", O.LT, D(number))


# --- What is typed ---
@pytest.mark.parametrize(
    ("kind", "operator", "text", "value"),
    [
        (K.MONEY, O.GE, "1 000,50", D("1000.50")),
        (K.PERCENT, O.LT, " 12.5 ", D("12.5")),
        (K.NUMBER, O.EQ, "-3", D(-3)),
        (K.FLAG, O.EQ, "Yes", True),
        (K.FLAG, O.EQ, "ei", False),
        (K.CODE, O.EQ, "A1", "A1"),
        (K.CODE, O.IN, "A1, B2,,", frozenset({"A1", "B2"})),
    ],
)
def test_a_value_is_read_as_its_field_wants_it(kind: K, operator: O, text: str, value: Any) -> None:
    assert rules.parsed("f", kind, operator, text) == Condition("f", operator, value)


@pytest.mark.parametrize(
    ("kind", "operator", "text"),
    [
        (K.MONEY, O.GE, "much"), (K.MONEY, O.GE, ""), (K.MONEY, O.GE, "NaN"), (K.MONEY, O.GE, "1e999999999"),
        (K.MONEY, O.IN, "1"), (K.FLAG, O.EQ, "maybe"), (K.FLAG, O.NE, "yes"), (K.CODE, O.GT, "A"), (K.CODE, O.EQ, "A,B"),
        (K.CODE, O.IN, " , "),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused(kind: K, operator: O, text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the message is the form's
        rules.parsed("f", kind, operator, text)


# --- Which rule ---
@pytest.mark.parametrize(
    ("operator", "wanted", "value", "fits"),
    [
        (O.EQ, D(5), D("5.00"), True), (O.EQ, D(5), D(6), False), (O.NE, D(5), D(6), True), (O.LT, D(5), D(5), False),
        (O.LE, D(5), D(5), True), (O.GT, D(5), D(5), False), (O.GE, D(5), D(5), True), (O.IN, frozenset("AB"), "B", True),
        (O.IN, frozenset("AB"), "C", False), (O.EQ, True, False, False), (O.NE, "A", None, False), (O.LT, D(5), "A", False),
    ],
)  # fmt: skip
def test_a_condition_holds(operator: O, wanted: Any, value: Any, fits: bool) -> None:
    assert rules.holds(Condition("f", operator, wanted), value) is fits


def test_the_most_specific_rule_wins_then_the_priority_then_the_oldest() -> None:
    usual, first, second = rule(1, priority=1), rule(2, over("100")), rule(3, over("100"), priority=50)
    of_unit, twin = rule(4, over("100"), unit=7), rule(5, over("100"), priority=50)
    everything = [twin, of_unit, second, first, usual]
    pick = lambda amount, unit=None: rules.best(everything, {"amount": amount}, unit)  # noqa: E731
    assert pick(D(99)) == usual
    assert pick(D(100)) == second
    assert pick(D(100), 7) == of_unit
    assert pick(D(99), 7) == usual
    assert pick(None) == usual, "what is unknown fits no condition"


def test_telling_decides_nothing_and_all_that_fit_tell() -> None:
    tells = [rule(1, over("10"), outcome=Outcome.INFORM), rule(2, over("20"), outcome=Outcome.INFORM)]
    assert rules.best(tells, {"amount": D(30)}, None) is None
    assert rules.informing([*tells, rule(3)], {"amount": D(15)}, None) == tells[:1]
    assert rules.informing(tells, {"amount": D(20)}, None) == tells


# --- Gaps and clashes ---
def test_a_gap_is_shown_by_a_case_and_closed_by_a_rule_for_the_rest() -> None:
    low, high = rule(1, below("1000")), rule(2, Condition("amount", O.GT, D(1000)))
    found = rules.examine([low, high])
    assert found.gap is not None
    assert found.gap.values == {"amount": D(1000)}
    assert rules.examine([low, rule(2, over("1000"))]) == ((None, [], True))
    assert rules.examine([low, high, rule(3)]).gap is None
    assert rules.examine([]).gap is not None


def test_of_rules_that_clash_both_are_named_with_a_case() -> None:
    one, other = rule(1, over("100")), rule(2, below("200"))
    ((first, second, example),) = rules.examine([one, other]).clashes
    assert (first, second) == (one, other)
    assert D(100) <= example.values["amount"] < D(200)
    assert rules.examine([one, other._replace(priority=1)]).clashes == []
    assert rules.examine([one._replace(unit=1), other._replace(unit=2)]).clashes == []
    assert rules.examine([one._replace(outcome=Outcome.INFORM), other]).clashes == []


def test_flags_codes_and_units_are_tried_as_well() -> None:
    flagged = [rule(1, Condition("new", O.EQ, True)), rule(2, Condition("new", O.EQ, False))]
    assert rules.examine(flagged).gap is None
    coded = [rule(1, Condition("kind", O.IN, frozenset("AB"))), rule(2, Condition("kind", O.NE, "A"))]
    assert rules.examine(coded).gap is None
    assert {pair[0].pk for pair in rules.examine(coded).clashes} == {1}
    of_unit = rules.examine([rule(1, unit=3)])
    assert of_unit.gap is not None
    assert of_unit.gap.unit is None


def test_too_many_kinds_of_cases_are_said_to_be() -> None:
    many = [rule(n, *(Condition(f"f{field}", O.GE, D(n)) for field in range(6))) for n in range(8)]
    assert rules.examine(many).is_complete is False


numbers = st.integers(0, 6).map(D)
conditions = st.builds(Condition, st.sampled_from(["a", "b"]), st.sampled_from([O.LT, O.LE, O.GT, O.GE, O.EQ, O.NE]), numbers)


@given(st.lists(st.lists(conditions, max_size=3), max_size=4), st.fractions(-1, 7), st.fractions(-1, 7))
def test_where_no_gap_is_found_every_case_has_a_rule(written: list[list[Condition]], a: Any, b: Any) -> None:
    made = [rule(pk, *some) for pk, some in enumerate(written)]
    values = {"a": D(a.numerator) / D(a.denominator), "b": D(b.numerator) / D(b.denominator)}
    found = rules.examine(made)
    best = rules.best(made, values, None)
    assert best is not None or found.gap is not None
    twins = [one for one in made if rules.fits(one, values, None) and best is not None and one.rank == best.rank]
    assert len(twins) < 2 or found.clashes


# --- Worse ---
@pytest.mark.parametrize(
    ("before", "now", "worse"),
    [
        ({"m": 10}, {"m": 10}, False), ({"m": 10}, {"m": 11}, False), ({"m": 10}, {"m": 9}, True), ({}, {"m": 10}, True),
        ({"m": 10, "n": 1}, {"m": 10}, False), ({"m": 10, "n": 1}, {"m": 11, "n": 0}, True),
    ],
)  # fmt: skip
def test_worse_is_less_of_anything_or_something_new(before: dict[str, int], now: dict[str, int], worse: bool) -> None:
    as_numbers = lambda named: {name: D(value) for name, value in named.items()}  # noqa: E731
    assert rules.is_worse(as_numbers(before), as_numbers(now)) is worse
