"""The inbox: what waits for somebody, what they asked for and what they answered, as rows that are ready to show."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KT, KeyTransform

from approvals import registry, selectors, summary
from approvals.choices import RequestStatus
from approvals.models import Decision, Request
from core.languages import active
from users.models import User
from users.roles import Perm

ORDERS: dict[str, tuple[str, ...]] = {"waiting": ("due_at", "pk"), "asked": ("-pk",), "done": ("-pk",)}
"""The tabs, and how their rows stand."""
WAITING = "waiting"


def requests_of(user: User, tab: str) -> QuerySet[Any]:
    """What waits for this person ("waiting"), what they asked ("asked") or what they answered ("done")."""
    if tab == "asked":
        return with_briefs(Request.objects.filter(run__requested_by=user))
    if tab == "done":
        return with_briefs(Request.objects.filter(decision__decided_by=user))
    return with_briefs(selectors.waiting_for(user))


def with_briefs(requests: QuerySet[Request]) -> QuerySet[Any]:
    """The requests with what a row says of them, which is a small part of what they show. Two queries."""
    language = active()
    people = ("approver", "run__requested_by", "run__last_editor", "decision__decided_by")
    return (
        requests.select_related(*people)
        .prefetch_related("gates")
        .defer("summary")
        .annotate(
            title=KT(f"summary__title__{language}"),
            customer=KT("summary__customer"),
            sentence=KT(f"summary__sentences__{language}__0"),
            brief=KeyTransform("brief", "summary"),
        )
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A request as lists show it. `margin` is empty for whoever may not see it; so are limits that are margins."""

    request: Request
    kind: str
    gates: list[str]
    title: str
    customer: str
    short: summary.Short
    amount: Decimal | None
    is_late: bool
    decision: Decision | None

    @property
    def margin(self) -> str:
        return self.short.margin


def rows_of(requests: Iterable[Any], reader: User, *, now: dt.datetime) -> list[Row]:
    """The rows of `with_briefs` as this person sees them, in the active language."""
    language, with_margin = active(), reader.may(Perm.MARGIN_VIEW)
    return [_row(request, language, with_margin, now) for request in requests]


def _row(request: Any, language: str, with_margin: bool, now: dt.datetime) -> Row:
    gates = list(request.gates.all())
    short = summary.short(
        request.brief,
        [gate.gate for gate in gates],
        sentence=request.sentence or "",
        language=language,
        with_margin=with_margin,
    )
    return Row(
        request=request,
        kind=registry.label_of(request.run.subject_type),
        gates=[gate.label for gate in gates],
        title=request.title or f"{request.run.subject_type} {request.run.subject_id}",
        customer=request.customer or "",
        short=short,
        amount=request.run.amount,
        is_late=is_open(request) and request.due_at < now,
        decision=request.decision_or_none,
    )


def is_open(request: Request) -> bool:
    """Whether somebody is being asked."""
    return request.is_open and request.status == RequestStatus.PENDING
