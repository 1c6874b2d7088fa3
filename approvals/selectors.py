"""Reads of approvals, and their locks. The order everywhere: subject → run → requests by pk → link."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.fields.json import KT
from django.utils.translation import get_language

from approvals import registry
from approvals.choices import RequestStatus, RunStatus, Who
from approvals.models import ApprovalSettings, Remark, Request, RequestQuerySet, Run, RunGate
from core import clock, db, events
from core.errors import NotFound
from core.models import Event, Link
from core.prepared import Prepared
from users.absences import stand_in
from users.models import User
from users.roles import Perm, codes_with
from users.selectors import away_on, role_codes_by_user

AT_ONCE = 1_000
"""So many requests the clock works through in one go."""
LAST_ESCALATION = 2

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
_statuses = Prepared(
    lambda kind, pk: Run.objects.filter(subject_type=kind, subject_id=pk).order_by("-id").values_list("status", flat=True)
)


def round_statuses(subject_type: str, subject_id: int) -> list[str]:
    """How the rounds of this subject stand, the latest first."""
    return _statuses.rows(subject_type, subject_id)


def open_run(subject_type: str, subject_id: int) -> Run | None:
    """The round of approval under way for this subject, if there is one."""
    run: Run | None = _open_runs.first(subject_type, subject_id)
    return run


def subjects_asked_about(subject_type: str, subject_ids: Iterable[int]) -> set[int]:
    """Those of the subjects about which a run is open. One query."""
    runs = Run.objects.filter(subject_type=subject_type, subject_id__in=subject_ids, status=RunStatus.OPEN)
    return set(runs.values_list("subject_id", flat=True))


def was_sent_back(subject_type: str, subject_id: int) -> bool:
    """Whether the last round of this subject ended with a no or a question."""
    return bool({RunStatus.REJECTED, RunStatus.RETURNED} & set(round_statuses(subject_type, subject_id)[:1]))


def sent_back_to(user: User, subject_type: str) -> QuerySet[Any]:
    """The keys of what this person asked about, and whose last round ended with a no or a question."""
    rounds = Run.objects.filter(requested_by=user, subject_type=subject_type)
    later = Run.objects.filter(subject_type=subject_type, subject_id=OuterRef("subject_id"), pk__gt=OuterRef("pk"))
    ended = rounds.filter(~Exists(later), status__in=[RunStatus.REJECTED, RunStatus.RETURNED])
    return ended.order_by().values("subject_id")


def history(subject_type: str, subject_id: int) -> list[Run]:
    """All rounds of this subject, the latest first, with `requests` (approver, gates, decision) read ahead."""
    runs = Run.objects.filter(subject_type=subject_type, subject_id=subject_id).select_related("requested_by")
    requests = Request.objects.select_related("approver", "decision__decided_by").prefetch_related("gates")
    return list(runs.prefetch_related(Prefetch("requests", requests)).order_by("-id"))


def settings_in_force() -> ApprovalSettings:
    """The settings of the admin, else the defaults."""
    return ApprovalSettings.objects.first() or ApprovalSettings(pk=1)


_returned = Prepared(
    lambda kind, pk: (
        Request.objects.filter(run__subject_type=kind, run__subject_id=pk, status=RequestStatus.RETURNED, continued_by=None)
        .select_related("run", "approver__team__unit")
        .defer("summary")
        .order_by("-pk")[:1]
    )
)


def returned_request(subject_type: str, subject_id: int) -> Request | None:
    """The request about this subject that was asked back, and has not come again."""
    found: Request | None = _returned.first(subject_type, subject_id)
    return found


def stewards_for(run: Run) -> list[User]:
    """Who answers the queue for this run."""
    stewards = User.objects.holding(Perm.STEWARD).exclude(pk__in=[run.requested_by_id, run.last_editor_id])
    return list(stewards.order_by("pk"))


class Waiting(NamedTuple):
    """Somebody who is asked now, until when, and by whom; no name for the queue of the stewards."""

    approver: str
    due_at: dt.datetime
    requested_by: int


_asked_now = ("run__subject_id", "approver__display_name", "due_at", "run__requested_by")


def waiting_on(subject_type: str, subject_ids: Iterable[int]) -> dict[int, list[Waiting]]:
    """Who is asked about these subjects now, in the order of the steps. One query."""
    asked = Request.objects.filter(
        run__subject_type=subject_type, run__subject_id__in=subject_ids, run__status=RunStatus.OPEN,
        status=RequestStatus.PENDING, is_open=True,
    )  # fmt: skip
    found: dict[int, list[Waiting]] = {}
    for subject_id, name, due_at, requested_by in asked.order_by("position", "pk").values_list(*_asked_now):
        found.setdefault(subject_id, []).append(Waiting(name or "", due_at, requested_by))
    return found


def requests_for(user: User) -> RequestQuerySet:
    """Requests in sight of this person with everything a page shows of them."""
    return _whole(Request.objects.visible_to(user))


def request_for(user: User, request_id: int) -> Request:
    """One of them. Raises: NotFound."""
    request: Request | None = _request.first(user, request_id)
    if request is None:
        raise NotFound
    return request


_request = Prepared(lambda user, pk: requests_for(user).filter(pk=pk).order_by())


def _whole(requests: RequestQuerySet) -> RequestQuerySet:
    people = ("approver", "instead_of", "run__requested_by", "run__last_editor", "decision__decided_by", "continued_by")
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


def request_in_sight(request_id: int, seen_by: User | None) -> Request:
    """The request with its run. Raises: NotFound when it is out of this person's sight; None sees everything."""
    requests = Request.objects.all() if seen_by is None else Request.objects.visible_to(seen_by)
    found: Request | None = requests.select_related("run").filter(pk=request_id).first()
    if found is None:
        raise NotFound
    return found


