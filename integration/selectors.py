"""Reads of runs, of what they changed or would change, and of what they left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from accounts.models import MASTER_LOOK_UPS, Account, AccountQuerySet, AccountStatus
from accounts.selectors import labels_of_codes, shown
from catalog.models import Product
from core import events
from core.models import Event, JobRun
from integration import product_changes
from integration.choices import Handling, What
from integration.models import CUSTOMER_SYNC, PRODUCT_IMPORT, Intake, ProposedChange, QuarantinedRow, RowDecision, SyncSettings
from users.models import User
from users.roles import Perm

KINDS = (CUSTOMER_SYNC, PRODUCT_IMPORT)
MOST_PARENTS = 20
"""Accounts that are offered as the parent of a row."""


# --- Runs -------------------------------------------------------------------------------------------------------------
def run_list_for(user: User) -> QuerySet[JobRun]:
    """The runs of all feeds; stewards only."""
    if not user.may(Perm.STEWARD):
        return JobRun.objects.none()
    return JobRun.objects.filter(kind__in=KINDS).select_related("started_by")


def running_run() -> JobRun | None:
    """The run of a feed that goes on, if there is one; that its worker lives is another question."""
    running = JobRun.objects.filter(kind__in=KINDS, status=JobRun.Status.RUNNING)
    return running.select_related("started_by").order_by("-lease_until", "pk").first()


CAME_RIGHT = (JobRun.Status.APPLIED, JobRun.Status.UNCHANGED)
ROWS_THAT_CAME_RIGHT = Q(counts__has_key="of", status__in=CAME_RIGHT)
"""Runs of single rows that somebody put right, and that are done with."""


def waiting_runs(user: User) -> QuerySet[JobRun]:
    """Those that were stopped, or ask before they change anything, the latest first. Mere tries do not wait."""
    waits = Q(status=JobRun.Status.QUARANTINED) | Q(status=JobRun.Status.DRY_RUN, counts__has_key="asks")
    return run_list_for(user).filter(waits).order_by("-pk")


def runs_come_right(kind: str) -> QuerySet[JobRun]:
    """The runs of this kind that did what was to be done, the latest first."""
    return JobRun.objects.filter(kind=kind, status__in=CAME_RIGHT).order_by("-pk")


def run_before(run: JobRun) -> JobRun | None:
    """The last run of the same kind before this one that came to an end by itself; what was only tried is none."""
    others = (JobRun.Status.RUNNING, JobRun.Status.CANCELLED, JobRun.Status.REJECTED, JobRun.Status.DRY_RUN)
    return _of_sources(run).filter(pk__lt=run.pk).exclude(status__in=others).order_by("-pk").first()


def run_applied_since(run: JobRun) -> JobRun | None:
    """A newer run of the same kind that changed something."""
    return _of_sources(run).filter(pk__gt=run.pk, status=JobRun.Status.APPLIED).order_by("-pk").first()


def rejection_of(run: JobRun) -> Event | None:
    """Who rejected the run, when and why."""
    return events.timeline(run).filter(verb="run_rejected").order_by("-pk").first()


def _of_sources(run: JobRun) -> QuerySet[JobRun]:
    """The runs of this kind, without those of single rows that somebody put right."""
    return JobRun.objects.filter(kind=run.kind).exclude(counts__has_key="of")


def intake_of(run: JobRun) -> Any:
    """What the run works on, an `Intake`; None for runs from before there were any. The file itself is not read; `is_kept`
    tells whether the run can be worked on once more."""
    is_kept = ExpressionWrapper(~Q(content=None), output_field=BooleanField())
    return Intake.objects.filter(run=run).annotate(is_kept=is_kept).select_related("released_by").defer("content").first()


def events_of(run: JobRun) -> list[Event]:
    """What people did with the run, in order."""
    return list(events.timeline(run).order_by("pk"))


def settings_in_force() -> SyncSettings:
    """The settings of the admin, else the defaults."""
    return SyncSettings.objects.first() or SyncSettings(pk=1)


# --- Quarantine -------------------------------------------------------------------------------------------------------
def quarantine_of(run: JobRun, user: User) -> QuerySet[QuarantinedRow]:
    rows: QuerySet[QuarantinedRow] = QuarantinedRow.objects.visible_to(user).filter(run=run)
    return rows.select_related("handled_by")


def open_rows_of(run: JobRun, user: User) -> QuerySet[QuarantinedRow]:
    """Those that nobody has dealt with yet."""
    return quarantine_of(run, user).filter(handling=Handling.OPEN)


def row_for(user: User, pk: int) -> QuarantinedRow | None:
    row: QuarantinedRow | None = QuarantinedRow.objects.visible_to(user).select_related("run").filter(pk=pk).first()
    return row


def decision_about(row: QuarantinedRow) -> RowDecision | None:
    """What somebody said about this row of the master before."""
    return RowDecision.objects.filter(child_id=row.key).select_related("by").first() if row.key else None


def parents_matching(text: str) -> list[Account]:
    """Accounts of the master that could be the parent of a row, by name or number."""
    return list(parents().matching(text).order_by("name", "pk")[:MOST_PARENTS]) if text.strip() else []


def parents() -> AccountQuerySet:
    """Accounts that the master knows, by a number of their own."""
    return Account.objects.filter(parent_customer_id__isnull=False).exclude(status=AccountStatus.MERGED)


# --- Changes ----------------------------------------------------------------------------------------------------------
VERBS: dict[What, str] = {
    What.CREATED: "master_created",
    What.UPDATED: "master_updated",
    What.DEACTIVATED: "master_deactivated",
    What.REACTIVATED: "master_reactivated",
    What.MOVED: "master_moved",
}
"""The event by which an account tells of it; a new name is an update, of the field."""


def told_of(run: JobRun, user: User, what: What | None = None) -> QuerySet[Event]:
    """What the run did to accounts, one event after the other; `what`: of this kind."""
    seen = Account.objects.with_merged_visible_to(user).order_by().values("pk")
    told = events.of_run(run, Account).filter(verb__in=VERBS.values(), subject_id__in=seen)
    return told if what is None else told.filter(_happened(what, "data__changes"))


TOLD = ("-subject_id", "-pk")
"""The order in which they are shown: the newest accounts first, and what happened to one together."""
MOST_PROPOSED = 5_000
"""Changes that a run which waits shows, the most serious first."""


def proposed_of(run: JobRun, user: User, what: What | None = None) -> QuerySet[ProposedChange]:
    """What the run would do; of products also what it did."""
    if not user.may(Perm.STEWARD):
        return ProposedChange.objects.none()
    changes = ProposedChange.objects.filter(run=run).select_related("account")
    return changes if what is None else changes.filter(_happened(what, "changes"))


def _happened(what: What, changes: str) -> Q:
    return Q(**{f"{changes}__has_key": "name"}) & ~Q(verb=VERBS[What.CREATED]) if what == What.RENAMED else Q(verb=VERBS[what])


@dataclass(frozen=True)
class FieldChange:
    """One field of an account or a product before and after a run, as text."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class News:
    """What a run did to an account or a product, or would do to it; those are None where they are not there yet."""

    number: str
    name: str
    verb: str
    changes: list[FieldChange]
    account: Account | None = None
    product: Product | None = None


