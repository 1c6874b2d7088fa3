"""Payment-term advice: the most specific matching rule wins. Pure functions over plain values."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Facts:
    """What is known of the deal: ids of look-up values (None: unknown) and its net amount, EUR (None: not yet known)."""

    tma2: int | None
    classification: int | None
    industry: int | None
    business_size: int | None
    amount: Decimal | None


@dataclass(frozen=True)
class Rule:
    """One rule as plain values; None fits everything. `min_amount` is included, `max_amount` is not."""

    id: int
    payment_term: int
    priority: int
    tma2: int | None = None
    classification: int | None = None
    industry: int | None = None
    business_size: int | None = None
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None

    @property
    def specificity(self) -> int:
        """How many criteria the rule names; a range of amounts is one."""
        named = [self.tma2, self.classification, self.industry, self.business_size]
        return sum(value is not None for value in named) + (self.min_amount is not None or self.max_amount is not None)

    def fits(self, facts: Facts) -> bool:
        """Whether every named criterion is met; an unknown fact meets no criterion."""
        for criterion in ("tma2", "classification", "industry", "business_size"):
            wanted = getattr(self, criterion)
            if wanted is not None and wanted != getattr(facts, criterion):
                return False
        if self.min_amount is None and self.max_amount is None:
            return True
        if facts.amount is None:
            return False
        return (self.min_amount is None or facts.amount >= self.min_amount) and (
            self.max_amount is None or facts.amount < self.max_amount
        )


def advise(rules: Iterable[Rule], facts: Facts) -> Rule | None:
    """The rule to follow: most named criteria, then smallest priority, then smallest id. None when none fits.

    Source: docs/requirements.md S0.19, S0.20.
    """
    fitting = [rule for rule in rules if rule.fits(facts)]
    return min(fitting, key=lambda rule: (-rule.specificity, rule.priority, rule.id), default=None)
