"""Asking back, and comments: what is said about a round before, between and after its answers."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from approvals import selectors
from approvals.choices import RemarkKind, Via
from approvals.models import Remark, Request
from approvals.services import deciding, locking
from core import clock, outbox
from core.errors import Invalid
from core.models import Link
from users.models import User

LONGEST = 2_000


@transaction.atomic
def request_ask_back(
    *,
    request_id: int,
    question: str,
    lines: Sequence[int] = (),
    by: User,
    via: Via,
    version: int | None = None,
    content_hash: str | None = None,
    link: Link | None = None,
) -> Remark:
    """The subject is with the requester again, to be changed or explained; asked again, it comes back to the same person with
    the time that was left. `lines`: positions of those that are meant.

    Raises: NotFound; Invalid without a question or for lines that are not there; NotAllowed; WrongState: decided, taken back,
    changed, or an earlier step is not approved.
    """
    registered, subject, requests, request = locking.locked_to_answer(request_id, by, via, link, version, content_hash)
    run = request.run
    text = _text(question, _("Say what you want to know, or what should change."))
    known = {line["position"] for line in registered.lines(run.subject_id, run.subject_version)}
    if not set(lines) <= known:
        raise Invalid(fields={"lines": _("This line is not in what you were asked about.")})
    remark = _remark(request, RemarkKind.QUESTION, text, by, via, sorted(set(lines)))
    request.give_back()
    deciding.close(request)
    run.give_back()
    deciding.finish(run, requests)
    registered.returned(subject, by=by, comment=text)
    _tell(remark, {run.requested_by_id} - {by.pk})
    return remark


@transaction.atomic
def remark_add(*, request_id: int, text: str, by: User, via: Via, link: Link | None = None) -> Remark:
    """A comment stands with the round; who asked, and who is or was asked, are told. Nothing else changes.

    Raises: NotFound for a request out of sight; Invalid for an empty or overlong text; NotAllowed by a link of somebody else;
    WrongState by one that is no longer valid.
    """
    request = selectors.request_in_sight(request_id, None if via == Via.LINK else by)
    locking.require_living_link(request, by, via, link)
    remark = _remark(request, RemarkKind.COMMENT, _text(text, _("Write something.")), by, via)
    _tell(remark, selectors.people_in(request.run) - {by.pk})
    return remark


def _text(text: str, missing: str) -> str:
    text = text.strip()
    if not text:
        raise Invalid(fields={"comment": missing})
    if len(text) > LONGEST:
        raise Invalid(fields={"comment": _("At most %(most)s characters.") % {"most": LONGEST}})
    return text


def _remark(request: Request, kind: RemarkKind, text: str, by: User, via: Via, lines: Sequence[int] = ()) -> Remark:
    return Remark.objects.create(
        run=request.run, request=request, kind=kind, text=text, lines=list(lines), by=by, via=via, at=clock.now()
    )


def _tell(remark: Remark, people: set[int]) -> None:
    rows: list[dict[str, int | str]] = [{"remark_id": remark.pk, "user_id": pk} for pk in sorted(people)]
    if remark.kind == RemarkKind.QUESTION:
        outbox.emit_all("approval.asked_back", rows)
    else:
        outbox.emit_all("approval.commented", rows)
