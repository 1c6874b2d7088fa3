"""The definitions that the database starts with."""

from django.conf import settings

from approvals import registry
from approvals.models import Gate


def gates_make_missing(*, using: str = "default") -> int:
    """Make the gates that subjects declare and the database lacks; existing ones stay as stewards left them."""
    known = set(Gate.objects.using(using).values_list("code", flat=True))
    missing = [gate for gate in registry.gate_defaults() if gate.code not in known]
    for gate in missing:
        labels = {f"label_{language}": gate.label[language] for language, _name in settings.LANGUAGES}
        Gate.objects.using(using).create(
            code=gate.code, permission=gate.permission, position=gate.position, sla_hours=gate.sla_hours, **labels
        )
    return len(missing)
