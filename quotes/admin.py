"""Look-ups of quotes are kept here; quotes themselves are shown read-only, they change on their own pages."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from modeltranslation.admin import TranslationAdmin
from simple_history.admin import SimpleHistoryAdmin

from quotes.models import DeclineReason, MarginTarget, Quote


@admin.register(DeclineReason)
class DeclineReasonAdmin(TranslationAdmin[DeclineReason]):
    list_display = ("code", "label", "position", "is_active")
    list_editable = ("position", "is_active")


@admin.register(MarginTarget)
class MarginTargetAdmin(SimpleHistoryAdmin):  # type: ignore[misc]
    list_display = ("__str__", "tma2", "channel", "min_amount", "target_percent")
    list_filter = ("tma2", "channel")
    list_select_related = ("tma2", "channel")


@admin.register(Quote)
class QuoteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("number", "revision", "account", "status", "net_total", "owner")
    list_filter = ("status",)
    list_select_related = ("account", "owner")
    search_fields = ("number", "account__name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
