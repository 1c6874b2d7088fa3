"""App configurations of the project itself."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class CrmConfig(AppConfig):
    name = "crm"


class CrmAdminConfig(AdminConfig):
    """The admin, with our door and our rights."""

    default_site = "crm.admin.CrmAdminSite"

    def ready(self) -> None:
        super().ready()
        from allauth.account.models import EmailAddress
        from allauth.mfa.models import Authenticator
        from django.contrib import admin

        admin.site.unregister(EmailAddress)  # an address is a field of the user here
        admin.site.unregister(Authenticator)  # it would show secrets; users are helped by an action of theirs


class CrmStaticFilesConfig(StaticFilesConfig):
    """Leaves out what no page uses; some parts of Tabler refer to pictures that are not there."""

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        *("tabler-*", "tabler.css*", "tabler.js*", "*.rtl*", "*.esm*", "redoc", "rest_framework"),
    ]
