"""Asking, deciding and taking back. The only writers of approvals; the lock order is subject → run → requests → link."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from approvals import policies, registry, selectors, standing
from approvals.choices import Clock, RequestStatus, RunStatus, Verdict, Via
from approvals.models import Decision, Gate, Request, Run, RunGate
from approvals.registry import Fingerprint
from core import clock, events, links, outbox, working_time
from core.errors import Invalid, NotAllowed, WrongState
from core.models import Link
from users.models import User
from users.roles import Perm
from users.selectors import user_with_roles

LINK_LIFETIME = dt.timedelta(days=14)
LINKS_KNOWN_FOR = dt.timedelta(days=365)
_UNDEFINED = registry.GateDefault("", Perm.STEWARD, 1000, {})


def gates_make_missing(*, using: str = "default") -> int:
    """Make the gates that subjects declare and the database lacks; existing ones stay as stewards left them."""
    known = set(Gate.objects.using(using).values_list("code", flat=True))
    missing = [gate for gate in registry.gate_defaults() if gate.code not in known]
    for gate in missing:
        labels = {f"label_{language}": gate.label[language] for language, _name in settings.LANGUAGES}
        Gate.objects.using(using).create(
            code=gate.code, permission=gate.permission, position=gate.position, sla_hours=gate.sla_hours, **labels
        )
    return len(missing)


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
) -> Run:
    """A run is open and the first approvers are asked. The caller has locked the subject.

    `gates`: code → chosen approver's key, or None for the default. A gate nobody may decide goes to the stewards' queue.
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
        started_at=clock.now(),
    )
    requests = _make_requests(run, {choice.code: choice.definition for choice in choices}, approvers, facts)
    _tell(run, [request for request in requests if request.is_open])
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
    _set_deadlines(request, request.asked_at, [gate.definition for gate in gates])


def _set_deadlines(request: Request, start: dt.datetime, definitions: Sequence[Mapping[str, Any]]) -> None:
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


def _open_next(run: Run, requests: Sequence[Request]) -> None:
    """Ask the next step."""
    asked = _next_step(requests)
    for request in asked:
        _open(request, request.gates.all())
        request.save(update_fields=["is_open", "asked_at", "due_at", "remind_at"])
    _tell(run, asked)


def _tell(run: Run, requests: Iterable[Request], **handed_over: str) -> None:
    """Everybody who is asked gets a mail with a link of their own; `by_name` and `note`: who handed it over, and what for."""
    rows: list[dict[str, int | str]] = []
    for request in requests:
        for person_id in _people_of(run, request):
            link = links.issue(Link.Purpose.APPROVAL, request.pk, expires_at=clock.now() + LINK_LIFETIME, person_id=person_id)
            rows.append({"request_id": request.pk, "user_id": person_id, "link_id": link.pk, **handed_over})
    outbox.emit_all("approval.requested", rows)


def _people_of(run: Run, request: Request) -> list[int]:
    """The keys of those whom the request is put to."""
    return [request.approver_id] if request.approver_id else [steward.pk for steward in selectors.stewards_for(run)]


@transaction.atomic
def request_decide(
    *,
    request_id: int,
    verdict: Verdict,
    comment: str,
    by: User,
    via: Via,
    version: int | None = None,
    content_hash: str | None = None,
    ip: str | None = None,
    link: Link | None = None,
) -> Decision:
    """The request is answered, once; the last yes approves the subject, the first no ends the run.

    `version` and `content_hash` are what the person had before them. Of two rivals one wins, the other gets WrongState.
    Raises: NotFound; Invalid for a rejection without a comment; NotAllowed; WrongState: decided, taken back or changed.
    """
    registered, subject, requests, request = _locked(request_id, None if via == Via.LINK else by)
    run = request.run
    _require_open(run, request)
    _require_link(request, by, via, link)
    person = user_with_roles(by.pk)  # as he or she is now
    if person is None or not policies.may_decide(person, request, subject):
        raise NotAllowed(_("You may not decide this request."))
    _require_same(run, registered.fingerprint(subject), version, content_hash)
    if verdict == Verdict.REJECT and not comment.strip():
        raise Invalid(fields={"comment": _("Say why you reject this.")})
    decision = _settle(run, request, verdict, comment.strip(), by, via, ip)
    _after(run, requests, subject, decision)
    return decision


