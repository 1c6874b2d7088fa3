"""Gates, rules and limits are edited here; rounds, requests and decisions can only be read."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from modeltranslation.admin import TranslationAdmin

from approvals import explaining
from approvals.admin_forms import CaseForm, ConditionForm, ConditionFormSet, RuleForm, StepForm, StepFormSet
from approvals.models import (
    ApprovalSettings,
    AuthorityLimit,
    Condition,
    Decision,
    Gate,
    Remark,
    Request,
    Rule,
    Run,
    RunGate,
    Step,
)  # fmt: skip
from core.admin import OneRowAdmin, ReadOnlyAdmin


@admin.register(Gate)
class GateAdmin(TranslationAdmin[Gate]):
    list_display = ("code", "label", "permission", "position", "sla_hours", "clock", "may_be_automatic", "is_active")
    search_fields = ("code", "label_en", "label_fi")
    autocomplete_fields = ("escalate_to",)


@admin.register(ApprovalSettings)
class ApprovalSettingsAdmin(OneRowAdmin): ...


@admin.register(AuthorityLimit)
class AuthorityLimitAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("__str__", "gate", "up_to")
    list_filter = ("gate", "role")
    list_select_related = ("gate", "user")
    autocomplete_fields = ("user",)


class ConditionInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Condition
    form, formset = ConditionForm, ConditionFormSet
    extra = 1


class StepInline(admin.StackedInline):  # type: ignore[type-arg]
    model = Step
    form, formset = StepForm, StepFormSet
    extra = 0
    min_num = 1
    validate_min = False
    autocomplete_fields = ("people",)
    fields = (("position", "who", "role"), "people", ("quorum", "needed"))


@admin.register(Rule)
class RuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rules with their conditions and steps. Gaps and clashes are told when one is saved, and above the list."""

    form = RuleForm
    list_display = ("name", "gate", "unit", "wanted", "outcome", "priority", "is_active")
    list_filter = ("gate", "outcome", "is_active", "unit")
    list_editable = ("priority", "is_active")
    list_select_related = ("gate", "unit")
    search_fields = ("name",)
    inlines = (ConditionInline, StepInline)
    save_as = True
    change_list_template = "admin/approvals/rule/list.html"

    @admin.display(description=_("when"))
    def wanted(self, rule: Rule) -> str:
        fields = explaining.fields_of(rule.gate.code)
        said = [explaining.typed_words(condition, fields) for condition in rule.conditions.all()]
        return ", ".join(said) or "–"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("conditions")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        said = [(gate, explaining.warnings_of(gate.code)) for gate in Gate.objects.filter(is_active=True)]
        warned = {"rule_warnings": [(gate, sentences) for gate, sentences in said if sentences]}
        return super().changelist_view(request, {**(extra_context or {}), **warned})

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for sentence in explaining.warnings_of(form.instance.gate.code):
            messages.warning(request, sentence)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.try_view)
        view.model_admin = self  # type: ignore[attr-defined]
        return [path("test/", view, name="approvals_rule_test"), *super().get_urls()]

    def try_view(self, request: HttpRequest) -> HttpResponse:
        """A case that somebody typed, and what the rules of a gate make of it; nothing is written."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        gates = list(Gate.objects.filter(is_active=True))
        gate = next((gate for gate in gates if gate.code == request.GET.get("gate")), gates[0] if gates else None)
        form = CaseForm(gate.code if gate else "", request.GET if "try" in request.GET else None)
        tried = explaining.trial(gate.code, form.case(), form.cleaned_data["requester"]) if gate and form.is_valid() else None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Test a case"),
            "opts": self.opts,
            "gates": gates,
            "gate": gate,
            "form": form,
            "trial": tried,
        }
        return render(request, "admin/approvals/rule/test.html", context)


class RunGateInline(admin.TabularInline[RunGate, Run]):
    model = RunGate
    fields = ("gate", "step", "settled", "permission", "position", "request", "carried_from")
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "status", "requested_by", "started_at", "finished_at")
    list_filter = ("status", "subject_type")
    list_select_related = ("requested_by",)
    inlines = (RunGateInline,)


@admin.register(Request)
class RequestAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "status", "is_open", "approver", "due_at")
    list_filter = ("status", "is_open")
    list_select_related = ("run", "approver")


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ("request", "verdict", "decided_by", "via", "at")
    list_filter = ("verdict", "via")
    list_select_related = ("request__run", "request__approver", "decided_by")


@admin.register(Remark)
class RemarkAdmin(ReadOnlyAdmin):
    list_display = ("request", "kind", "by", "via", "at")
    list_filter = ("kind", "via")
    list_select_related = ("request__run", "request__approver", "by")
