"""What programs get to see of absences: plain dicts, and their shape for the description."""

from rest_framework import serializers

from core.api.fields import Output
from core.api.values import Json, day, instant
from users.models import Absence


class AbsenceOut(Output):
    id = serializers.IntegerField()
    user = serializers.IntegerField()
    user_name = serializers.CharField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    substitute = serializers.IntegerField(allow_null=True)
    substitute_name = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


def absence_out(absence: Absence) -> Json:
    return {
        "id": absence.pk,
        "user": absence.user_id,
        "user_name": str(absence.user),
        "starts_on": day(absence.starts_on),
        "ends_on": day(absence.ends_on),
        "substitute": absence.substitute_id,
        "substitute_name": str(absence.substitute) if absence.substitute else None,
        "created_at": instant(absence.created_at),
    }
