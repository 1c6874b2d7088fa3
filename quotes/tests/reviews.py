"""A quote in review, everything that may happen to it, and what must hold whatever did. For tests of what happens at once."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from decimal import Decimal
from ipaddress import ip_address
from typing import Any

import time_machine
from django.test import Client
from django.urls import reverse

from approvals import link_views, selectors as approvals_read, services as approvals
from approvals.choices import RequestStatus, RunStatus, Settled, Verdict, Via
from approvals.models import Decision, Gate, Remark, Request, Run, RunGate
from approvals.services import deciding, sweeping
from core import clock, links
from core.errors import DomainError, NotAllowed, NotFound
from core.models import Event, Link, OutboxMessage
from quotes import selectors, services, snapshots
from quotes.models import Quote, QuoteLine
from quotes.tests.factories import World, draft
from users.models import User
from users.services import user_deactivate
from users.tests.factories import UserFactory

GATE = "quote_floor"
BELOW_FLOOR = "21"
"""Percent: of what sells at 10 that is below the floor of 8, and above the margin that is wanted."""


@dataclass(frozen=True)
class Case:
    """Keys only, so that other processes can be told of it."""

    quote: int
    line: int
    request: int
    version: int
    content_hash: str
    rep: int
    approver: int
    second: int
    stand_in: int
    token: str

    def told(self) -> dict[str, Any]:
        return asdict(self)


def make_case(world: World, *, days_ago: int = 0) -> Case:
    """A quote in review. Of 60 days ago, its answer is overdue, and its last day will have passed once it is approved."""
    approver, second, stand_in = (UserFactory(roles=["pricing"], sees_all_units=True) for _person in range(3))
    Gate.objects.filter(code=GATE).update(escalate_to=stand_in)
    with time_machine.travel(clock.now() - dt.timedelta(days=days_ago)):
        quote = submitted(world, draft(world, BELOW_FLOOR), approver)
    request = Request.objects.select_related("run").get(run__subject_id=quote.pk)
    return Case(
        quote=quote.pk,
        line=quote.lines.get().pk,
        request=request.pk,
        version=request.run.subject_version,
        content_hash=request.run.content_hash,
        rep=world.rep.pk,
        approver=approver.pk,
        second=second.pk,
        stand_in=stand_in.pk,
        token=links.token_of(Link.objects.get(purpose=Link.Purpose.APPROVAL, subject_id=request.pk)),
    )


def submitted(world: World, quote: Quote, approver: User, by: User | None = None) -> Quote:
    return services.quote_submit(quote_id=quote.pk, by=by or world.rep, approvers={GATE: approver.pk})


def user(pk: int) -> User:
    return User.objects.get(pk=pk)


# --- What may happen ---
def decide(case: Case, verdict: Verdict, via: Via = Via.PAGE) -> Decision:
    return approvals.request_decide(
        request_id=case.request,
        verdict=verdict,
        comment="näin",
        by=user(case.approver),
        via=via,
        version=case.version,
        content_hash=case.content_hash,
    )


def edit(case: Case) -> QuoteLine:
    return services.line_change(quote_id=case.quote, line_id=case.line, by=user(case.rep), quantity=Decimal(7))


def hand_over(case: Case) -> Request:
    return approvals.request_hand_over(request_id=case.request, to_id=case.second, by=user(case.approver))


def ask_back(case: Case) -> Remark:
    return approvals.request_ask_back(request_id=case.request, question="miksi?", by=user(case.approver), via=Via.PAGE)


ACTIONS: dict[str, Callable[[Case], Any]] = {
    "approve": lambda case: decide(case, Verdict.APPROVE),
    "reject": lambda case: decide(case, Verdict.REJECT),
    "recall": lambda case: services.quote_recall(quote_id=case.quote, by=user(case.rep)),
    "edit": edit,
    "revise": lambda case: services.quote_revise(quote_id=case.quote, by=user(case.rep)),
    "expire": lambda case: services.quote_expire(quote_id=case.quote),
    "hand_over": hand_over,
    "deactivate": lambda case: user_deactivate(user=user(case.approver), by=None),
    "ask_back": ask_back,
    "escalate": lambda case: sweeping._pass_on(case.request),
}


def done(name: str, case: Case) -> str:
    """How an action ended: done, nothing (to do), refused, or the name of the refusal. What is no refusal is raised."""
    try:
        return "nothing" if ACTIONS[name](case) is False else "done"
    except (NotAllowed, NotFound):
        return "refused"
    except DomainError as refusal:
        return type(refusal).__name__


def done_or_error(name: str, told: dict[str, Any]) -> str:
    """The same, for a process: errors are words too."""
    try:
        return done(name, Case(**told))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


# --- Answers of many processes ---
def answered(number: int, told: dict[str, Any], by_link: bool, unlocked: bool = False) -> str:
    """A yes or a no, by the service or by the page of the link: "won", "409", or what it should not have been."""
    case = Case(**told)
    verdict = Verdict.REJECT if number % 2 else Verdict.APPROVE
    if unlocked:
        _unlock()
    try:
        if by_link:
            status = _posted(case, verdict)
            return "won" if status == 302 else str(status)
        decide(case, verdict, Via.API)
    except DomainError as refusal:
        return str(refusal.status)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "won"


def _posted(case: Case, verdict: Verdict) -> int:
    place = ip_address("10.0.0.0") + case.request  # one place may send so many forms only
    client = Client(HTTP_HOST="localhost", REMOTE_ADDR=str(place))
    client.cookies[link_views.COOKIE] = case.token
    page = reverse("approval_link_review", args=[Request.objects.values_list("uuid", flat=True).get(pk=case.request)])
    seen = {"version": case.version, "content_hash": case.content_hash}
    return int(client.post(page, {"verdict": verdict, "comment": "näin", **seen}).status_code)


def _unlock() -> None:
    """The same code without row locks and without the conditional update, for the rest of this process."""

    def requests_of(run_id: int) -> list[Request]:
        return list(Request.objects.filter(run=run_id).select_related("run").order_by("pk"))

    def close(request: Request) -> None:
        request.is_open = False
        request.save(update_fields=["status", "is_open"])

    selectors.quote_for_update = lambda quote_id: Quote.objects.select_related(*selectors._LOCKED_WITH).get(pk=quote_id)
    approvals_read.requests_for_update = requests_of
    approvals_read.link_for_update = lambda link_id: Link.objects.get(pk=link_id)
    deciding.close = close


# --- What is the case afterwards ---
def state(case: Case) -> dict[str, Any]:
    """Everything that an action leaves, without keys and instants."""
    quote, request = Quote.objects.get(pk=case.quote), Request.objects.select_related("run").get(pk=case.request)
    names = {case.rep: "rep", case.approver: "approver", case.second: "second", case.stand_in: "stand-in"}
    decisions = Decision.objects.filter(request=request)
    mails = OutboxMessage.objects.filter(payload__request_id=request.pk) | OutboxMessage.objects.filter(
        payload__decision_id__in=list(decisions.values_list("pk", flat=True))
    )
    return {
        "quote": (quote.status, quote.version, quote.net_total, names.get(quote.last_editor_id)),
        "revisions": sorted(Quote.objects.filter(number=quote.number).values_list("revision", "status")),
        "request": (request.status, request.is_open, names.get(request.approver_id or 0), request.escalated_at is not None),
        "run": (request.run.status, request.run.finished_at is not None),
        "decisions": [(one.verdict, names[one.decided_by_id], one.content_hash == case.content_hash) for one in decisions],
        "mails": sorted(Counter((mail.topic, names.get(mail.payload["user_id"], "")) for mail in mails).items()),
        "live links": sorted(names[link.person_id] for link in live_links(case)),
        "events": sorted(Event.objects.filter(subject_type="quote", subject_id=case.quote).values_list("verb", flat=True)),
        "approver works here": user(case.approver).is_active,
    }


def live_links(case: Case) -> list[Link]:
    return list(Link.objects.filter(purpose=Link.Purpose.APPROVAL, subject_id=case.request, revoked_at=None))


def require_whole(quote_id: int) -> None:
    """Nothing is half done, and nothing was decided by whom or about what it may not be."""
    quote = Quote.objects.get(pk=quote_id)
    runs = list(Run.objects.filter(subject_type="quote", subject_id=quote.pk).order_by("pk"))
    open_runs = [run for run in runs if run.status == RunStatus.OPEN]
    assert len(open_runs) == (quote.status == "in_review"), "a run is open just while the quote is in review"
    for run in runs:
        _require_whole_run(run)
    if open_runs:
        assert snapshots.present_hash(quote) == open_runs[0].content_hash, "what is in review is what was asked about"
    if quote.status in ("approved", "sent"):
        require_approved_as_it_is(quote)


def _require_whole_run(run: Run) -> None:
    requests = list(Request.objects.filter(run=run).select_related("decision"))
    waiting = [request for request in requests if request.status == RequestStatus.PENDING]
    asked = [request.pk for request in waiting if request.is_open]
    held = Link.objects.filter(
        purpose=Link.Purpose.APPROVAL, subject_id__in=[request.pk for request in requests], revoked_at=None
    )
    assert bool(waiting) == (run.status == RunStatus.OPEN), "just an open run waits for somebody"
    assert bool(asked) == (run.status == RunStatus.OPEN), "and asks somebody"
    assert {link.subject_id for link in held} == set(asked), "links live just while they are asked"
    for decision in Decision.objects.filter(request__run=run):
        assert decision.request.status == ("approved" if decision.verdict == Verdict.APPROVE else "rejected")
        assert (decision.content_hash, decision.subject_version) == (run.content_hash, run.subject_version)
        assert decision.decided_by_id not in (run.requested_by_id, run.last_editor_id)
    if run.status == RunStatus.APPROVED:
        assert {request.decision.verdict for request in requests} <= {Verdict.APPROVE}
        assert run.gates.exists(), "by a yes, a rule or an earlier yes"
    if run.status == RunStatus.REJECTED:
        assert Decision.objects.filter(request__run=run, verdict=Verdict.REJECT).count() == 1


def require_approved_as_it_is(quote: Quote) -> None:
    """Each gate that the quote needs as it stands, with the options that were taken, has a yes to just what was sent."""
    content_hash = quote.snapshots.latest("pk").commercial_hash if quote.status == "accepted" else snapshots.present_hash(quote)
    needed = {breach.gate.value for breach in selectors.breaches_of(quote, selectors.quoted(quote).priced)}
    given = Decision.objects.filter(
        request__run__subject_type="quote",
        request__run__subject_id=quote.pk,
        verdict=Verdict.APPROVE,
        content_hash=content_hash,
    )
    runs = Run.objects.filter(subject_type="quote", subject_id=quote.pk, content_hash=content_hash)
    carried = RunGate.objects.filter(run__in=runs, settled=Settled.CARRIED, carried_from__verdict=Verdict.APPROVE)
    assert needed <= {*given.values_list("request__gates__gate", flat=True), *carried.values_list("gate", flat=True)}
