"""What the approvals engine asks about cases; see approvals.registry."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from approvals.registry import Field, Fingerprint, GateDefault
from csr import approval_case, selectors
from csr.choices import Gate
from csr.models import Case
from csr.services import moving
from users.models import User
from users.roles import Perm


class CaseApproval:
    """Cases as a subject of approval: one gate before the assessment, one after it."""

    type = "csr"
    label: str | Promise = _("Customer-specific requirement")
    gates: Sequence[GateDefault] = (
        GateDefault(
            Gate.PRE, Perm.APPROVE_CSR_PRE, 60, {"en": "Pre-approval of a CSR", "fi": "Asiakasvaatimuksen esihyväksyntä"}
        ),
        GateDefault(
            Gate.FINAL, Perm.APPROVE_CSR_FINAL, 70, {"en": "Final approval of a CSR", "fi": "Asiakasvaatimuksen hyväksyntä"}
        ),
    )
    fields: Sequence[Field] = approval_case.FIELDS

    def lock(self, subject_id: int) -> Case:
        return selectors.case_for_update(subject_id)

    def read(self, subject_id: int) -> Case:
        return Case.objects.select_related("account__owner__team").get(pk=subject_id)

    def fingerprint(self, subject: Case) -> Fingerprint:
        return approval_case.fingerprint(subject)

    def lines(self, subject_id: int, version: int) -> list[dict[str, Any]]:
        return []

    def summary(self, subject_id: int) -> str:
        case = Case.objects.select_related("account").get(pk=subject_id)
        return f"{case.number}, {case.title}, {case.account.name}"

    def url(self, subject_id: int) -> str:
        return reverse("case_page", args=[subject_id])

    def difference_url(self, now: tuple[int, int], before: tuple[int, int]) -> str:
        return ""

    def eligible(self, subject: Case, candidates: Sequence[User]) -> Sequence[User]:
        """Nor does whoever registered or assessed a case approve it."""
        unit, involved = subject.account.unit_id, (subject.registered_by_id, subject.assessor_id)
        return [user for user in candidates if user.pk not in involved and user.is_in_charge_of(unit)]

    def approved(self, subject: Case, *, by: User | None) -> None:
        moving.go_on(subject, by=by)

    def rejected(self, subject: Case, *, by: User, comment: str) -> None:
        moving.go_back(subject, "rejected", by=by, comment=comment)

    def returned(self, subject: Case, *, by: User, comment: str) -> None:
        moving.go_back(subject, "asked back", by=by, comment=comment)

    def recalled(self, subject: Case, *, by: User) -> None:
        moving.go_back(subject, "recalled", by=by)
