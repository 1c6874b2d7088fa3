"""The timetable in the admin: stewards say when the feeds run. What keeps the product going is shown and cannot be changed."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule


class PeriodicTaskAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Whether and when. What runs is decided by the code: nobody adds other tasks here."""

    list_display = ("name", "enabled", "crontab", "interval", "last_run_at")
    list_filter = ("enabled",)
    list_select_related = ("crontab", "interval")
    fields = ("name", "task", "kwargs", "enabled", "crontab", "last_run_at", "total_run_count")
    readonly_fields = ("name", "task", "kwargs", "last_run_at", "total_run_count")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_fixed = obj is not None and obj.name in settings.CELERY_BEAT_SCHEDULE
        return super().has_change_permission(request, obj) and not is_fixed


class CrontabScheduleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Times of day. One that is deleted would take its tasks along, so it stays."""

    list_display = ("__str__", "minute", "hour", "day_of_week", "timezone")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().get_changeform_initial_data(request), "timezone": settings.TIME_ZONE}


def register() -> None:
    """In place of the library's own pages, on which any task can be started with any arguments."""
    for model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
        admin.site.unregister(model)
    admin.site.register(PeriodicTask, PeriodicTaskAdmin)
    admin.site.register(CrontabSchedule, CrontabScheduleAdmin)
