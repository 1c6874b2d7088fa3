"""Rules of approval in words, and what they make of a case: for those who keep them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _, ngettext

from approvals import registry, routing, rules
from approvals.choices import FieldKind, Operator, Outcome, Quorum, Who
from approvals.registry import Case, Field
from core.templatetags.ui import notation
from users.models import BusinessUnit, User
from users.roles import ROLES


def condition_words(condition: rules.Condition, fields: Mapping[str, Field]) -> str:
    """ "Net total at least 1,000.00 €"."""
    field = fields.get(condition.field)
    label, operator = (str(field.label) if field else condition.field), Operator(condition.operator).label
    return f"{label} {operator} {value_words(condition.value, field.kind if field else FieldKind.CODE)}"


def typed_words(condition: Any, fields: Mapping[str, Field]) -> str:
    """A stored condition in words; as it was typed where it makes no sense any more."""
    field = fields.get(condition.field)
    if field is not None:
        try:
            return condition_words(rules.parsed(field.code, field.kind, Operator(condition.operator), condition.value), fields)
        except ValueError:
            pass
    return str(condition)


def value_words(value: Any, kind: FieldKind) -> str:
    """The value as people read it."""
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if kind == FieldKind.MONEY:
        return notation().money(value)
    if kind == FieldKind.PERCENT:
        return notation().percent(value)
    return notation().quantity(value) if kind == FieldKind.NUMBER else str(value)


def rule_words(rule: rules.Rule, fields: Mapping[str, Field], units: Mapping[int, str]) -> str:
    """What must be so for the rule to count."""
    wanted = [condition_words(condition, fields) for condition in rule.conditions]
    if rule.unit is not None:
        wanted.insert(0, units.get(rule.unit, "?"))
    return ", ".join(wanted) or _("always")


def step_words(definition: Mapping[str, Any]) -> str:
    """Whom a step means, and how many of them answer."""
    who = Who(definition["who"])
    meant = str(ROLES[definition["role"]].label) if who == Who.ROLE and definition["role"] in ROLES else str(who.label)
    quorum = Quorum(definition["quorum"])
    if quorum == Quorum.NUMBER:
        return ngettext("%(who)s: %(number)s of them", "%(who)s: %(number)s of them", definition["needed"]) % {
            "who": meant,
            "number": definition["needed"],
        }
    return f"{meant}: {quorum.label}"


# --- Gaps and clashes -------------------------------------------------------------------------------------------------
def warnings_of(gate: str) -> list[str]:
    """What is wrong with the rules of a gate, in sentences."""
    in_use = routing.rules_in_use().get(gate, [])
    found, fields, units = rules.examine(in_use), fields_of(gate), units_by_key()
    said = []
    if found.gap is not None and not registry.is_by_rule(gate):
        case = _example_words(found.gap, fields, units)
        said.append(_("No rule fits this case, so the data stewards are asked: %(case)s.") % {"case": case})
    for first, second, example in found.clashes:
        words = {"first": first.name, "second": second.name, "case": _example_words(example, fields, units)}
        said.append(_("“%(first)s” and “%(second)s” both fit, and only their age decides: %(case)s. Set a priority.") % words)
    if not found.is_complete:
        said.append(_("There are too many kinds of cases to look for all gaps and clashes."))
    return said


def _example_words(example: rules.Example, fields: Mapping[str, Field], units: Mapping[int, str]) -> str:
    said = []
    for name, value in example.values.items():
        field = fields.get(name)
        said.append(f"{field.label if field else name} {value_words(value, field.kind if field else FieldKind.CODE)}")
    if example.unit is not None:
        said.insert(0, units.get(example.unit, "?"))
    return ", ".join(said) or _("any")


def fields_of(gate: str) -> dict[str, Field]:
    return {field.code: field for field in registry.fields_of(gate)}


def units_by_key() -> dict[int, str]:
    return {unit.pk: str(unit) for unit in BusinessUnit.objects.all()}


# --- A case that is tried ---------------------------------------------------------------------------------------------
class Tried(NamedTuple):
    """One rule held against a case."""

    name: str
    words: str
    outcome: str
    priority: int
    fits: bool
    decides: bool


class Trial(NamedTuple):
    """`steps`: whom the deciding rule asks, in words, with their names; empty: the data stewards."""

    rules: list[Tried]
    outcome: str
    steps: list[tuple[str, list[str]]]


def trial(gate_code: str, case: Case, requester: User | None) -> Trial:
    """What the rules of this gate make of the case; nothing is written."""
    gate, in_use = routing.gate_for(gate_code), routing.rules_in_use().get(gate_code, [])
    fields, units = fields_of(gate_code), units_by_key()
    best = rules.best(in_use, case.values, case.unit)
    tried = [
        Tried(
            rule.name,
            rule_words(rule, fields, units),
            str(rule.outcome.label),
            rule.priority,
            rules.fits(rule, case.values, case.unit),
            rule == best,
        )
        for rule in sorted(in_use, key=lambda rule: (*rule.rank, rule.pk))
    ]
    if best is None and registry.is_by_rule(gate_code):
        return Trial(tried, _("Nobody is asked: no rule wants it."), [])
    if best is not None and best.outcome == Outcome.APPROVE and gate is not None and gate.may_be_automatic:
        return Trial(tried, _("Approved by the rule “%(rule)s”, nobody is asked.") % {"rule": best.name}, [])
    return Trial(tried, "", _steps(gate_code, gate, best, case, requester))


def _steps(gate_code: str, gate: Any, best: rules.Rule | None, case: Case, requester: User | None) -> list[tuple[str, list[str]]]:
    def covers(people: Sequence[User]) -> list[User]:
        return [user for user in people if user.sees_all_units or (case.unit is not None and user.unit_id == case.unit)]

    steps = []
    for definition in routing.definitions(
        gate_code, gate, best, routing.steps_by_rule(), routing.limits_in_use(), requester or User()
    ):
        people = routing.people_for(definition, covers, case.amount)
        steps.append((step_words(definition), [str(person) for person in people if person != requester]))
    return steps
