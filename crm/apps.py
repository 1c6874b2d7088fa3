"""App configurations of the project itself."""

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig

NOT_SERVED = (
    *("tabler-*", "tabler.css*", "tabler.js*", "*.rtl*", "*.esm*", "idiomorph-*", "idiomorph.js"),
    *("htmx-4*", "htmax*", "ext", "redoc", "rest_framework"),
)
"""Static files that no page uses; some parts of Tabler refer to pictures that are not there."""


class CrmConfig(AppConfig):
    name = "crm"

    def ready(self) -> None:
        static_files: Any = apps.get_app_config("staticfiles")
        static_files.ignore_patterns = [*static_files.ignore_patterns, *NOT_SERVED]


class CrmAdminConfig(AdminConfig):
    """The admin, with our door and our rights."""

    default_site = "crm.admin.CrmAdminSite"

    def ready(self) -> None:
        super().ready()
        from allauth.account.models import EmailAddress
        from allauth.mfa.models import Authenticator
        from django.contrib import admin

        from crm import schedules

        admin.site.unregister(EmailAddress)  # an address is a field of the user here
        admin.site.unregister(Authenticator)  # it would show secrets; users are helped by an action of theirs
        schedules.register()
