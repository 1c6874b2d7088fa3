"""The review page, which the inbox and the link in a mail share: its context, and what a posted answer leads to."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language

from approvals import policies, selectors, services, standing, summary
from approvals.choices import RunStatus, Verdict, Via
from approvals.forms import ASK_BACK, COMMENT, HAND_OVER, DecisionForm
from approvals.models import Request
from core import clock
from core.clients import client_ip
from core.errors import DomainError, Invalid
from core.models import Link
from users.models import User
from users.roles import Perm


def review_context(
    asked: Request, person: User, *, link: Link | None = None, form: DecisionForm | None = None, error: DomainError | None = None
) -> dict[str, Any]:
    """Everything the shared content partial shows to this person."""
    seen = summary.of_request(asked, language=get_language() or "en", with_margin=person.may(Perm.MARGIN_VIEW))
    stands = standing.standing_of(asked, person, link=link)
    steps = selectors.steps(asked.run)
    people = standing.successors(asked, person, stands, steps)
    first = {"version": asked.run.subject_version, "content_hash": asked.run.content_hash}
    form = form or DecisionForm(initial=first)
    form.offer(people)
    return {
        "asked": asked,
        "now": clock.now(),
        "run": asked.run,
        "review": seen,
        "standing": stands,
        "steps": steps,
        "continued_by": getattr(asked, "continued_by", None) and asked.continued_by.pk,
        "settled": selectors.settled(asked.run),
        "remarks": selectors.remarks(asked.run),
        "marked": set(form.data.getlist("lines")) if form.is_bound else set(),  # type: ignore[attr-defined]
        "may_comment": link is None or stands.can_decide,
        "form": form,
        "successors": people,
        "error": error,
        "by_link": link is not None,
        "may_recall": link is None and asked.run.status == RunStatus.OPEN and policies.may_recall(person, asked.run),
    }


def answer(
    request: HttpRequest, request_id: int, person: User, *, link: Link | None = None
) -> tuple[DecisionForm, DomainError | None]:
    """Decide, hand over, ask back or comment as posted. Returns the form and the refusal; no refusal means it is done."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        form.fields["comment"].widget.attrs["autofocus"] = "comment" in form.errors
        return form, Invalid()
    try:
        _do(request, form.cleaned_data, request_id=request_id, by=person, via=Via.LINK if link else Via.PAGE, link=link)
    except DomainError as error:
        for name, sentence in error.fields.items():
            form.add_error(name if name in form.fields else None, str(sentence))
        return form, error
    return form, None


def _do(request: HttpRequest, given: dict[str, Any], **common: Any) -> None:
    verdict, comment = given["verdict"], given["comment"]
    seen = {"version": given["version"], "content_hash": given["content_hash"]}
    if verdict == HAND_OVER:
        services.request_hand_over(to_id=given["to"], comment=comment, **common)
    elif verdict == ASK_BACK:
        services.request_ask_back(question=comment, lines=given["lines"], **seen, **common)
    elif verdict == COMMENT:
        services.remark_add(text=comment, **common)
    else:
        services.request_decide(verdict=Verdict(verdict), comment=comment, ip=client_ip(request), **seen, **common)
