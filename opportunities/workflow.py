"""The life cycle of an opportunity. Memory only: services lock, ask the policy and save."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from opportunities.choices import OpportunityStatus as S


class OpportunityWorkflow(models.Model):
    status = FSMField(_("stage"), choices=S.choices, default=S.NEW)

    class Meta:
        abstract = True

    @transition(status, source=S.NEW, target=S.QUALIFIED)
    def qualify(self) -> None: ...

    @transition(status, source=[S.NEW, S.QUALIFIED], target=S.QUOTING)
    def start_quoting(self) -> None: ...

    @transition(status, source=[S.NEW, S.QUALIFIED, S.QUOTING], target=S.NEGOTIATION)
    def start_negotiation(self) -> None: ...

    @transition(status, source=[S.NEW, S.QUALIFIED, S.QUOTING, S.NEGOTIATION], target=S.ORDERED)
    def win(self) -> None: ...

    @transition(status, source=[S.NEW, S.QUALIFIED, S.QUOTING, S.NEGOTIATION], target=S.LOST)
    def lose(self) -> None: ...

    @transition(status, source=S.LOST, target=S.QUALIFIED)
    def reopen(self) -> None: ...
