"""Reads of the mail a day: what waits for a person, and what was decided or handed over since the last one."""

import datetime as dt

from django.db.models import Q, QuerySet

from approvals import registry, selectors
from approvals.choices import RequestStatus, RunStatus
from approvals.models import Decision, Request
from core import clock, events
from core.models import Event, Link
from users.models import ApprovalMail, User


def readers(opened: dt.datetime) -> list[int]:
    """Keys of those who want one mail a day and have not had that of the day which began then."""
    people = User.objects.filter(is_active=True, approval_mail=ApprovalMail.DAILY, approval_digest_at__lt=opened)
    return list(people.order_by("pk").values_list("pk", flat=True))


def waiting(person: User) -> QuerySet[Request]:
    """What waits for this person, the most pressing first."""
    return selectors.waiting_for(person).select_related("run__requested_by").order_by("due_at", "pk")


def decided(person: User, since: dt.datetime, until: dt.datetime) -> QuerySet[Decision]:
    """What others decided of what the person asked, and what the person decided."""
    mine = Q(requested_by=person) | Q(decided_by=person)
    return (
        Decision.objects.filter(mine, at__gte=since, at__lt=until)
        .select_related("decided_by", "request__run")
        .order_by("at", "pk")
    )


def handed_over(person: User, since: dt.datetime, until: dt.datetime) -> list[tuple[Request, Event]]:
    """Open requests of the person that somebody else is asked about by now, each with the last time that this happened."""
    asked = Request.objects.filter(
        run__requested_by=person, run__status=RunStatus.OPEN, status=RequestStatus.PENDING, is_open=True
    )
    requests = {(one.run.subject_type, one.run.subject_id): one for one in asked.select_related("run", "approver")}
    one_of_each = dict(requests.keys())
    filed = {events.subject_type(registry.subject_for(kind).read(pk)): kind for kind, pk in one_of_each.items()}
    told = Event.objects.filter(
        verb="approval_handed_over",
        at__gte=since,
        at__lt=until,
        subject_type__in=filed,
        subject_id__in={pk for _kind, pk in requests},
    )
    last = {(filed[event.subject_type], event.subject_id): event for event in told.exclude(by=person).order_by("pk")}
    return [(requests[subject], event) for subject, event in last.items() if subject in requests]


def living_links(person: User, request_ids: list[int]) -> dict[int, Link]:
    """By request the newest of the person's links that still opens."""
    live = Link.objects.filter(
        purpose=Link.Purpose.APPROVAL, subject_id__in=request_ids, person=person, revoked_at=None, expires_at__gt=clock.now()
    )
    return {link.subject_id: link for link in live.order_by("pk")}
