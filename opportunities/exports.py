"""The list of opportunities as a file: what its page shows."""

from django.urls import reverse
from django.utils.translation import gettext as _

from core.downloads import Listing
from core.exports import Column, Kind


def opportunity_listing() -> Listing:
    columns = [
        Column("name", _("Name"), lambda opportunity: opportunity.name),
        Column("account", _("Account"), lambda opportunity: opportunity.account.name),
        Column("status", _("Stage"), lambda opportunity: opportunity.get_status_display()),
        Column("value", _("Value"), lambda opportunity: opportunity.value, Kind.MONEY),
        Column("close_date", _("Expected close"), lambda opportunity: opportunity.close_date, Kind.DATE),
        Column("owner", _("Owner"), lambda opportunity: opportunity.owner),
    ]
    return Listing("opportunities", _("Opportunities"), reverse("opportunity_list"), columns, order=("-pk",))
