"""Look-ups, payment-term rules and survivorship rules. Accounts to look at: the master and the account page change them."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts import explanations, selectors
from accounts.models import (
    LOOK_UPS,
    Account,
    AccountTeamMember,
    FieldOverride,
    MasterConflict,
    PaymentTerm,
    PaymentTermRule,
    PaymentType,
    PriceListRule,
    SurvivorshipRule,
)  # fmt: skip
from accounts.rule_forms import PastedRowsForm, PriceListRuleForm, SurvivorshipRuleForm
from accounts.survivorship import DEFAULTS
from core.admin import LookUpAdmin, OneAtATimeAdmin, ReadOnlyAdmin

for look_up in LOOK_UPS:
    if look_up not in (PaymentTerm, PaymentType):
        admin.site.register(look_up, LookUpAdmin)


@admin.register(PaymentTerm)
class PaymentTermAdmin(LookUpAdmin):
    list_display = ("code", "days", "label_en", "label_fi", "position", "is_active")


@admin.register(PaymentType)
class PaymentTypeAdmin(LookUpAdmin):
    list_display = ("code", "label_en", "label_fi", "needs_signature", "position", "is_active")


@admin.register(PaymentTermRule)
class PaymentTermRuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        "payment_term", "tma2", "classification", "industry", "business_size", "min_amount", "max_amount", "priority",
        "is_active",
    )  # fmt: skip
    list_filter = ("is_active", "payment_term", "tma2")
    list_select_related = ("payment_term", "tma2", "classification", "industry", "business_size")
    list_editable = ("priority", "is_active")


@admin.register(PriceListRule)
class PriceListRuleAdmin(OneAtATimeAdmin):
    lock = 7_305_003
    form = PriceListRuleForm
    list_display = ("price_list", "tma2", "channel", "territory", "priority", "valid_from", "valid_to", "is_active")
    list_filter = ("is_active", "price_list", "tma2", "channel", "territory")
    list_select_related = ("price_list", "tma2", "channel", "territory")


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


@admin.register(SurvivorshipRule)
class SurvivorshipRuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The rule of every field; a row is one that was changed, and deleting it brings the usual one back."""

    form = SurvivorshipRuleForm
    change_list_template = "admin/accounts/survivorshiprule/list.html"
    change_form_template = "admin/accounts/survivorshiprule/form.html"
    delete_confirmation_template = "admin/accounts/survivorshiprule/usual.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), **self._rules()})

    def _rules(self) -> dict[str, Any]:
        return {"title": capfirst(self.opts.verbose_name_plural), "in_force": self._in_force()}

    def _in_force(self) -> list[dict[str, Any]]:
        """Every master-fed field with its rule, and where to change it."""
        changed = {row.field: row.pk for row in SurvivorshipRule.objects.all()}
        name = "admin:accounts_survivorshiprule"
        return [
            {
                "field": selectors.column_label(Account, field),
                "rule": explanations.rule_words(rule),
                "changed": changed.get(field),
                "path": reverse(f"{name}_change", args=[changed[field]])
                if field in changed
                else f"{reverse(f'{name}_add')}?{urlencode({'field': field, 'rule': rule.rule.value, 'column': rule.column})}",
            }
            for field, rule in selectors.rules_in_force().items()
        ]

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        row = self.get_object(request, object_id) if object_id else None
        named = {"title": self._title(row.field if row else request.GET.get("field", "")), "show_delete": False}
        usual = {"usual": explanations.rule_words(DEFAULTS[row.field])} if row else {}
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **named, **usual})

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        row = self.get_object(request, object_id)
        named = {"title": _("Back to the usual rule"), "usual": explanations.rule_words(DEFAULTS[row.field])} if row else {}
        return super().delete_view(request, object_id, {**(extra_context or {}), **named})

    def _title(self, field: str) -> str:
        return _("Rule of: %(field)s") % {"field": selectors.column_label(Account, field)} if field in DEFAULTS else _("A rule")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("field",) if obj else ()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.try_view)
        view.model_admin = self  # type: ignore[attr-defined]
        return [path("test/", view, name="accounts_survivorshiprule_test"), *super().get_urls()]

    def try_view(self, request: HttpRequest) -> HttpResponse:
        """Rows that somebody pasted and the parent that comes out of them; nothing is written."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = PastedRowsForm(request.POST if request.method == "POST" else None)
        facts = explanations.decisions_of(form.rows, selectors.rules_in_force()) if form.is_valid() else []
        context = {
            **self.admin_site.each_context(request),
            "title": _("Try the rules"),
            "opts": self.opts,
            "form": form,
            "facts": facts,
        }
        return render(request, "admin/accounts/survivorshiprule/test.html", context)
