"""What the list of opportunities can be narrowed by."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _

from core.db import searching
from opportunities.choices import OpportunityStatus
from opportunities.models import Opportunity


class OpportunityFilter(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(method="by_text", label=_("Search"), max_length=100)
    account = django_filters.NumberFilter(field_name="account_id", label=_("Account"), min_value=1, max_value=2**53)
    status = django_filters.ChoiceFilter(choices=OpportunityStatus.choices, label=_("Stage"), empty_label=_("All"))

    class Meta:
        model = Opportunity
        fields = ("q", "status", "account")

    def by_text(self, queryset: Any, name: str, value: str) -> Any:
        return searching.contains(queryset, ["name", "account__name"], value)