@transaction.atomic
def request_hand_over(
    *, request_id: int, to_id: int, by: User, comment: str = "", via: Via = Via.PAGE, link: Link | None = None
) -> Request:
    """Somebody else is asked from now on, by the same deadline; links sent until now are dead, and everybody concerned is told.

    Whoever is asked passes it on, or a steward gives it to somebody. Raises: NotFound; NotAllowed; WrongState: decided or taken
    back; Invalid with `to` in its fields for a person who may not decide it or is asked in this run already.
    """
    _registered, subject, requests, request = _locked(request_id, None if via == Via.LINK else by)
    run = request.run
    _require_undecided(run, request)
    _require_link(request, by, via, link)
    person = user_with_roles(by.pk)  # as he or she is now
    if person is None or not policies.may_hand_over(person, request, subject):
        raise NotAllowed(_("You may not hand this request over."))
    to = next((user for user in selectors.successors(request, requests, subject) if user.pk == to_id), None)
    if to is None:
        raise Invalid(fields={"to": _("This person may not decide it, or is asked already. Choose another one.")})
    former = request.approver
    _give(request, to)
    events.record(
        subject,
        "approval_handed_over",
        by=person,
        reason=comment.strip(),
        former=former.display_name if former else "",
        to=to.display_name,
    )
    if request.is_open:
        _tell(run, [request], by_name=person.display_name, note=comment.strip())
    told = {run.requested_by_id, former.pk if former else person.pk} - {person.pk, to.pk}
    rows: list[dict[str, int | str]] = [
        {"request_id": request.pk, "user_id": pk, "by_name": person.display_name, "note": comment.strip()} for pk in sorted(told)
    ]
    outbox.emit_all("approval.handed_over", rows)
    return request


def _give(request: Request, to: User) -> None:
    """The request is this person's. What the queue answered by being the queue needs the right of the gate again."""
    links.revoke(Link.Purpose.APPROVAL, [request.pk])
    request.approver = to
    request.save(update_fields=["approver"])
    for gate in request.gates.all():
        of_gate = gate.definition.get("permission") or gate.permission
        if gate.permission != of_gate:
            gate.permission = of_gate
            gate.save(update_fields=["permission"])


class _Locked(NamedTuple):
    registered: registry.Subject
    subject: Any
    requests: list[Request]
    request: Request


def _locked(request_id: int, seen_by: User | None) -> _Locked:
    """The request with all of its run and its subject, locked in the order of the house. Raises: NotFound when it is out of this
    person's sight; None sees everything."""
    run_id, subject_type, subject_id = selectors.place_of(request_id, seen_by)
    registered = registry.subject_for(subject_type)
    subject = registered.lock(subject_id)
    requests = selectors.requests_for_update(run_id)
    return _Locked(registered, subject, requests, next(one for one in requests if one.pk == request_id))


def _require_open(run: Run, request: Request) -> None:
    _require_undecided(run, request)
    if not request.is_open:
        raise WrongState(_("An earlier step is not approved yet."))


def _require_undecided(run: Run, request: Request) -> None:
    if request.status in (RequestStatus.APPROVED, RequestStatus.REJECTED):
        raise WrongState(standing.decided_sentence(request.decision))
    if run.status != RunStatus.OPEN or request.status != RequestStatus.PENDING:
        raise WrongState(_("This request was taken back or ended. There is nothing left to decide."))


def _require_link(request: Request, by: User, via: Via, link: Link | None) -> None:
    if via != Via.LINK:
        return
    locked = selectors.link_for_update(link.pk) if link else None
    if locked is None or (locked.purpose, locked.subject_id, locked.person_id) != (Link.Purpose.APPROVAL, request.pk, by.pk):
        raise NotAllowed(_("This link is for somebody or something else."))
    if not links.is_live(locked):
        raise WrongState(_("This link is no longer valid. Sign in to decide."))


def _require_same(run: Run, now: Fingerprint, version: int | None, content_hash: str | None) -> None:
    asked = Fingerprint(run.subject_version, run.content_hash)
    seen = Fingerprint(version or asked.version, content_hash or asked.content_hash)
    if now != asked or seen != asked:
        raise WrongState(_("The content has changed since you were asked. Nothing was decided; ask for a new request."))


def _settle(run: Run, request: Request, verdict: Verdict, comment: str, by: User, via: Via, ip: str | None) -> Decision:
    """Write the answer."""
    request.approve() if verdict == Verdict.APPROVE else request.reject()
    _close(request)
    return Decision.objects.create(
        request=request,
        verdict=verdict,
        comment=comment,
        decided_by=by,
        requested_by_id=run.requested_by_id,
        last_editor_id=run.last_editor_id,
        subject_version=run.subject_version,
        content_hash=run.content_hash,
        via=via,
        ip=ip,
        at=clock.now(),
    )


def _close(request: Request) -> None:
    """Stop asking, and save the new state. The update names what it starts from, so that it holds without the lock too."""
    waiting = Request.objects.filter(pk=request.pk, status=RequestStatus.PENDING, is_open=request.is_open)
    if waiting.update(is_open=False, status=request.status) != 1:
        raise WrongState
    request.is_open = False


