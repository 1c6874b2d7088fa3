"""What a row of the list of accounts shows, as ready text."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import Account, AccountStatus
from core.languages import CODES
from core.paths import path_to
from core.rows import RowTemplate
from core.templatetags.ui import notation


@dataclass(slots=True)
class Row:
    path: str
    name: str
    prospect: str
    number: str
    tma2: str
    owner: str
    city: str
    revenue: str
    status: str
    colour: str


READ = (
    "name", "is_prospect", "parent_customer_id", "city", "yearly_revenue", "status", "owner__display_name", "owner__username",
    "tma2__code", *(f"tma2__label_{code}" for code in CODES),
)  # fmt: skip
"""The columns of the database behind a row."""

ROW = RowTemplate("accounts/_row.html", Row)


def rows_of(accounts: Iterable[Account]) -> list[Row]:
    """All rows, in the active language."""
    shown, path, prospect = notation(), path_to("account_page"), _("Prospect")
    statuses = {code: str(label) for code, label in AccountStatus.choices}
    return [
        Row(
            path=path(account.pk),
            name=account.name,
            prospect=prospect if account.is_prospect else "",
            number=account.parent_customer_id or "",
            tma2=str(account.tma2 or ""),
            owner=str(account.owner or ""),
            city=account.city,
            revenue=shown.money(account.yearly_revenue),
            status=statuses[account.status],
            colour="green" if account.status == AccountStatus.ACTIVE else "secondary",
        )
        for account in accounts
    ]
