"""Handling rules in words, and what they make of a case: for those who keep them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from approvals import explaining as approvals
from approvals.models import Gate as ApprovalGate
from approvals.registry import Case as ApprovalCase
from catalog.models import ProductGroup
from csr import handling, selectors
from csr.choices import Gate
from csr.models import HandlingRule, RequirementType
from users.models import BusinessUnit, User


def rule_words(rule: HandlingRule) -> str:
    """What must be so for the rule to fit."""
    return ", ".join(str(value) for value in (rule.unit, rule.requirement_type, rule.product_group) if value) or _("always")


def warnings() -> list[str]:
    """Where two rules leave it to their age, and a case that none fits, in sentences."""
    rules = selectors.rules_in_use()
    said = [
        _("“%(first)s” and “%(second)s” both fit, and only their age decides: %(case)s. Set a priority.")
        % {"first": rules[first].name, "second": rules[second].name, "case": rule_words(rules[first])}
        for first, second in handling.clashes(rules)
    ]
    units = {unit.pk: str(unit) for unit in BusinessUnit.objects.all()}
    kinds = {kind.pk: str(kind) for kind in RequirementType.objects.filter(is_active=True)}
    gap = handling.gap(list(rules), [*units, None], list(kinds))
    if gap is not None:
        unit, kind = units.get(gap.unit or 0) or _("no business unit"), kinds[gap.requirement_type or 0]
        said.append(_("No rule fits this case, so the data stewards deal with it: %(case)s.") % {"case": f"{unit}, {kind}"})
    return said


# --- A case that is tried ---------------------------------------------------------------------------------------------
class Tried(NamedTuple):
    """One rule held against a case."""

    rule: HandlingRule
    words: str
    fits: bool
    decides: bool


class Asked(NamedTuple):
    """What the rules of one gate of approval make of the case."""

    gate: ApprovalGate
    trial: approvals.Trial


class Trial(NamedTuple):
    """`assessor`, `implementer`: None where the data stewards answer for it."""

    rules: list[Tried]
    best: HandlingRule | None
    why: str
    assessor: User | None
    implementer: User | None
    approvals: list[Asked]


def trial(
    *, unit: BusinessUnit | None, requirement_type: RequirementType, product_groups: Sequence[ProductGroup], priority: int,
    requester: User | None,
) -> Trial:  # fmt: skip
    """Which rule fits the case and why, who deals with it, and who is asked for approval; nothing is written."""
    unit_id = unit.pk if unit else None
    facts = handling.Facts(unit_id, requirement_type.pk, frozenset(group.pk for group in product_groups))
    rules = selectors.rules_in_use()
    best = handling.best(rules, facts)
    order = sorted(rules, key=lambda rule: (-rule.specificity, rule.priority, rule.pk))
    rule = rules[best] if best else None
    case = ApprovalCase(unit=unit_id, values=_values(requirement_type, product_groups, priority))
    return Trial(
        [Tried(rules[one], rule_words(rules[one]), handling.fits(one, facts), one == best) for one in order],
        rule,
        _why(best, [one for one in rules if handling.fits(one, facts)]),
        selectors.owner_by(rule, "assessor", unit_id) if rule else None,
        selectors.owner_by(rule, "implementer", unit_id) if rule else None,
        [
            Asked(gate, approvals.trial(gate.code, case, requester))
            for gate in ApprovalGate.objects.filter(code__in=Gate.values, is_active=True).order_by("position")
        ],
    )


def _values(requirement_type: RequirementType, product_groups: Sequence[ProductGroup], priority: int) -> dict[str, Any]:
    return {
        "requirement_type": requirement_type.code,
        "product_group": frozenset(group.code for group in product_groups),
        "priority": Decimal(priority),
    }


def _why(best: handling.Rule | None, fitting: Sequence[handling.Rule]) -> str:
    if best is None:
        return _("No rule fits: the data stewards deal with it.")
    if len(fitting) == 1:
        return _("It is the only one that fits.")
    rivals = [rule for rule in fitting if rule != best and rule.specificity == best.specificity]
    if not rivals:
        return _("Of those that fit it names the most.")
    if any(rule.priority == best.priority for rule in rivals):
        return _("Others that fit name as much and have the same priority; it is the oldest.")
    return _("Others that fit name as much; it has the smallest priority.")
