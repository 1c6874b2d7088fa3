"""Who may do what to a case. Which cases somebody sees at all is `Case.objects.visible_to`."""

from accounts import policies as accounts
from accounts.models import Account
from csr.choices import ENDED, CaseStatus, Phase
from csr.models import Case, CaseTask
from users.models import User
from users.roles import Perm


def may_register(user: User) -> bool:
    """For any account in sight."""
    return user.may(Perm.CSR_REGISTER)


def may_edit(user: User, case: Case) -> bool:
    """In its phase, whoever answers for it and stewards; while it is registered, whoever manages the account as well. Nobody
    while somebody decides about it, or once it has ended."""
    if case.is_locked or case.status in ENDED:
        return False
    return answers_for(user, case)


def answers_for(user: User, case: Case) -> bool:
    """The owner of the phase, stewards, and in Registration whoever may register cases and manages the account."""
    if not user.may(Perm.CSR_VIEW):
        return False
    if user.may(Perm.STEWARD) or case.owner_id == user.pk:
        return True
    return case.phase == Phase.REGISTRATION and may_register(user) and manages(user, case.account)


def manages(user: User, account: Account) -> bool:
    """Asked once per person and account as they were read: the page of a case asks for each of its buttons."""
    known = account.__dict__.setdefault("_managed_by", {})
    if user.pk not in known:
        known[user.pk] = accounts.may_edit(user, account)
    return bool(known[user.pk])


def may_submit(user: User, case: Case) -> bool:
    return case.status in (CaseStatus.REGISTRATION, CaseStatus.UNDER_ASSESSMENT) and answers_for(user, case)


def may_close(user: User, case: Case) -> bool:
    """Whoever registered it, who answers for its phase, who manages the account, and stewards."""
    if case.status in ENDED:
        return False
    if case.registered_by_id == user.pk or answers_for(user, case):
        return True
    return may_register(user) and manages(user, case.account)


def may_answer(user: User, task: CaseTask) -> bool:
    """Its owner, the owner of the phase, and stewards."""
    case = task.case
    if case.is_locked or case.phase.value != task.phase:
        return False
    return task.owner_id == user.pk or answers_for(user, case)


def may_say_satisfaction(user: User, case: Case) -> bool:
    """Whoever registered it, who manages the account, and stewards, once it is implemented."""
    if case.status != CaseStatus.IMPLEMENTED:
        return False
    return answers_for(user, case) or (may_register(user) and manages(user, case.account))


def may_build_team(user: User, case: Case) -> bool:
    """As `may_edit`, but for one's own watching; in every status that is not locked or ended."""
    return may_edit(user, case) or (case.registered_by_id == user.pk and not case.is_locked and case.status not in ENDED)


def may_own(person: User, case: Case) -> bool:
    """Who may be asked to assess, implement or answer a part: anybody active who may see cases."""
    return person.is_active and person.may(Perm.CSR_VIEW)