def people_in(run: Run) -> set[int]:
    """The keys of who asked, and of everybody who was put the question up to now."""
    asked = Request.objects.filter(run=run, approver__isnull=False, asked_at__isnull=False)
    return {run.requested_by_id, *asked.values_list("approver", flat=True)}


def request_of_link(link: Link, uuid: Any) -> Request | None:
    """The request that this link opens, when the address is that of the same request."""
    return _whole(Request.objects.filter(pk=link.subject_id, uuid=uuid)).first()


def compared_with(asked: Request) -> tuple[dict[str, Any], str, int, int] | None:
    """The facts that those of this request are compared with, and of which version of what they are; None without any."""
    run, before = asked.run, asked.summary.get("before")
    if run.compared_with_id is None:
        return (before, run.subject_type, before["id"], before["version"]) if before else None
    earlier = Request.objects.filter(run=run.compared_with_id)
    found: tuple[dict[str, Any], str, int, int] | None = earlier.values_list(
        "summary", "run__subject_type", "run__subject_id", "run__subject_version"
    ).first()
    return found


def versions_compared(asked: Request) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """What this request is about and what it is compared with, each `(subject, version)`."""
    run, before = asked.run, asked.summary.get("before")
    if run.compared_with_id is None:
        return ((run.subject_id, run.subject_version), (before["id"], before["version"])) if before else None
    earlier = Run.objects.filter(pk=run.compared_with_id).values_list("subject_id", "subject_version").first()
    return None if earlier is None else ((run.subject_id, run.subject_version), earlier)


def remarks(run: Run) -> list[Remark]:
    """What was said about this subject in all its rounds, the earliest first."""
    said = Remark.objects.filter(run__subject_type=run.subject_type, run__subject_id=run.subject_id)
    return list(said.select_related("by").order_by("pk"))


def settled(run: Run) -> list[RunGate]:
    """The gates of a run about which nobody had to be asked, with the decision that still counts."""
    gates = RunGate.objects.filter(run=run, request=None).select_related("carried_from__decided_by")
    return list(gates.order_by("position", "pk"))


def passed_on_from(request: Request, person: User) -> Event | None:
    """How the request of this person came to somebody else."""
    subject = registry.subject_for(request.run.subject_type).read(request.run.subject_id)
    verbs = ("approval_handed_over", "approval_passed_on")
    told = events.timeline(subject).filter(verb__in=verbs, at__gte=request.run.started_at)
    return next((event for event in told if event.data["former"] == person.display_name and event.data["to"]), None)


def steps(run: Run) -> list[Request]:
    """The requests of a run in the order in which they are asked, with approver and decision."""
    requests = Request.objects.filter(run=run).defer("summary").select_related("approver", "instead_of", "decision__decided_by")
    return list(requests.prefetch_related("gates").order_by("position", "pk"))


MOST_COUNTED = 100
_waiting = Prepared(lambda user: waiting_for(user).order_by().values_list("pk")[:MOST_COUNTED])


def waiting_count(user: User) -> int:
    """How many requests wait for this person, as far as `MOST_COUNTED`: who has more wants none of them counted on every page."""
    return len(_waiting.rows(user))


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
    """Keys of requests that nobody has answered in time, or that wait for somebody who cannot any more, the oldest first."""
    waiting = Request.objects.filter(status=RequestStatus.PENDING, is_open=True)
    late = waiting.filter(
        Q(due_at__lt=now, escalations__lt=LAST_ESCALATION) | Q(pk__in=_of_people_who_cannot()) | Q(approver__in=_replaced_today())
    )
    return list(late.order_by("due_at", "pk").values_list("pk", flat=True)[:most])


def _replaced_today() -> list[int]:
    """The keys of people who are away and for whom somebody stands in."""
    away = away_on(clock.today())
    return [person for person in away if stand_in(person, away) is not None]


def is_late(request: Request, now: dt.datetime) -> bool:
    """Whether it is past its time, and nobody has been told yet."""
    return request.escalations < LAST_ESCALATION and request.due_at is not None and request.due_at < now


def _of_people_who_cannot() -> list[int]:
    """Keys of open requests whose approver has left, or has lost the right or the role that a gate asks for."""
    asked = RunGate.objects.filter(request__status=RequestStatus.PENDING, request__is_open=True, request__approver__isnull=False)
    asked = asked.annotate(who=KT("definition__who"), role=KT("definition__role")).order_by()
    names = ("request__approver", "request__approver__is_active", "permission", "who", "role")
    kinds = list(asked.values_list(*names).distinct())
    held = role_codes_by_user({kind[0] for kind in kinds})
    lost = Q()
    for person, is_active, permission, who, role in kinds:
        wanted = {Who.RIGHT: set(codes_with(Perm(permission))), Who.ROLE: {role}}.get(who or Who.RIGHT)
        if not is_active or (wanted is not None and not wanted & held.get(person, set())):
            of_role = {"definition__role": role} if who == Who.ROLE else {}
            lost |= Q(request__approver=person, permission=permission, **of_role)
    return list(asked.filter(lost).values_list("request", flat=True)[:AT_ONCE]) if lost else []


def overdue(now: dt.datetime | None = None) -> RequestQuerySet:
    """Open requests past their time."""
    return Request.objects.filter(status=RequestStatus.PENDING, is_open=True, due_at__lt=now or clock.now())
