"""What a row of the list of opportunities shows, as ready text."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.formats import date_format

from core.paths import path_to
from core.rows import RowTemplate
from core.templatetags.ui import notation
from opportunities.choices import OpportunityStatus
from opportunities.models import Opportunity

COLOURS = {OpportunityStatus.ORDERED: "green", OpportunityStatus.LOST: "red", OpportunityStatus.NEW: "secondary"}


@dataclass(slots=True)
class Row:
    name: str
    path: str
    account: str
    account_path: str
    stage: str
    colour: str
    value: str
    close_date: str
    owner: str


READ = ("name", "status", "value", "close_date", "account__name", "owner__display_name", "owner__username")
"""The columns of the database behind a row."""

ROW = RowTemplate("opportunities/_row.html", Row)


def rows_of(opportunities: Iterable[Opportunity]) -> list[Row]:
    """All rows, in the active language."""
    shown, path, account_path = notation(), path_to("opportunity_page"), path_to("account_page")
    stages = {code: str(label) for code, label in OpportunityStatus.choices}
    return [
        Row(
            name=opportunity.name,
            path=path(opportunity.pk),
            account=opportunity.account.name,
            account_path=account_path(opportunity.account_id),
            stage=stages[opportunity.status],
            colour=COLOURS.get(OpportunityStatus(opportunity.status), "blue"),
            value=shown.money(opportunity.value),
            close_date=date_format(opportunity.close_date, "SHORT_DATE_FORMAT") if opportunity.close_date else "",
            owner=str(opportunity.owner),
        )
        for opportunity in opportunities
    ]
