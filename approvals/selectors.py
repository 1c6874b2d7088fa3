"""Reads of approvals, and their locks. The order everywhere: subject → run → requests by pk → link."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import Count, Func, IntegerField, Prefetch, Q, QuerySet
from django.db.models.fields.json import KT
from django.utils.translation import get_language

from approvals import registry
from approvals.choices import RequestStatus, RunStatus
from approvals.models import ApprovalSettings, Gate, Request, RequestQuerySet, Run, RunGate
from core import clock, db
from core.errors import NotFound
from core.models import Link
from core.prepared import Prepared
from users.models import User
from users.roles import Perm

_requests = Prepared(
    lambda run_id: (
        Request.objects.select_for_update(**db.lock_options("self", "run"))
        .filter(run=run_id)
        .select_related("run")
        .defer("summary")
        .order_by("pk")
    )
)
_run_gates = Prepared(lambda run_id: RunGate.objects.filter(run=run_id))


def requests_for_update(run_id: int) -> list[Request]:
    """All requests of a run with their gates, locked with their one run in the order of their keys, without what they show.

    Lock the subject first.
    """
    requests: list[Request] = _requests.rows(run_id)
    gates = _run_gates.rows(run_id)
    for request in requests:
        own = [gate for gate in gates if gate.request_id == request.pk]
        vars(request)["_prefetched_objects_cache"] = {"gates": own}  # as prefetch_related leaves it
        request.run = requests[0].run
    return requests


def link_for_update(link_id: int) -> Link:
    """The link, locked. Lock its request first."""
    return Link.objects.select_for_update(**db.lock_options()).get(pk=link_id)


_open_runs = Prepared(lambda kind, pk: Run.objects.filter(subject_type=kind, subject_id=pk, status=RunStatus.OPEN))
_rounds = Prepared(
    lambda kind, pk: Run.objects.filter(subject_type=kind, subject_id=pk).order_by("-id").values_list("status", flat=True)[:1]
)


def open_run(subject_type: str, subject_id: int) -> Run | None:
    """The round of approval under way for this subject, if there is one."""
    run: Run | None = _open_runs.first(subject_type, subject_id)
    return run


def subjects_asked_about(subject_type: str, subject_ids: Iterable[int]) -> set[int]:
    """Those of the subjects about which a run is open. One query."""
    runs = Run.objects.filter(subject_type=subject_type, subject_id__in=subject_ids, status=RunStatus.OPEN)
    return set(runs.values_list("subject_id", flat=True))


def was_rejected(subject_type: str, subject_id: int) -> bool:
    """Whether the last round of this subject ended with a no."""
    status: str | None = _rounds.first(subject_type, subject_id)
    return status == RunStatus.REJECTED


def history(subject_type: str, subject_id: int) -> list[Run]:
    """All rounds of this subject, the latest first, with `requests` (approver, gates, decision) read ahead."""
    runs = Run.objects.filter(subject_type=subject_type, subject_id=subject_id).select_related("requested_by")
    requests = Request.objects.select_related("approver", "decision__decided_by").prefetch_related("gates")
    return list(runs.prefetch_related(Prefetch("requests", requests)).order_by("-id"))


def gate_for(code: str) -> Gate | None:
    """The definition in use; None when there is none, and stewards answer."""
    return Gate.objects.filter(code=code, is_active=True).first()


def settings_in_force() -> ApprovalSettings:
    """The settings of the admin, else the defaults."""
    return ApprovalSettings.objects.first() or ApprovalSettings(pk=1)


_gates = Prepared(Gate.objects.order_by)
_people = {
    permission: Prepared(
        lambda permission=permission: User.objects.holding(permission).select_related("team").order_by("display_name", "pk")
    )
    for permission in Perm
}


class Choice(NamedTuple):
    """Who may decide a gate of a subject: active, with the permission, of the unit or all units, not involved.

    `definition` is None when the gate is not in use. Nobody `eligible`: the stewards' queue is asked.
    """

    code: str
    label: str
    definition: Gate | None
    eligible: list[User]


def choices_for(codes: Iterable[str], subject_type: str, subject: Any, requester: User, last_editor_id: int) -> list[Choice]:
    """Whom the requester may ask, gate by gate."""
    gates = {gate.code: gate for gate in _gates.rows()}
    involved = {requester.pk, last_editor_id}
    choices = []
    for code in codes:
        gate = gates.get(code)
        definition = gate if gate is not None and gate.is_active else None
        eligible = _eligible(Perm(definition.permission), subject_type, subject, involved) if definition else []
        choices.append(Choice(code, gate.label if gate else code, definition, eligible))
    return choices


def _eligible(permission: Perm, subject_type: str, subject: Any, involved: set[int]) -> list[User]:
    candidates = [person for person in _people[permission].rows() if person.pk not in involved]
    return list(registry.subject_for(subject_type).eligible(subject, candidates))


def successors(request: Request, requests: Iterable[Request], subject: Any) -> list[User]:
    """Who may be asked in the place of whoever is asked now: those who may decide all its gates, and are not asked in this run
    already."""
    run = request.run
    asked = {other.approver_id for other in requests if other.approver_id is not None}
    left_out = {run.requested_by_id, run.last_editor_id} | asked
    people: list[User] | None = None
    for gate in request.gates.all():
        eligible = _eligible(Perm(gate.definition.get("permission") or gate.permission), run.subject_type, subject, left_out)
        people = eligible if people is None else [person for person in people if person in eligible]
    return people or []


_asked_before = Prepared(
    lambda gate, requester_id: (
        Request.objects.filter(gates__gate=gate, run__requested_by=requester_id, approver__isnull=False)
        .order_by("-run_id")
        .values_list("approver", flat=True)[:20]
    )
)


def preselected(choice: Choice, requester: User) -> User | None:
    """Of the eligible: last asked for this gate by this person, else their manager, else fewest open requests, lowest key."""
    by_pk = {user.pk: user for user in choice.eligible}
    if not by_pk:
        return None
    last = next((pk for pk in _asked_before.rows(choice.code, requester.pk) if pk in by_pk), None)
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
    return _whole(Request.objects.visible_to(user))


def _whole(requests: RequestQuerySet) -> RequestQuerySet:
    people = ("approver", "run__requested_by", "run__last_editor", "decision__decided_by")
    return requests.select_related(*people).prefetch_related("gates")


def with_titles(requests: QuerySet[Request]) -> Any:
    """The requests with `title` and `customer` in the active language, without the rest of what they show."""
    title, customer = KT(f"summary__title__{get_language()}"), KT("summary__customer")
    return requests.defer("summary").annotate(title=title, customer=customer)


def titled(pk: int) -> Request:
    """This request, for whoever has just changed it."""
    request: Request = with_titles(_whole(Request.objects.all())).get(pk=pk)
    return request


def _place(requests: QuerySet[Request]) -> QuerySet[Any]:
    return requests.order_by().values_list("run_id", "run__subject_type", "run__subject_id")


_places = Prepared(lambda pk: _place(Request.objects.filter(pk=pk)))
_places_in_sight = Prepared(lambda user, pk: _place(Request.objects.visible_to(user).filter(pk=pk)))


def place_of(request_id: int, seen_by: User | None) -> tuple[int, str, int]:
    """`(run, subject type, subject)` of a request, by their keys. Raises: NotFound when it is out of this person's sight."""
    places = _places.rows(request_id) if seen_by is None else _places_in_sight.rows(seen_by, request_id)
    if not places:
        raise NotFound
    place: tuple[int, str, int] = places[0]
    return place


