"""Look-ups of quotes are kept here; quotes themselves are shown read-only, they change on their own pages."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from modeltranslation.admin import TranslationAdmin
from simple_history.admin import SimpleHistoryAdmin

from core.admin import OneRowAdmin, ReadOnlyAdmin
from quotes.models import (
    CompanyDetails,
    DeclineReason,
    MarginTarget,
    Quote,
    QuoteAttachment,
    QuoteSettings,
    QuoteTemplate,
    QuoteTemplateLine,
    StarterPackSettings,
)


@admin.register(CompanyDetails)
class CompanyDetailsAdmin(OneRowAdmin, TranslationAdmin):  # type: ignore[type-arg]
    """What documents and the customer's page say of us. What was sent keeps what it was sent with."""


@admin.register(QuoteSettings)
class QuoteSettingsAdmin(OneRowAdmin): ...


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


class TemplateLineInline(admin.TabularInline):  # type: ignore[type-arg]
    """To look at: lines come from a quote."""

    model = QuoteTemplateLine
    fields = readonly_fields = ("position", "kind", "product", "text", "quantity", "discount_kind", "discount_value", "optional")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(QuoteTemplate)
class QuoteTemplateAdmin(SimpleHistoryAdmin):  # type: ignore[misc]
    """Who sees a template, whether it is a starter pack, and of which customers. It is made of a quote, on that one's page."""

    list_display = ("name", "owner", "shared_with", "is_starter_pack", "tma2", "channel", "is_active")
    list_filter = ("is_starter_pack", "shared_with", "is_active")
    list_select_related = ("owner", "tma2", "channel")
    search_fields = ("name", "owner__display_name")
    autocomplete_fields = ("owner",)
    inlines = (TemplateLineInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(StarterPackSettings)
class StarterPackSettingsAdmin(OneRowAdmin): ...


@admin.register(QuoteAttachment)
class QuoteAttachmentAdmin(ReadOnlyAdmin):
    list_display = ("name", "quote", "size", "for_customer", "by", "at")
    list_select_related = ("quote", "by")
    exclude = ("file",)
