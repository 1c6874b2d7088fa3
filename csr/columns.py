"""What a row of the list of cases shows, as ready text."""

import datetime as dt
import functools
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core import clock
from core.languages import CODES
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
READ = (
    *("number", "title", "status", "due_on", "status_since", "account__name"),
    *("registered_by__display_name", "assessor__display_name", "implementer__display_name"),
    *(f"requirement_type__label_{code}" for code in CODES),
)
"""All that a row needs."""


def list_rows_of(cases: Iterable[Case]) -> list[ListRow]:
    """All rows, in the active language. Needs `counted()`."""
    path, today = path_to("case_page"), clock.today()
    statuses = {code: str(label) for code, label in CaseStatus.choices}
    types: dict[int, str] = {}
    written = functools.cache(lambda day: date_format(day, "SHORT_DATE_FORMAT"))
    return [
        ListRow(
            path=path(case.pk),
            number=case.number,
            title=case.title,
            account=case.account.name,
            requirement_type=types.get(case.requirement_type_id)
            or types.setdefault(case.requirement_type_id, str(case.requirement_type)),
            status=statuses[case.status],
            status_code=case.status,
            owner=owner_of(case),
            products=str(case.product_count),  # type: ignore[attr-defined]
            since=written(clock.day_of(case.status_since)),
            due=written(case.due_on) if case.due_on else "",
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
