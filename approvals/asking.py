"""What the sheet shows before somebody is asked: who decides each step, and who is picked."""

from collections.abc import Mapping, Sequence
from typing import Any

from approvals import routing
from core.forms import whole
from users.models import User

_PREFIX = "approver_"


def steps_of(choices: Sequence[routing.Choice], user: User, posted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps about which somebody is asked (`templates/approvals/_steps.html`), as picked so far."""
    steps = [(choice, step) for choice in choices if choice.is_asked for step in choice.steps]
    load = routing.open_counts(person for _choice, step in steps for person in step.eligible)
    return [_step(step, choice.label, user, posted, load) for choice, step in steps]


def _step(step: routing.StepChoice, label: str, user: User, posted: Mapping[str, Any], load: Mapping[int, int]) -> dict[str, Any]:
    """A step of a gate: who may decide it, how much waits for each, and who is preselected where one is picked."""
    default = routing.preselected(step, user) if step.is_picked else None
    chosen = whole(posted.get(f"{_PREFIX}{step.key}", "")) or (default.pk if default else None)
    return {
        "key": step.key,
        "label": label,
        "number": step.definition["step"],
        "options": [(option, load.get(option.person.pk, 0)) for option in step.options()],
        "is_picked": step.is_picked,
        "needed": step.needed,
        "chosen": chosen,
    }


def picked(posted: Mapping[str, Any]) -> dict[str, int | None]:
    """Whom the form names, by the key of the step."""
    return {
        name.removeprefix(_PREFIX): whole(value)
        for name, value in posted.items()
        if name.startswith(_PREFIX) and isinstance(value, str)
    }
