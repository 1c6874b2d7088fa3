"""What a run of a feed works on, what it holds between its phases, and the rows that did not make it. Runs are `core.JobRun`."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from core.models import JobRun
from integration.choices import Handling, Mode, Origin, Rule
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
    is_cut = models.BooleanField(_("cells were shortened"), default=False)
    handling = models.CharField(_("handling"), max_length=10, choices=Handling, default=Handling.OPEN)
    handled_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("handled by"))
    handled_at = models.DateTimeField(_("handled"), null=True, blank=True)

    objects = QuarantineQuerySet.as_manager()

    class Meta:
        verbose_name = _("quarantined row")
        verbose_name_plural = _("quarantined rows")
        ordering = ["run", "row_number"]
        indexes = [
            models.Index(fields=["run", "row_number"], name="quarantine_of_run"),
            models.Index(fields=["key"], condition=models.Q(handling=Handling.OPEN), name="quarantine_open_keys"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}:{self.row_number}"


class Intake(models.Model):
    """What a run works on: the bytes of a file or an address, and what it may do with it."""

    run = models.OneToOneField(JobRun, models.CASCADE, primary_key=True, related_name="intake", verbose_name=_("run"))
    origin = models.CharField(_("origin"), max_length=10, choices=Origin)
    address = models.CharField(_("address"), max_length=500, blank=True)
    content = models.BinaryField(_("content"), null=True, blank=True)
    """The file as it came; kept until the run is over and nobody has to decide about it."""
    profile = models.CharField(_("profile"), max_length=300, blank=True)
    mode = models.CharField(_("mode"), max_length=10, choices=Mode, default=Mode.APPLY)
    is_complete = models.BooleanField(_("holds everything there is"), default=False)
    """Rows that are missing from it are missing at the source."""
    released_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("released by"))
    released_at = models.DateTimeField(_("released"), null=True, blank=True)

    class Meta:
        verbose_name = _("intake")
        verbose_name_plural = _("intakes")

    def __str__(self) -> str:
        return f"{self.run_id}: {self.origin}"


class StagedPart(models.Model):
    """The rows of some parents, all of them, between reading and applying; `result` are these parents, once worked out.

    Both are tables in Parquet. Whoever works on a part holds it until `claimed_until`.
    """

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="parts", verbose_name=_("run"))
    number = models.PositiveSmallIntegerField(_("part"))
    rows = models.BinaryField(_("rows"))
    result = models.BinaryField(_("result"), null=True)
    claimed_until = models.DateTimeField(_("claimed until"), null=True)

    class Meta:
        verbose_name = _("staged part")
        verbose_name_plural = _("staged parts")
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="one_part_of_a_number_per_run")]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.number}"


class FeedPage(models.Model):
    """A page of a snapshot that has been read; reading goes on behind the last one. `rows` is a table in Parquet."""

    feed = models.CharField(_("feed"), max_length=500)
    snapshot = models.CharField(_("snapshot"), max_length=200)
    number = models.PositiveIntegerField(_("page"))
    following = models.CharField(_("next cursor"), max_length=1000)
    total = models.PositiveIntegerField(_("rows in all"))
    rows = models.BinaryField(_("rows"))
    read_at = models.DateTimeField(_("read"))

    class Meta:
        verbose_name = _("page of a feed")
        verbose_name_plural = _("pages of feeds")
        constraints = [models.UniqueConstraint(fields=["feed", "number"], name="one_page_of_a_number_per_feed")]

    def __str__(self) -> str:
        return f"{self.feed} {self.snapshot}: {self.number}"


class ProposedChange(models.Model):
    """What a run would do to an account or a product, for somebody to look at first; of products also what it did.

    `number` is that of the customer or the code of the product. `changes` is `{field: [before, after]}` in plain text.
    """

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="proposed", verbose_name=_("run"))
    account = models.ForeignKey(Account, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("account"))
    number = models.CharField(_("customer number"), max_length=40)
    name = models.CharField(_("name"), max_length=200, blank=True)
    verb = models.CharField(_("what happens"), max_length=40)
    changes = models.JSONField(_("changes"), default=dict)

    class Meta:
        verbose_name = _("proposed change")
        verbose_name_plural = _("proposed changes")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.number}"


class RowDecision(models.Model):
    """What a steward said about a row of the customer master, for every run from then on: leave it out, or whose child it is."""

    child_id = models.CharField(_("site number"), max_length=40, unique=True)
    parent_id = models.CharField(_("parent"), max_length=40, blank=True)
    """Blank: the row is left out."""
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("decision about a row")
        verbose_name_plural = _("decisions about rows")
        ordering = ["child_id"]

    def __str__(self) -> str:
        return f"{self.child_id} → {self.parent_id or '–'}"


SYNC_PERCENTS = ("most_deactivated", "most_moved", "most_renamed", "most_rows_less", "most_repriced", "ask_above")


def _percent(name: Any, default: int) -> "models.DecimalField[Any, Any]":
    bounds = [MinValueValidator(0), MaxValueValidator(100)]
    return models.DecimalField(name, max_digits=5, decimal_places=2, default=default, validators=bounds)


class SyncSettings(models.Model):
    """One row: when a run stops and waits for a steward, and when a site that is missing is gone."""

    spared = models.PositiveIntegerField(_("always allowed, number"), default=20)
    most_deactivated = _percent(_("accounts made inactive, % at most"), 2)
    most_moved = _percent(_("sites moved, % at most"), 5)
    most_renamed = _percent(_("names or categories changed, % at most"), 10)
    most_rows_less = _percent(_("fewer rows than last time, % at most"), 10)
    most_repriced = _percent(_("list prices changed by more than half, % of products at most"), 10)
    ask_above = _percent(_("an upload asks first above, % of accounts changed"), 10)
    runs_until_gone = models.PositiveSmallIntegerField(
        _("complete runs without a site until it is inactive"), default=2, validators=[MinValueValidator(2)]
    )

    class Meta:
        verbose_name = _("sync settings")
        verbose_name_plural = _("sync settings")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="one_row_of_sync_settings"),
            models.CheckConstraint(
                condition=models.Q(
                    *((f"{name}__gte", 0) for name in SYNC_PERCENTS), *((f"{name}__lte", 100) for name in SYNC_PERCENTS)
                ),
                name="sync_limits_are_shares",
            ),
            models.CheckConstraint(condition=models.Q(runs_until_gone__gte=2), name="gone_after_two_runs_at_least"),
            models.CheckConstraint(condition=models.Q(spared__gte=0), name="spared_is_not_negative"),
        ]

    def __str__(self) -> str:
        return str(_("sync settings"))


class QualityFigure(models.Model):
    """How many records had a fault on a day, by owner."""

    day = models.DateField(_("day"))
    figure = models.CharField(_("figure"), max_length=40)
    owner = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("owner"))
    number = models.PositiveIntegerField(_("number"))

    class Meta:
        verbose_name = _("data quality figure")
        verbose_name_plural = _("data quality figures")
        constraints = [
            models.UniqueConstraint(fields=["day", "figure", "owner"], name="one_figure_a_day_and_owner"),
            models.UniqueConstraint(fields=["day", "figure"], condition=models.Q(owner=None), name="one_figure_a_day_of_nobody"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.figure}: {self.number}"
