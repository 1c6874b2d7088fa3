"""The list of accounts as a file: what its page shows."""

from django.urls import reverse
from django.utils.translation import gettext as _

from core.downloads import Listing
from core.exports import Column, Kind


def account_listing() -> Listing:
    columns = [
        Column("name", _("Name"), lambda account: account.name),
        Column("parent_customer_id", _("Customer number"), lambda account: account.parent_customer_id),
        Column("tma2", _("TMA2"), lambda account: account.tma2),
        Column("owner", _("Owner"), lambda account: account.owner),
        Column("city", _("City"), lambda account: account.city),
        Column("yearly_revenue", _("Yearly revenue"), lambda account: account.yearly_revenue, Kind.MONEY),
        Column("status", _("Status"), lambda account: account.get_status_display()),
        Column("is_prospect", _("Prospect"), lambda account: account.is_prospect, Kind.BOOLEAN),
    ]
    return Listing("accounts", _("Accounts"), reverse("account_list"), columns, order=("name", "pk"))
