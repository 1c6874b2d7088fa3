"""The app as the admin names it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts import emails  # noqa: F401  registers the outbox handlers
        from accounts.filters import AccountFilter, ConflictFilter
        from core import events  # models are loaded only now
        from users import saved_views

        saved_views.register("account_list", AccountFilter.base_filters)
        saved_views.register("conflict_list", ConflictFilter.base_filters)
        events.describe(
            {
                "handed over conflict": _("Handed over a conflict of the customer master"),
                "left conflict": _("Left a conflict of the customer master as it is"),
                "created prospect": _("Prospect created"),
                "declined link": _("Said not to be an account of the customer master"),
                "reopened link": _("Link proposed again"),
                "merged into": _("Merged into another account"),
                "merged with": _("A prospect was merged into this account"),
                "merge undone": _("Merge undone"),
            }
        )
