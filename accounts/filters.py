"""What the list of accounts can be narrowed by."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, AccountStatus, CategoryTma2
from accounts.selectors import owners_in_sight
from core.choices import LookUpFilter
from users.models import User


def _owners(request: HttpRequest | None) -> QuerySet[User]:
    """People who own an account in sight of this person."""
    if request is None or not isinstance(request.user, User):
        return QuerySet(User).none()
    return owners_in_sight(request.user).only("display_name", "username")


class AccountFilter(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(method="by_text", label=_("Search"), max_length=100)
    owner = LookUpFilter(queryset=_owners, label=_("Owner"), empty_label=_("All"))
    tma2 = LookUpFilter(queryset=CategoryTma2.objects.all(), label=_("Category TMA2"), empty_label=_("All"))
    status = django_filters.ChoiceFilter(choices=AccountStatus.choices, label=_("Status"), empty_label=_("All"))

    class Meta:
        model = Account
        fields = ("q", "owner", "tma2", "status")

    def by_text(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.matching(value)
