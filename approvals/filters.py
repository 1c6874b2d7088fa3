"""What the inbox, and the report of lead times, can be narrowed down to."""

import datetime as dt
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from approvals.choices import RequestStatus
from approvals.models import Gate, Request
from core import clock
from core.choices import Choices, LookUpFilter
from core.db import searching


def gate_choices() -> list[tuple[str, str]]:
    """The gates that there are, inactive ones too, in their order. One query."""
    return [(gate.code, gate.label) for gate in Gate.objects.order_by("position", "code")]


def _choices(request: Any) -> Choices:
    return gate_choices()


class InboxFilter(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(label=_("Search"), method="search")
    kind = LookUpFilter(label=_("Kind"), method="of_kind", read=_choices, empty_label=_("All kinds"))
    late = django_filters.BooleanFilter(label=_("Late"), method="only_late")

    class Meta:
        model = Request
        fields: list[str] = []

    def search(self, queryset: QuerySet[Request], name: str, value: str) -> QuerySet[Request]:
        return searching.contains(queryset, ["title", "customer", "run__requested_by__display_name"], value)

    def of_kind(self, queryset: QuerySet[Request], name: str, value: str) -> QuerySet[Request]:
        return queryset.filter(gates__gate=value)  # at most one row: a gate is asked once in a run

    def only_late(self, queryset: QuerySet[Request], name: str, value: Any) -> QuerySet[Request]:
        late = queryset.filter(status=RequestStatus.PENDING, is_open=True, due_at__lt=clock.now())
        return late if value else queryset


class DayField(forms.DateField):
    """A day of this century."""

    FIRST, LAST = dt.date(2000, 1, 1), dt.date(2099, 12, 31)

    def __init__(self, **kwargs: Any) -> None:
        limits = {"min": self.FIRST.isoformat(), "max": self.LAST.isoformat()}
        widget = forms.DateInput(attrs={"type": "date", **limits}, format="%Y-%m-%d")
        super().__init__(required=False, widget=widget, **kwargs)

    def validate(self, value: dt.date | None) -> None:
        if value is not None and not self.FIRST <= value <= self.LAST:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")


class PeriodForm(forms.Form):
    """A period of days, both included; the last twelve months when left out."""

    since = DayField(label=_("From day"))
    until = DayField(label=_("To day"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", _("The last day is before the first one."))
        return cleaned

    def period(self) -> tuple[dt.date, dt.date]:
        """What was chosen, and for what is left out or makes no sense the twelve months that end today."""
        self.is_valid()
        until = self.cleaned_data.get("until") or clock.today()
        since = self.cleaned_data.get("since") or months_before(until, 11)
        return since, until


class ReportForm(PeriodForm):
    """A period, and a kind."""

    kind = forms.ChoiceField(label=_("Kind"), required=False)

    def __init__(self, *args: Any, gates: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", _("All kinds")), *gates]  # type: ignore[attr-defined]


def months_before(day: dt.date, months: int) -> dt.date:
    """The first day of the month so many months earlier."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return dt.date(max(year, 1), month + 1, 1)
