"""What the list of cases can be narrowed down to."""

import datetime as dt
from collections.abc import Callable

import django_filters
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core import clock
from core.choices import LookUpFilter
from core.forms import whole
from csr import selectors
from csr.choices import OPEN, PENDING, CaseStatus
from csr.drilling import DrillingFilter
from csr.models import Case, CaseQuerySet, CaseTask, RequirementType
from csr.models.cases import own
from users.access import user_of
from users.models import User


def _waiting(user: User) -> Q:
    """Whose phase it is, and who owes a part of it."""
    answered_for = (
        Q(status=CaseStatus.REGISTRATION, registered_by=user)
        | Q(status=CaseStatus.UNDER_ASSESSMENT, assessor=user)
        | Q(status=CaseStatus.UNDER_IMPLEMENTATION, implementer=user)
    )
    owed = CaseTask.objects.filter(owner=user, answered_at=None).order_by()
    assessed = owed.filter(phase="assessment").values("case")
    implemented = owed.filter(phase="implementation").values("case")
    parts = Q(status=CaseStatus.UNDER_ASSESSMENT, pk__in=assessed) | Q(status=CaseStatus.UNDER_IMPLEMENTATION, pk__in=implemented)
    return answered_for | parts


def _unassigned(user: User) -> Q:
    """Nobody was found: stewards answer for them."""
    return Q(status=CaseStatus.UNDER_ASSESSMENT, assessor=None) | Q(status=CaseStatus.UNDER_IMPLEMENTATION, implementer=None)


def _to_review(user: User) -> Q:
    soon = clock.today() + dt.timedelta(days=selectors.settings_in_force().review_notice_days)
    return Q(status=CaseStatus.IMPLEMENTED, review_on__lte=soon)


QUICK: dict[str, tuple[Promise, Callable[[User], Q]]] = {
    "mine": (_("My cases"), own),
    "waiting": (_("Waiting for me"), _waiting),
    "unassigned": (_("Without an owner"), _unassigned),
    "pending": (_("Pending approval"), lambda user: Q(status__in=sorted(PENDING))),
    "overdue": (_("Overdue"), lambda user: Q(status__in=sorted(OPEN - PENDING), due_on__lt=clock.today())),
    "review": (_("Review due"), _to_review),
    "implemented": (_("Implemented"), lambda user: Q(status=CaseStatus.IMPLEMENTED)),
}
"""What people look for every day, in one press."""


def _requirement_types(request: HttpRequest) -> list[tuple[int, str]]:
    return [(row.pk, str(row)) for row in RequirementType.objects.all()]


class CaseFilter(DrillingFilter):
    q = django_filters.CharFilter(label=_("Search"), method="search")
    status = django_filters.ChoiceFilter(label=_("Status"), choices=CaseStatus.choices, empty_label=_("All states"))
    requirement_type = LookUpFilter(label=_("Requirement type"), read=_requirement_types, empty_label=_("All types"))
    account = django_filters.CharFilter(label=_("Account"), method="of_account")
    quick = django_filters.ChoiceFilter(
        label=_("Which cases"), choices=[(code, label) for code, (label, _condition) in QUICK.items()], method="only_quick"
    )

    request: HttpRequest

    class Meta:
        model = Case
        fields: list[str] = []

    def search(self, queryset: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        return queryset.matching(value)

    def of_account(self, queryset: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        """Also cases that apply to it as well."""
        key = whole(value)
        return queryset.none() if key is None else queryset.about(key)

    def only_quick(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        return queryset.filter(QUICK[value][1](user_of(self.request)))
