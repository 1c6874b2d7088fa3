"""Start of the app: its mails, its subject of approval, its panel and the words of its timeline."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CsrConfig(AppConfig):
    name = "csr"
    verbose_name = _("Customer-specific requirements")

    def ready(self) -> None:
        from approvals import registry
        from approvals.filters import PeriodForm
        from core import events, panels
        from csr import emails, required  # noqa: F401  registers the outbox handlers
        from csr.approval import CaseApproval
        from csr.filters import CaseFilter
        from csr.panels import cases_of_account
        from quotes import requirements
        from users import saved_views

        registry.register(CaseApproval())
        saved_views.register("case_list", CaseFilter.base_filters)
        saved_views.register("case_report", PeriodForm.base_fields)
        requirements.register(required.of_account)
        panels.register(
            "account",
            "cases",
            title=_("Customer-specific requirements"),
            template="csr/_panel.html",
            context=cases_of_account,
            order=30,
        )
        events.describe(
            {
                "registered": _("Registered"),
                "cloned": _("Cloned"),
                "changed": _("Changed"),
                "products added": _("Products added"),
                "product changed": _("Product changed"),
                "product removed": _("Product removed"),
                "account added": _("Account added"),
                "account removed": _("Account removed"),
                "member added": _("Joined the team"),
                "member removed": _("Left the team"),
                "commented": _("Comment"),
                "submitted for pre-approval": _("Submitted for pre-approval"),
                "pre-approved": _("Pre-approved"),
                "submitted for final approval": _("Submitted for final approval"),
                "asked back": _("Asked back"),
                "task added": _("Part asked for"),
                "task changed": _("Part changed"),
                "task removed": _("Part no longer asked for"),
                "task answered": _("Part answered"),
                "passed on": _("Passed on"),
                "task passed on": _("Part passed on"),
                "concluded": _("Global feasibility conclusion"),
                "assigned": _("Assigned"),
                "left without an owner": _("Left without an owner"),
                "implemented": _("Implemented"),
                "satisfaction": _("Customer satisfaction"),
                "closed": _("Closed"),
            }
        )
