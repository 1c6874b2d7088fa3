"""What the list of products can be narrowed by."""

from typing import Any

import django_filters
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalog.models import Product, ProductGroup
from core.choices import Choices, LookUpFilter
from core.prepared import Prepared

_groups = Prepared(ProductGroup.objects.all)


def _all_groups(_request: HttpRequest) -> Choices:
    return [(group.pk, str(group)) for group in _groups.rows()]


class ProductFilter(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(method="by_text", label=_("Search"), max_length=100)
    group = LookUpFilter(read=_all_groups, label=_("Product group"), empty_label=_("All"))
    is_active = django_filters.BooleanFilter(
        label=_("In use"), widget=forms.Select(choices=[("", _("All")), ("true", _("Yes")), ("false", _("No"))])
    )

    class Meta:
        model = Product
        fields = ("q", "group", "is_active")

    def by_text(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.matching(value)
