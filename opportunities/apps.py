"""Configuration of this app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OpportunitiesConfig(AppConfig):
    name = "opportunities"
    verbose_name = _("Opportunities")

    def ready(self) -> None:
        from core import panels
        from opportunities.filters import OpportunityFilter
        from opportunities.panels import opportunities_of_account
        from users import saved_views

        saved_views.register("opportunity_list", OpportunityFilter.base_filters)
        panels.register(
            "account",
            "opportunities",
            title=_("Opportunities"),
            template="opportunities/panel.html",
            context=opportunities_of_account,
            order=20,
        )
