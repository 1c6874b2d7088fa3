"""The list of quotes as a file: what its page shows, the margin for those who see margins."""

from django.urls import reverse
from django.utils.translation import gettext as _

from core.downloads import Listing
from core.exports import Column, Kind
from quotes import policies
from users.models import User


def quote_listing(user: User) -> Listing:
    columns = [
        Column("number", _("Number"), str),
        Column("account", _("Account"), lambda quote: quote.account.name),
        Column("status", _("Status"), lambda quote: quote.get_status_display()),
        Column("net_total", _("Net"), lambda quote: quote.net_total, Kind.MONEY),
        Column("margin_percent", _("Margin"), lambda quote: quote.margin_percent, Kind.PERCENT),
        Column("valid_until", _("Valid until"), lambda quote: quote.valid_until, Kind.DATE),
        Column("owner", _("Owner"), lambda quote: quote.owner),
    ]
    if not policies.may_see_margin(user):
        columns = [column for column in columns if column.key != "margin_percent"]
    return Listing("quotes", _("Quotes"), reverse("quote_list"), columns, order=("-id",))
