"""What the list of quotes can be narrowed down to."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core import db
from quotes.choices import QuoteStatus
from quotes.models import Quote
from users.access import user_of


class QuoteFilter(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(label=_("Search"), method="search")
    status = django_filters.ChoiceFilter(
        label=_("Status"),
        choices=QuoteStatus.choices,
        empty_label=_("All states"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    mine = django_filters.BooleanFilter(label=_("Mine"), method="only_mine")

    request: HttpRequest

    class Meta:
        model = Quote
        fields: list[str] = []

    def search(self, queryset: QuerySet[Quote], name: str, value: str) -> QuerySet[Quote]:
        return db.contains(queryset, ["number", "account__name"], value)

    def only_mine(self, queryset: QuerySet[Quote], name: str, value: Any) -> QuerySet[Quote]:
        return queryset.filter(owner=user_of(self.request)) if value else queryset
