"""Opportunities: deals in the making."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, of_accounts_in_sight
from core.histories import FieldHistory
from core.models import Versioned
from core.money import CURRENCY
from opportunities.workflow import OpportunityWorkflow
from users.models import User
from users.roles import Perm


class OpportunityQuerySet(models.QuerySet["Opportunity"]):
    def visible_to(self, user: User) -> "OpportunityQuerySet":
        """Those of the accounts in sight."""
        if not user.may(Perm.OPPORTUNITY_VIEW):
            return self.none()
        return of_accounts_in_sight(self, user)


class Opportunity(OpportunityWorkflow, Versioned):
    account = models.ForeignKey(Account, models.PROTECT, related_name="opportunities", verbose_name=_("account"))
    name = models.CharField(_("name"), max_length=200)
    owner = models.ForeignKey(User, models.PROTECT, related_name="opportunities", verbose_name=_("owner"))
    value = models.DecimalField(_("value, EUR"), max_digits=14, decimal_places=2, default=0)
    close_date = models.DateField(_("expected close"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = OpportunityQuerySet.as_manager()
    history = FieldHistory()

    class Meta:
        verbose_name = _("opportunity")
        verbose_name_plural = _("opportunities")
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=models.Q(value__gte=0), name="opportunity_value_not_negative")]

    def __str__(self) -> str:
        return self.name

    @property
    def currency(self) -> str:
        return CURRENCY
