"""Admin pages that every app builds on, and read-only ones for what this app keeps."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from modeltranslation.admin import TranslationAdmin

from core.models import Event, JobRun, OutboxMessage


class MissingFinnish(admin.SimpleListFilter):
    """Rows whose Finnish label nobody has given yet."""

    title = _("Finnish label")
    parameter_name = "finnish"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("missing", _("Missing"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(Q(label_fi=None) | Q(label_fi="")) if self.value() == "missing" else queryset


class LookUpAdmin(TranslationAdmin):  # type: ignore[type-arg]
    """A drop-down list in both languages; order and use are edited in the list."""

    list_display: Any = ("code", "label_en", "label_fi", "position", "is_active")
    list_editable = ("label_en", "label_fi", "position", "is_active")
    list_filter = ("is_active", MissingFinnish)
    search_fields = ("code", "label_en", "label_fi")


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at; whatever changes it is a service."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("at", "subject_type", "subject_id", "verb", "by_name")
    list_filter = ("subject_type",)
    list_select_related = ("by",)
    show_full_result_count = False


@admin.register(JobRun)
class JobRunAdmin(ReadOnlyAdmin):
    list_display = ("kind", "status", "started_at", "finished_at")
    list_filter = ("kind", "status")


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    list_display = ("topic", "available_at", "attempts", "delivered_at", "dead_at")
    list_filter = ("topic",)
    show_full_result_count = False
