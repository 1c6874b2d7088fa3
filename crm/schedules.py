"""The timetable in the admin: stewards say when the feeds run. What keeps the product going is shown and cannot be changed."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule

_THEIRS = (
    _("Periodic Tasks"), _("periodic task"), _("periodic tasks"), _("crontab"), _("crontabs"),
    _("Short Description For This Task"), _("Task Name"), _("Keyword Arguments"), _("Enabled"), _("Crontab Schedule"),
    _("Interval Schedule"), _("Last Run Datetime"), _("Total Run Count"), _("Minute(s)"), _("Hour(s)"), _("Day(s) Of The Week"),
    _("Day(s) Of The Month"), _("Month(s) Of The Year"), _("Cron Timezone"), _("Set to False to disable the schedule"),
    _("Crontab Schedule to run the task on.  Set only one schedule type, leave the others null."),
    _('The Name of the Celery Task that Should be Run.  (Example: "proj.tasks.import_contacts")'),
    _('JSON encoded keyword arguments (Example: {"argument": "value"})'),
    _("Datetime that the schedule last triggered the task to run. Reset to None if enabled is set to False."),
    _("Running count of how many times the schedule has triggered the task"),
    _('Cron Minutes to Run. Use "*" for "all". (Example: "0,30")'), _('Cron Hours to Run. Use "*" for "all". (Example: "8,20")'),
    _('Cron Days Of The Week to Run. Use "*" for "all", Sunday is 0 or 7, Monday is 1. (Example: "0,5")'),
    _('Cron Days Of The Month to Run. Use "*" for "all". (Example: "1,15")'),
    _('Cron Months (1-12) Of The Year to Run. Use "*" for "all". (Example: "1,12")'),
    _("Timezone to Run the Cron Schedule on. Default is UTC."), _("every {} {}"), _("every {}"), _("Days"), _("Hours"),
    _("Minutes"), _("Hour"), _("Minute"), _("Second"),
)  # fmt: skip
"""What the library says on these pages; it knows no Finnish."""


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
