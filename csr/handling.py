"""Which handling rule fits a case: pure functions."""

from collections.abc import Iterable, Sequence, Set
from typing import NamedTuple


class Rule(NamedTuple):
    """Keys of what it names; None stands for all."""

    pk: int
    unit: int | None
    requirement_type: int | None
    product_group: int | None
    priority: int

    @property
    def specificity(self) -> int:
        """How many criteria it names."""
        return sum(value is not None for value in (self.unit, self.requirement_type, self.product_group))


class Facts(NamedTuple):
    """What rules look at: keys of the unit, the requirement type, and the groups of all products."""

    unit: int | None
    requirement_type: int | None
    product_groups: Set[int]


def fits(rule: Rule, facts: Facts) -> bool:
    return (
        rule.unit in (None, facts.unit)
        and rule.requirement_type in (None, facts.requirement_type)
        and (rule.product_group is None or rule.product_group in facts.product_groups)
    )


def best(rules: Iterable[Rule], facts: Facts) -> Rule | None:
    """Of those that fit the most specific, then the smallest priority, then the oldest."""
    fitting = [rule for rule in rules if fits(rule, facts)]
    return min(fitting, key=lambda rule: (-rule.specificity, rule.priority, rule.pk), default=None)


def clashes(rules: Iterable[Rule]) -> list[tuple[Rule, Rule]]:
    """Pairs of rules that name the very same case with the same priority, so that only their age decides."""
    found: dict[tuple[int | None, ...], Rule] = {}
    pairs = []
    for rule in sorted(rules, key=lambda rule: rule.pk):
        key = (rule.unit, rule.requirement_type, rule.product_group, rule.priority)
        if key in found:
            pairs.append((found[key], rule))
        else:
            found[key] = rule
    return pairs


def gap(rules: Sequence[Rule], units: Iterable[int | None], requirement_types: Sequence[int | None]) -> Facts | None:
    """A case of one of these units and types that no rule fits. Its products are of no group: with groups no fewer rules fit."""
    cases = (Facts(unit, kind, frozenset()) for unit in units for kind in requirement_types)
    return next((facts for facts in cases if not any(fits(rule, facts) for rule in rules)), None)
