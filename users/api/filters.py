"""What the list of absences can be narrowed by."""

import datetime as dt

import django_filters

from core.api.filters import Id
from users.models import Absence, AbsenceQuerySet


class AbsenceFilter(django_filters.FilterSet):  # type: ignore[misc]
    user = Id(field_name="user_id", help_text="The id of the person.")
    on = django_filters.DateFilter(method="of_day", help_text="Those that hold on this day.")

    class Meta:
        model = Absence
        fields: list[str] = []

    def of_day(self, queryset: AbsenceQuerySet, name: str, value: dt.date) -> AbsenceQuerySet:
        return queryset.of_day(value)
