"""Settings of the sync, and what stewards have decided about rows."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import Account
from core.admin import OneRowAdmin
from integration.models import RowDecision, SyncSettings
from integration.services import quarantine
from users.access import user_of


@admin.register(SyncSettings)
class SyncSettingsAdmin(OneRowAdmin): ...


@admin.register(RowDecision)
class RowDecisionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at and to lift; they are made in the quarantine of a run."""

    list_display = ("child_id", "decision", "reason", "by", "at")
    search_fields = ("child_id", "parent_id", "reason")
    list_select_related = ("by",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RowDecision]:
        named = Account.objects.filter(parent_customer_id=OuterRef("parent_id")).values("name")
        rows: QuerySet[RowDecision] = super().get_queryset(request)
        return rows.annotate(parent_name=Subquery(named[:1]))

    @admin.display(description=_("decision"), ordering="parent_id")
    def decision(self, obj: Any) -> str:
        if not obj.parent_id:
            return _("left out")
        return _("belongs to %(parent)s") % {"parent": f"{obj.parent_name or ''} {obj.parent_id}".strip()}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: RowDecision) -> None:
        quarantine.decision_lift(decision_id=obj.pk, by=user_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[RowDecision]) -> None:
        for decision in queryset:
            quarantine.decision_lift(decision_id=decision.pk, by=user_of(request))
