"""What the list and the board of quotes can be narrowed down to."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from approvals import selectors as approvals
from core import clock
from core.db import searching
from quotes.choices import QuoteStatus
from quotes.models import Quote, QuoteDocument
from users.access import user_of
from users.models import User

GROUPS: dict[str, tuple[Promise, tuple[QuoteStatus, ...]]] = {
    "won": (_("Accepted or ordered"), (QuoteStatus.ACCEPTED, QuoteStatus.ORDERED)),
    "lost": (_("Declined or expired"), (QuoteStatus.DECLINED, QuoteStatus.EXPIRED)),
}
"""States that are looked at together."""
SOON = dt.timedelta(days=7)


def _expiring(user: User) -> Q:
    open_ones = Q(status__in=[QuoteStatus.APPROVED, QuoteStatus.SENT])
    return open_ones & Q(valid_until__range=(clock.today(), clock.today() + SOON))


def _opened(user: User) -> Q:
    """The customer has had the page open."""
    live = QuoteDocument.objects.filter(withdrawn_at=None, opened_at__isnull=False)
    return Q(status=QuoteStatus.SENT, pk__in=live.order_by().values("quote"))


def _sent_back(user: User) -> Q:
    return Q(status=QuoteStatus.DRAFT, pk__in=approvals.sent_back_to(user, "quote"))


QUICK: dict[str, tuple[Promise, Callable[[User], Q]]] = {
    "expiring": (_("Expiring in 7 days"), _expiring),
    "approval": (_("Waiting for approval"), lambda user: Q(status=QuoteStatus.IN_REVIEW)),
    "unsent": (_("Approved, not sent"), lambda user: Q(status=QuoteStatus.APPROVED)),
    "customer": (_("Waiting for the customer"), lambda user: Q(status=QuoteStatus.SENT)),
    "opened": (_("Opened, not answered"), _opened),
    "sent_back": (_("Sent back to me"), _sent_back),
}
"""What people look for every day, in one press."""


class QuoteFilter(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(label=_("Search"), method="search")
    status = django_filters.ChoiceFilter(
        label=_("Status"),
        choices=[*QuoteStatus.choices, *((code, label) for code, (label, _states) in GROUPS.items())],
        empty_label=_("All states"),
        widget=forms.Select(attrs={"class": "form-select"}),
        method="in_states",
    )
    mine = django_filters.BooleanFilter(label=_("Mine"), method="only_mine")
    quick = django_filters.ChoiceFilter(
        label=_("Which quotes"), choices=[(code, label) for code, (label, _condition) in QUICK.items()], method="only_quick"
    )

    request: HttpRequest

    class Meta:
        model = Quote
        fields: list[str] = []

    def search(self, queryset: QuerySet[Quote], name: str, value: str) -> QuerySet[Quote]:
        return searching.contains(queryset, ["number", "account__name"], value)

    def in_states(self, queryset: QuerySet[Quote], name: str, value: str) -> QuerySet[Quote]:
        return queryset.filter(status__in=GROUPS[value][1] if value in GROUPS else [value])

    def only_mine(self, queryset: QuerySet[Quote], name: str, value: Any) -> QuerySet[Quote]:
        return queryset.filter(owner=user_of(self.request)) if value else queryset

    def only_quick(self, queryset: QuerySet[Quote], name: str, value: str) -> QuerySet[Quote]:
        return queryset.filter(QUICK[value][1](user_of(self.request)))