def _after(run: Run, requests: list[Request], subject: Any, decision: Decision) -> None:
    """What an answer brings about: dead links, the end of the run or the next step, and the news of it."""
    by, registered = decision.decided_by, registry.subject_for(run.subject_type)
    rejected = decision.verdict == Verdict.REJECT
    if rejected:
        run.reject()
        _finish(run, requests)
        registered.rejected(subject, by=by, comment=decision.comment)
    elif all(request.status == RequestStatus.APPROVED for request in requests):
        run.approve()
        _finish(run, requests)
        registered.approved(subject, by=by)
    else:
        links.revoke(Link.Purpose.APPROVAL, [decision.request_id])
        _open_next(run, requests)
    outbox.emit_all("approval.decided", [{"decision_id": decision.pk, "user_id": pk} for pk in (run.requested_by_id, by.pk)])


def _finish(run: Run, requests: Sequence[Request]) -> None:
    """Close the run: what still waits is cancelled, links die, those who were asked are told."""
    run.finished_at = clock.now()
    run.save(update_fields=["status", "finished_at"])
    for request in requests:
        if request.status != RequestStatus.PENDING:
            continue
        request.cancel()
        _close(request)
        if request.asked_at:
            outbox.emit_all("approval.recalled", [{"request_id": request.pk, "user_id": pk} for pk in _people_of(run, request)])
    links.revoke(Link.Purpose.APPROVAL, [request.pk for request in requests])


@transaction.atomic
def run_recall(*, subject_type: str, subject_id: int, by: User, run_id: int | None = None) -> Run:
    """The open run of the subject is taken back: requests cancelled, links dead, the subject told. Locks the subject.

    `run_id`: the run that the person had before them, where there was a page.
    Raises: WrongState when no run is open (decided or recalled a moment ago); NotAllowed for anyone but the requester.
    """
    registered = registry.subject_for(subject_type)
    subject = registered.lock(subject_id)
    found = selectors.open_run(subject_type, subject_id)
    if found is None or run_id not in (None, found.pk):
        raise WrongState(_("No approval is under way: it was decided or taken back already."))
    requests = selectors.requests_for_update(found.pk)
    run = requests[0].run
    if not policies.may_recall(by, run):
        raise NotAllowed(_("Only who asked can take it back."))
    run.recall()
    _finish(run, requests)
    registered.recalled(subject, by=by)
    return run


# --- What the clock does ----------------------------------------------------------------------------------------------
class Swept(NamedTuple):
    overdue: int
    links_removed: int
    reminded: int
    passed_on: int


AT_ONCE = 1_000


def sweep() -> Swept:
    """Who has been asked for long is reminded; what nobody answers in time, or somebody who has left should, goes to somebody
    else. Links that ended long ago are gone; until then they stay known, so that their page says what happened."""
    reminded = requests_remind()
    passed_on = sum(_pass_on(request_id) for request_id in selectors.to_pass_on(clock.now(), AT_ONCE))
    removed = links.forget(Link.Purpose.APPROVAL, ended_before=clock.now() - LINKS_KNOWN_FOR)
    return Swept(selectors.overdue().count(), removed, reminded, passed_on)


def requests_remind() -> int:
    """Everybody whose time for a reminder has come gets one, with the link they have; the number of requests."""
    total = 0
    while some := _remind(AT_ONCE):
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
    """The request goes to whom its gate names for this, else to a manager; where neither may decide it, stewards are told.
    Once for each request."""
    _registered, subject, requests, request = _locked(request_id, None)
    run, former = request.run, request.approver
    if run.status != RunStatus.OPEN or not selectors.is_to_pass_on(request, clock.now()):
        return False
    to = _stand_in(request, selectors.successors(request, requests, subject))
    request.escalated_at = clock.now()
    if to is not None:
        _give(request, to)
        _set_deadlines(request, request.escalated_at, [gate.definition for gate in request.gates.all()])
    request.save(update_fields=["escalated_at", "due_at", "remind_at"])
    late = former.display_name if former else ""
    events.record(subject, "approval_passed_on", former=late, to=to.display_name if to else "")
    told = {run.requested_by_id} | ({former.pk} if former and former.is_active else set())
    if to is not None:
        _tell(run, [request])
    else:
        told |= {steward.pk for steward in selectors.stewards_for(run)}
    rows = [{"request_id": request.pk, "user_id": pk} for pk in sorted(told)]
    outbox.emit_all("approval.passed_on", rows)
    return True


def _stand_in(request: Request, people: Sequence[User]) -> User | None:
    by_pk = {person.pk: person for person in people}
    named = [gate.definition.get("escalate_to") for gate in request.gates.all()]
    managers = [user.team.manager_id for user in (request.approver, request.run.requested_by) if user and user.team]
    return next((by_pk[pk] for pk in (*named, *managers) if pk in by_pk), None)
