"""What a row of the list of cases shows, as ready text."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core import clock
from core.paths import path_to
from core.rows import RowTemplate
from csr.choices import ENDED, CaseStatus
from csr.models import Case


@dataclass(slots=True)
class ListRow:
    path: str
    number: str
    title: str
    account: str
    requirement_type: str
    status: str
    status_code: str
    owner: str
    products: str
    since: str
    due: str
    late: str


LIST_ROW = RowTemplate("csr/_list_row.html", ListRow)


def list_rows_of(cases: Iterable[Case]) -> list[ListRow]:
    """All rows, in the active language. Needs `counted()`."""
    path, today = path_to("case_page"), clock.today()
    statuses = {code: str(label) for code, label in CaseStatus.choices}
    return [
        ListRow(
            path=path(case.pk),
            number=case.number,
            title=case.title,
            account=case.account.name,
            requirement_type=str(case.requirement_type),
            status=statuses[case.status],
            status_code=case.status,
            owner=owner_of(case),
            products=str(case.product_count),  # type: ignore[attr-defined]
            since=date_format(clock.day_of(case.status_since), "SHORT_DATE_FORMAT"),
            due=date_format(case.due_on, "SHORT_DATE_FORMAT") if case.due_on else "",
            late=_("overdue") if is_late(case, today) else "",
        )
        for case in cases
    ]


def owner_of(case: Case) -> str:
    """Who answers for the phase, in words."""
    return case.owner.display_name if case.owner else _("Data stewards")


def is_late(case: Case, today: dt.date) -> bool:
    """Nobody of the house can be late while approvers decide."""
    return case.due_on is not None and case.due_on < today and not case.is_locked and not is_over(case)


def is_over(case: Case) -> bool:
    return case.status in ENDED or case.status == CaseStatus.IMPLEMENTED
