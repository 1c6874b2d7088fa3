"""What the clock does: reminders, and passing on what nobody answers."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction

from approvals import policies, routing, selectors
from approvals.choices import RequestStatus, RunStatus
from approvals.models import Request, Run
from approvals.services import asking, handing_over, locking
from core import clock, events, links, outbox
from core.models import Link
from users.absences import stand_in
from users.models import User
from users.selectors import away_on, user_with_roles

LINKS_KNOWN_FOR = dt.timedelta(days=365)


class Swept(NamedTuple):
    overdue: int
    links_removed: int
    reminded: int
    passed_on: int


def sweep() -> Swept:
    """Who has been asked for long is reminded; what nobody answers in time, or somebody who has left should, goes to somebody
    else. Links that ended long ago are gone; until then they stay known, so that their page says what happened."""
    reminded = requests_remind()
    passed_on = sum(_pass_on(request_id) for request_id in selectors.to_pass_on(clock.now(), selectors.AT_ONCE))
    removed = links.forget(Link.Purpose.APPROVAL, ended_before=clock.now() - LINKS_KNOWN_FOR)
    return Swept(selectors.overdue().count(), removed, reminded, passed_on)


def requests_remind() -> int:
    """Everybody whose time for a reminder has come gets one, with the link they have; the number of requests."""
    total = 0
    while some := _remind(selectors.AT_ONCE):
        total += some
    return total


@transaction.atomic
def _remind(most: int) -> int:
    requests = selectors.to_remind(clock.now(), most)
    held = Link.objects.filter(purpose=Link.Purpose.APPROVAL, subject_id__in=requests, revoked_at=None).order_by("pk")
    rows = [
        {"request_id": request_id, "user_id": person_id, "link_id": link_id}
        for request_id, person_id, link_id in held.exclude(person=None).values_list("subject_id", "person_id", "pk")
    ]
    Request.objects.filter(pk__in=requests).update(remind_at=None)
    outbox.emit_all("approval.reminder", rows)
    return len(requests)


@transaction.atomic
def _pass_on(request_id: int) -> bool:
    """The request goes to whoever stands in for somebody who is away; else to whom its gate names, else to a manager. Where none
    of them may decide it, stewards are told, and they get what waits for somebody who can no longer answer. What is late is
    passed on once, and told to stewards once."""
    _registered, subject, requests, request = locking.locked(request_id, None)
    run, former = request.run, request.approver
    if run.status != RunStatus.OPEN or not request.is_open or request.status != RequestStatus.PENDING:
        return False
    people = routing.successors(request, requests, subject)
    substitute = _substitute(former, people)
    is_out = former is not None and not _is_able(former, request, subject)
    if substitute is None and not is_out and not selectors.is_late(request, clock.now()):
        return False
    to = substitute or (_stand_in(request, people) if is_out or not request.escalations else None)
    if substitute is not None:
        request.instead_of = former
    elif not is_out:
        request.escalations += 1 if to else 2
    request.escalated_at = clock.now()
    if to is not None or is_out:
        handing_over.give(request, to)
    if substitute is None and (to is not None or is_out):
        asking.set_deadlines(request, request.escalated_at, [gate.definition for gate in request.gates.all()])
    request.save(update_fields=["instead_of", "escalations", "escalated_at", "due_at", "remind_at"])
    why = "away" if substitute else "left" if is_out else "late" if to else "nobody"
    _tell_of_passing(run, request, subject, former, to, why)
    return True


def _tell_of_passing(run: Run, request: Request, subject: Any, former: User | None, to: User | None, why: str) -> None:
    late = former.display_name if former else ""
    events.record(subject, "approval_passed_on", former=late, to=to.display_name if to else "")
    told = {run.requested_by_id} | ({former.pk} if former and former.is_active else set())
    if why != "nobody":
        asking.tell(run, [request])
    else:
        told |= {steward.pk for steward in selectors.stewards_for(run)}
    outbox.emit_all("approval.passed_on", [{"request_id": request.pk, "user_id": pk, "why": why} for pk in sorted(told)])


def _substitute(former: User | None, people: Sequence[User]) -> User | None:
    """Who stands in today for whoever is asked, if that one may decide it."""
    if former is None:
        return None
    key = stand_in(former.pk, away_on(clock.today()))
    return next((person for person in people if person.pk == key), None)


def _is_able(former: User, request: Request, subject: Any) -> bool:
    """Whether whoever is asked can still answer, as he or she is now."""
    person = user_with_roles(former.pk)
    return person is not None and policies.may_decide(person, request, subject)


def _stand_in(request: Request, people: Sequence[User]) -> User | None:
    by_pk = {person.pk: person for person in people}
    named = [gate.definition.get("escalate_to") for gate in request.gates.all()]
    managers = [user.team.manager_id for user in (request.approver, request.run.requested_by) if user and user.team]
    return next((by_pk[pk] for pk in (*named, *managers) if pk in by_pk), None)
