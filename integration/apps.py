"""Start-up of this app."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class IntegrationConfig(AppConfig):
    name = "integration"
    verbose_name = _("Integration")

    def ready(self) -> None:
        from accounts import pasted_rows  # models are loaded only now
        from core import events
        from integration import emails, profiles  # noqa: F401  registers the outbox handlers

        pasted_rows.also_called(profiles.load("price_manager", profiles.CUSTOMER_FIELDS).columns)
        events.describe(
            {
                "master_created": _("Created from the customer master"),
                "master_updated": _("Updated from the customer master"),
                "master_deactivated": _("Made inactive: no longer flagged in the customer master"),
                "master_reactivated": _("Made active again: flagged in the customer master"),
                "master_moved": _("Sites moved in the customer master"),
                "product_created": _("Product created"),
                "product_updated": _("Product updated"),
                "product_repriced": _("Prices changed"),
                "run_cancelled": _("Cancelled"),
                "run_released": _("Released"),
                "run_rejected": _("Rejected"),
                "rows_fixed": _("Row put right"),
                "rows_mapped": _("Row mapped to a parent"),
                "rows_retried": _("Rows tried again"),
                "rows_ignored": _("Rows ignored"),
                "row_decision_lifted": _("Decision lifted"),
            }
        )
        post_migrate.connect(_make_schedules, sender=self, dispatch_uid="integration.schedules")


def _make_schedules(*, using: str, apps: Any = None, **kwargs: Any) -> None:
    """Make the entries of the timetable that are missing, once the tables are there. A flush names no `apps`: there they are."""
    if apps is not None and "periodictask" not in apps.all_models["django_celery_beat"]:
        return
    from integration.services.schedules import schedules_make_missing

    schedules_make_missing(using=using)
