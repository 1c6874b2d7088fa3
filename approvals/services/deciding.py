"""Answering a request, and taking a round back."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from approvals import policies, registry, selectors
from approvals.choices import RequestStatus, Verdict, Via
from approvals.models import Decision, Request, Run
from approvals.services import asking, locking
from core import clock, links, outbox
from core.errors import Invalid, NotAllowed, WrongState
from core.models import Link
from users.models import User


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
    _registered, subject, requests, request = locking.locked_to_answer(request_id, by, via, link, version, content_hash)
    run = request.run
    if verdict == Verdict.REJECT and not comment.strip():
        raise Invalid(fields={"comment": _("Say why you reject this.")})
    decision = _settle(run, request, verdict, comment.strip(), by, via, ip)
    _after(run, requests, subject, decision)
    return decision


def _settle(run: Run, request: Request, verdict: Verdict, comment: str, by: User, via: Via, ip: str | None) -> Decision:
    """Write the answer."""
    request.approve() if verdict == Verdict.APPROVE else request.reject()
    close(request)
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


def close(request: Request) -> None:
    """Stop asking, and save the new state. The update names what it starts from, so that it holds without the lock too."""
    waiting = Request.objects.filter(pk=request.pk, status=RequestStatus.PENDING, is_open=request.is_open)
    if waiting.update(is_open=False, status=request.status) != 1:
        raise WrongState
    request.is_open = False


def _after(run: Run, requests: list[Request], subject: Any, decision: Decision) -> None:
    """What an answer brings about: dead links, the end of the run or the next step, and the news of it."""
    by, registered = decision.decided_by, registry.subject_for(run.subject_type)
    if decision.verdict == Verdict.REJECT:
        run.reject()
        finish(run, requests)
        registered.rejected(subject, by=by, comment=decision.comment)
    elif _goes_on(run, requests):
        links.revoke(Link.Purpose.APPROVAL, [decision.request_id])
        asking.open_next(run, requests)
    else:
        run.approve()
        finish(run, requests)
        registered.approved(subject, by=by)
    outbox.emit_all("approval.decided", [{"decision_id": decision.pk, "user_id": pk} for pk in (run.requested_by_id, by.pk)])


def _goes_on(run: Run, requests: Sequence[Request]) -> bool:
    """Whether somebody is still to answer. Who is asked only for what enough others have approved, is let go."""
    yeses: dict[tuple[str, int], int] = {}
    for request in requests:
        for gate in request.gates.all():
            key = gate.gate, gate.step
            yeses[key] = yeses.get(key, 0) + (request.status == RequestStatus.APPROVED)
    for request in requests:
        if request.status == RequestStatus.PENDING and all(
            yeses[gate.gate, gate.step] >= gate.definition.get("needed", 1) for gate in request.gates.all()
        ):
            cancel(run, request)
            links.revoke(Link.Purpose.APPROVAL, [request.pk])
    return any(request.status == RequestStatus.PENDING for request in requests)


def finish(run: Run, requests: Sequence[Request], *, closed_by: str = "") -> None:
    """Close the run: what still waits is cancelled, links die, who was asked is told. `closed_by`: whoever ended the subject."""
    run.finished_at = clock.now()
    run.save(update_fields=["status", "finished_at"])
    for request in requests:
        if request.status == RequestStatus.PENDING:
            cancel(run, request, closed_by=closed_by)
    links.revoke(Link.Purpose.APPROVAL, [request.pk for request in requests])


def cancel(run: Run, request: Request, *, closed_by: str = "") -> None:
    """The request is not put to anybody any more; who was asked is told."""
    request.cancel()
    close(request)
    if request.asked_at:
        people = asking.people_of(run, request)
        outbox.emit_all("approval.recalled", [{"request_id": request.pk, "user_id": pk, "closed_by": closed_by} for pk in people])


def run_withdraw(*, subject_type: str, subject_id: int, by: User) -> Run | None:
    """The open run of a subject that `by` has ended is over: requests cancelled, links dead, who was asked told. The caller has
    locked the subject, which is not told. None when no run is open."""
    found = selectors.open_run(subject_type, subject_id)
    if found is None:
        return None
    requests = selectors.requests_for_update(found.pk)
    run = requests[0].run
    run.recall()
    finish(run, requests, closed_by=by.display_name)
    return run


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
    finish(run, requests)
    registered.recalled(subject, by=by)
    return run
