"""What the list of accounts can be narrowed by."""

from typing import Any

import django_filters
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import completeness
from accounts.models import Account, AccountStatus, CategoryTma2, MasterConflict
from accounts.selectors import column_label, owners_in_sight
from accounts.survivorship import ConflictKind
from core.choices import Choices, DrawnOnce, LookUpFilter
from core.db import searching
from core.prepared import Prepared
from users.access import user_of

_owners = Prepared(lambda user: owners_in_sight(user).values_list("pk", "display_name", "username"))
_categories = Prepared(CategoryTma2.objects.all)


def _owners_in_sight(request: HttpRequest) -> Choices:
    """People who own an account in sight of this person."""
    return [(pk, name or username) for pk, name, username in _owners.rows(user_of(request))]


def _all_categories(_request: HttpRequest) -> Choices:
    return [(category.pk, str(category)) for category in _categories.rows()]


_STATUSES = [(code, label) for code, label in AccountStatus.choices if code != AccountStatus.MERGED]
"""Those that lists hold."""


class AccountFilter(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(method="by_text", label=_("Search"), max_length=100)
    owner = LookUpFilter(read=_owners_in_sight, label=_("Owner"), empty_label=_("All"), null_label=_("Nobody"))
    tma2 = LookUpFilter(read=_all_categories, label=_("Category TMA2"), empty_label=_("All"))
    status = django_filters.ChoiceFilter(choices=_STATUSES, label=_("Status"), empty_label=_("All"))

    lacks = django_filters.ChoiceFilter(
        method="by_gap",
        choices=completeness.choices(completeness.FIELDS),
        label=_("Lacks"),
        empty_label=_("All"),
        widget=DrawnOnce,
    )
    has = django_filters.ChoiceFilter(
        method="by_matter",
        choices=list(completeness.MATTERS.items()),
        label=_("To clear up"),
        empty_label=_("All"),
        widget=DrawnOnce,
    )

    class Meta:
        model = Account
        fields = ("q", "owner", "tma2", "status", "lacks", "has")

    def by_text(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.matching(value)

    def by_gap(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.filter(completeness.lacking(value))

    def by_matter(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.filter(completeness.with_matter(value))


def _master_fields() -> Choices:
    return [(field, column_label(Account, field)) for field in Account.MASTER_FIELDS]


class ConflictFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What is open, unless `state` says otherwise."""

    STATES = [("settled", _("Settled")), ("all", _("All"))]

    q = django_filters.CharFilter(method="by_text", label=_("Search"), max_length=100)
    state = django_filters.ChoiceFilter(method="by_state", choices=STATES, label=_("Status"), empty_label=_("Unsettled"))
    kind = django_filters.ChoiceFilter(choices=ConflictKind.choices, label=_("Kind"), empty_label=_("All"))
    field = django_filters.ChoiceFilter(choices=_master_fields, label=_("Field"), empty_label=_("All"))
    mine = django_filters.BooleanFilter(method="by_hands", label=_("In my hands"))
    account = django_filters.NumberFilter(field_name="account_id", label=_("Account"), min_value=1, max_value=2**53)

    class Meta:
        model = MasterConflict
        fields = ("q", "state", "kind", "field", "mine", "account")

    def by_text(self, queryset: Any, name: str, value: str) -> Any:
        return searching.contains(queryset, ["account__name", "account__parent_customer_id"], value)

    def by_state(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.filter(resolved_at__isnull=False) if value == "settled" else queryset

    def by_hands(self, queryset: Any, name: str, value: bool) -> Any:
        return queryset.filter(assigned_to=user_of(self.request)) if value else queryset

    def filter_queryset(self, queryset: Any) -> Any:
        rows = super().filter_queryset(queryset)
        return rows if self.form.cleaned_data.get("state") else rows.filter(resolved_at=None)
