"""A request is locked with all that hangs together, and must be open to whoever comes. Order: subject → run → requests → link."""

from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from approvals import policies, registry, selectors, standing
from approvals.choices import RequestStatus, RunStatus, Via
from approvals.models import Request, Run
from approvals.registry import Fingerprint
from core import links
from core.errors import NotAllowed, WrongState
from core.models import Link
from users.models import User
from users.selectors import user_with_roles


class Locked(NamedTuple):
    registered: registry.Subject
    subject: Any
    requests: list[Request]
    request: Request


def locked(request_id: int, seen_by: User | None) -> Locked:
    """The request with all of its run and its subject, locked in the order of the house. Raises: NotFound when it is out of this
    person's sight; None sees everything."""
    run_id, subject_type, subject_id = selectors.place_of(request_id, seen_by)
    registered = registry.subject_for(subject_type)
    subject = registered.lock(subject_id)
    requests = selectors.requests_for_update(run_id)
    return Locked(registered, subject, requests, next(one for one in requests if one.pk == request_id))


def locked_to_answer(
    request_id: int, by: User, via: Via, link: Link | None, version: int | None, content_hash: str | None
) -> Locked:
    """The same for somebody who answers it now: it is open to this person as he or she is now, by this way, and what it asks
    about is what was seen. Raises: NotFound; NotAllowed; WrongState: decided, taken back, changed, or not this step's turn."""
    found = locked(request_id, None if via == Via.LINK else by)
    require_open(found.request.run, found.request)
    require_link(found.request, by, via, link)
    person = user_with_roles(by.pk)
    if person is None or not policies.may_decide(person, found.request, found.subject):
        raise NotAllowed(_("You may not decide this request."))
    require_same(found.request.run, found.registered.fingerprint(found.subject), version, content_hash)
    return found


def require_open(run: Run, request: Request) -> None:
    require_undecided(run, request)
    if not request.is_open:
        raise WrongState(_("An earlier step is not approved yet."))


def require_undecided(run: Run, request: Request) -> None:
    if request.status in (RequestStatus.APPROVED, RequestStatus.REJECTED):
        raise WrongState(standing.decided_sentence(request.decision))
    if run.status != RunStatus.OPEN or request.status != RequestStatus.PENDING:
        raise WrongState(_("This request was taken back or ended. There is nothing left to decide."))


def require_link(request: Request, by: User, via: Via, link: Link | None) -> None:
    """Who comes by link holds one of their own that lives, and that may do as much."""
    require_living_link(request, by, via, link)
    if via == Via.LINK and not policies.link_decides(request.run, selectors.settings_in_force()):
        raise NotAllowed(standing.sign_in_sentence())


def require_living_link(request: Request, by: User, via: Via, link: Link | None) -> None:
    """Who comes by link holds one that was made for them and this request, and that lives."""
    if via != Via.LINK:
        return
    locked = selectors.link_for_update(link.pk) if link else None
    if locked is None or (locked.purpose, locked.subject_id, locked.person_id) != (Link.Purpose.APPROVAL, request.pk, by.pk):
        raise NotAllowed(_("This link is for somebody or something else."))
    if not links.is_live(locked):
        raise WrongState(_("This link is no longer valid. Sign in to decide."))


def require_same(run: Run, now: Fingerprint, version: int | None, content_hash: str | None) -> None:
    asked = Fingerprint(run.subject_version, run.content_hash)
    seen = Fingerprint(version or asked.version, content_hash or asked.content_hash)
    if now != asked or seen != asked:
        raise WrongState(_("The content has changed since you were asked. Nothing was decided; ask for a new request."))
