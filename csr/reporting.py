"""The report of cases: how many there are of what, how long their phases take, why they end, and what customers say.

It is about the cases that were registered in a period, as far as somebody sees them. The database adds up; ten queries, however
many cases there are.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from django.db.models import Case as Choose, CharField, Count, F, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext as _, gettext_lazy

from approvals.lead_times import MEDIAN, P90
from core import clock, money
from core.db import Seconds
from core.downloads import Listing
from core.exports import Column, Kind
from csr.choices import ENDED, OPEN, PENDING, CaseStatus, Score
from csr.drilling import registered_between
from csr.models import Case, CaseFeedback, CaseProduct, CaseSpell, CloseReason, RequirementType
from users.models import BusinessUnit, User

MOST = 20
"""Products, customers and people of a table, those with the most cases."""
AGES: tuple[tuple[str, Promise, int, int | None], ...] = (
    ("0", gettext_lazy("Up to 30 days"), 0, 30),
    ("31", gettext_lazy("31 to 90 days"), 31, 90),
    ("91", gettext_lazy("91 to 180 days"), 91, 180),
    ("181", gettext_lazy("More than 180 days"), 181, None),
)
"""How long open cases have been registered: code, label, first and last day."""


@dataclass(frozen=True, slots=True)
class Row:
    """`number`: of cases, or of times; `median` and `p90` in days. The parts: how long its bars are, in percent of the longest.
    `query`: the list of these cases; empty where there is none."""

    label: str
    number: int
    query: str = ""
    median: Decimal | None = None
    p90: Decimal | None = None
    part: int = 0
    part_median: int = 0
    part_p90: int = 0


class Table(NamedTuple):
    """`is_of_times`: rows have a median and a 90th percentile. `is_cut`: there are more rows."""

    code: str
    title: str
    rows: list[Row]
    is_of_times: bool = False
    is_cut: bool = False


class Report(NamedTuple):
    """`average`: of the satisfaction, 1 place; None without any."""

    number: int
    open: int
    implemented: int
    rejected: int
    average: Decimal | None
    tables: list[Table]


def cases_for(user: User, since: dt.date, until: dt.date) -> QuerySet[Case]:
    """What the report of this person is about."""
    return Case.objects.visible_to(user).filter(registered_between(since, until)).order_by()


def report_of(cases: QuerySet[Case], since: dt.date, until: dt.date) -> Report:
    """The whole report of these cases. Ten queries."""
    period = {"since": since.isoformat(), "until": until.isoformat()}
    groups = _groups(cases)
    count = _Counted(groups, period)
    units = {unit.pk: str(unit) for unit in BusinessUnit.objects.all()}
    types = {kind.pk: str(kind) for kind in RequirementType.objects.all()}
    reasons = {reason.pk: str(reason) for reason in CloseReason.objects.all()}
    scores = dict(CaseFeedback.objects.filter(case__in=cases.values("pk")).order_by().values_list("score").annotate(Count("pk")))
    statuses = Counter[str]()
    for group in groups:
        statuses[group.status] += group.number
    return Report(
        sum(statuses.values()),
        sum(statuses[status] for status in OPEN),
        statuses[CaseStatus.IMPLEMENTED],
        statuses[CaseStatus.CLOSED_REJECTED],
        _average(scores),
        [
            Table("status", _("By status"), _in_order(count("status", "status"), CaseStatus.choices)),
            Table("age", _("Open cases by age"), _ages(groups, since, until)),
            Table("unit", _("By business unit"), _named(count("unit", "unit"), units, _("No business unit"))),
            Table("type", _("By requirement type"), _named(count("requirement_type", "requirement_type"), types)),
            _top("product", _("By product"), _products(cases), period),
            _top("about", _("By customer"), _customers(cases), period),
            Table("times", _("Time per phase, days"), _times_by_status(cases), is_of_times=True),
            _people(cases),
            Table(
                "reason",
                _("Reasons for closing"),
                _named(count("reason", "reason", lambda group: group.status in ENDED), reasons),
            ),
            Table("satisfaction", _("Customer satisfaction"), _scores(scores)),
        ],
    )


# --- How many of what -------------------------------------------------------------------------------------------------
class _Group(NamedTuple):
    """So many cases are alike in all this."""

    status: str
    unit: int | None
    requirement_type: int
    reason: int | None
    age: str
    number: int


def _groups(cases: QuerySet[Case]) -> list[_Group]:
    today = clock.today()
    ages = [
        When(registered_between(today - dt.timedelta(days=last), None), then=Value(code))
        for code, _label, _first, last in AGES
        if last is not None
    ]
    age = Choose(*ages, default=Value(AGES[-1][0]), output_field=CharField())
    rows = cases.annotate(age=age).values_list("status", "account__unit", "requirement_type", "close_reason", "age")
    return [_Group(*row) for row in rows.annotate(Count("pk"))]


class _Counted(NamedTuple):
    groups: list[_Group]
    period: Mapping[str, str]

    def __call__(
        self, name: str, parameter: str, wanted: Callable[[_Group], bool] = lambda group: True
    ) -> dict[Any, tuple[int, str]]:
        """Value → how many cases, and their list."""
        found = Counter[Any]()
        for group in self.groups:
            if wanted(group):
                found[getattr(group, name)] += group.number
        return {key: (number, _list(self.period, parameter, key)) for key, number in found.items()}


def _list(period: Mapping[str, str], parameter: str, key: Any) -> str:
    """The query of the list of these cases; none where nothing can be named."""
    return urlencode({**period, parameter: key}) if key is not None else ""


def _in_order(found: Mapping[Any, tuple[int, str]], choices: Iterable[tuple[Any, Any]]) -> list[Row]:
    return _with_bars([Row(str(label), *found[code]) for code, label in choices if code in found])


def _named(found: Mapping[Any, tuple[int, str]], labels: Mapping[int, str], nothing: str = "–") -> list[Row]:
    """Those with the most cases first."""
    rows = [Row(labels.get(key, nothing) if key is not None else nothing, *value) for key, value in found.items()]
    return _with_bars(sorted(rows, key=lambda row: (-row.number, row.label)))


def _ages(groups: Iterable[_Group], since: dt.date, until: dt.date) -> list[Row]:
    found, today = Counter[str](), clock.today()
    for group in groups:
        if group.status in OPEN:
            found[group.age] += group.number
    rows = []
    for code, label, first, last in AGES:
        oldest = max(since, today - dt.timedelta(days=last)) if last is not None else since
        youngest = min(until, today - dt.timedelta(days=first))
        query = urlencode({"since": oldest.isoformat(), "until": youngest.isoformat(), "open": "true"})
        if found[code]:
            rows.append(Row(str(label), found[code], query))
    return _with_bars(rows)


def _with_bars(rows: list[Row]) -> list[Row]:
    most = max((row.number for row in rows), default=0)
    return [Row(row.label, row.number, row.query, part=round(row.number / most * 100)) for row in rows]


def _products(cases: QuerySet[Case]) -> list[tuple[Any, str, int]]:
    name = f"product__name_{get_language() or 'en'}"
    rows = CaseProduct.objects.filter(case__in=cases.values("pk")).order_by().values_list("product", "product__sku", name)
    found = rows.annotate(number=Count("pk")).order_by("-number", "product__sku")[: MOST + 1]
    return [(key, f"{sku} {label or ''}".strip(), number) for key, sku, label, number in found]


def _customers(cases: QuerySet[Case]) -> list[tuple[Any, str, int]]:
    rows = cases.values_list("account", "account__name").annotate(number=Count("pk"))
    return list(rows.order_by("-number", "account__name", "account")[: MOST + 1])


def _top(parameter: str, title: str, found: list[tuple[Any, str, int]], period: Mapping[str, str]) -> Table:
    rows = [Row(label, number, _list(period, parameter, key)) for key, label, number in found[:MOST]]
    return Table(parameter, title, _with_bars(rows), is_cut=len(found) > MOST)


# --- How long it takes ------------------------------------------------------------------------------------------------
class Times(NamedTuple):
    """Of a phase or a person: how many, and seconds of the middle and of what 90 of 100 keep within."""

    number: int
    median: Fraction
    p90: Fraction


def percentiles(rows: Iterable[tuple[Any, float, int, int]]) -> dict[Any, Times]:
    """Key, seconds, place from 1 on and number, of the times around both places → the times; as in `approvals.lead_times`."""
    found: dict[Any, dict[int, int]] = defaultdict(dict)
    numbers: dict[Any, int] = {}
    for key, seconds, place, number in rows:
        found[key][place - 1], numbers[key] = round(seconds), number
    return {
        key: Times(numbers[key], *(_between(places, numbers[key], share) for share in (MEDIAN, P90)))
        for key, places in found.items()
    }


def _between(places: Mapping[int, int], number: int, share: Fraction) -> Fraction:
    place = (number - 1) * share
    below = place.numerator // place.denominator
    above = min(below + 1, number - 1)
    return places[below] + (places[above] - places[below]) * (place - below)


def _ranked(cases: QuerySet[Case], statuses: Iterable[str], key: str, *names: str) -> list[Any]:
    """Of the spells that are over, by `key`: the times around the median and the 90th percentile. One query."""
    over = CaseSpell.objects.filter(case__in=cases.values("pk"), ended_at__isnull=False, status__in=statuses)
    ranked = over.order_by().annotate(
        seconds=Seconds(F("ended_at"), F("began_at")),
        place=Window(RowNumber(), partition_by=F(key), order_by=Seconds(F("ended_at"), F("began_at")).asc()),
        number=Window(Count("pk"), partition_by=F(key)),
    )
    # The places (n - 1) / 2 and (n - 1) × 9 / 10, from 0 on, and those behind them, without dividing
    middle, late = F("place") * 2 - F("number"), F("place") * 10 - F("number") * 9
    around = ranked.annotate(middle=middle, late=late).filter(Q(middle__gt=-1, middle__lte=3) | Q(late__gt=-9, late__lte=11))
    return list(around.values_list(key, "seconds", "place", "number", *names))


def _times_by_status(cases: QuerySet[Case]) -> list[Row]:
    found = percentiles(_ranked(cases, sorted(frozenset(CaseStatus) - ENDED), "status"))
    return _timed((str(label), found[status]) for status, label in CaseStatus.choices if status in found)


def _people(cases: QuerySet[Case]) -> Table:
    """Of the phases somebody worked on; what waited for an approval is nobody's time."""
    rows = _ranked(cases, sorted(OPEN - PENDING), "owner", "owner__display_name")
    names = {row[0]: row[4] for row in rows}
    found = sorted(percentiles(row[:4] for row in rows).items(), key=lambda item: (-item[1].number, names[item[0]] or ""))
    shown = _timed((names[key] or _("Data stewards"), times) for key, times in found[:MOST])
    return Table("people", _("Time per person, days"), shown, is_of_times=True, is_cut=len(found) > MOST)


