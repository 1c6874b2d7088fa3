"""The definitions that the database starts with."""

from django.conf import settings

from approvals import registry
from approvals.models import Gate, Rule, Step


def gates_make_missing(*, using: str = "default") -> int:
    """Make the gates that subjects declare and the database lacks; existing ones stay as stewards left them."""
    known = set(Gate.objects.using(using).values_list("code", flat=True))
    missing = [gate for gate in registry.gate_defaults() if gate.code not in known]
    for gate in missing:
        labels = {f"label_{language}": gate.label[language] for language, _name in settings.LANGUAGES}
        made = Gate.objects.using(using).create(
            code=gate.code, permission=gate.permission, position=gate.position, sla_hours=gate.sla_hours, **labels
        )
        if not gate.by_rule:
            usual_rule_make(made, using=using)
    return len(missing)


def usual_rule_make(gate: Gate, *, using: str = "default") -> Rule:
    """Whoever holds the right of the gate is asked about what no other rule fits."""
    rule = Rule.objects.using(using).create(gate=gate, name="Usual", priority=1000)
    Step.objects.using(using).create(rule=rule)
    return rule
