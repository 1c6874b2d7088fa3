"""How the load of approvals lies, for those who watch over it.

They see what people of theirs have asked for, and what people of theirs are asked (`policies.oversees`). Of a request they get to
know what it is about only when one of theirs asked for it; another one is counted, and says who asked whom since when.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from django.db.models import Count, Min, Q, QuerySet

from approvals import inbox, policies
from approvals.choices import RequestStatus
from approvals.inbox import Row
from approvals.models import Request
from approvals.summary import Short
from users.models import User, UserQuerySet
from users.roles import Perm


def people_of(user: User) -> UserQuerySet:
    """Everybody this person oversees, who have left too; as `policies.oversees`."""
    everybody: UserQuerySet = User.objects.get_queryset()
    if policies.oversees_everybody(user):
        return everybody
    theirs = Q(team__manager=user)
    if user.may(Perm.APPROVE_MARGIN) and user.unit_id is not None:
        theirs |= Q(team__unit=user.unit_id)
    return everybody.filter(theirs).order_by()


def overseen(user: User, *people: str) -> Q:
    """Rows of which one of the fields `people` names somebody this person oversees."""
    if policies.oversees_everybody(user):
        return Q()
    found, theirs = Q(), people_of(user).values("pk")
    for name in people:
        found |= Q(**{f"{name}__in": theirs})
    return found


def open_requests(user: User) -> QuerySet[Request]:
    """The requests that wait for somebody, as far as this person oversees them."""
    waiting = Request.objects.filter(status=RequestStatus.PENDING, is_open=True)
    return waiting.filter(overseen(user, "approver", "run__requested_by"))


class Load(NamedTuple):
    """How much waits for one person; `key` and `name` are None of the stewards' queue."""

    key: int | None
    name: str | None
    number: int
    oldest: dt.datetime
    late: int


def load_of(user: User, *, now: dt.datetime) -> list[Load]:
    """Everybody for whom something waits, the most burdened first. One query."""
    by_person = open_requests(user).order_by().values_list("approver", "approver__display_name")
    late = Count("pk", filter=Q(due_at__lt=now))
    counted = by_person.annotate(number=Count("pk"), oldest=Min("asked_at"), overdue=late)
    return sorted((Load(*row) for row in counted), key=lambda load: (-load.number, load.name or "", load.key or 0))


def requests_waiting_for(user: User, person: int | None) -> QuerySet[Any]:
    """What waits for one person, None for the queue, as far as `user` oversees it."""
    waiting = open_requests(user).filter(approver=person)
    return inbox.with_briefs(waiting).select_related("run__requested_by__team")


def rows_of(requests: Iterable[Any], user: User, *, now: dt.datetime) -> list[Row]:
    """The rows, without what this person does not get to know."""
    return [row if _tells(user, row.request) else _silent(row) for row in inbox.rows_of(requests, user, now=now)]


def _tells(user: User, request: Request) -> bool:
    return request.approver_id == user.pk or policies.oversees(user, request.run.requested_by)


def _silent(row: Row) -> Row:
    return replace(row, title="", customer="", short=Short("", "", "", 0, ""), amount=None)