def news_of(told: list[Event]) -> list[News]:
    """The same of events, in their order. Two queries at most."""
    accounts = Account.objects.in_bulk([event.subject_id for event in told])
    changes = _changes([event.data.get("changes", {}) for event in told])
    return [_news(accounts[event.subject_id], event, changed) for event, changed in zip(told, changes, strict=True)]


def _news(account: Account, event: Event, changed: list[FieldChange]) -> News:
    return News(account.parent_customer_id or "", account.name, event.verb, changed, account)


def news_proposed(rows: list[ProposedChange]) -> list[News]:
    """The same of what a run would do. One query at most."""
    changes = _changes([row.changes for row in rows])
    return [News(row.number, row.name, row.verb, changed, row.account) for row, changed in zip(rows, changes, strict=True)]


def news_of_products(rows: list[ProposedChange], user: User) -> list[News]:
    """What a run did to products, or would do; with those that the reader may open. One query."""
    products = {product.sku: product for product in Product.objects.visible_to(user).filter(sku__in=[row.number for row in rows])}
    return [_product_news(row, products.get(row.number)) for row in rows]


def _product_news(row: ProposedChange, product: Product | None) -> News:
    changes = [
        FieldChange(product_changes.label(field), *(product_changes.shown(field, text) for text in pair))
        for field, pair in sorted(row.changes.items(), key=lambda change: product_changes.place(change[0]))
    ]
    return News(row.number, product.name if product else row.name, row.verb, changes, product=product)


def _changes(told: list[dict[str, list[str]]]) -> list[list[FieldChange]]:
    """The changes of some accounts, ready to read. One query where there are codes among them."""
    codes: dict[str, set[str]] = {}
    for changes in told:
        for field in changes.keys() & MASTER_LOOK_UPS.keys():
            codes.setdefault(field, set()).update(filter(None, changes[field]))
    labels = labels_of_codes(codes)
    return [
        [FieldChange(_label(field), *(_words(field, value, labels) for value in pair)) for field, pair in changes.items()]
        for changes in told
    ]


def _words(field: str, value: str, labels: Mapping[tuple[str, str], str]) -> str:
    if field == "status":
        return str(dict(AccountStatus.choices).get(value, value))
    return labels.get((field, value)) or shown(field, value)


def _label(field: str) -> str:
    """The name of a field as people read it; what is no field of an account is called as the run calls it."""
    try:
        column: Any = Account._meta.get_field(field)
    except FieldDoesNotExist:
        return field
    return str(column.verbose_name)
