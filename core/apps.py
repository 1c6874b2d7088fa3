"""The app as the admin names it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = _("System")

    def ready(self) -> None:
        from core import events  # models are loaded only now

        events.describe({"export started": _("Export started"), "tried anew": _("Mail tried again")})
