"""How good the data are: what is lacking, disputed, left out or without a home, now, by owner and over time.

Everybody gets the figures of the accounts in their sight; rows that a sync left out belong to nobody, and stewards see them.
Figures that were noted are kept by owner: over time people see those of the owners in their sight.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import completeness, prospect_selectors
from accounts.models import Account, AccountStatus, LinkProposal, MasterConflict, Site
from core import clock
from core.models import JobRun
from integration.choices import Handling
from integration.models import CUSTOMER_SYNC, PRODUCT_IMPORT, QualityFigure, QuarantinedRow
from users.models import User
from users.roles import Perm, Scope

ACCOUNTS = "accounts"
"""How many active accounts there are: what the others are a share of."""
CONFLICTS, DUPLICATES, STRANDED_SITES = "conflicts", "duplicates", "stranded_sites"
LEFT_OUT = {"quarantined_customers": CUSTOMER_SYNC, "quarantined_products": PRODUCT_IMPORT}
_LACKS = "lacks_"


@dataclass(frozen=True)
class Figure:
    """Something that is counted. `lists`: by what the list of accounts shows it; nothing where that list cannot."""

    code: str
    label: str | Promise
    lists: Mapping[str, str]
    field: str = ""
    """The field of the account that is lacking, if that is what it counts."""


def _figures() -> Iterator[Figure]:
    yield Figure(CONFLICTS, _("Open conflicts"), {"has": completeness.CONFLICT})
    yield Figure(DUPLICATES, _("Possible duplicates"), {"has": completeness.DUPLICATE})
    yield Figure(STRANDED_SITES, _("Active sites of accounts that are not active"), {"has": completeness.STRANDED_SITES})
    yield Figure("quarantined_customers", _("Rows of customers left out"), {})
    yield Figure("quarantined_products", _("Rows of products left out"), {})
    for name in completeness.FIELDS:
        lists = {"lacks": name, "status": AccountStatus.ACTIVE.value}
        yield Figure(f"{_LACKS}{name}", completeness.label(name), lists, field=name)


FIGURES = {figure.code: figure for figure in _figures()}
FIRST = tuple(f"{_LACKS}{name}" for name in ("owner", "business_id", completeness.INVOICE_ADDRESS, "invoice_email"))
"""What is lacking that hurts first."""


def figure_for(user: User, code: str) -> Figure | None:
    """The figure, if this person may see it."""
    return None if code in LEFT_OUT and not user.may(Perm.STEWARD) else FIGURES.get(code)


# --- Now --------------------------------------------------------------------------------------------------------------
def _active(accounts: QuerySet[Account]) -> QuerySet[Account]:
    return accounts.filter(status=AccountStatus.ACTIVE).order_by()


def _gaps(names: Iterable[str] = completeness.FIELDS) -> dict[str, Count]:
    counts = {f"{_LACKS}{name}": Count("pk", filter=completeness.lacking(name)) for name in names}
    return {ACCOUNTS: Count("pk"), **counts}


def completeness_for(user: User) -> dict[str, int]:
    """How many active accounts in sight there are, and how many lack each field. One query, which reads them once."""
    return _active(Account.objects.visible_to(user)).aggregate(**_gaps())


class _Counted(NamedTuple):
    """Rows that are counted as they are, and the way from one to the owner of its account."""

    rows: QuerySet[Any]
    owner: str


def _seen(model: Any, user: User | None) -> QuerySet[Any]:
    """The records of the accounts in sight; all of them for the record."""
    rows: QuerySet[Any] = model.objects.all() if user is None else model.objects.visible_to(user)
    return rows.order_by()


def _matters(user: User | None = None) -> dict[str, _Counted]:
    """The rows behind each matter."""
    conflicts, proposals, sites = (_seen(model, user) for model in (MasterConflict, LinkProposal, Site))
    stranded = sites.filter(~Q(account__status=AccountStatus.ACTIVE), is_active=True)
    return {
        CONFLICTS: _Counted(conflicts.filter(resolved_at=None), "account__owner"),
        DUPLICATES: _Counted(proposals.filter(prospect_selectors.OPEN), "prospect__owner"),
        STRANDED_SITES: _Counted(stranded, "account__owner"),
    }


def matters_for(user: User) -> dict[str, int]:
    """How many there are of each in sight. One query each."""
    return {code: matter.rows.count() for code, matter in _matters(user).items()}


class LeftOut(NamedTuple):
    """What the last run of a feed left out and nobody has dealt with."""

    number: int
    run_id: int | None


def left_out(user: User | None = None) -> dict[str, LeftOut]:
    """By figure; nothing for people who do not see such rows. Nobody asks for the record. One query.

    The last run is the last that read the rows of a source: one of a file that was there before read none, and one of rows that
    somebody put right read only these.
    """
    if user is not None and not user.may(Perm.STEWARD):
        return {}
    read = Q(status__in=[JobRun.Status.APPLIED, JobRun.Status.QUARANTINED])
    read |= Q(Exists(QuarantinedRow.objects.filter(run=OuterRef("pk"))), status=JobRun.Status.UNCHANGED)
    of_sources = JobRun.objects.filter(read, kind__in=LEFT_OUT.values()).exclude(counts__has_key="of")
    latest = of_sources.order_by().values("kind").annotate(last=Max("pk"))
    rows = QuarantinedRow.objects.filter(handling=Handling.OPEN, run__in=latest.values("last")).order_by()
    found = {row["run__kind"]: row for row in rows.values("run__kind", "run").annotate(number=Count("pk"))}
    numbers = {code: found.get(kind) for code, kind in LEFT_OUT.items()}
    return {code: LeftOut(row["number"], row["run"]) if row else LeftOut(0, None) for code, row in numbers.items()}


# --- By owner ---------------------------------------------------------------------------------------------------------
class OwnerShare(NamedTuple):
    """How many a person has; `of` their active accounts, None where it is not a share of them. Nobody: no key, no name."""

    owner_id: int | None
    name: str
    number: int
    of: int | None


def by_owner(figure: Figure, user: User) -> list[OwnerShare]:
    """Whose they are, those with the most first, people without any left out. One query."""
    if figure.field:
        counts = _gaps([figure.field])
        rows = _by(_active(Account.objects.visible_to(user)), "owner", of=counts[ACCOUNTS], number=counts[figure.code])
    elif figure.code in LEFT_OUT:
        return []
    else:
        matter = _matters(user)[figure.code]
        rows = _by(matter.rows, matter.owner, number=Count("pk"))
    shares = [OwnerShare(key, name or username or "", row["number"], row.get("of")) for key, name, username, row in rows]
    return sorted((share for share in shares if share.number), key=lambda share: (-share.number, share.name, share.owner_id or 0))


def _by(rows: QuerySet[Any], owner: str, **counts: Count) -> Iterator[tuple[int | None, str, str, dict[str, Any]]]:
    names = (owner, f"{owner}__display_name", f"{owner}__username")
    for row in rows.values(*names).annotate(**counts):
        yield *(row[name] for name in names), row


# --- Over time --------------------------------------------------------------------------------------------------------
def figures_now() -> Iterator[QualityFigure]:
    """Today's figures as they are noted: of every owner, without those that are 0. Five queries."""
    day = clock.today()
    for owner, _name, _username, row in _by(_active(Account.objects.all()), "owner", **_gaps()):
        gaps = [(code, row[code]) for code in (ACCOUNTS, *(f"{_LACKS}{name}" for name in completeness.FIELDS))]
        yield from (QualityFigure(day=day, figure=code, owner_id=owner, number=number) for code, number in gaps if number)
    for code, matter in _matters().items():
        for owner, _name, _username, row in _by(matter.rows, matter.owner, number=Count("pk")):
            yield QualityFigure(day=day, figure=code, owner_id=owner, number=row["number"])
    for code, found in left_out().items():
        if found.number:
            yield QualityFigure(day=day, figure=code, number=found.number)


