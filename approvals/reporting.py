"""The report of lead times: how long answers take, by kind, by person and by month."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from approvals import lead_times, oversight
from approvals.lead_times import Answer, Figures
from approvals.models import RunGate
from core import clock
from core.downloads import Listing
from core.exports import Column, Kind
from users.models import User

MOST = 100_000
"""Answers, once for each gate, that a report reads; beyond, a shorter period has to be chosen. It takes about a second."""


@dataclass(frozen=True, slots=True)
class Group:
    """A row of the report. `part_median` and `part_p90`: how long its bars are, in percent of the longest."""

    key: Any
    label: str
    figures: Figures | None
    part_median: int = 0
    part_p90: int = 0

    @property
    def first(self) -> str:
        """Of a month, the first day as addresses write it."""
        return self.key.isoformat() if isinstance(self.key, dt.date) else ""

    @property
    def last(self) -> str:
        return (next_month(self.key) - dt.timedelta(days=1)).isoformat() if isinstance(self.key, dt.date) else ""


class Report(NamedTuple):
    total: Figures | None
    gates: list[Group]
    people: list[Group]
    months: list[Group]


def answers_for(user: User, *, since: dt.date, until: dt.date, gate: str = "") -> QuerySet[Any]:
    """The gates that were answered on these days, as far as this person oversees them: what their people asked for, and what
    their people answered."""
    first, last = (clock.start_of_day(day) for day in (since, until + dt.timedelta(days=1)))
    answered = RunGate.objects.filter(request__decision__at__gte=first, request__decision__at__lt=last)
    if gate:
        answered = answered.filter(gate=gate)
    return answered.filter(oversight.overseen(user, "request__decision__decided_by", "run__requested_by")).order_by()


def read(answered: QuerySet[Any], most: int = MOST) -> list[Answer] | None:
    """All of them; None when they are too many. One query."""
    decision = "request__decision"
    rows = answered.values_list(
        "gate",
        "request",
        f"{decision}__at",
        "request__asked_at",
        "request__due_at",
        f"{decision}__decided_by",
        f"{decision}__decided_by__display_name",
    )
    found = [Answer(*row) for row in rows[: most + 1]]
    return None if len(found) > most else found


def report_of(answers: list[Answer], labels: Mapping[str, str]) -> Report:
    """The whole report. `labels`: what the gates are called, in their order."""
    by_gate = lead_times.grouped(answers, lambda answer: answer.gate)
    order = {code: place for place, code in enumerate(labels)}
    by_person = lead_times.grouped(answers, lambda answer: (answer.person, answer.name))
    return Report(
        total=lead_times.figures_of(answers) if answers else None,
        gates=[
            Group(code, labels.get(code, code), by_gate[code])
            for code in sorted(by_gate, key=lambda code: (order.get(code, len(order)), code))
        ],
        people=[
            Group(key, name, figures)
            for (key, name), figures in sorted(by_person.items(), key=lambda item: (-item[1].number, item[0][1], item[0][0]))
        ],
        months=_with_bars(lead_times.grouped(answers, lambda answer: month_of(answer.at))),
    )


def month_of(instant: dt.datetime) -> dt.date:
    """The first day of the month it is in, by the seller's clock."""
    return timezone.localtime(instant, timezone.get_default_timezone()).date().replace(day=1)


def next_month(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=31)).replace(day=1)


def _with_bars(found: Mapping[dt.date, Figures]) -> list[Group]:
    """Every month from the first to the last one, also those without an answer."""
    if not found:
        return []
    longest = max(figures.p90 for figures in found.values()) or 1
    groups, month = [], min(found)
    while month <= max(found):
        figures = found.get(month)
        parts = [round(hours / longest * 100) for hours in (figures.median, figures.p90)] if figures else [0, 0]
        groups.append(Group(month, f"{month:%Y-%m}", figures, *parts))
        month = next_month(month)
    return groups


class FileRow(NamedTuple):
    by: str
    group: Group


def rows_of(report: Report) -> Iterator[FileRow]:
    """The tables of the page one after the other."""
    if report.total:
        yield FileRow(_("Total"), Group("", "", report.total))
    for by, groups in ((_("Kind"), report.gates), (_("Person"), report.people), (_("Month"), report.months)):
        yield from (FileRow(by, group) for group in groups if group.figures)


def listing(labels: Mapping[str, str]) -> Listing:
    """The report as a file."""

    def rows(answered: QuerySet[Any]) -> Iterator[FileRow]:
        return rows_of(report_of(read(answered) or [], labels))

    def figure(name: str) -> Any:
        return lambda row: getattr(row.group.figures, name)

    columns = [
        Column("by", _("Grouped by"), lambda row: row.by),
        Column("name", _("Name"), lambda row: row.group.label),
        Column("number", _("Answers"), figure("number"), Kind.INTEGER),
        Column("median", _("Median, hours"), figure("median"), Kind.NUMBER, 1),
        Column("p90", _("90 of 100 within, hours"), figure("p90"), Kind.NUMBER, 1),
        Column("in_time", _("In time"), figure("in_time"), Kind.PERCENT),
    ]
    return Listing("approval lead times", _("Lead times of approvals"), reverse("approval_report"), columns, ("pk",), rows)
