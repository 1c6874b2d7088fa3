"""Look-ups and payment-term rules. Accounts to look at: the master and the account page change them."""

from django.contrib import admin

from accounts.models import (
    LOOK_UPS,
    Account,
    AccountTeamMember,
    FieldOverride,
    MasterConflict,
    PaymentTerm,
    PaymentTermRule,
)  # fmt: skip
from core.admin import LookUpAdmin, ReadOnlyAdmin

for look_up in LOOK_UPS:
    if look_up is not PaymentTerm:
        admin.site.register(look_up, LookUpAdmin)


@admin.register(PaymentTerm)
class PaymentTermAdmin(LookUpAdmin):
    list_display = ("code", "days", "label_en", "label_fi", "position", "is_active")


@admin.register(PaymentTermRule)
class PaymentTermRuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        "payment_term", "tma2", "classification", "industry", "business_size", "min_amount", "max_amount", "priority",
        "is_active",
    )  # fmt: skip
    list_filter = ("is_active", "payment_term", "tma2")
    list_select_related = ("payment_term", "tma2", "classification", "industry", "business_size")
    list_editable = ("priority", "is_active")


class TeamMemberInline(admin.TabularInline):  # type: ignore[type-arg]
    model = AccountTeamMember
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Only who is on the account team can be changed here."""

    list_display = ("parent_customer_id", "name", "owner", "tma2", "status")
    list_filter = ("status", "is_prospect", "tma2")
    list_select_related = ("owner", "tma2")
    search_fields = ("name", "parent_customer_id", "business_id")
    readonly_fields = (
        "parent_customer_id",
        *Account.MASTER_FIELDS,
        "unit",
        *Account.MANUAL_FIELDS,
        "status",
        "is_prospect",
        "version",
    )
    inlines = (TeamMemberInline,)
    show_full_result_count = False

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(MasterConflict)
class MasterConflictAdmin(ReadOnlyAdmin):
    list_display = ("account", "field", "kind", "run", "resolved_at")
    list_filter = ("kind", "field", ("resolved_at", admin.EmptyFieldListFilter))
    list_select_related = ("account", "run")


@admin.register(FieldOverride)
class FieldOverrideAdmin(ReadOnlyAdmin):
    list_display = ("account", "field", "by", "at", "reason")
    list_filter = ("field",)
    list_select_related = ("account", "by")
