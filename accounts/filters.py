"""What the list of accounts can be narrowed by."""

from typing import Any

import django_filters
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, AccountStatus, CategoryTma2
from accounts.selectors import owners_in_sight
from core.choices import Choices, LookUpFilter
from core.prepared import Prepared
from users.access import user_of

_owners = Prepared(lambda user: owners_in_sight(user).values_list("pk", "display_name", "username"))
_categories = Prepared(CategoryTma2.objects.all)


def _owners_in_sight(request: HttpRequest) -> Choices:
    """People who own an account in sight of this person."""
    return [(pk, name or username) for pk, name, username in _owners.rows(user_of(request))]


def _all_categories(_request: HttpRequest) -> Choices:
    return [(category.pk, str(category)) for category in _categories.rows()]


class AccountFilter(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(method="by_text", label=_("Search"), max_length=100)
    owner = LookUpFilter(read=_owners_in_sight, label=_("Owner"), empty_label=_("All"))
    tma2 = LookUpFilter(read=_all_categories, label=_("Category TMA2"), empty_label=_("All"))
    status = django_filters.ChoiceFilter(choices=AccountStatus.choices, label=_("Status"), empty_label=_("All"))

    class Meta:
        model = Account
        fields = ("q", "owner", "tma2", "status")

    def by_text(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.matching(value)
