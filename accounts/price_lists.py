"""Which price lists an account gets, the preferred one first: pure functions over plain values."""

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple


class Rule(NamedTuple):
    """One rule as plain values; None fits everything, an open day has no end."""

    id: int
    price_list: int
    priority: int
    tma2: int | None = None
    channel: int | None = None
    territory: int | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None

    @property
    def criteria(self) -> tuple[int | None, int | None, int | None]:
        return self.tma2, self.channel, self.territory

    @property
    def specificity(self) -> int:
        """How many criteria the rule names."""
        return sum(value is not None for value in self.criteria)

    def is_valid_on(self, day: dt.date) -> bool:
        return (self.valid_from or day) <= day <= (self.valid_to or day)

    def fits(self, tma2: int | None, channel: int | None, territory: int | None) -> bool:
        """Whether every named criterion is met; an unknown fact meets none."""
        return all(wanted in (None, fact) for wanted, fact in zip(self.criteria, (tma2, channel, territory), strict=True))


def lists_in_order(
    rules: Iterable[Rule], *, tma2: int | None, channel: int | None, territory: int | None, day: dt.date
) -> tuple[int, ...]:
    """The lists of the rules that fit on that day, each once: most named criteria first, then the smallest priority, then the
    oldest rule. The standard list is not among them: every product falls back to it anyway."""
    fitting = [rule for rule in rules if rule.is_valid_on(day) and rule.fits(tma2, channel, territory)]
    fitting.sort(key=lambda rule: (-rule.specificity, rule.priority, rule.id))
    return tuple(dict.fromkeys(rule.price_list for rule in fitting))


def clashing(rule: Rule, others: Iterable[Rule]) -> Rule | None:
    """Another rule between which and this one only their age would decide, on some day."""
    for other in others:
        if other.id != rule.id and other.criteria == rule.criteria and other.priority == rule.priority and _meet(rule, other):
            return other
    return None


def _meet(one: Rule, other: Rule) -> bool:
    starts = max(one.valid_from or dt.date.min, other.valid_from or dt.date.min)
    return starts <= min(one.valid_to or dt.date.max, other.valid_to or dt.date.max)
