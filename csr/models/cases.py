"""A case: a requirement of one customer, from registration to the day it no longer holds."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from accounts.models import SEARCHED as ACCOUNT_TEXTS, Account, Contact, Site, in_sight_of
from core.db import searching
from core.histories import FieldHistory
from core.models import Added, Versioned
from csr.choices import OPEN, PENDING, PHASES, CaseStatus, Feasibility, Phase, Priority, Score
from csr.models.look_ups import WATCHER, CaseType, CloseReason, RequirementType
from csr.workflow import CaseWorkflow
from users.models import User
from users.roles import Perm, Scope


def own(user: User) -> Q:
    """Cases that this person has registered, assesses or implements."""
    return Q(registered_by=user) | Q(assessor=user) | Q(implementer=user)


def _has_word(word: str) -> Q:
    """Two indexes find them; an OR over both tables would read all cases."""
    accounts = Account.objects.order_by().filter(searching.found_in(ACCOUNT_TEXTS, word, "accounts_account_search"))
    cases = Case._default_manager.order_by().values("pk")
    of_case = cases.filter(searching.found_in(["number", "title"], word, "csr_case_search"))
    return Q(pk__in=of_case.union(cases.filter(account__in=accounts.values("pk"))))


def keys_about(account_id: int) -> models.QuerySet[Any]:
    """Keys of the cases of an account, and of those that apply to it as well. Two indexes find them; an OR over both tables would
    read all cases."""
    further = Case._meta.apps.get_model("csr", "CaseAccount").objects.filter(account=account_id).order_by().values("case")
    return Case._default_manager.filter(account=account_id).order_by().values("pk").union(further)


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, user: User) -> "CaseQuerySet":
        """Those of the accounts in sight, also of accounts that a case applies to as well, and those one takes part in."""
        if not user.may(Perm.CSR_VIEW):
            return self.none()
        if user.scope == Scope.ALL:
            return self
        also = self.model._meta.apps.get_model("csr", "CaseAccount").objects.filter(in_sight_of(user)).order_by()
        tasks = self.model._meta.apps.get_model("csr", "CaseTask").objects.filter(owner=user).order_by()
        team = (
            self.model._meta.apps.get_model("csr", "CaseMember").objects.filter(user=user).exclude(role__code=WATCHER).order_by()
        )
        parts = Q(pk__in=also.values("case")) | Q(pk__in=tasks.values("case")) | Q(pk__in=team.values("case"))
        return self.filter(in_sight_of(user) | own(user) | parts)

    def about(self, account_id: int) -> "CaseQuerySet":
        """Those of the account, and those that apply to it as well."""
        return self.filter(pk__in=keys_about(account_id))

    def matching(self, text: str) -> "CaseQuerySet":
        """Cases of which every word of `text` occurs in the number, the title, or what names the account."""
        return searching.matching(self, text, _has_word)  # type: ignore[return-value]

    def open(self) -> "CaseQuerySet":
        return self.filter(status__in=sorted(OPEN))

    def counted(self) -> "CaseQuerySet":
        """With `product_count`, the number of related products."""
        products = self.model._meta.apps.get_model("csr", "CaseProduct").objects.filter(case=models.OuterRef("pk")).order_by()
        number = products.values("case").annotate(number=models.Count("pk")).values("number")
        return self.annotate(product_count=Coalesce(models.Subquery(number), 0))


class Case(CaseWorkflow, Versioned):
    """`assessor`, `implementer`: owners of their phases; None while nobody is found, when stewards answer for it."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    record_type = models.ForeignKey(CaseType, models.PROTECT, related_name="+", verbose_name=_("record type"))
    account = models.ForeignKey(Account, models.PROTECT, related_name="cases", verbose_name=_("account"))
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("main shipping site"))
    requirement_type = models.ForeignKey(
        RequirementType, models.PROTECT, related_name="cases", verbose_name=_("requirement type")
    )
    title = models.CharField(pgettext_lazy("case", "title"), max_length=200)
    description = models.TextField(_("description"), max_length=10_000)
    requested_by = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("requested by")
    )
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, default=Priority.NORMAL)
    received_on = models.DateField(_("received"))
    needed_by = models.DateField(_("needed by"), null=True, blank=True)
    is_printed = models.BooleanField(
        _("printed on quotes"), default=False,
        help_text=_("Once implemented, title and text for the customer stand on quotes of these products."),
    )  # fmt: skip
    printed_text = models.CharField(_("text for the customer"), max_length=500, blank=True)
    registered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("registered by"))
    assessor = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("assessor"))
    implementer = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("implementer"))
    last_editor = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("last edited by"))
    due_on = models.DateField(_("phase due"), null=True, blank=True)
    reminded_on = models.DateField(_("reminded"), null=True, blank=True, editable=False)
    feasibility = models.CharField(_("feasibility"), max_length=20, choices=Feasibility, blank=True)
    conclusion = models.TextField(_("global feasibility conclusion"), max_length=10_000, blank=True)
    review_on = models.DateField(_("review"), null=True, blank=True)
    review_told_on = models.DateField(_("reminded of the review"), null=True, blank=True, editable=False)
    close_reason = models.ForeignKey(
        CloseReason, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("reason for closing")
    )
    close_comment = models.TextField(_("comment on closing"), max_length=2_000, blank=True)
    cloned_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="clones", verbose_name=_("cloned from")
    )
    created_at = models.DateTimeField(_("registered"))
    status_since = models.DateTimeField(_("in this status since"))

    objects = CaseQuerySet.as_manager()
    history = FieldHistory()

    class Meta:
        verbose_name = _("customer-specific requirement")
        verbose_name_plural = _("customer-specific requirements")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="a_case_has_a_title"),
            models.CheckConstraint(
                condition=Q(needed_by=None) | Q(needed_by__gte=F("received_on")), name="a_case_is_needed_after_it_came"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["approval_pending", "under_implementation", "implemented"])
                | (~Q(conclusion="") & ~Q(feasibility="")),
                name="a_case_is_concluded_before_it_is_approved",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["inactive", "closed_rejected"], close_reason__isnull=False)
                | (~Q(status__in=["inactive", "closed_rejected"]) & Q(close_reason=None)),
                name="a_case_is_closed_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="cases_by_status"),
            models.Index(fields=["account", "-id"], name="cases_of_account"),
            models.Index(
                fields=["review_on"],
                name="cases_to_review",
                condition=Q(status="implemented", review_on__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def phase(self) -> Phase:
        return PHASES[self.status]

    @property
    def is_locked(self) -> bool:
        """Somebody decides about it."""
        return self.status in PENDING

    @property
    def owner(self) -> User | None:
        """Whoever answers for the present phase; None: the stewards do."""
        if self.phase == Phase.ASSESSMENT:
            return self.assessor
        if self.phase == Phase.IMPLEMENTATION:
            return self.implementer
        return self.registered_by

    @property
    def owner_id(self) -> int | None:
        if self.phase == Phase.ASSESSMENT:
            return self.assessor_id
        if self.phase == Phase.IMPLEMENTATION:
            return self.implementer_id
        return self.registered_by_id


class CaseSpell(models.Model):
    """How long a case was in a status, and who answered for it then; None: the stewards. The last one is not over."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="spells", verbose_name=_("case"))
    status = models.CharField(_("status"), max_length=30, choices=CaseStatus)
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("owner"))
    began_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("begun by"))
    began_at = models.DateTimeField(_("begun"))
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("time in a status")
        verbose_name_plural = _("times in a status")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(ended_at=None), name="a_case_is_in_one_status"),
            models.CheckConstraint(condition=Q(ended_at=None) | Q(ended_at__gte=F("began_at")), name="a_spell_ends_later"),
        ]
        indexes = [models.Index(fields=["status", "began_at"], name="spells_by_status")]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.status}"


class CaseFeedback(Added):
    """How satisfied the customer is with what was implemented. Append-only."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="feedback", verbose_name=_("case"))
    score = models.PositiveSmallIntegerField(_("satisfaction"), choices=Score)
    comment = models.TextField(_("comment"), max_length=2_000, blank=True)
    said_by = models.CharField(_("said by"), max_length=150)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("entered by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("customer satisfaction")
        verbose_name_plural = _("customer satisfaction")
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=Q(score__gte=1, score__lte=5), name="satisfaction_is_1_to_5")]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.score}"
