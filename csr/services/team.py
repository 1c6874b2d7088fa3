"""The case team, and who only watches."""

from django.db import transaction
from django.utils.translation import gettext as _

from core import events
from core.errors import Invalid, NotFound, WrongState, require
from csr import policies, selectors
from csr.choices import ENDED
from csr.models import Case, CaseMember, TeamRole
from csr.models.look_ups import WATCHER
from csr.services import keeping
from users.models import User

MOST_MEMBERS = 100


@transaction.atomic
def member_add(*, case_id: int, user_id: int, role_id: int, by: User) -> CaseMember:
    """This person is of the team in this role, and is told what happens.

    Raises: NotFound; NotAllowed; WrongState while it is locked or has ended; Invalid naming `user` or `role`.
    """
    case = _case(case_id, by)
    role = TeamRole.objects.filter(pk=role_id, is_active=True).first()
    if role is None:
        raise Invalid(fields={"role": _("Choose one of the roles.")})
    return _added(case, _person(case, user_id), role, by)


def _case(case_id: int, by: User) -> Case:
    case = selectors.case_for_update(case_id, by)
    keeping.require_unlocked(case)
    if case.status in ENDED:
        raise WrongState(_("In “%(status)s” this cannot be changed.") % {"status": case.get_status_display()})
    require(policies.may_build_team(by, case))
    return case


def _person(case: Case, user_id: int) -> User:
    person: User | None = User.objects.filter(pk=user_id).first()
    if person is None or not policies.may_own(person, case):
        raise Invalid(fields={"user": _("This person cannot be asked.")})
    return person


def _added(case: Case, person: User, role: TeamRole, by: User) -> CaseMember:
    if CaseMember.objects.filter(case=case).exclude(role__code=WATCHER).count() >= MOST_MEMBERS:
        raise Invalid(fields={"user": _("A case team has at most %(most)s members.") % {"most": MOST_MEMBERS}})
    member, is_new = CaseMember.objects.get_or_create(case=case, user=person, role=role)
    if not is_new:
        raise Invalid(fields={"user": _("This person has this role already.")})
    events.record(case, "member added", by=by, name=person.display_name, role=role.code)
    if person.pk != by.pk and role.code != WATCHER:
        keeping.tell("csr.joined", case, {person.pk})
    return member


@transaction.atomic
def member_remove(*, case_id: int, member_id: int, by: User) -> Case:
    """This person no longer has this role. Raises: NotFound; NotAllowed; WrongState."""
    case = _case(case_id, by)
    member = CaseMember.objects.select_related("user", "role").filter(pk=member_id, case=case).first()
    if member is None:
        raise NotFound(_("This person is no longer there."))
    member.delete()
    events.record(case, "member removed", by=by, name=member.user.display_name, role=member.role.code)
    return case


@transaction.atomic
def case_watch(*, case_id: int, by: User, on: bool) -> Case:
    """Whoever sees the case is told what happens to it, or no longer is; in every status. Raises: NotFound."""
    case = selectors.case_for_update(case_id, by)
    watching = CaseMember.objects.filter(case=case, user=by, role__code=WATCHER)
    if not on:
        watching.delete()
    elif not watching.exists():
        role, _made = TeamRole.objects.get_or_create(
            code=WATCHER, defaults={"label": "Watcher", "label_en": "Watcher", "label_fi": "Seuraaja", "position": 90}
        )
        CaseMember.objects.create(case=case, user=by, role=role)
    return case
