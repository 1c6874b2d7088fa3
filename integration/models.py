"""Rows of a sync run that did not make it, with their reason. Runs themselves are `core.JobRun`."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import JobRun
from integration.choices import Rule
from users.models import User
from users.roles import Perm

CUSTOMER_SYNC = "customer_sync"
PRODUCT_IMPORT = "product_import"


class QuarantineQuerySet(models.QuerySet["QuarantinedRow"]):
    def visible_to(self, user: User) -> "QuarantineQuerySet":
        return self if user.may(Perm.STEWARD) else self.none()


class QuarantinedRow(models.Model):
    """A row of the source that was left out: where it stood, whose it was, why, and as it was."""

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="quarantine", verbose_name=_("run"))
    row_number = models.PositiveIntegerField(_("row"))
    key = models.CharField(_("key"), max_length=100, blank=True)
    code = models.CharField(_("rule"), max_length=40, choices=Rule)
    reason = models.CharField(_("reason"), max_length=500)
    raw = models.JSONField(_("cells"), default=dict)

    objects = QuarantineQuerySet.as_manager()

    class Meta:
        verbose_name = _("quarantined row")
        verbose_name_plural = _("quarantined rows")
        ordering = ["run", "row_number"]
        indexes = [models.Index(fields=["run", "row_number"], name="quarantine_of_run")]

    def __str__(self) -> str:
        return f"{self.run_id}:{self.row_number}"
