"""Admin pages that every app builds on, and read-only ones for what this app keeps."""

from contextlib import nullcontext
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import DecimalField, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from modeltranslation.admin import TranslationAdmin

from core import db
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


class ExactInput(forms.NumberInput):
    """An exact number without the zeros that only fill it up: 1000, not 1000.000, which some read as a million."""

    def format_value(self, value: Any) -> str | None:
        return format(value.normalize(), "f") if isinstance(value, Decimal) else super().format_value(value)


EXACT: dict[Any, Any] = {DecimalField: {"widget": ExactInput}}


class OneAtATimeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What is saved here must fit the other rows, so it is checked and saved by one person at a time: holds the lock `lock`."""

    lock: ClassVar[int]
    formfield_overrides = EXACT

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with db.advisory_lock(self.lock) if request.method == "POST" else nullcontext():
            return super().changeform_view(request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with db.advisory_lock(self.lock) if request.method == "POST" else nullcontext():
            return super().changelist_view(request, *args, **kwargs)


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at; whatever changes it is a service."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class OneRowAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """One row, made by whoever changes the defaults first; it stays."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The form of the row, with the defaults while there is none."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        row = self.model._default_manager.first()
        if row is not None:
            return redirect(f"{self._pages}_change", row.pk)
        if self.has_add_permission(request):
            return redirect(f"{self._pages}_add")
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

    @property
    def _pages(self) -> str:
        return f"admin:{self.opts.app_label}_{self.opts.model_name}"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not self.model._default_manager.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)


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
