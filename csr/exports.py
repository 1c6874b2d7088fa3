"""The list of cases as a file: what its page shows."""

from django.urls import reverse
from django.utils.translation import gettext as _

from core import clock
from core.downloads import Listing
from core.exports import Column, Kind
from csr import columns


def case_listing() -> Listing:
    return Listing(
        "cases",
        _("Customer-specific requirements"),
        reverse("case_list"),
        [
            Column("number", _("Number"), str),
            Column("title", _("Title"), lambda case: case.title),
            Column("account", _("Account"), lambda case: case.account.name),
            Column("requirement_type", _("Type"), lambda case: case.requirement_type),
            Column("status", _("Status"), lambda case: case.get_status_display()),
            Column("owner", _("Owner of the phase"), columns.owner_of),
            Column("products", _("# of related products"), lambda case: case.product_count, Kind.INTEGER),
            Column("since", _("Since"), lambda case: clock.day_of(case.status_since), Kind.DATE),
            Column("due_on", _("Due"), lambda case: case.due_on, Kind.DATE),
        ],
        order=("-id",),
    )