def _timed(found: Iterable[tuple[str, Times]]) -> list[Row]:
    timed = list(found)
    longest = max((times.p90 for _label, times in timed), default=Fraction(0)) or Fraction(1)
    return [
        Row(
            label,
            times.number,
            median=_days(times.median),
            p90=_days(times.p90),
            part_median=round(times.median / longest * 100),
            part_p90=round(times.p90 / longest * 100),
        )
        for label, times in timed
    ]


def _days(seconds: Fraction) -> Decimal:
    return money.quantize(Decimal(seconds.numerator) / Decimal(seconds.denominator) / 86400, 1)


# --- What customers say -----------------------------------------------------------------------------------------------
def _scores(scores: Mapping[int, int]) -> list[Row]:
    return _with_bars([Row(str(label), scores.get(code, 0)) for code, label in reversed(Score.choices)] if scores else [])


def _average(scores: Mapping[int, int]) -> Decimal | None:
    if not scores:
        return None
    return money.quantize(Decimal(sum(score * number for score, number in scores.items())) / sum(scores.values()), 1)


# --- As a file --------------------------------------------------------------------------------------------------------
class FileRow(NamedTuple):
    table: str
    row: Row


def listing(report: Report) -> Listing:
    """The tables one after the other."""

    def rows(cases: QuerySet[Any]) -> Iterator[FileRow]:
        return (FileRow(table.title, row) for table in report.tables for row in table.rows)

    columns = [
        Column("table", _("Table"), lambda row: row.table),
        Column("name", _("Name"), lambda row: row.row.label),
        Column("number", _("Number"), lambda row: row.row.number, Kind.INTEGER),
        Column("median", _("Median, days"), lambda row: row.row.median, Kind.NUMBER, 1),
        Column("p90", _("90 of 100 within, days"), lambda row: row.row.p90, Kind.NUMBER, 1),
    ]
    return Listing("case report", _("Report of cases"), reverse("case_report"), columns, ("pk",), rows)
