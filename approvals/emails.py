"""Mails about approvals: asked, decided, taken back. Delivered by the outbox; rendered from ids in the reader's language."""

import datetime as dt
from typing import Any

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _, gettext_lazy, gettext_noop, ngettext

from approvals import digest_selectors, registry, selectors, summary
from approvals.choices import RemarkKind, RequestStatus, RunStatus, Verdict
from approvals.models import Decision, Remark, Request, Rule, Run
from approvals.services.digest import next_at
from core import clock, deliveries, emails, links, outbox
from core.deliveries import About
from core.models import Link, OutboxMessage
from core.prepared import Prepared
from users.models import ApprovalMail, User
from users.roles import Perm
from users.selectors import user_with_roles


@deliveries.tells("request_id")
def _requests(ids: list[int]) -> dict[int, About]:
    return {row.pk: _about(row) for row in selectors.with_titles(Request.objects.filter(pk__in=ids))}


@deliveries.tells("decision_id")
def _decisions(ids: list[int]) -> dict[int, About]:
    keys = dict(Decision.objects.filter(pk__in=ids).values_list("pk", "request_id"))
    told = _requests(list(keys.values()))
    return {pk: told[request_id] for pk, request_id in keys.items()}


def _about(row: Any) -> About:
    return About(what=", ".join(filter(None, (row.title, row.customer))), path=_path(row))


@outbox.handler("approval.requested", title=gettext_lazy("Request for approval"), urgent=True)
def requested(message: OutboxMessage, *, request_id: int, user_id: int, link_id: int, by_name: str = "", note: str = "") -> None:
    """Ask one person."""
    _ask(message, gettext_noop("Approval: %(what)s"), request_id, user_id, link_id, by_name=by_name, note=note)


@outbox.handler("approval.reminder", title=gettext_lazy("Reminder of an approval"))
def reminder(message: OutboxMessage, *, request_id: int, user_id: int, link_id: int) -> None:
    """Ask once more."""
    _ask(message, gettext_noop("Reminder: approval of %(what)s"), request_id, user_id, link_id, is_reminder=True)


def _ask(
    message: OutboxMessage,
    subject: str,
    request_id: int,
    user_id: int,
    link_id: int,
    *,
    by_name: str = "",
    note: str = "",
    is_reminder: bool = False,
) -> None:
    """Nothing is sent when the question is no longer open."""
    request = _request(request_id)
    person, link = _person(user_id), _link(link_id)
    if request.status != RequestStatus.PENDING or not links.is_live(link):
        return
    if not is_reminder and _waits_for_digest(person, request):
        return
    with translation.override(person.language):
        subject = _(subject) % {"what": _what(request.run)}
    url = emails.absolute(reverse("approval_link", args=[links.token_of(link)]))
    more = {"url": url, "request": request, "by_name": by_name, "note": note, "is_reminder": is_reminder}
    _send(message, "requested", person, request.run, subject, _facts(request, person) | more)


@outbox.handler("approval.passed_on", title=gettext_lazy("Approval passed on"), urgent=True)
def passed_on(message: OutboxMessage, *, request_id: int, user_id: int, why: str = "late") -> None:
    """Tell the requester, and whoever has not answered, who is asked now; or stewards that nobody is. `why`: late, away, left,
    or nobody who could be asked instead."""
    request, person = _request(request_id), _person(user_id)
    with translation.override(person.language):
        words = {"what": _what(request.run)}
        late, moved = _("Not answered in time: approval of %(what)s"), _("Passed on: approval of %(what)s")
        subject = (late if why in ("late", "nobody") else moved) % words
    path = (
        _path(request) if person.may(Perm.STEWARD) else registry.subject_for(request.run.subject_type).url(request.run.subject_id)
    )
    context = _facts(request, person) | {"url": emails.absolute(path), "request": request, "why": why}
    _send_news(message, "passed_on", person, request.run, subject, context)


@outbox.handler("approval.decided", title=gettext_lazy("Decision about an approval"), urgent=True)
def decided(message: OutboxMessage, *, decision_id: int, user_id: int) -> None:
    """Tell the requester, and confirm to the one who decided."""
    decision = Decision.objects.select_related("decided_by").get(pk=decision_id)
    request, person = _request(decision.request_id), _person(user_id)
    if _has_digest(person):
        return
    with translation.override(person.language):
        words = {"what": _what(request.run)}
        is_yes = decision.verdict == Verdict.APPROVE
        subject = _("Approved: %(what)s") % words if is_yes else _("Rejected: %(what)s") % words
    is_decider = person.pk == decision.decided_by_id
    path = _path(request) if is_decider else registry.subject_for(request.run.subject_type).url(request.run.subject_id)
    more = {
        "decision": decision,
        "is_decider": is_decider,
        "is_finished": request.run.status != RunStatus.OPEN,
        "url": emails.absolute(path),
        "request": request,
    }
    _send(message, "decided", person, request.run, subject, _facts(request, person) | more)


