"""What the home page shows: what needs this person, their pipeline, what they worked on last. A constant number of queries."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.fields.json import KT
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy as _

from accounts import conflicts, prospect_selectors as prospects
from approvals import selectors as approvals
from core import clock, deliveries, money
from core.models import JobRun
from integration import quality, selectors as integration
from opportunities.choices import OpportunityStatus
from opportunities.models import Opportunity
from quotes.choices import QuoteStatus
from quotes.models import Quote, QuoteQuerySet
from users.models import User
from users.roles import Perm

SHOWN = 6
EXPIRES_WITHIN = dt.timedelta(days=7)
OPEN_STAGES = (
    OpportunityStatus.NEW, OpportunityStatus.QUALIFIED, OpportunityStatus.QUOTING, OpportunityStatus.NEGOTIATION,
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """One row of "needs you": a record, why it is here, and the next step as a button."""

    why: str | Promise
    colour: str
    title: str
    account: str
    amount: Decimal | None
    until: dt.date | dt.datetime | None
    path: str
    action: str | Promise


@dataclass(frozen=True)
class Kind:
    """A reason for a quote to need its owner."""

    condition: Q
    why: str | Promise
    colour: str
    action: str | Promise


def _kinds(user: User, today: dt.date) -> list[Kind]:
    came_back = Q(status=QuoteStatus.DRAFT, pk__in=approvals.sent_back_to(user, "quote"))
    soon = Q(status=QuoteStatus.SENT, valid_until__lte=today + EXPIRES_WITHIN)
    return [
        Kind(Q(status=QuoteStatus.ACCEPTED), _("Accepted"), "green", _("Open")),
        Kind(Q(status=QuoteStatus.APPROVED), _("Approved, not sent"), "azure", _("Send")),
        Kind(soon, _("Expires soon"), "orange", _("Follow up")),
        Kind(came_back, _("Asked back or rejected"), "red", _("Look at it")),
        Kind(Q(status=QuoteStatus.DRAFT) & ~came_back, _("Draft"), "secondary", _("Continue")),
    ]


def tasks_for(user: User) -> list[Task]:
    """Approvals waiting first, then own prospects that may be customers, then the person's own quotes by kind; at most `SHOWN` of
    each. Seven queries."""
    return [*_approvals(user), *_proposals(user), *_quotes(user)]


def _proposals(user: User) -> Iterator[Task]:
    for proposal in prospects.own_open_proposals(user, SHOWN):
        path = reverse("account_page", args=[proposal.prospect_id])
        title, account = proposal.prospect.name, proposal.account.name
        yield Task(_("Customer already?"), "azure", title, account, None, None, path, _("Compare"))


def _approvals(user: User) -> Iterator[Task]:
    language = "fi" if get_language() == "fi" else "en"
    waiting: QuerySet[Any] = approvals.waiting_for(user).annotate(
        title=KT(f"summary__title__{language}"), customer=KT("summary__customer")
    )
    for request in waiting.defer("summary").order_by("due_at", "pk")[:SHOWN]:
        path = reverse("approval_detail", args=[request.pk])
        title, customer = request.title or "", request.customer or ""
        yield Task(_("Waits for your decision"), "red", title, customer, None, request.due_at, path, _("Review and decide"))


def _quotes(user: User) -> Iterator[Task]:
    mine = _visible_quotes(user).filter(owner=user)
    for kind in _kinds(user, clock.today()):
        for quote in mine.filter(kind.condition).order_by("valid_until", "-pk")[:SHOWN]:
            yield Task(
                kind.why,
                kind.colour,
                str(quote),
                quote.account.name,
                quote.net_total,
                quote.valid_until,
                quote_path(quote),
                kind.action,
            )


def _visible_quotes(user: User) -> QuoteQuerySet:
    return Quote.objects.visible_to(user).select_related("account")


def quote_path(quote: Quote) -> str:
    return reverse("quote_page", args=[quote.pk])


class Waiting(NamedTuple):
    """What waits for some steward: how many, and where they are."""

    label: str | Promise
    number: int
    path: str


def waiting_for_stewards(user: User) -> list[Waiting]:
    """Runs that wait for a decision, rows that were left out, conflicts, mails that were given up. Four queries; none for people
    who are no stewards."""
    return [row for row in _waiting(user) if row.number] if user.may(Perm.STEWARD) else []


def _waiting(user: User) -> Iterator[Waiting]:
    runs: dict[str, list[int]] = {}
    for pk, status in integration.waiting_runs(user).values_list("pk", "status"):
        runs.setdefault(status, []).append(pk)
    for status, label in ((JobRun.Status.QUARANTINED, _("Stopped runs")), (JobRun.Status.DRY_RUN, _("Runs that ask first"))):
        found = runs.get(status, [])
        only_one = reverse("sync_page", args=found) if len(found) == 1 else f"{reverse('sync_list')}?status={status.value}"
        yield Waiting(label, len(found), only_one)
    for code, left_out in quality.left_out(user).items():
        path = reverse("sync_quarantine", args=[left_out.run_id]) if left_out.run_id else ""
        yield Waiting(quality.FIGURES[code].label, left_out.number, path)
    open_conflicts = conflicts.conflict_list_for(user).filter(resolved_at=None)
    yield Waiting(quality.FIGURES[quality.CONFLICTS].label, open_conflicts.count(), reverse("conflict_list"))
    yield Waiting(_("Mails that were given up"), deliveries.dead().count(), reverse("outbox_list"))


@dataclass(frozen=True)
class Stage:
    label: str | Promise
    count: int
    value: Decimal


def pipeline_for(user: User) -> list[Stage]:
    """The person's open opportunities by stage; sums made here, not in SQL. One query."""
    mine = Opportunity.objects.visible_to(user).filter(owner=user, status__in=OPEN_STAGES).order_by()
    values: dict[str, list[Decimal]] = {}
    for status, value in mine.values_list("status", "value"):
        values.setdefault(status, []).append(value)
    return [Stage(stage.label, len(values[stage]), money.total(values[stage])) for stage in OPEN_STAGES if stage in values]


def last_quotes(user: User) -> list[Quote]:
    """What this person worked on last. One query."""
    mine = Q(owner=user) | Q(last_editor=user)
    return list(_visible_quotes(user).filter(mine).order_by("-pk")[:8])
