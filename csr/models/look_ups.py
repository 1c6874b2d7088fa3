"""Drop-down lists of cases."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import LookUp
from users.roles import role_choices


class CaseType(LookUp):
    """What the page behind *New* offers. There is one at first: customer-specific requirement."""

    description = models.CharField(_("description"), max_length=300, blank=True)

    class Meta(LookUp.Meta):
        verbose_name = _("record type of cases")
        verbose_name_plural = _("record types of cases")


class RequirementType(LookUp):
    class Meta(LookUp.Meta):
        verbose_name = _("requirement type")
        verbose_name_plural = _("requirement types")


class TeamRole(LookUp):
    """What somebody of a case team does. `watcher`: is only told."""

    class Meta(LookUp.Meta):
        verbose_name = _("role in a case team")
        verbose_name_plural = _("roles in a case team")


WATCHER = "watcher"


class Department(LookUp):
    """Who answers parts of an assessment or does tasks of an implementation: somebody who holds the role."""

    role = models.CharField(
        _("role"), max_length=40, choices=role_choices, blank=True,
        help_text=_("Of those who hold it, whoever has the fewest open tasks is asked. Empty: the owner of the phase says who."),
    )  # fmt: skip

    class Meta(LookUp.Meta):
        verbose_name = _("department of cases")
        verbose_name_plural = _("departments of cases")


class CloseReason(LookUp):
    class Meta(LookUp.Meta):
        verbose_name = _("reason for closing a case")
        verbose_name_plural = _("reasons for closing a case")


LOOK_UPS = (CaseType, RequirementType, TeamRole, Department, CloseReason)
