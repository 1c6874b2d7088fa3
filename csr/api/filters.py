"""What the list of cases can be narrowed by."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest

from core.api.filters import Flag, Id, Named
from csr.choices import CaseStatus
from csr.models import Case, CaseProduct, CaseQuerySet
from csr.models.cases import own
from users.access import user_of


class CaseApiFilter(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(method="search", help_text="Words of number, title and account.")
    status = django_filters.ChoiceFilter(choices=CaseStatus.choices)
    account = Id(field_name="account", help_text="The account that the case is about.")
    requirement_type = Named(field_name="requirement_type__code", help_text="The code of a requirement type.")
    product = Id(method="of_product", help_text="A product that the requirement is about.")
    mine = Flag(method="only_mine", help_text="Those I have registered, assess or implement.")

    request: HttpRequest

    class Meta:
        model = Case
        fields: list[str] = []

    def search(self, queryset: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        return queryset.matching(value)

    def of_product(self, queryset: QuerySet[Case], name: str, value: Any) -> QuerySet[Case]:
        return queryset.filter(pk__in=CaseProduct.objects.filter(product=value).order_by().values("case"))

    def only_mine(self, queryset: QuerySet[Case], name: str, value: bool) -> QuerySet[Case]:
        return queryset.filter(own(user_of(self.request))) if value else queryset
