"""A round of approval begins, and its steps are asked one after the other."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from approvals import registry, routing, selectors
from approvals.choices import Clock, RequestStatus, RunStatus, Settled
from approvals.models import Request, Run, RunGate
from approvals.registry import Case, Fingerprint
from approvals.routing import Choice, Definition, Rules, StepChoice
from core import clock, events, links, outbox, working_time
from core.errors import Invalid, WrongState
from core.models import Link
from users.models import User

LINK_LIFETIME = dt.timedelta(days=14)


@transaction.atomic(savepoint=False)
def run_start(
    *,
    subject_type: str,
    subject: Any,
    gates: Sequence[str],
    by: User,
    last_editor_id: int,
    fingerprint: Fingerprint,
    facts: dict[str, Any],
    case: Case | None = None,
    approvers: Mapping[str, int | None] | None = None,
    reason: str = "",
    in_use: Rules | None = None,
) -> Run:
    """A run is open and the first approvers are asked; or approved, where rules and earlier approvals are enough. The caller has
    locked the subject.

    `approvers`: by the key of a step (routing.StepChoice) the chosen approver's key, or None for the default. A step that nobody
    may decide goes to the stewards' queue. `in_use`: the rules, where the caller has read them.
    Raises: Invalid with that key in `fields` when the chosen one is not eligible; WrongState when a run is open.
    """
    if not gates:
        raise ValueError("a run needs a gate")
    before, case = selectors.round_statuses(subject_type, subject.pk), case or Case()
    if RunStatus.OPEN in before:
        raise WrongState(_("An approval of this is under way already."))
    earlier = routing.earlier_rounds(subject_type, (subject.pk, *case.earlier)) if before or case.earlier else []
    choices = routing.choices_for(gates, subject_type, subject, by, last_editor_id, case, in_use=in_use, earlier=earlier)
    asked = [(step, _people(choice, step, approvers or {}, by)) for choice in choices if choice.is_asked for step in choice.steps]
    run = Run.objects.create(
        subject_type=subject_type,
        subject_id=subject.pk,
        subject_version=fingerprint.version,
        content_hash=fingerprint.content_hash,
        requested_by=by,
        last_editor_id=last_editor_id,
        reason=reason,
        amount=case.amount,
        case={"unit": case.unit, "values": routing.values_of(case), "measures": routing.measures_of(case)},
        compared_with=routing.last_looked_at(earlier),
        started_at=clock.now(),
    )
    RunGate.objects.bulk_create(_settled_gates(run, choices))
    requests = _make_requests(run, asked, facts, goes_on=RunStatus.RETURNED in before)
    if requests:
        tell(run, [request for request in requests if request.is_open])
    else:
        _approve_at_once(run, subject, choices)
    return run


Asked = tuple[User | None, User | None]
"""Somebody who is asked, or None for the stewards; and for whom they stand in."""


def _people(choice: Choice, step: StepChoice, approvers: Mapping[str, int | None], by: User) -> list[Asked]:
    """Whom the step is put to."""
    if step.is_picked:
        picked = _picked(choice, step, approvers.get(step.key), by)
        return [step.present(picked) if picked else (None, None)]
    people: list[Asked] = list(step.asked().values())
    missing = len(people) < step.needed
    return [*people, *([(None, None)] if missing else [])]


def _picked(choice: Choice, step: StepChoice, chosen: int | None, by: User) -> User | None:
    if chosen is None:
        return routing.preselected(step, by)
    for user in step.eligible:
        if user.pk == chosen:
            return user
    sentence = _("%(gate)s: this person may not decide it. Choose another approver.") % {"gate": choice.label}
    raise Invalid(sentence, fields={step.key: sentence})


def _settled_gates(run: Run, choices: Iterable[Choice]) -> list[RunGate]:
    """What nobody has to be asked about, and why."""
    automatic = [
        _gate(run, step.definition, settled=Settled.AUTOMATIC)
        for choice in choices
        if choice.is_automatic
        for step in choice.steps
    ]
    carried = [
        _gate(run, choice.steps[0].definition, settled=Settled.CARRIED, carried_from=decision)
        for choice in choices
        for decision in choice.approvals
    ]
    return automatic + carried


def _gate(run: Run, definition: Definition, **more: Any) -> RunGate:
    return RunGate(
        run=run,
        gate=definition["code"],
        permission=definition["permission"],
        position=definition["position"],
        step=definition["step"],
        definition=definition,
        **more,
    )


def _make_requests(
    run: Run, asked: Sequence[tuple[StepChoice, Sequence[Asked]]], facts: dict[str, Any], *, goes_on: bool
) -> list[Request]:
    """One request per approver, over all the steps that are theirs; its place is that of the first of them.

    Those of the first place are open.
    """
    requests: dict[int | None, Request] = {}
    gates = []
    for step, people in sorted(asked, key=lambda pair: (pair[0].definition["position"], pair[0].definition["code"])):
        definition = {**step.definition, "needed": max(step.needed, 1)}
        if (None, None) in people and not step.is_picked:
            definition["needed"] = len(people)  # the stewards answer for those whom the rule wants and nobody has
        for approver, instead_of in people:
            request = requests.setdefault(
                approver.pk if approver else None,
                Request(run=run, approver=approver, instead_of=instead_of, position=definition["position"], summary=facts),
            )
            gates.append(_gate(run, definition, request=request))
    if goes_on:
        _go_on_from(run, requests.values())
    for request in next_step(list(requests.values())):
        open_now(request, [gate for gate in gates if gate.request is request])
    made = Request.objects.bulk_create(requests.values())
    RunGate.objects.bulk_create(gates)
    return made


def _go_on_from(run: Run, requests: Iterable[Request]) -> None:
    """Whoever asked back goes on with the request that they gave back, and with the time that was left."""
    returned = selectors.returned_request(run.subject_type, run.subject_id)
    for request in requests:
        if returned is not None and request.approver_id == returned.approver_id:
            request.continues = returned
            request.spent_working, request.spent_all = time_spent(returned)


def _approve_at_once(run: Run, subject: Any, choices: Sequence[Choice]) -> None:
    run.approve()
    run.finished_at = clock.now()
    run.save(update_fields=["status", "finished_at"])
    rules = sorted({choice.rule_name for choice in choices if choice.is_automatic})
    events.record(subject, "approved_unasked", rules=rules, gates=[choice.code for choice in choices])
    registry.subject_for(run.subject_type).approved(subject, by=None)


# --- Steps and their time ---------------------------------------------------------------------------------------------
def next_step(requests: Sequence[Request]) -> list[Request]:
    """Those of the earliest position that still waits and are not open yet. Later steps stay closed."""
    pending = [request for request in requests if request.status == RequestStatus.PENDING]
    first = min((request.position for request in pending), default=0)
    return [request for request in pending if request.position == first and not request.is_open]


def open_now(request: Request, gates: Iterable[RunGate]) -> None:
    """In memory: its time runs from now."""
    request.is_open, request.asked_at = True, clock.now()
    set_deadlines(request, request.asked_at, [gate.definition for gate in gates])


def set_deadlines(request: Request, start: dt.datetime, definitions: Sequence[Mapping[str, Any]]) -> None:
    """In memory: the strictest of the gates counts, as instants that no change of the clock moves. Time that was spent before
    the request came again counts as well."""
    request.due_at = min(_after(request, start, definition, definition["sla_hours"]) for definition in definitions)
    reminders = [
        _after(request, start, definition, hours) for definition in definitions if (hours := definition.get("remind_hours", 0))
    ]
    request.remind_at = min((at for at in reminders if start < at < request.due_at), default=None)


def _after(request: Request, start: dt.datetime, definition: Mapping[str, Any], hours: int) -> dt.datetime:
    left = dt.timedelta(hours=hours)
    if definition.get("clock", Clock.CALENDAR) == Clock.WORKING:
        return working_time.later(start, left - request.spent_working, calendar_of(request))
    return start.astimezone(dt.UTC) + max(left - request.spent_all, dt.timedelta(0))  # local clocks may be changed in between


def time_spent(request: Request) -> tuple[dt.timedelta, dt.timedelta]:
    """Working time and all time that a request has waited, what it goes on from included, until it was given back."""
    start, end = request.asked_at, request.run.finished_at
    if start is None or end is None:
        return request.spent_working, request.spent_all
    return request.spent_working + working_time.between(start, end, calendar_of(request)), request.spent_all + (end - start)


def calendar_of(request: Request) -> working_time.Calendar:
    """When whoever is asked works: by the calendar of their business unit."""
    approver = request.approver
    return approver.team.unit.calendar if approver and approver.team else working_time.DEFAULT


def open_next(run: Run, requests: Sequence[Request]) -> None:
    """Ask the next step."""
    asked = next_step(requests)
    for request in asked:
        open_now(request, request.gates.all())
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
