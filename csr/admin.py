"""Look-ups, handling rules and settings of cases. Cases to look at: their pages change them."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from core.admin import LookUpAdmin, OneAtATimeAdmin, OneRowAdmin, ReadOnlyAdmin
from csr import explaining
from csr.admin_forms import CaseForm
from csr.models import (
    LOOK_UPS,
    Case,
    CaseAccount,
    CaseFeedback,
    CaseFile,
    CaseMember,
    CaseProduct,
    CaseSpell,
    CaseTask,
    CsrSettings,
    Department,
    HandlingRule,
)  # fmt: skip

for look_up in LOOK_UPS:
    if look_up is not Department:
        admin.site.register(look_up, LookUpAdmin)


@admin.register(Department)
class DepartmentAdmin(LookUpAdmin):
    list_display = ("code", "label_en", "label_fi", "role", "position", "is_active")


@admin.register(CsrSettings)
class CsrSettingsAdmin(OneRowAdmin):
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}


@admin.register(HandlingRule)
class HandlingRuleAdmin(OneAtATimeAdmin):
    """Clashes and gaps are told when a rule is saved, and above the list."""

    lock = 7_305_006
    list_display = ("name", "unit", "requirement_type", "product_group", "assesses", "implements", "priority", "is_active")
    list_filter = ("is_active", "unit", "requirement_type")
    list_editable = ("priority", "is_active")
    list_select_related = ("unit", "requirement_type", "product_group", "assessor", "implementer")
    search_fields = ("name",)
    autocomplete_fields = ("assessor", "implementer")
    filter_horizontal = ("parts", "tasks")
    save_as = True
    change_list_template = "admin/csr/handlingrule/list.html"
    fieldsets = (
        (None, {"fields": ("name", ("unit", "requirement_type", "product_group"), ("priority", "is_active"))}),
        (_("Assessment"), {"fields": (("assessor", "assessor_role"), "assessment_days", "parts", "rejection_closes")}),
        (_("Implementation"), {"fields": (("implementer", "implementer_role"), "implementation_days", "tasks")}),
    )

    @admin.display(description=_("assessor"))
    def assesses(self, rule: HandlingRule) -> str:
        return str(rule.assessor or rule.get_assessor_role_display() or _("Data stewards"))

    @admin.display(description=_("implementer"))
    def implements(self, rule: HandlingRule) -> str:
        return str(rule.implementer or rule.get_implementer_role_display() or _("Data stewards"))

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer: HttpResponse = super().changelist_view(request, extra_context={"rule_warnings": explaining.warnings()})
        return answer

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for sentence in explaining.warnings():
            messages.warning(request, sentence)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.try_view)
        view.model_admin = self  # type: ignore[attr-defined]
        return [path("test/", view, name="csr_handlingrule_test"), *super().get_urls()]

    def try_view(self, request: HttpRequest) -> HttpResponse:
        """A case that somebody typed, who deals with it and who is asked for approval; nothing is written."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = CaseForm(request.GET if "try" in request.GET else None)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Test a case"),
            "opts": self.opts,
            "form": form,
            "trial": explaining.trial(**form.cleaned_data) if form.is_valid() else None,
        }
        return render(request, "admin/csr/handlingrule/test.html", context)


class _Part(admin.TabularInline):  # type: ignore[type-arg]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ProductInline(_Part):
    model = CaseProduct


class AccountInline(_Part):
    model = CaseAccount


class MemberInline(_Part):
    model = CaseMember


class TaskInline(_Part):
    model = CaseTask


class FileInline(_Part):
    model = CaseFile
    fields = ("name", "content_type", "size", "by", "at")


class SpellInline(_Part):
    model = CaseSpell


class FeedbackInline(_Part):
    model = CaseFeedback


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    list_display = ("number", "title", "account", "requirement_type", "status", "registered_by", "created_at")
    list_filter = ("status", "requirement_type", "priority")
    list_select_related = ("account", "requirement_type", "registered_by")
    search_fields = ("number", "title")
    inlines = (ProductInline, AccountInline, MemberInline, TaskInline, FileInline, SpellInline, FeedbackInline)
    show_full_result_count = False
