"""What the list of approvals can be narrowed by."""

import re
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from approvals import registry, selectors
from approvals.choices import RequestStatus
from approvals.models import Request, RequestQuerySet
from core.api.filters import Flag, NamedField
from users.access import user_of

_SUBJECT = re.compile(r"([a-z_]{1,40}):([0-9]{1,18})")


class SubjectField(NamedField):
    """ "quote:42": the kind of record and its id."""

    def clean(self, value: Any) -> tuple[str, int] | None:
        text = super().clean(value)
        if not text:
            return None
        match = _SUBJECT.fullmatch(text)
        if match is None or match[1] not in registry.subject_types():
            kinds = ", ".join(registry.subject_types())
            raise ValidationError(_("Name one record, for example “quote:42”. Kinds: %(kinds)s.") % {"kinds": kinds})
        return match[1], int(match[2])


class SubjectFilter(django_filters.CharFilter):  # type: ignore[misc]
    field_class = SubjectField


class ApprovalFilter(django_filters.FilterSet):  # type: ignore[misc]
    subject = SubjectFilter(method="of_subject", help_text="What is to be approved: `quote:42`.")
    status = django_filters.ChoiceFilter(choices=RequestStatus.choices)
    mine = Flag(method="asked_of_me", help_text="Those I am asked in; for stewards also those that nobody else may decide.")

    class Meta:
        model = Request
        fields: list[str] = []

    def of_subject(self, queryset: RequestQuerySet, name: str, value: tuple[str, int]) -> RequestQuerySet:
        return queryset.filter(run__subject_type=value[0], run__subject_id=value[1])

    def asked_of_me(self, queryset: RequestQuerySet, name: str, value: bool) -> RequestQuerySet:
        return queryset.filter(selectors.asked_of(user_of(self.request))) if value else queryset