@outbox.handler("approval.recalled", title=gettext_lazy("Approval no longer needed"), urgent=True)
def recalled(message: OutboxMessage, *, request_id: int, user_id: int, closed_by: str = "") -> None:
    """Tell somebody who was asked that the answer is no longer needed. `closed_by`: whoever ended what it was about."""
    request, person = _request(request_id), _person(user_id)
    if _waits_for_digest(person, request):
        return
    with translation.override(person.language):
        subject = _("No longer needed: approval of %(what)s") % {"what": _what(request.run)}
    more = {"url": emails.absolute(_path(request)), "request": request, "cause": request.run.status, "closed_by": closed_by}
    context = _facts(request, person) | more
    _send_news(message, "recalled", person, request.run, subject, context)


@outbox.handler("approval.handed_over", title=gettext_lazy("Approval handed over"), urgent=True)
def handed_over(message: OutboxMessage, *, request_id: int, user_id: int, by_name: str, note: str = "") -> None:
    """Tell the requester, and whoever was asked until now, who is asked."""
    request, person = _request(request_id), _person(user_id)
    if _has_digest(person):
        return
    with translation.override(person.language):
        subject = _("Handed over: approval of %(what)s") % {"what": _what(request.run)}
    url = emails.absolute(registry.subject_for(request.run.subject_type).url(request.run.subject_id))
    context = _facts(request, person) | {"url": url, "request": request, "by_name": by_name, "note": note}
    _send_news(message, "handed_over", person, request.run, subject, context)


@outbox.handler("approval.digest", title=gettext_lazy("Approvals of the day"))
def digest(message: OutboxMessage, *, user_id: int, since: str, until: str) -> None:
    """Everything that waits for the person, and what was decided or handed over in this time. Nothing is sent when there is
    nothing to say any more."""
    person = user_with_roles(user_id)
    if person is None or not person.is_active:
        raise outbox.Undeliverable("the person has left")
    begins, ends = dt.datetime.fromisoformat(since), dt.datetime.fromisoformat(until)
    waiting = list(digest_selectors.waiting(person))
    held = digest_selectors.living_links(person, [request.pk for request in waiting])
    context = {
        "person": person,
        "waiting": [_waiting_row(request, person, held.get(request.pk)) for request in waiting],
        "decided": [_decided_row(decision, person) for decision in digest_selectors.decided(person, begins, ends)],
        "handed_over": [
            {"review": _facts(request, person)["review"], "request": request, "by_name": event.by_name}
            for request, event in digest_selectors.handed_over(person, begins, ends)
        ],
        "url": emails.absolute(reverse("approval_list")),
    }
    if not (context["waiting"] or context["decided"] or context["handed_over"]):
        return
    with translation.override(person.language):
        subject = ngettext(
            "Approvals of the day: %(count)s waits for you", "Approvals of the day: %(count)s wait for you", len(waiting)
        ) % {"count": len(waiting)}
    emails.send(
        message,
        to=[person.email],
        subject=subject,
        text_template="approvals/emails/digest.txt",
        html_template="approvals/emails/digest.html",
        context=context,
        language=person.language,
    )


def _waiting_row(request: Request, person: User, link: Link | None) -> dict[str, Any]:
    path = reverse("approval_link", args=[links.token_of(link)]) if link else _path(request)
    return {"request": request, "run": request.run, "url": emails.absolute(path), **_facts(request, person)}


def _decided_row(decision: Decision, person: User) -> dict[str, Any]:
    request = decision.request
    return {
        "decision": decision,
        "is_decider": person.pk == decision.decided_by_id,
        "is_finished": request.run.status != RunStatus.OPEN,
        **_facts(request, person),
    }


def _has_digest(person: User) -> bool:
    return person.approval_mail == ApprovalMail.DAILY


def _waits_for_digest(person: User, request: Request) -> bool:
    """Whether the mail of the day says it in time. What was passed on for want of an answer is told at once."""
    if not _has_digest(person) or request.escalated_at is not None or request.due_at is None:
        return False
    return request.due_at > next_at(clock.now())


@deliveries.tells("remark_id")
def _remarks(ids: list[int]) -> dict[int, About]:
    keys = dict(Remark.objects.filter(pk__in=ids).values_list("pk", "request_id"))
    told = _requests(list(keys.values()))
    return {pk: told[request_id] for pk, request_id in keys.items()}


