"""What a row of the list of accounts shows, as ready text."""

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import AccountStatus
from core.languages import CODES, active, by_language
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
    "pk", "name", "is_prospect", "parent_customer_id", "city", "yearly_revenue", "status", "owner__display_name",
    "owner__username", "tma2__code", *(f"tma2__label_{code}" for code in CODES),
)  # fmt: skip
"""The columns of the database behind a row; a list reads just these."""

_LABELS = [f"tma2__label_{code}" for code in CODES]

ROW = RowTemplate("accounts/_row.html", Row)


def rows_of(accounts: Iterable[Any]) -> list[Row]:
    """All rows, of named tuples of `READ`, in the active language."""
    shown, path, prospect, language = notation(), path_to("account_page"), _("Prospect"), active()
    statuses = {code: str(label) for code, label in AccountStatus.choices}
    labels = operator.attrgetter(*_LABELS)
    return [
        Row(
            path=path(account.pk),
            name=account.name,
            prospect=prospect if account.is_prospect else "",
            number=account.parent_customer_id or "",
            tma2=by_language(labels(account))[language] or account.tma2__code or "",
            owner=account.owner__display_name or account.owner__username or "",
            city=account.city,
            revenue=shown.money(account.yearly_revenue),
            status=statuses[account.status],
            colour="green" if account.status == AccountStatus.ACTIVE else "secondary",
        )
        for account in accounts
    ]
