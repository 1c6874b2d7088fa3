"""Start of the approvals app: its mails, and the gates that its subjects declare."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    name = "approvals"
    verbose_name = _("Approvals")

    def ready(self) -> None:
        from approvals import emails  # noqa: F401  registers the outbox handlers
        from approvals.filters import InboxFilter, ReportForm
        from core import events
        from users import saved_views

        saved_views.register("approval_list", ["tab", *InboxFilter.base_filters])
        saved_views.register("approval_report", ReportForm.base_fields)
        events.describe(
            {
                "approval_handed_over": _("Approval handed over"),
                "approval_passed_on": _("Approval passed on for want of an answer"),
                "approved_unasked": _("Approved without asking"),
                "hierarchy_informed": _("Managers informed"),
            }
        )

        post_migrate.connect(_make_gates, sender=self, dispatch_uid="approvals.gates")


def _make_gates(*, using: str, apps: Any = None, **kwargs: Any) -> None:
    """Make the declared gates that are missing, once the tables are there. A flush names no `apps`: there they are."""
    if apps is not None and "gate" not in apps.all_models["approvals"]:
        return
    from approvals import services

    services.gates_make_missing(using=using)
