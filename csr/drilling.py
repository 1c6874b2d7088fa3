"""What leads from a figure of the report to its cases: parameters of the list."""

import datetime as dt
from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from approvals.filters import DayField
from core import clock
from csr.choices import OPEN
from csr.models import Case, CaseProduct


def registered_between(since: dt.date | None, until: dt.date | None) -> Q:
    """Cases of these days by the seller's clock, both included; None: without an end."""
    found = Q()
    if since:
        found &= Q(created_at__gte=clock.start_of_day(since))
    if until:
        found &= Q(created_at__lt=clock.start_of_day(until + dt.timedelta(days=1)))
    return found


KEYS = {"min_value": 1, "max_value": 2**53}


class _Day(DayField):
    def __init__(self, required: bool = False, **options: Any) -> None:
        """Never required, whatever the filter says."""
        super().__init__(**options)


class _DayFilter(django_filters.DateFilter):  # type: ignore[misc]
    field_class = _Day


class DrillingFilter(django_filters.FilterSet):  # type: ignore[misc]
    """The parameters; a filter of cases inherits them."""

    since = _DayFilter(method="registered_since")
    until = _DayFilter(method="registered_until")
    unit = django_filters.NumberFilter(field_name="account__unit", **KEYS)
    about = django_filters.NumberFilter(field_name="account", **KEYS)
    product = django_filters.NumberFilter(method="of_product", **KEYS)
    reason = django_filters.NumberFilter(field_name="close_reason", **KEYS)
    open = django_filters.BooleanFilter(method="only_open")

    def registered_since(self, queryset: QuerySet[Case], name: str, value: dt.date) -> QuerySet[Case]:
        return queryset.filter(registered_between(value, None))

    def registered_until(self, queryset: QuerySet[Case], name: str, value: dt.date) -> QuerySet[Case]:
        return queryset.filter(registered_between(None, value))

    def of_product(self, queryset: QuerySet[Case], name: str, value: int) -> QuerySet[Case]:
        return queryset.filter(pk__in=CaseProduct.objects.filter(product=value).order_by().values("case"))

    def only_open(self, queryset: QuerySet[Case], name: str, value: bool) -> QuerySet[Case]:
        return queryset.filter(status__in=sorted(OPEN)) if value else queryset
