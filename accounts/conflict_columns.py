"""What a row of the list of conflicts shows, as ready text; and the list as a file."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.models import Account, MasterConflict
from accounts.selectors import candidate_text, column_label
from accounts.survivorship import ConflictKind
from core.downloads import Listing
from core.exports import Column, Kind
from core.models import JobRun
from core.paths import path_to
from core.rows import RowTemplate


@dataclass(slots=True)
class Row:
    path: str
    field: str
    account: str
    account_path: str
    kind: str
    candidates: str
    since: str
    hands: str
    state: str
    colour: str


READ = (
    "field", "kind", "candidates", "resolved_at", "account__name", "run__started_at", "run__finished_at",
    "assigned_to__display_name", "assigned_to__username",
)  # fmt: skip
"""The columns of the database behind a row."""

ROW = RowTemplate("accounts/_conflict_row.html", Row)


def rows_of(conflicts: Iterable[MasterConflict]) -> list[Row]:
    """All rows, in the active language."""
    path, account_path = path_to("conflict_page"), path_to("account_page")
    kinds, is_open, is_settled = {code: str(label) for code, label in ConflictKind.choices}, _("Unsettled"), _("Settled")
    return [
        Row(
            path=path(conflict.pk),
            field=field_of(conflict),
            account=conflict.account.name,
            account_path=account_path(conflict.account_id),
            kind=kinds.get(conflict.kind, conflict.kind),
            candidates=candidates_of(conflict),
            since=date_format(localtime(at(conflict.run)), "SHORT_DATE_FORMAT"),
            hands=str(conflict.assigned_to) if conflict.assigned_to else "",
            state=is_settled if conflict.resolved_at else is_open,
            colour="green" if conflict.resolved_at else "orange",
        )
        for conflict in conflicts
    ]


def field_of(conflict: MasterConflict) -> str:
    label = column_label(Account, conflict.field)
    return label[:1].upper() + label[1:]


def candidates_of(conflict: MasterConflict) -> str:
    return ", ".join(map(candidate_text, conflict.candidates))


def at(run: JobRun) -> dt.datetime:
    """When what a run brought was there."""
    return run.finished_at or run.started_at


def conflict_listing() -> Listing:
    columns = [
        Column("field", _("Field"), field_of),
        Column("account", _("Account"), lambda conflict: conflict.account.name),
        Column("kind", _("Kind"), lambda conflict: conflict.get_kind_display()),
        Column("candidates", _("Candidates"), candidates_of),
        Column("since", _("Since"), lambda conflict: at(conflict.run), Kind.DATETIME),
        Column("hands", _("In the hands of"), lambda conflict: conflict.assigned_to),
        Column("state", _("Status"), lambda conflict: _("Settled") if conflict.resolved_at else _("Unsettled")),
        Column("parent_customer_id", _("Customer number"), lambda conflict: conflict.account.parent_customer_id),
        Column("resolved_at", _("Settled"), lambda conflict: conflict.resolved_at, Kind.DATETIME),
        Column("resolution", _("Reason"), lambda conflict: conflict.resolution),
    ]
    return Listing("conflicts", _("Conflicts"), reverse("conflict_list"), columns, order=("-pk",))
