"""Settings of the sync, and what stewards have decided about rows."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import Account
from integration.models import RowDecision, SyncSettings
from integration.services import quarantine
from users.access import user_of


@admin.register(SyncSettings)
class SyncSettingsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """One row, made by whoever changes the defaults first; it stays."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The form of the row, with the defaults while there is none."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        row = SyncSettings.objects.first()
        if row is not None:
            return redirect("admin:integration_syncsettings_change", row.pk)
        if self.has_add_permission(request):
            return redirect("admin:integration_syncsettings_add")
        return super().changelist_view(request, extra_context)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        return super().add_view(request, form_url, {**(extra_context or {}), **self._titled})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **self._titled})

    @property
    def _titled(self) -> dict[str, Any]:
        return {"title": capfirst(self.opts.verbose_name), "subtitle": None, "show_save_and_add_another": False}

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
