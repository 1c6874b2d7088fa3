"""Gates are edited here; rounds, requests and decisions can only be read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from modeltranslation.admin import TranslationAdmin

from approvals.models import ApprovalSettings, Decision, Gate, Request, Run, RunGate
from core.admin import OneRowAdmin


@admin.register(Gate)
class GateAdmin(TranslationAdmin[Gate]):
    list_display = ("code", "label", "permission", "position", "sla_hours", "is_active")
    search_fields = ("code", "label_en", "label_fi")


@admin.register(ApprovalSettings)
class ApprovalSettingsAdmin(OneRowAdmin): ...


class ReadOnly:
    """Nothing is added, changed or deleted here: services do that."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RunGateInline(ReadOnly, admin.TabularInline[RunGate, Run]):
    model = RunGate
    fields = ("gate", "permission", "position", "request")


@admin.register(Run)
class RunAdmin(ReadOnly, admin.ModelAdmin[Run]):
    list_display = ("__str__", "status", "requested_by", "started_at", "finished_at")
    list_filter = ("status", "subject_type")
    list_select_related = ("requested_by",)
    inlines = (RunGateInline,)


@admin.register(Request)
class RequestAdmin(ReadOnly, admin.ModelAdmin[Request]):
    list_display = ("__str__", "status", "is_open", "approver", "due_at")
    list_filter = ("status", "is_open")
    list_select_related = ("run", "approver")


@admin.register(Decision)
class DecisionAdmin(ReadOnly, admin.ModelAdmin[Decision]):
    list_display = ("request", "verdict", "decided_by", "via", "at")
    list_filter = ("verdict", "via")
    list_select_related = ("request__run", "request__approver", "decided_by")
