"""What belongs to a case: products, accounts, team, tasks, files."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Site
from catalog.models import Product
from core.histories import FieldHistory
from core.models import Versioned
from core.uploads import MOST_BYTES
from csr.choices import Feasibility, TaskPhase
from csr.models.cases import Case
from csr.models.look_ups import Department, TeamRole
from users.models import User


class CaseProduct(models.Model):
    """A product that the requirement is about. What quotes of it must be like can be said in numbers, in units of the product."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="products", verbose_name=_("case"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=_("product"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    is_excluded = models.BooleanField(_("not for this customer"), default=False)
    min_quantity = models.DecimalField(_("at least"), max_digits=13, decimal_places=3, null=True, blank=True)
    max_quantity = models.DecimalField(_("at most"), max_digits=13, decimal_places=3, null=True, blank=True)
    multiple_of = models.DecimalField(_("in multiples of"), max_digits=13, decimal_places=3, null=True, blank=True)

    history = FieldHistory()

    class Meta:
        verbose_name = _("customer request product")
        verbose_name_plural = _("customer request products")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["case", "product"], name="a_product_once_per_case"),
            models.CheckConstraint(
                condition=(Q(min_quantity=None) | Q(min_quantity__gt=0))
                & (Q(max_quantity=None) | Q(max_quantity__gt=0))
                & (Q(multiple_of=None) | Q(multiple_of__gt=0)),
                name="required_quantities_are_positive",
            ),
            models.CheckConstraint(
                condition=Q(min_quantity=None) | Q(max_quantity=None) | Q(max_quantity__gte=F("min_quantity")),
                name="at_most_is_no_less_than_at_least",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.product_id}"


class CaseAccount(models.Model):
    """A further account, or one site of it, that the requirement applies to ("Case Account Association"). Services add none
    twice; two can become the same when accounts are merged."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="accounts", verbose_name=_("case"))
    account = models.ForeignKey(Account, models.PROTECT, related_name="case_associations", verbose_name=_("account"))
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("site"))

    class Meta:
        verbose_name = _("case account association")
        verbose_name_plural = _("case account associations")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.account_id}"


class CaseMember(models.Model):
    """Somebody of the case team. All of them are told what happens."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="team", verbose_name=_("case"))
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("person"))
    role = models.ForeignKey(TeamRole, models.PROTECT, related_name="+", verbose_name=_("role"))

    class Meta:
        verbose_name = _("member of a case team")
        verbose_name_plural = _("members of a case team")
        ordering = ["role__position", "id"]
        constraints = [models.UniqueConstraint(fields=["case", "user", "role"], name="a_role_once_per_person_and_case")]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.user_id}"


class CaseTask(Versioned):
    """A part of the assessment, answered with a feasibility, or of the implementation, which is done or not.

    `owner`: None until somebody is found; `due_on`: a day of the seller; `cost`: EUR net; `lead_time_days`: calendar days.
    """

    case = models.ForeignKey(Case, models.CASCADE, related_name="tasks", verbose_name=_("case"))
    phase = models.CharField(_("phase"), max_length=20, choices=TaskPhase)
    department = models.ForeignKey(Department, models.PROTECT, related_name="+", verbose_name=_("department"))
    title = models.CharField(_("what is to be done"), max_length=200, blank=True)
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("owner"))
    due_on = models.DateField(_("due"), null=True, blank=True)
    feasibility = models.CharField(_("answer"), max_length=20, choices=Feasibility, blank=True)
    cost = models.DecimalField(_("cost, EUR"), max_digits=14, decimal_places=2, null=True, blank=True)
    lead_time_days = models.PositiveSmallIntegerField(_("lead time, days"), null=True, blank=True)
    comment = models.TextField(_("comment"), max_length=5_000, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("answered by"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    reminded_on = models.DateField(_("reminded"), null=True, blank=True, editable=False)

    history = FieldHistory()

    class Meta:
        verbose_name = _("task of a case")
        verbose_name_plural = _("tasks of a case")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["case", "phase", "department", "title"], name="a_task_once_per_case"),
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None, feasibility="")
                | Q(answered_at__isnull=False, answered_by__isnull=False),
                name="a_task_is_answered_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(phase="assessment") | Q(answered_at=None) | ~Q(feasibility=""),
                name="a_part_of_an_assessment_says_how_feasible",
            ),
            models.CheckConstraint(condition=Q(cost=None) | Q(cost__gte=0), name="a_task_costs_no_less_than_nothing"),
        ]
        indexes = [
            models.Index(fields=["owner", "due_on"], name="open_case_tasks", condition=Q(answered_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.department_id}"

    @property
    def is_done(self) -> bool:
        return self.answered_at is not None


class CaseFile(models.Model):
    """A file of a case, as it was uploaded; what its bytes must hash to stands here."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="files", verbose_name=_("case"))
    file = models.FileField(_("file"), upload_to="csr/%Y/%m/")
    name = models.CharField(_("name"), max_length=120)
    content_type = models.CharField(_("kind"), max_length=100)
    size = models.PositiveIntegerField(_("size, bytes"))
    content_hash = models.CharField(_("hash"), max_length=64)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("added by"))
    at = models.DateTimeField(_("added"))

    class Meta:
        verbose_name = _("file of a case")
        verbose_name_plural = _("files of a case")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(size__gt=0, size__lte=MOST_BYTES), name="case_file_size_in_range"),
            models.CheckConstraint(condition=~Q(name=""), name="a_case_file_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
