"""Settings of the sync, and what stewards have decided about rows."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from integration.models import RowDecision, SyncSettings
from integration.services import quarantine
from users.access import user_of


@admin.register(SyncSettings)
class SyncSettingsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """One row, made by whoever changes the defaults first; it stays."""

    list_display = (
        "__str__",
        "spared",
        "most_deactivated",
        "most_moved",
        "most_renamed",
        "most_rows_less",
        "most_repriced",
        "ask_above",
        "runs_until_gone",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not SyncSettings.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: SyncSettings, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)


@admin.register(RowDecision)
class RowDecisionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at and to lift; they are made in the quarantine of a run."""

    list_display = ("child_id", "parent_id", "reason", "by", "at")
    search_fields = ("child_id", "parent_id", "reason")
    list_select_related = ("by",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: RowDecision) -> None:
        quarantine.decision_lift(decision_id=obj.pk, by=user_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[RowDecision]) -> None:
        for decision in queryset:
            quarantine.decision_lift(decision_id=decision.pk, by=user_of(request))
