"""Whom programs can name when they submit: each step that would be asked, with who may be."""

from collections.abc import Iterable

from rest_framework import serializers

from approvals import routing
from approvals.choices import Quorum, Settled
from approvals.routing import Choice, Option, StepChoice
from core.api.fields import Output
from core.api.values import Json
from users.models import User


class ApproverOut(Output):
    id = serializers.IntegerField()
    name = serializers.CharField()
    away_until = serializers.DateField(allow_null=True)
    stand_in = serializers.IntegerField(allow_null=True, help_text="Who is asked while this person is away.")
    stand_in_name = serializers.CharField(allow_null=True)


class StepOut(Output):
    """What is the same for whatever is submitted; each kind adds the name of its gate."""

    label = serializers.CharField()  # type: ignore[assignment]
    step = serializers.IntegerField()
    key = serializers.CharField(help_text="The name of this step among the `approvers` of a submit.")
    rule = serializers.CharField(allow_blank=True, help_text="The rule that decides who is asked.")
    outcome = serializers.ChoiceField(
        Settled.choices, help_text="Whether somebody is asked, a rule approves it, or it is still approved from before."
    )
    quorum = serializers.ChoiceField(Quorum.choices, help_text="One is picked, or all of `eligible` are asked.")
    needed = serializers.IntegerField(help_text="How many yeses the step takes.")
    default = serializers.IntegerField(allow_null=True)
    eligible = ApproverOut(many=True)


def steps_out(choices: Iterable[Choice], by: User, gate: str) -> list[Json]:
    """`gate`: what the kind of subject calls the name of a gate."""
    return [{gate: choice.code, **_step(choice, step, by)} for choice in choices for step in choice.steps]


def _step(choice: Choice, step: StepChoice, by: User) -> Json:
    default = routing.preselected(step, by) if step.is_picked and choice.is_asked else None
    return {
        "label": choice.label,
        "step": step.definition["step"],
        "key": step.key,
        "rule": choice.rule_name,
        "outcome": _outcome(choice),
        "quorum": step.definition["quorum"],
        "needed": step.needed,
        "default": default.pk if default else None,
        "eligible": [_option(option) for option in step.options()],
    }


def _outcome(choice: Choice) -> str:
    if choice.is_automatic:
        return Settled.AUTOMATIC
    return Settled.CARRIED if choice.approvals else Settled.ASKED


def _option(option: Option) -> Json:
    return {
        "id": option.person.pk,
        "name": option.person.display_name,
        "away_until": option.away_until.isoformat() if option.away_until else None,
        "stand_in": option.stand_in.pk if option.stand_in else None,
        "stand_in_name": option.stand_in.display_name if option.stand_in else None,
    }
