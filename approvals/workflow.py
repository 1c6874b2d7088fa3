"""Life cycles of an approval run and of a request. Memory only: services lock, ask the policy and save."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from approvals.choices import RequestStatus, RunStatus


class RunWorkflow(models.Model):
    status = FSMField(_("status"), choices=RunStatus.choices, default=RunStatus.OPEN)

    class Meta:
        abstract = True

    @transition(status, source=RunStatus.OPEN, target=RunStatus.APPROVED)
    def approve(self) -> None: ...

    @transition(status, source=RunStatus.OPEN, target=RunStatus.REJECTED)
    def reject(self) -> None: ...

    @transition(status, source=RunStatus.OPEN, target=RunStatus.RECALLED)
    def recall(self) -> None: ...

    @transition(status, source=RunStatus.OPEN, target=RunStatus.RETURNED)
    def give_back(self) -> None: ...


class RequestWorkflow(models.Model):
    status = FSMField(_("status"), choices=RequestStatus.choices, default=RequestStatus.PENDING)

    class Meta:
        abstract = True

    @transition(status, source=RequestStatus.PENDING, target=RequestStatus.APPROVED)
    def approve(self) -> None: ...

    @transition(status, source=RequestStatus.PENDING, target=RequestStatus.REJECTED)
    def reject(self) -> None: ...

    @transition(status, source=RequestStatus.PENDING, target=RequestStatus.CANCELLED)
    def cancel(self) -> None: ...

    @transition(status, source=RequestStatus.PENDING, target=RequestStatus.RETURNED)
    def give_back(self) -> None: ...
