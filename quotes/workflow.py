"""The life cycle of a quote. Memory only: services lock, ask the policy and save."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from quotes.choices import QuoteStatus as S


class QuoteWorkflow(models.Model):
    status = FSMField(_("status"), choices=S.choices, default=S.DRAFT)

    class Meta:
        abstract = True

    @transition(status, source=S.DRAFT, target=S.IN_REVIEW)
    def submit_for_approval(self) -> None: ...

    @transition(status, source=S.DRAFT, target=S.APPROVED)
    def submit_without_approval(self) -> None: ...

    @transition(status, source=S.IN_REVIEW, target=S.APPROVED)
    def approve(self) -> None: ...

    @transition(status, source=S.IN_REVIEW, target=S.DRAFT)
    def reject(self) -> None: ...

    @transition(status, source=S.IN_REVIEW, target=S.DRAFT)
    def recall(self) -> None: ...

    @transition(status, source=S.IN_REVIEW, target=S.DRAFT)
    def give_back(self) -> None: ...

    @transition(status, source=S.APPROVED, target=S.SENT)
    def send(self) -> None: ...

    @transition(status, source=S.SENT, target=S.APPROVED)
    def unsend(self) -> None: ...

    @transition(status, source=S.SENT, target=S.ACCEPTED)
    def accept(self) -> None: ...

    @transition(status, source=S.SENT, target=S.DECLINED)
    def decline(self) -> None: ...

    @transition(status, source=S.ACCEPTED, target=S.ORDERED)
    def order(self) -> None: ...

    @transition(status, source=[S.APPROVED, S.SENT], target=S.EXPIRED)
    def expire(self) -> None: ...

    @transition(status, source=[S.APPROVED, S.SENT, S.DECLINED, S.EXPIRED], target=S.SUPERSEDED)
    def supersede(self) -> None: ...

    @transition(status, source=S.SUPERSEDED, target=S.APPROVED)
    def back_to_approved(self) -> None: ...

    @transition(status, source=S.SUPERSEDED, target=S.SENT)
    def back_to_sent(self) -> None: ...

    @transition(status, source=S.SUPERSEDED, target=S.DECLINED)
    def back_to_declined(self) -> None: ...

    @transition(status, source=S.SUPERSEDED, target=S.EXPIRED)
    def back_to_expired(self) -> None: ...

    @transition(status, source=[S.DRAFT, S.APPROVED, S.SENT], target=S.CANCELLED)
    def cancel(self) -> None: ...
