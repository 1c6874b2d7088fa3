"""How a request stands for one person: what a page says about it, and whether there is anything left to press."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from approvals import policies, registry, routing, selectors
from approvals.choices import RemarkKind, RequestStatus, RunStatus, Verdict
from approvals.models import Decision, Request, Run
from core import links
from core.models import Link
from users.models import User
from users.roles import Perm


class Standing(NamedTuple):
    """`kind` picks the colour and icon; `sentence` says it in words."""

    kind: str
    sentence: str
    can_decide: bool = False


def standing_of(request: Request, person: User, *, link: Link | None = None) -> Standing:
    """How it stands. By link it must be live as well; that only matters while there is something to decide."""
    if request.status in (RequestStatus.APPROVED, RequestStatus.REJECTED):
        return Standing(request.status, decided_sentence(request.decision))
    if request.status == RequestStatus.RETURNED:
        return Standing("returned", _returned_sentence(request))
    if request.status == RequestStatus.CANCELLED:
        return Standing("cancelled", _ended_sentence(request))
    if not request.is_open:
        return Standing("later", _("An earlier step is not approved yet. You will get a mail when it is your turn."))
    if link is not None and not links.is_live(link) and policies.is_asked(person, request):
        return Standing("expired", _("This link has expired. Sign in to decide."))
    if (
        link is not None
        and policies.is_asked(person, request)
        and not policies.link_decides(request.run, selectors.settings_in_force())
    ):
        return Standing("sign_in", sign_in_sentence())
    if not policies.may_decide_now(person, request):
        return Standing("waiting", _not_yours_sentence(request, person, by_link=link is not None))
    return Standing("open", "", can_decide=True)


def successors(asked: Request, person: User, stands: Standing, steps: Sequence[Request]) -> list[User]:
    """To whom this person may hand the request over now; `steps`: all requests of its run. Two queries, or none."""
    is_undecided = asked.status == RequestStatus.PENDING and asked.run.status == RunStatus.OPEN
    if not (stands.can_decide or (stands.kind not in ("expired", "sign_in") and is_undecided and person.may(Perm.STEWARD))):
        return []
    if policies.is_involved(person, asked.run):
        return []
    subject = registry.subject_for(asked.run.subject_type).read(asked.run.subject_id)
    return routing.successors(asked, steps, subject)


def sign_in_sentence() -> str:
    """What a link says that opens the page and decides nothing."""
    return _("The link in the mail shows this to you. Sign in to decide.")


def decided_sentence(decision: Decision) -> str:
    """Who decided already, and when: "Already approved by Pirkko Pricing, 22/11/2026 12:00."."""
    words = {"name": decision.decided_by.display_name, "at": _when(decision.at)}
    if decision.verdict == Verdict.APPROVE:
        return _("Already approved by %(name)s, %(at)s.") % words
    return _("Already rejected by %(name)s, %(at)s.") % words


def _ended_sentence(request: Request) -> str:
    run = request.run
    if run.status == RunStatus.RECALLED:
        words = {"name": run.requested_by.display_name, "at": _when(run.finished_at)}
        return _("Taken back by %(name)s, %(at)s. There is nothing left to decide.") % words
    if run.status == RunStatus.RETURNED:
        return _asked_back_sentence(run)
    rejection = Decision.objects.select_related("decided_by").filter(request__run=run, verdict=Verdict.REJECT).first()
    if rejection is None:
        return _("Enough others have approved, so your answer is not needed any more.")
    words = {"name": rejection.decided_by.display_name, "at": _when(rejection.at)}
    return _("Rejected by %(name)s, %(at)s, so your answer is not needed any more.") % words


def _asked_back_sentence(run: Run) -> str:
    question = run.remarks.filter(kind=RemarkKind.QUESTION).select_related("by").first()
    words = {"name": question.by.display_name if question else "", "at": _when(run.finished_at)}
    return _("%(name)s asked back, %(at)s. What comes of it is asked again.") % words


def _returned_sentence(request: Request) -> str:
    """It was asked back; once it has come again, that is said on the page of the request that goes on from it."""
    if hasattr(request, "continued_by"):
        return _("Asked back, and asked again since: see the request that goes on from this one.")
    question = request.remarks.filter(kind=RemarkKind.QUESTION).select_related("by").first()
    words = {
        "name": question.by.display_name if question else "",
        "at": _when(request.run.finished_at),
        "requester": request.run.requested_by.display_name,
    }
    return _("%(name)s asked back, %(at)s. It is with %(requester)s now and comes again.") % words


def _not_yours_sentence(request: Request, person: User, *, by_link: bool) -> str:
    """Why there is nothing to press, though it is still open."""
    if policies.is_asked(person, request) and not policies.is_involved(person, request.run):
        return _("You may not decide this request.")
    passed_on = selectors.passed_on_from(request, person) if by_link else None
    if passed_on is None:
        return _waiting_sentence(request)
    words = {"to": passed_on.data["to"], "name": passed_on.by_name, "at": _when(passed_on.at)}
    if passed_on.by_name:
        return _("%(name)s handed this over to %(to)s, %(at)s.") % words
    return _("Not answered in time, so it went on to %(to)s, %(at)s.") % words


def _waiting_sentence(request: Request) -> str:
    if request.approver is None:
        return _("Waits for an answer from the data stewards.")
    return _("Waits for an answer from %(name)s.") % {"name": request.approver.display_name}


def _when(instant: object) -> str:
    return str(formats.date_format(timezone.localtime(instant), "SHORT_DATETIME_FORMAT")) if instant else ""  # type: ignore[arg-type]
