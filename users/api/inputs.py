"""What programs send about absences."""

from rest_framework import serializers

from core.api.fields import Input, Key


class NewAbsence(Input):
    """Somebody is away from the first to the last day, both included."""

    user = Key(required=False, help_text="Who is away: you, when left out. Stewards may name others.")
    starts_on = serializers.DateField(help_text="Today or later, by the calendar of Finland.")
    ends_on = serializers.DateField()
    substitute = Key(required=False, allow_null=True, help_text="Who stands in; null or left out: nobody.")


class Ending(Input):
    """Ending an absence needs no words."""
