"""How each business unit deals with cases: kept by stewards."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import ProductGroup
from csr.models.look_ups import Department, RequirementType
from users.models import BusinessUnit
from users.roles import role_choices


class HandlingRule(models.Model):
    """Of the rules that fit a case the most specific one says who assesses and implements it, and who has to be heard. Who
    approves is said by the rules of the gates `csr_pre` and `csr_final`."""

    name = models.CharField(_("name"), max_length=120)
    unit = models.ForeignKey(
        BusinessUnit, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("business unit"),
        help_text=_("Empty: all of them."),
    )  # fmt: skip
    requirement_type = models.ForeignKey(
        RequirementType, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("requirement type"),
        help_text=_("Empty: all of them."),
    )  # fmt: skip
    product_group = models.ForeignKey(
        ProductGroup, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("product group"),
        help_text=_("Of any of the products. Empty: all of them."),
    )  # fmt: skip
    priority = models.PositiveIntegerField(
        _("priority"), default=100, help_text=_("Of equally specific rules the smaller number wins.")
    )
    is_active = models.BooleanField(_("in use"), default=True)
    assessor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("assessor")
    )
    assessor_role = models.CharField(
        _("or the role that assesses"), max_length=40, choices=role_choices, blank=True,
        help_text=_("Of those who hold it, whoever has the fewest open cases."),
    )  # fmt: skip
    assessment_days = models.PositiveSmallIntegerField(_("days for the assessment"), default=14)
    parts = models.ManyToManyField(Department, blank=True, related_name="+", verbose_name=_("needed assessments"))
    implementer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("implementer")
    )
    implementer_role = models.CharField(
        _("or the role that implements"), max_length=40, choices=role_choices, blank=True,
        help_text=_("Of those who hold it, whoever has the fewest open cases."),
    )  # fmt: skip
    implementation_days = models.PositiveSmallIntegerField(_("days for the implementation"), default=30)
    tasks = models.ManyToManyField(Department, blank=True, related_name="+", verbose_name=_("departments that implement"))
    rejection_closes = models.BooleanField(
        _("a rejected pre-approval closes the case"), default=False,
        help_text=_("Otherwise it goes back to Registration, with the reason."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("handling rule of cases")
        verbose_name_plural = _("handling rules of cases")
        ordering = ["priority", "id"]

    def __str__(self) -> str:
        return self.name


class CsrSettings(models.Model):
    """One row."""

    help_url = models.URLField(_("help link"), blank=True, help_text=_("Shown on every page of cases."))
    review_months = models.PositiveSmallIntegerField(
        _("review after, months"), default=12, help_text=_("Proposed when a case is implemented. 0: none.")
    )
    review_notice_days = models.PositiveSmallIntegerField(_("remind of reviews, days before"), default=14)

    class Meta:
        verbose_name = _("settings of cases")
        verbose_name_plural = _("settings of cases")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_row_of_csr_settings")]

    def __str__(self) -> str:
        return str(_("settings of cases"))
