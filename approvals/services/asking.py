"""A round of approval begins, and its steps are asked one after the other."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from approvals import registry, selectors
from approvals.choices import Clock, RequestStatus
from approvals.models import Gate, Request, Run, RunGate
from approvals.registry import Fingerprint
from core import clock, links, outbox, working_time
from core.errors import Invalid, WrongState
from core.models import Link
from users.models import User
from users.roles import Perm

LINK_LIFETIME = dt.timedelta(days=14)
_UNDEFINED = registry.GateDefault("", Perm.STEWARD, 1000, {})


@transaction.atomic(savepoint=False)
def run_start(
    *,
    subject_type: str,
    subject: Any,
    gates: Mapping[str, int | None],
    by: User,
    last_editor_id: int,
    fingerprint: Fingerprint,
    facts: dict[str, Any],
    reason: str,
    amount: Decimal | None = None,
) -> Run:
    """A run is open and the first approvers are asked. The caller has locked the subject.

    `gates`: code → chosen approver's key, or None for the default. A gate nobody may decide goes to the stewards' queue.
    `amount`: what limits are about, EUR net.
    Raises: Invalid with the gate's code in `fields` when the chosen one is not eligible; WrongState when a run is open.
    """
    if not gates:
        raise ValueError("a run needs a gate")
    if selectors.open_run(subject_type, subject.pk):
        raise WrongState(_("An approval of this is under way already."))
    choices = selectors.choices_for(gates, subject_type, subject, by, last_editor_id)
    approvers = {choice.code: _approver(choice, gates[choice.code], by) for choice in choices}
    run = Run.objects.create(
        subject_type=subject_type,
        subject_id=subject.pk,
        subject_version=fingerprint.version,
        content_hash=fingerprint.content_hash,
        requested_by=by,
        last_editor_id=last_editor_id,
        reason=reason,
        amount=amount,
        started_at=clock.now(),
    )
    requests = _make_requests(run, {choice.code: choice.definition for choice in choices}, approvers, facts)
    tell(run, [request for request in requests if request.is_open])
    return run


def _approver(choice: selectors.Choice, chosen: int | None, by: User) -> User | None:
    if chosen is None:
        return selectors.preselected(choice, by)
    for user in choice.eligible:
        if user.pk == chosen:
            return user
    sentence = _("%(gate)s: this person may not decide it. Choose another approver.") % {"gate": choice.label}
    raise Invalid(sentence, fields={choice.code: sentence})


def _make_requests(
    run: Run, definitions: Mapping[str, Gate | None], approvers: Mapping[str, User | None], facts: dict[str, Any]
) -> list[Request]:
    """One request per approver, over all the gates that are theirs; its step is that of the first of them.

    Those of the first step are open.
    """
    copies = [_definition(code, gate) for code, gate in definitions.items()]
    copies.sort(key=lambda copy: (copy["position"], copy["code"]))
    requests: dict[int | None, Request] = {}
    gates = []
    for copy in copies:
        approver = approvers[copy["code"]]
        request = requests.setdefault(
            approver.pk if approver else None, Request(run=run, approver=approver, position=copy["position"], summary=facts)
        )
        permission = copy["permission"] if approver else Perm.STEWARD
        gate = RunGate(run=run, request=request, gate=copy["code"], permission=permission, position=copy["position"])
        gate.definition = copy
        gates.append(gate)
    for request in _next_step(list(requests.values())):
        _open(request, [gate for gate in gates if gate.request is request])
    made = Request.objects.bulk_create(requests.values())
    RunGate.objects.bulk_create(gates)
    return made


def _definition(code: str, gate: Gate | None) -> dict[str, Any]:
    """The copy that a run keeps, so that later edits of the gate change no open run."""
    source = gate or _UNDEFINED
    labels = {language: getattr(gate, f"label_{language}", None) or code for language, _name in settings.LANGUAGES}
    return {
        "code": code,
        "label": labels,
        "permission": str(source.permission),
        "position": source.position,
        "sla_hours": source.sla_hours,
        "remind_hours": gate.remind_hours if gate else 24,
        "clock": str(gate.clock) if gate else str(Clock.WORKING),
        "escalate_to": gate.escalate_to_id if gate else None,
        "defined": gate is not None,
    }


def _next_step(requests: Sequence[Request]) -> list[Request]:
    """Those of the earliest position that still waits and are not open yet. Later steps stay closed."""
    pending = [request for request in requests if request.status == RequestStatus.PENDING]
    first = min(request.position for request in pending)
    return [request for request in pending if request.position == first and not request.is_open]


def _open(request: Request, gates: Iterable[RunGate]) -> None:
    """In memory: its time runs from now."""
    request.is_open, request.asked_at = True, clock.now()
    set_deadlines(request, request.asked_at, [gate.definition for gate in gates])


def set_deadlines(request: Request, start: dt.datetime, definitions: Sequence[Mapping[str, Any]]) -> None:
    """In memory: the strictest of the gates counts, as instants that no change of the clock moves."""
    request.due_at = min(_after_hours(start, definition, definition["sla_hours"]) for definition in definitions)
    reminders = [
        _after_hours(start, definition, hours) for definition in definitions if (hours := definition.get("remind_hours", 0))
    ]
    request.remind_at = min((at for at in reminders if at < request.due_at), default=None)


def _after_hours(start: dt.datetime, definition: Mapping[str, Any], hours: int) -> dt.datetime:
    if definition.get("clock", Clock.CALENDAR) == Clock.WORKING:
        return working_time.later(start, hours)
    return start + dt.timedelta(hours=hours)


def open_next(run: Run, requests: Sequence[Request]) -> None:
    """Ask the next step."""
    asked = _next_step(requests)
    for request in asked:
        _open(request, request.gates.all())
        request.save(update_fields=["is_open", "asked_at", "due_at", "remind_at"])
    tell(run, asked)


def tell(run: Run, requests: Iterable[Request], **handed_over: str) -> None:
    """Everybody who is asked gets a mail with a link of their own; `by_name` and `note`: who handed it over, and what for."""
    rows: list[dict[str, int | str]] = []
    for request in requests:
        for person_id in people_of(run, request):
            link = links.issue(Link.Purpose.APPROVAL, request.pk, expires_at=clock.now() + LINK_LIFETIME, person_id=person_id)
            rows.append({"request_id": request.pk, "user_id": person_id, "link_id": link.pk, **handed_over})
    outbox.emit_all("approval.requested", rows)


def people_of(run: Run, request: Request) -> list[int]:
    """The keys of those whom the request is put to."""
    return [request.approver_id] if request.approver_id else [steward.pk for steward in selectors.stewards_for(run)]
