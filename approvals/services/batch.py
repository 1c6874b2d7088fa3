"""Several requests are approved in one go."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from approvals import batching, selectors
from approvals.choices import Verdict, Via
from approvals.models import Request
from approvals.services.deciding import request_decide
from core.errors import DomainError, Invalid
from users.models import User


class Seen(NamedTuple):
    """A request as the person had it before them."""

    request_id: int
    version: int
    content_hash: str


class Answered(NamedTuple):
    """What became of it: approved, or refused with this error and left as it was."""

    request_id: int
    error: DomainError | None


def requests_approve(*, seen: Sequence[Seen], by: User, via: Via, comment: str = "", ip: str | None = None) -> list[Answered]:
    """Each is approved in a transaction of its own, or refused and left as it was; refusing one holds up none of the others.

    Only requests of one kind go together, each below the limit. They are locked in the order of their subjects. Raises: Invalid
    for none, for too many, and for one that is named twice.
    """
    if not seen:
        raise Invalid(_("Choose at least one request."))
    if len(seen) > batching.MOST:
        raise Invalid(_("At most %(most)s requests are approved in one go.") % {"most": batching.MOST})
    keys = {one.request_id for one in seen}
    if len(keys) < len(seen):
        raise Invalid(_("One request is named twice."))
    found = _requests(by, keys)
    unfit = batching.unfitness(list(found.values()), selectors.settings_in_force())
    answers: dict[int, DomainError | None] = {}
    for one in sorted(seen, key=lambda one: _place(found.get(one.request_id))):
        why = unfit.get(one.request_id)
        answers[one.request_id] = Invalid(why) if why else _approve(one, by, via, comment, ip)
    return [Answered(one.request_id, answers[one.request_id]) for one in seen]


def _requests(by: User, keys: set[int]) -> dict[int, Request]:
    requests = batching.in_sight(by, keys).select_related("run").prefetch_related("gates").defer("summary")
    return {request.pk: request for request in requests.order_by("pk")}


def _place(request: Request | None) -> tuple[str, int, int]:
    return (request.run.subject_type, request.run.subject_id, request.pk) if request else ("", 0, 0)


def _approve(one: Seen, by: User, via: Via, comment: str, ip: str | None) -> DomainError | None:
    """The refusal; None when it is approved."""
    try:
        request_decide(
            request_id=one.request_id,
            verdict=Verdict.APPROVE,
            comment=comment,
            by=by,
            via=via,
            version=one.version,
            content_hash=one.content_hash,
            ip=ip,
        )
    except DomainError as error:
        return error
    return None
