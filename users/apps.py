"""Start of the users app: its mails, the marks of sessions and the words of its events."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils.translation import gettext_lazy as _


class UsersConfig(AppConfig):
    name = "users"
    verbose_name = _("Users")

    def ready(self) -> None:
        from core import events
        from users import emails, sessions  # noqa: F401  registers the outbox handlers

        user_logged_in.connect(sessions.mark, dispatch_uid="users.sessions.mark")
        events.describe(
            {
                "absence added": _("Absence set"),
                "absence ended": _("Absence ended"),
                "absence removed": _("Absence removed"),
                "deactivated": _("Deactivated"),
                "roles changed": _("Roles changed"),
                "second factor removed": _("Second step removed"),
            }
        )
