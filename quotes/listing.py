"""What a row of the list of quotes shows, as ready text."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.formats import date_format

from core.paths import path_to
from core.rows import RowTemplate
from core.templatetags.ui import notation
from quotes.choices import QuoteStatus
from quotes.models import Quote


@dataclass(slots=True)
class ListRow:
    pk: int
    path: str
    number: str
    account: str
    status: str
    status_code: str
    net: str
    margin: str
    valid_until: str
    owner: str


READ = (
    "number", "revision", "status", "net_total", "margin_percent", "valid_until", "account__name", "owner__display_name",
)  # fmt: skip
"""The columns of the database behind a row."""

LIST_ROW = RowTemplate("quotes/_list_row.html", ListRow)


def list_rows_of(quotes: Iterable[Quote]) -> list[ListRow]:
    """All rows, in the active language."""
    shown, path = notation(), path_to("quote_page")
    statuses = {code: str(label) for code, label in QuoteStatus.choices}
    return [
        ListRow(
            pk=quote.pk,
            path=path(quote.pk),
            number=str(quote),
            account=quote.account.name,
            status=statuses[quote.status],
            status_code=quote.status,
            net=shown.money(quote.net_total),
            margin="" if quote.margin_percent is None else shown.percent(quote.margin_percent, 1),
            valid_until=date_format(quote.valid_until, "SHORT_DATE_FORMAT"),
            owner=quote.owner.display_name,
        )
        for quote in quotes
    ]
