"""What every change of a case shares: the lock, what its phase opens, the move to another status, and the news of it."""

from collections.abc import Collection, Iterable

from django.utils.translation import gettext as _

from core import clock, events, outbox, versions
from core.errors import WrongState, require
from csr import policies, selectors
from csr.choices import CaseStatus, Phase
from csr.models import Case, CaseMember, CaseSpell
from users.models import User
from users.selectors import stewards

WORKED_ON = (CaseStatus.REGISTRATION, CaseStatus.UNDER_ASSESSMENT, CaseStatus.UNDER_IMPLEMENTATION)
"""Where it is somebody's turn, not the approvers'."""
OWNERS = {Phase.REGISTRATION: "registered_by", Phase.ASSESSMENT: "assessor", Phase.IMPLEMENTATION: "implementer"}


def locked_to_edit(
    case_id: int, by: User, version: int | None, statuses: Collection[CaseStatus | str], *, anybody: bool = False
) -> Case:
    """The case, locked, in one of these statuses, for somebody who may edit it; `anybody`: who it is, is asked elsewhere.

    Raises: NotFound; NotAllowed; StaleVersion; WrongState while somebody decides about it, or in another status.
    """
    case = selectors.case_for_update(case_id, by)
    require_unlocked(case)
    if not anybody:
        require(policies.answers_for(by, case))
    versions.require(case, version)
    if case.status not in statuses:
        raise WrongState(_("In “%(status)s” this cannot be changed.") % {"status": case.get_status_display()})
    return case


def require_unlocked(case: Case) -> None:
    """Raises: WrongState while somebody decides about the case."""
    if case.is_locked:
        raise WrongState(_("Somebody is deciding about this case; until then nothing of it can be changed."))


def saved(case: Case, by: User | None, fields: Iterable[str] = ()) -> None:
    """One more save of the case counts; somebody's is remembered as the last editor's."""
    versions.bump(case)
    names = {*fields, "version"}
    if by is not None:
        case.last_editor = by
        names.add("last_editor")
    case.save(update_fields=sorted(names))


def begin(case: Case, by: User | None) -> None:
    """The spell of the present status begins, the last one is over."""
    CaseSpell.objects.filter(case=case, ended_at=None).update(ended_at=case.status_since)
    CaseSpell.objects.create(case=case, status=case.status, owner_id=case.owner_id, began_by=by, began_at=case.status_since)


def changed_hands(case: Case, by: User | None) -> None:
    """The time until now is the former owner's. In memory `status_since` is moved for the spell, and put back."""
    since, case.status_since = case.status_since, clock.now()
    begin(case, by)
    case.status_since = since


def moved(
    case: Case,
    by: User | None,
    verb: str,
    *,
    fields: Iterable[str] = (),
    reason: str = "",
    edits: bool = False,
    handed: bool = False,
) -> None:
    """The case is saved in its new status, with its history, and everybody of its team is told. `edits`: whoever moves it counts
    as its last editor. `handed`: its new owner is told otherwise."""
    case.status_since = clock.now()
    begin(case, by)
    saved(case, by if edits else None, (*fields, "status", "status_since"))
    event = events.record(case, verb, by=by, reason=reason)
    told_otherwise = {by.pk if by else None, case.owner_id if handed else None}
    tell("csr.moved", case, people_of(case) - told_otherwise, event_id=event.pk)


def handed_to(topic: str, case: Case, owner: User | None) -> None:
    """Whoever answers for the case now is told; the stewards where nobody does."""
    people = {owner.pk} if owner else {steward.pk for steward in stewards()}
    tell(topic, case, people)


def phase_handed_on(case: Case) -> None:
    """The same about the present phase, to its owner: what is to be done in it."""
    if case.phase == Phase.REGISTRATION:
        handed_to("csr.register", case, case.owner)
    elif case.phase == Phase.ASSESSMENT:
        handed_to("csr.assess", case, case.owner)
    else:
        handed_to("csr.implement", case, case.owner)


def answerable(case: Case) -> set[int]:
    """Keys of whoever answers for the phase: its owner, else the stewards."""
    return {case.owner_id} if case.owner_id is not None else {steward.pk for steward in stewards()}


def registrants(case: Case) -> set[int]:
    """The key of whoever registered it; those of the stewards once that person has left."""
    return {case.registered_by_id} if case.registered_by.is_active else {steward.pk for steward in stewards()}


def people_of(case: Case) -> set[int | None]:
    """Keys of the team, of whoever registered it and of whoever answers for it now."""
    team = CaseMember.objects.filter(case=case).values_list("user", flat=True)
    return {*team, case.registered_by_id, case.owner_id} - {None}


def tell(topic: str, case: Case, people: Collection[int | None], **more: int | str) -> None:
    rows: list[dict[str, int | str]] = [
        {"case_id": case.pk, "user_id": pk, **more} for pk in sorted(pk for pk in people if pk is not None)
    ]
    if rows:
        outbox.emit_all(topic, rows)
