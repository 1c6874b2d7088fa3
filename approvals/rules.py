"""Which rule of a gate fits a case, where rules clash or leave a gap, and whether something got worse: pure functions.

Values of a case: Decimal (numbers, EUR, percent), str (codes), frozenset (several codes, any of which may fit), bool, or None for
unknown, which fits no condition.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from approvals.choices import FieldKind, Operator, Outcome, Quorum, Who

Value = Decimal | str | bool | frozenset[str] | None

_NUMBERS = {FieldKind.NUMBER, FieldKind.MONEY, FieldKind.PERCENT}
_YES, _NO = {"1", "true", "yes", "kyllä"}, {"0", "false", "no", "ei"}
_MOST_DIGITS = 11
MOST_CASES = 20_000
"""So many cases are tried in search of gaps and clashes; beyond it the answer is that nobody knows."""


class Condition(NamedTuple):
    """`value`: what is compared with, or the codes of which it must be one."""

    field: str
    operator: Operator
    value: Decimal | str | bool | frozenset[str]


class Step(NamedTuple):
    position: int
    who: Who
    role: str
    people: tuple[int, ...]
    quorum: Quorum
    needed: int


class Rule(NamedTuple):
    pk: int
    gate: str
    name: str
    unit: int | None
    outcome: Outcome
    priority: int
    conditions: tuple[Condition, ...]

    @property
    def specificity(self) -> int:
        """How many criteria it names."""
        return len(self.conditions) + (self.unit is not None)

    @property
    def rank(self) -> tuple[int, int]:
        """The smallest wins: the most specific, then the one put first."""
        return -self.specificity, self.priority


def operators(kind: FieldKind) -> tuple[Operator, ...]:
    """What can be asked about a field of this kind."""
    if kind == FieldKind.FLAG:
        return (Operator.EQ,)
    if kind == FieldKind.CODE:
        return Operator.EQ, Operator.NE, Operator.IN
    return Operator.EQ, Operator.NE, Operator.LT, Operator.LE, Operator.GT, Operator.GE


def parsed(field: str, kind: FieldKind, operator: Operator, text: str) -> Condition:
    """The condition that was typed. Raises: ValueError for a value of another kind, or one not compared so."""
    if operator not in operators(kind):
        raise ValueError(operator)
    text = text.strip()
    if kind == FieldKind.FLAG:
        if text.casefold() not in _YES | _NO:
            raise ValueError(text)
        return Condition(field, operator, text.casefold() in _YES)
    if kind in _NUMBERS:
        return Condition(field, operator, _number(text))
    codes = frozenset(code.strip() for code in text.split(",") if code.strip())
    if not codes or (operator != Operator.IN and len(codes) > 1):
        raise ValueError(text)
    return Condition(field, operator, codes if operator == Operator.IN else next(iter(codes)))


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text.replace(" ", "").replace("\N{NO-BREAK SPACE}", "").replace(",", "."))
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not number.is_finite() or number.adjusted() > _MOST_DIGITS:
        raise ValueError(text)
    return number


def holds(condition: Condition, value: Value) -> bool:
    """Whether the value fits; an unknown one never does."""
    if value is None:
        return False
    wanted = condition.value
    if isinstance(value, frozenset):
        return _any_holds(condition, value)
    if isinstance(wanted, frozenset):
        return value in wanted
    if condition.operator == Operator.EQ:
        return value == wanted
    if condition.operator == Operator.NE:
        return value != wanted
    if not isinstance(value, Decimal) or not isinstance(wanted, Decimal):
        return False
    return {
        Operator.LT: value < wanted,
        Operator.LE: value <= wanted,
        Operator.GT: value > wanted,
        Operator.GE: value >= wanted,
    }.get(condition.operator, False)


def _any_holds(condition: Condition, values: frozenset[str]) -> bool:
    """Whether any of the codes fits; of "is not", whether none is the one that is named."""
    if condition.operator == Operator.NE:
        return bool(values) and condition.value not in values
    return any(holds(condition, value) for value in values)


def fits(rule: Rule, values: Mapping[str, Value], unit: int | None) -> bool:
    """Whether everything that the rule names is so."""
    if rule.unit is not None and rule.unit != unit:
        return False
    return all(holds(condition, values.get(condition.field)) for condition in rule.conditions)


def best(rules: Iterable[Rule], values: Mapping[str, Value], unit: int | None) -> Rule | None:
    """The rule that decides the case: of those that fit the most specific, then the smallest priority, then the oldest."""
    fitting = [rule for rule in rules if rule.outcome != Outcome.INFORM and fits(rule, values, unit)]
    return min(fitting, key=lambda rule: (*rule.rank, rule.pk), default=None)


def informing(rules: Iterable[Rule], values: Mapping[str, Value], unit: int | None) -> list[Rule]:
    """All rules that tell somebody about the case."""
    return [rule for rule in rules if rule.outcome == Outcome.INFORM and fits(rule, values, unit)]


def is_worse(before: Mapping[str, Decimal], now: Mapping[str, Decimal]) -> bool:
    """Whether any measure, of which more is better, is less than it was, or is new. One that is gone is no worse."""
    return any(name not in before or value < before[name] for name, value in now.items())


# --- Gaps and clashes -------------------------------------------------------------------------------------------------
class Example(NamedTuple):
    """A case that shows it."""

    values: Mapping[str, Value]
    unit: int | None


class Findings(NamedTuple):
    """`gap`: a case that no rule fits. `clashes`: pairs of rules between which only their age decides, each with a case.
    `is_complete`: whether all kinds of cases could be tried."""

    gap: Example | None
    clashes: list[tuple[Rule, Rule, Example]]
    is_complete: bool


def examine(rules: Sequence[Rule]) -> Findings:
    """What is wrong with the rules of one gate. One case stands for all that no condition tells apart."""
    deciding = [rule for rule in rules if rule.outcome != Outcome.INFORM]
    names, axes = _axes(deciding)
    size = 1
    for axis in axes:
        size *= len(axis)
    gap: Example | None = None
    clashes: dict[tuple[int, int], tuple[Rule, Rule, Example]] = {}
    for unit, *values in itertools.islice(itertools.product(*axes), MOST_CASES):
        example = Example(dict(zip(names, values, strict=True)), unit)  # type: ignore[arg-type]
        fitting = sorted((rule for rule in deciding if fits(rule, *example)), key=lambda rule: (*rule.rank, rule.pk))
        if not fitting:
            gap = gap or example
        elif len(fitting) > 1 and fitting[0].rank == fitting[1].rank:
            clashes.setdefault((fitting[0].pk, fitting[1].pk), (fitting[0], fitting[1], example))
    return Findings(gap, list(clashes.values()), size <= MOST_CASES)


_OTHER = "\N{HORIZONTAL ELLIPSIS}"
"""A code that no condition names."""


def _axes(rules: Sequence[Rule]) -> tuple[list[str], list[list[Value | int]]]:
    """The fields that are compared, and for the units and each of them the values that stand for all others."""
    wanted: dict[str, set[Decimal | str | bool]] = {}
    for condition in (condition for rule in rules for condition in rule.conditions):
        values = condition.value if isinstance(condition.value, frozenset) else {condition.value}
        wanted.setdefault(condition.field, set()).update(values)
    units: list[Value | int] = [None, *sorted({rule.unit for rule in rules if rule.unit is not None})]
    return list(wanted), [units, *(_standing_for_all(values) for values in wanted.values())]


def _standing_for_all(values: set[Decimal | str | bool]) -> list[Value | int]:
    if any(isinstance(value, bool) for value in values):
        return [True, False]
    numbers = sorted(value for value in values if isinstance(value, Decimal))
    if not numbers:
        return [*sorted(value for value in values if isinstance(value, str)), _OTHER]
    between = [(low + high) / 2 for low, high in itertools.pairwise(numbers)]
    return [*sorted({numbers[0] - 1, *numbers, *between, numbers[-1] + 1})]
