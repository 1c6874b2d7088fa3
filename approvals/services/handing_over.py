"""Somebody else is asked."""

from django.db import transaction
from django.utils.translation import gettext as _

from approvals import policies, routing
from approvals.choices import Via
from approvals.models import Request
from approvals.services import asking, locking
from core import events, links, outbox
from core.errors import Invalid, NotAllowed
from core.models import Link
from users.models import User
from users.selectors import user_with_roles


@transaction.atomic
def request_hand_over(
    *, request_id: int, to_id: int, by: User, comment: str = "", via: Via = Via.PAGE, link: Link | None = None
) -> Request:
    """Somebody else is asked from now on, by the same deadline; links sent until now are dead, and everybody concerned is told.

    Whoever is asked passes it on, or a steward gives it to somebody. Raises: NotFound; NotAllowed; WrongState: decided or taken
    back; Invalid with `to` in its fields for a person who may not decide it or is asked in this run already.
    """
    _registered, subject, requests, request = locking.locked(request_id, None if via == Via.LINK else by)
    run = request.run
    locking.require_undecided(run, request)
    locking.require_link(request, by, via, link)
    person = user_with_roles(by.pk)  # as he or she is now
    if person is None or not policies.may_hand_over(person, request, subject):
        raise NotAllowed(_("You may not hand this request over."))
    to = next((user for user in routing.successors(request, requests, subject) if user.pk == to_id), None)
    if to is None:
        raise Invalid(fields={"to": _("This person may not decide it, or is asked already. Choose another one.")})
    former = request.approver
    give(request, to)
    events.record(
        subject,
        "approval_handed_over",
        by=person,
        reason=comment.strip(),
        former=former.display_name if former else "",
        to=to.display_name,
    )
    if request.is_open:
        asking.tell(run, [request], by_name=person.display_name, note=comment.strip())
    told = {run.requested_by_id, former.pk if former else person.pk} - {person.pk, to.pk}
    rows: list[dict[str, int | str]] = [
        {"request_id": request.pk, "user_id": pk, "by_name": person.display_name, "note": comment.strip()} for pk in sorted(told)
    ]
    outbox.emit_all("approval.handed_over", rows)
    return request


def give(request: Request, to: User | None) -> None:
    """The request is this person's, or the stewards'; links sent until now are dead."""
    links.revoke(Link.Purpose.APPROVAL, [request.pk])
    request.approver = to
    request.save(update_fields=["approver"])