@outbox.handler("approval.asked_back", title=gettext_lazy("Approval asked back"), urgent=True)
def asked_back(message: OutboxMessage, *, remark_id: int, user_id: int) -> None:
    """Tell the requester what somebody wants to know or have changed."""
    _remark(message, "asked_back", gettext_noop("Asked back: approval of %(what)s"), remark_id, user_id)


@outbox.handler("approval.commented", title=gettext_lazy("Comment on an approval"))
def commented(message: OutboxMessage, *, remark_id: int, user_id: int) -> None:
    """Tell somebody who is in the round what another one wrote."""
    _remark(message, "commented", gettext_noop("Comment: approval of %(what)s"), remark_id, user_id)


def _remark(message: OutboxMessage, name: str, subject: str, remark_id: int, user_id: int) -> None:
    remark = Remark.objects.select_related("by").get(pk=remark_id)
    request, person = _request(remark.request_id), _person(user_id)
    with translation.override(person.language):
        subject = _(subject) % {"what": _what(request.run)}
    is_question = remark.kind == RemarkKind.QUESTION
    own = Request.objects.filter(run=request.run, approver=person).first() or request
    path = registry.subject_for(request.run.subject_type).url(request.run.subject_id) if is_question else _path(own)
    context = _facts(request, person) | {"url": emails.absolute(path), "remark": remark, "note": remark.text}
    _send_news(message, name, person, request.run, subject, context)


@outbox.handler("approval.alert", title=gettext_lazy("Approval rule for information"))
def alert(message: OutboxMessage, *, subject_type: str, subject_id: int, rule_id: int, by_name: str, user_id: int) -> None:
    """Tell a manager what a rule wants managers to know; there is nothing to decide."""
    person, rule = _person(user_id), Rule.objects.filter(pk=rule_id).first()
    registered = registry.subject_for(subject_type)
    if not person.is_active or rule is None:
        raise outbox.Undeliverable("the person has left, or the rule is gone")
    with translation.override(person.language):
        what = registered.summary(subject_id)
        subject = _("For your information: %(what)s") % {"what": what}
    emails.send(
        message,
        to=[person.email],
        subject=subject,
        text_template="approvals/emails/news.txt",
        html_template="approvals/emails/news.html",
        context={
            "person": person,
            "sentence": "approvals/emails/_alert_sentence.txt",
            "note": "",
            "what": what,
            "rule": rule,
            "by_name": by_name,
            "url": emails.absolute(registered.url(subject_id)),
        },
        language=person.language,
        thread=f"{subject_type}-{subject_id}",
    )


def _send_news(message: OutboxMessage, name: str, person: User, run: Run, subject: str, context: dict[str, Any]) -> None:
    """A sentence, what somebody wrote with it, and where to look."""
    sentence = f"approvals/emails/_{name}_sentence.txt"
    _send(message, "news", person, run, subject, {"note": "", **context, "sentence": sentence})


def _send(message: OutboxMessage, name: str, person: User, run: Run, subject: str, context: dict[str, Any]) -> None:
    if not person.is_active:
        raise outbox.Undeliverable("the person has left")
    requester = run.requested_by
    emails.send(
        message,
        to=[person.email],
        subject=subject,
        text_template=f"approvals/emails/{name}.txt",
        html_template=f"approvals/emails/{name}.html",
        context=context | {"person": person, "run": run},
        language=person.language,
        reply_to=emails.address(requester.display_name, requester.email),
        thread=f"{run.subject_type}-{run.subject_id}",
    )


_requests_by_key = Prepared(
    lambda pk: Request.objects.select_related("run__requested_by", "approver", "instead_of").filter(pk=pk)
)
_links_by_key = Prepared(lambda pk: Link.objects.filter(pk=pk))


def _request(request_id: int) -> Request:
    """Raises: DoesNotExist."""
    request: Request | None = _requests_by_key.first(request_id)
    if request is None:
        raise Request.DoesNotExist
    return request


def _link(link_id: int) -> Link:
    """Raises: DoesNotExist."""
    link: Link | None = _links_by_key.first(link_id)
    if link is None:
        raise Link.DoesNotExist
    return link


def _person(user_id: int) -> User:
    """With the roles. Raises: DoesNotExist."""
    person = user_with_roles(user_id)
    if person is None:
        raise User.DoesNotExist
    return person


def _facts(request: Request, person: User) -> dict[str, Any]:
    with_margin = person.may(Perm.MARGIN_VIEW)
    return {"review": summary.for_reader(request.summary, language=person.language, with_margin=with_margin)}


def _what(run: Run) -> str:
    return registry.subject_for(run.subject_type).summary(run.subject_id)


def _path(request: Request) -> str:
    return reverse("approval_detail", args=[request.pk])
