"""What people do to conflicts of the customer master."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import conflicts, policies, services
from accounts.models import MasterConflict
from core import clock, events
from core.errors import Invalid, WrongState, require
from users.models import User


@transaction.atomic
def conflict_assign(*, conflict_id: int, by: User, to: int | None) -> MasterConflict:
    """The conflict is in the hands of the person `to`; None: in nobody's. Locks the account and the conflict.

    Raises: NotFound, NotAllowed, WrongState (settled), Invalid (somebody who could not settle it).
    """
    conflict = _open(conflict_id, by)
    person = conflicts.people_for(conflict.account).filter(pk=to).first() if to is not None else None
    if to is not None and person is None:
        raise Invalid(fields={"to": _("This person cannot settle conflicts of this account.")})
    if conflict.assigned_to_id == to:
        return conflict
    conflict.assigned_to = person
    conflict.save(update_fields=["assigned_to"])
    name = person.display_name if person else ""
    events.record(conflict.account, "handed over conflict", by=by, field=conflict.field, conflict=conflict.pk, to=name)
    return conflict


@transaction.atomic
def conflict_choose(*, conflict_id: int, by: User, candidate: str, reason: str) -> MasterConflict:
    """The field holds the candidate of this value, as an override; the conflict is settled. Locks the account and the conflict.

    Raises: NotFound, NotAllowed, WrongState (settled), Invalid.
    """
    conflict = _open(conflict_id, by)
    value = conflicts.chosen(conflict, candidate)
    services.account_override(
        account_id=conflict.account_id, by=by, version=None, field=conflict.field, value=value, reason=reason
    )
    conflict.refresh_from_db(fields=["resolved_at", "resolved_by", "resolution"])
    return conflict


@transaction.atomic
def conflict_leave(*, conflict_id: int, by: User, reason: str) -> MasterConflict:
    """The conflict is closed and the account stays as it is, until the master says something else. Locks the account and the
    conflict. Raises: NotFound, NotAllowed, WrongState (settled), Invalid.
    """
    conflict = _open(conflict_id, by)
    if not reason.strip():
        raise Invalid(fields={"reason": _("Say why it may stay as it is.")})
    conflict.resolved_at, conflict.resolved_by, conflict.resolution = clock.now(), by, reason.strip()[:300]
    conflict.save(update_fields=["resolved_at", "resolved_by", "resolution"])
    events.record(conflict.account, conflicts.LEFT, by=by, reason=reason.strip(), field=conflict.field, conflict=conflict.pk)
    return conflict


def _open(conflict_id: int, by: User) -> MasterConflict:
    conflict = conflicts.conflict_for_update(by, conflict_id)
    require_open(conflict, by)
    return conflict


def require_open(conflict: MasterConflict, by: User) -> None:
    """Raises: NotAllowed, WrongState."""
    require(policies.may_edit(by, conflict.account))
    if conflict.resolved_at is not None:
        raise WrongState(_("This conflict is settled already."))
