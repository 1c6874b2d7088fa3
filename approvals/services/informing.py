"""News up the hierarchy about what nobody has to decide."""

from typing import Any

from approvals import registry, routing, rules
from approvals.registry import Case
from core import events, outbox
from users.models import User


def managers_inform(*, subject_type: str, subject: Any, by: User, case: Case, in_use: routing.Rules | None = None) -> list[User]:
    """Whoever a rule names for it is told about this case, once as long as its values stay the same; those people. The caller has
    locked the subject. `in_use`: the rules, where the caller has read them."""
    told: list[User] = []
    own = {gate.code for gate in registry.subject_for(subject_type).gates}
    in_use = routing.rules_in_use() if in_use is None else in_use
    for rule in rules.informing((rule for code in own for rule in in_use.get(code, ())), case.values, case.unit):
        values = {condition.field: str(case.values[condition.field]) for condition in rule.conditions}
        people = routing.people_of_rule(rule, subject_type, subject, by)
        if people and not _was_told(subject, rule, values):
            names = [person.display_name for person in people]
            events.record(subject, "hierarchy_informed", by=by, rule=rule.pk, values=values, people=names, reason=rule.name)
            row = {"subject_type": subject_type, "subject_id": subject.pk, "rule_id": rule.pk, "by_name": by.display_name}
            outbox.emit_all("approval.alert", [{**row, "user_id": person.pk} for person in people])
            told += people
    return told


def _was_told(subject: Any, rule: rules.Rule, values: dict[str, str]) -> bool:
    said = events.timeline(subject).filter(verb="hierarchy_informed")
    return any(event.data.get("rule") == rule.pk and event.data.get("values") == values for event in said)
