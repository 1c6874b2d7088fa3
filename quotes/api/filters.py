"""What the list of quotes and templates can be narrowed by."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from core.api.filters import Flag
from core.db import searching
from quotes.filters import QuoteFilter


class QuoteApiFilter(QuoteFilter):
    mine = Flag(method="only_mine", help_text="Those of which I am the owner.")


class TemplateApiFilter(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(method="by_name", max_length=100, help_text="Words of the name.")

    def by_name(self, templates: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return searching.contains(templates, ["name"], value)