def noted_in_sight(user: User) -> QuerySet[QualityFigure]:
    """What was noted of the owners in this person's sight: those of the team or the unit, for others all and nobody's too."""
    if not user.may(Perm.ACCOUNT_VIEW):
        return QualityFigure.objects.none()
    seen = QualityFigure.objects.order_by()
    if user.scope == Scope.ALL:
        return seen if user.may(Perm.STEWARD) else seen.exclude(figure__in=LEFT_OUT)
    return seen.filter(_owners(user, "owner"))


def _owners(user: User, path: str) -> Q:
    """Rows of the owners in sight of somebody who does not see all; `path` leads to the owner."""
    own = Q(**{path: user})
    if user.scope == Scope.UNIT and user.unit_id is not None:
        own |= Q(**{f"{path}__team__unit": user.unit_id})
    elif user.team_id is not None:
        own |= Q(**{f"{path}__team": user.team_id})
    return own


class Noted(NamedTuple):
    """What was noted on a day: the number, and how many active accounts there were."""

    day: dt.date
    number: int
    of: int


def noted(figure: Figure, user: User, days: int) -> list[Noted]:
    """What was noted of the last `days`, in their order; of a year one day a week. One query."""
    since = clock.today() - dt.timedelta(days=days)
    rows = noted_in_sight(user).filter(day__gt=since, figure__in=(figure.code, ACCOUNTS)).values("day", "figure")
    by_day: dict[dt.date, dict[str, int]] = {}
    for row in rows.annotate(sum=Sum("number")):
        by_day.setdefault(row["day"], {})[row["figure"]] = row["sum"]
    found = [Noted(day, on_day.get(figure.code, 0), on_day.get(ACCOUNTS, 0)) for day, on_day in sorted(by_day.items())]
    return found if days <= DAILY else [row for row in found if (found[-1].day - row.day).days % 7 == 0]


DAILY = 90
"""Of so many days every one is shown."""


class Changes(NamedTuple):
    """How each figure has changed since a day; no day while there is nothing to compare."""

    since: dt.date | None
    by_figure: dict[str, int]


def changes(user: User, numbers: Mapping[str, int]) -> Changes:
    """From the last night that was noted to now. `numbers`: those in sight.

    Two queries, and four more for people who do not see all: what was noted is kept by owner, so what the same
    owners have now is compared with it.
    """
    seen = noted_in_sight(user)
    last = seen.aggregate(last=Max("day"))["last"]
    if last is None:
        return Changes(None, {})
    then = {row["figure"]: row["sum"] for row in seen.filter(day=last).values("figure").annotate(sum=Sum("number"))}
    now = numbers if user.scope == Scope.ALL else _of_owners_in_sight(user)
    return Changes(last, {figure: number - then.get(figure, 0) for figure, number in now.items()})


def _of_owners_in_sight(user: User) -> dict[str, int]:
    found: dict[str, int] = _active(Account.objects.filter(_owners(user, "owner"))).aggregate(**_gaps())
    matters = _matters().items()
    return found | {code: matter.rows.filter(_owners(user, matter.owner)).count() for code, matter in matters}