def request_of_link(link: Link, uuid: Any) -> Request | None:
    """The request that this link opens, when the address is that of the same request."""
    return _whole(Request.objects.filter(pk=link.subject_id, uuid=uuid)).first()


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


_waiting = Prepared(
    lambda user: (
        waiting_for(user).order_by().values_list(Func(function="COUNT", template="COUNT(*)", output_field=IntegerField()))
    )
)


def waiting_count(user: User) -> int:
    """How many requests wait for this person."""
    found = _waiting.first(user)
    return found[0] if found else 0


def waiting_for(user: User) -> RequestQuerySet:
    """What waits for this person and is theirs to decide; stewards see the queue."""
    return Request.objects.waiting_for(user).exclude(_involved(user))


def asked_of(user: User) -> Q:
    """Requests that this person was asked in; for stewards those of the queue as well, unless they are involved."""
    asked = Q(approver=user)
    return asked | (Q(approver=None) & ~_involved(user)) if user.may(Perm.STEWARD) else asked


def _involved(user: User) -> Q:
    return Q(run__requested_by=user) | Q(run__last_editor=user)


def to_remind(now: dt.datetime, most: int) -> list[int]:
    """Keys of requests whose time for a reminder has come, locked; those that somebody works on come later."""
    waiting = Request.objects.filter(status=RequestStatus.PENDING, is_open=True, remind_at__lte=now)
    locked = waiting.select_for_update(skip_locked=bool(db.skip_locked())).order_by("remind_at", "pk")[:most]
    return [request.pk for request in locked.only("pk")]


def to_pass_on(now: dt.datetime, most: int) -> list[int]:
    """Keys of requests that nobody has answered in time, or that wait for somebody who has left, the oldest first."""
    waiting = Request.objects.filter(status=RequestStatus.PENDING, is_open=True, escalated_at=None)
    late = waiting.filter(Q(due_at__lt=now) | Q(approver__is_active=False))
    return list(late.order_by("due_at", "pk").values_list("pk", flat=True)[:most])


def is_to_pass_on(request: Request, now: dt.datetime) -> bool:
    """The same of one that is locked."""
    is_waiting = request.status == RequestStatus.PENDING and request.is_open and request.escalated_at is None
    has_left = request.approver is not None and not request.approver.is_active
    return is_waiting and (has_left or (request.due_at is not None and request.due_at < now))


def overdue(now: dt.datetime | None = None) -> RequestQuerySet:
    """Open requests past their time."""
    return Request.objects.filter(status=RequestStatus.PENDING, is_open=True, due_at__lt=now or clock.now())
