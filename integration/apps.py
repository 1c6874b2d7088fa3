"""Start-up of this app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationConfig(AppConfig):
    name = "integration"
    verbose_name = _("Integration")

    def ready(self) -> None:
        from core import events  # models are loaded only now

        events.describe(
            {
                "master_created": _("Created from the customer master"),
                "master_updated": _("Updated from the customer master"),
                "master_deactivated": _("Made inactive: no longer flagged in the customer master"),
                "master_reactivated": _("Made active again: flagged in the customer master"),
            }
        )
