"""The life cycle of a case. Memory only: services lock, ask the policy and save."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from csr.choices import OPEN, CaseStatus as S


class CaseWorkflow(models.Model):
    status = FSMField(_("status"), choices=S.choices, default=S.REGISTRATION)

    class Meta:
        abstract = True

    @transition(status, source=S.REGISTRATION, target=S.PENDING_PRE_APPROVAL)
    def submit(self) -> None: ...

    @transition(status, source=S.PENDING_PRE_APPROVAL, target=S.UNDER_ASSESSMENT)
    def pre_approve(self) -> None: ...

    @transition(status, source=S.PENDING_PRE_APPROVAL, target=S.REGISTRATION)
    def back_to_registration(self) -> None: ...

    @transition(status, source=S.UNDER_ASSESSMENT, target=S.APPROVAL_PENDING)
    def submit_for_approval(self) -> None: ...

    @transition(status, source=S.APPROVAL_PENDING, target=S.UNDER_IMPLEMENTATION)
    def approve(self) -> None: ...

    @transition(status, source=S.APPROVAL_PENDING, target=S.UNDER_ASSESSMENT)
    def back_to_assessment(self) -> None: ...

    @transition(status, source=S.UNDER_IMPLEMENTATION, target=S.IMPLEMENTED)
    def implement(self) -> None: ...

    @transition(status, source=sorted(OPEN), target=S.CLOSED_REJECTED)
    def close_rejected(self) -> None: ...

    @transition(status, source=S.IMPLEMENTED, target=S.INACTIVE)
    def deactivate(self) -> None: ...
