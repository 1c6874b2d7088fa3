"""Reads of approvals, and their locks. The order everywhere: subject → run → requests by pk → link."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Prefetch, Q

from approvals import registry
from approvals.choices import RequestStatus, RunStatus
from approvals.models import Gate, Request, RequestQuerySet, Run
from core import clock, db
from core.models import Link
from users.models import User
from users.roles import Perm


def run_for_update(run_id: int) -> Run:
    """The run, locked. Lock its subject first."""
    return Run.objects.select_for_update(**db.lock_options()).get(pk=run_id)


def requests_for_update(run: Run) -> list[Request]:
    """All requests of the run, locked in the order of their keys, without what they show. Lock the run first."""
    locked = Request.objects.select_for_update(**db.lock_options()).filter(run=run).defer("summary")
    requests = list(locked.select_related("approver").prefetch_related("gates").order_by("pk"))
    for request in requests:
        request.run = run
    return requests


def link_for_update(link_id: int) -> Link:
    """The link, locked. Lock its request first."""
    return Link.objects.select_for_update(**db.lock_options()).get(pk=link_id)


def open_run(subject_type: str, subject_id: int) -> Run | None:
    """The round of approval under way for this subject, if there is one."""
    return Run.objects.filter(subject_type=subject_type, subject_id=subject_id, status=RunStatus.OPEN).first()


def was_rejected(subject_type: str, subject_id: int) -> bool:
    """Whether the last round of this subject ended with a no."""
    rounds = Run.objects.filter(subject_type=subject_type, subject_id=subject_id).order_by("-id")
    return rounds.values_list("status", flat=True).first() == RunStatus.REJECTED


def history(subject_type: str, subject_id: int) -> list[Run]:
    """All rounds of this subject, the latest first, with `requests` (approver, gates, decision) read ahead."""
    runs = Run.objects.filter(subject_type=subject_type, subject_id=subject_id).select_related("requested_by")
    requests = Request.objects.select_related("approver", "decision__decided_by").prefetch_related("gates")
    return list(runs.prefetch_related(Prefetch("requests", requests)).order_by("-id"))


def gate_for(code: str) -> Gate | None:
    """The definition in use; None when there is none, and stewards answer."""
    return Gate.objects.filter(code=code, is_active=True).first()


def eligible_approvers(gate: str, subject_type: str, subject: Any, requester: User, last_editor: User) -> list[User]:
    """Who may decide `gate` of this subject: active, with the permission, of the unit or all units, not involved.

    Empty when the gate is not defined or matches nobody: then the stewards' queue is asked.
    """
    definition = gate_for(gate)
    if definition is None:
        return []
    holders = User.objects.holding(Perm(definition.permission)).exclude(pk__in=[requester.pk, last_editor.pk])
    candidates = list(holders.select_related("team").order_by("display_name", "pk"))
    return list(registry.subject_for(subject_type).eligible(subject, candidates))


def default_approver(gate: str, subject_type: str, subject: Any, requester: User, last_editor: User) -> User | None:
    """Whom to preselect; None when nobody is eligible."""
    return preselected(gate, eligible_approvers(gate, subject_type, subject, requester, last_editor), requester)


def preselected(gate: str, eligible: Sequence[User], requester: User) -> User | None:
    """Of the eligible: last asked for this gate by this person, else their manager, else fewest open requests, lowest key."""
    by_pk = {user.pk: user for user in eligible}
    if not by_pk:
        return None
    asked = Request.objects.filter(gates__gate=gate, run__requested_by=requester, approver__in=by_pk)
    last = asked.order_by("-run_id").values_list("approver", flat=True).first()
    manager = requester.team.manager_id if requester.team else None
    for pk in (last, manager):
        if pk in by_pk:
            return by_pk[pk]
    pending = Request.objects.filter(approver__in=by_pk, status=RequestStatus.PENDING)
    load = dict(pending.order_by().values_list("approver").annotate(Count("pk")))
    return by_pk[min(by_pk, key=lambda pk: (load.get(pk, 0), pk))]


def stewards_for(run: Run) -> list[User]:
    """Who answers the queue for this run."""
    stewards = User.objects.holding(Perm.STEWARD).exclude(pk__in=[run.requested_by_id, run.last_editor_id])
    return list(stewards.order_by("pk"))


def requests_for(user: User) -> RequestQuerySet:
    """Requests in sight of this person with everything a page shows of them."""
    return (
        Request.objects.visible_to(user)
        .select_related("approver", "run__requested_by", "run__last_editor", "decision__decided_by")
        .prefetch_related("gates")
    )


def request_of_link(link: Link, uuid: Any) -> Request | None:
    """The request that this link opens, when the address is that of the same request."""
    found = Request.objects.select_related("approver", "run__requested_by", "run__last_editor", "decision__decided_by")
    return found.prefetch_related("gates").filter(pk=link.subject_id, uuid=uuid).first()


def steps(run: Run) -> list[Request]:
    """The requests of a run in the order in which they are asked, with approver and decision."""
    requests = Request.objects.filter(run=run).defer("summary").select_related("approver", "decision__decided_by")
    return list(requests.prefetch_related("gates").order_by("position", "pk"))


def inbox(user: User, tab: str) -> RequestQuerySet:
    """What waits for this person ("waiting"), what they asked ("asked") or what they answered ("done")."""
    requests = Request.objects.select_related("approver", "run__requested_by", "decision__decided_by")
    if tab == "asked":
        return requests.filter(run__requested_by=user)
    if tab == "done":
        return requests.filter(decision__decided_by=user)
    return requests.filter(pk__in=waiting_for(user).values("pk"))


def waiting_count(user: User) -> int:
    """How many requests wait for this person."""
    return waiting_for(user).count()


def waiting_for(user: User) -> RequestQuerySet:
    """What waits for this person and is theirs to decide; stewards see the queue."""
    return Request.objects.waiting_for(user).exclude(_involved(user))


def asked_of(user: User) -> Q:
    """Requests that this person was asked in; for stewards those of the queue as well, unless they are involved."""
    asked = Q(approver=user)
    return asked | (Q(approver=None) & ~_involved(user)) if user.may(Perm.STEWARD) else asked


def _involved(user: User) -> Q:
    return Q(run__requested_by=user) | Q(run__last_editor=user)


def overdue(now: dt.datetime | None = None) -> RequestQuerySet:
    """Open requests past their time."""
    return Request.objects.filter(status=RequestStatus.PENDING, is_open=True, due_at__lt=now or clock.now())
