"""Approvals of anything: gates (definitions) apart from runs. Knows users, not what is approved; see approvals.registry."""

import datetime as dt
import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from approvals.choices import (
    Clock,
    LinkPower,
    Operator,
    Outcome,
    Quorum,
    RemarkKind,
    RequestStatus,
    RunStatus,
    Settled,
    Verdict,
    Via,
    Who,
)  # fmt: skip
from approvals.workflow import RequestWorkflow, RunWorkflow
from core.languages import active
from core.models import Added, LookUp
from users.models import BusinessUnit, User
from users.roles import Perm, role_choices


class Gate(LookUp):
    """The definition: a kind of thing that needs somebody's yes. Runs keep a copy, so later edits change no open run."""

    permission = models.CharField(_("who may decide"), max_length=40, choices=[(perm.value, perm.value) for perm in Perm])
    sla_hours = models.PositiveIntegerField(_("answer within, hours"), default=48)
    remind_hours = models.PositiveIntegerField(_("remind after, hours"), default=24, help_text=_("0: nobody is reminded."))
    clock = models.CharField(
        _("which hours"),
        max_length=10,
        choices=Clock,
        default=Clock.WORKING,
        help_text=_("Working hours are those of the business unit of whoever is asked, without weekends and holidays."),
    )
    escalate_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who is asked when nobody answers"),
        help_text=_("Left empty, the manager of whoever was asked, else of who asked. Only somebody who may decide is asked."),
    )
    may_be_automatic = models.BooleanField(
        _("rules may approve"), default=False, help_text=_("Whether a rule of this gate may approve without asking anybody.")
    )

    class Meta(LookUp.Meta):
        verbose_name = _("approval gate")
        verbose_name_plural = _("approval gates")


class Rule(models.Model):
    """Of the active rules of a gate that fit a case the most specific one says who is asked; without any the stewards are."""

    gate = models.ForeignKey(Gate, models.CASCADE, related_name="rules", verbose_name=_("approval gate"))
    name = models.CharField(_("name"), max_length=120)
    unit = models.ForeignKey(
        BusinessUnit, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("business unit"),
        help_text=_("Empty: all of them."),
    )  # fmt: skip
    outcome = models.CharField(_("what happens"), max_length=10, choices=Outcome, default=Outcome.ASK)
    priority = models.PositiveIntegerField(
        _("priority"), default=100, help_text=_("Of equally specific rules the smaller number wins.")
    )
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("approval rule")
        verbose_name_plural = _("approval rules")
        ordering = ["gate__position", "gate__code", "priority", "id"]

    def __str__(self) -> str:
        return self.name


class Condition(models.Model):
    """All conditions of a rule must hold. What they compare is declared by the subject (approvals.registry)."""

    rule = models.ForeignKey(Rule, models.CASCADE, related_name="conditions", verbose_name=_("approval rule"))
    field = models.CharField(_("what"), max_length=40)
    operator = models.CharField(_("comparison"), max_length=2, choices=Operator)
    value = models.CharField(_("value"), max_length=200, help_text=_("Several codes are parted by commas."))

    class Meta:
        verbose_name = _("condition")
        verbose_name_plural = _("conditions")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.field} {self.get_operator_display()} {self.value}"


class Step(models.Model):
    """Whom a rule asks, one step after the other."""

    rule = models.ForeignKey(Rule, models.CASCADE, related_name="steps", verbose_name=_("approval rule"))
    position = models.PositiveSmallIntegerField(_("step"), default=1)
    who = models.CharField(_("who is asked"), max_length=10, choices=Who, default=Who.RIGHT)
    role = models.CharField(_("role"), max_length=40, choices=role_choices, blank=True)
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+", verbose_name=_("people"))
    quorum = models.CharField(_("how many answer"), max_length=10, choices=Quorum, default=Quorum.ONE)
    needed = models.PositiveSmallIntegerField(_("yeses needed"), default=1)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "position"], name="one_step_per_position"),
            models.CheckConstraint(condition=Q(needed__gte=1, position__gte=1), name="a_step_needs_a_yes"),
            models.CheckConstraint(condition=~Q(who=Who.ROLE, role=""), name="a_step_names_its_role"),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.position}"


class AuthorityLimit(models.Model):
    """Up to which value a role or a person may say yes. One's own limit goes before that of a role; of several roles the highest
    counts; without any there is no limit."""

    gate = models.ForeignKey(
        Gate, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("approval gate"),
        help_text=_("Empty: all of them. A limit for one gate goes before it."),
    )  # fmt: skip
    role = models.CharField(_("role"), max_length=40, choices=role_choices, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("person")
    )
    up_to = models.DecimalField(_("approves up to, EUR net"), max_digits=14, decimal_places=2)

    class Meta:
        verbose_name = _("authority limit")
        verbose_name_plural = _("authority limits")
        ordering = ["gate", "role", "user"]
        constraints = [
            models.CheckConstraint(
                condition=Q(role="", user__isnull=False) | (~Q(role="") & Q(user=None)), name="a_limit_of_a_role_or_a_person"
            ),
            models.CheckConstraint(condition=Q(up_to__gte=0), name="an_authority_limit_is_not_negative"),
            models.UniqueConstraint(fields=["gate", "role"], condition=~Q(role=""), name="one_limit_per_role_and_gate"),
            models.UniqueConstraint(fields=["role"], condition=~Q(role="") & Q(gate=None), name="one_limit_per_role"),
            models.UniqueConstraint(fields=["gate", "user"], name="one_limit_per_person_and_gate"),
            models.UniqueConstraint(fields=["user"], condition=Q(gate=None), name="one_limit_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display() or self.user}: {self.up_to}"


class ApprovalSettings(models.Model):
    """One row: what the link in a mail may do, and how much is approved in one go."""

    link_power = models.CharField(
        _("the link in a mail decides"), max_length=10, choices=LinkPower, default=LinkPower.LIMIT,
        help_text=_("Where it does not, it opens the page, and the approver signs in to decide."),
    )  # fmt: skip
    link_limit = models.DecimalField(
        _("a link decides up to, EUR net"), max_digits=14, decimal_places=2, default=Decimal(100_000)
    )
    batch_limit = models.DecimalField(
        _("several are approved together up to, EUR net each"), max_digits=14, decimal_places=2, default=Decimal(10_000)
    )

    class Meta:
        verbose_name = _("approval settings")
        verbose_name_plural = _("approval settings")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="one_row_of_approval_settings"),
            models.CheckConstraint(condition=Q(link_limit__gte=0, batch_limit__gte=0), name="approval_limits_are_not_negative"),
        ]

    def __str__(self) -> str:
        return str(_("approval settings"))


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: User) -> "RunQuerySet":
        """Those one asked for or is asked in; stewards see all."""
        if user.may(Perm.STEWARD):
            return self
        return self.filter(Q(requested_by=user) | Q(pk__in=Request.objects.filter(approver=user).values("run")))


class Run(RunWorkflow, Added):
    """One round of approval of one version of a subject."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subject_type = models.CharField(_("kind"), max_length=40)
    subject_id = models.BigIntegerField(_("subject"))
    subject_version = models.PositiveIntegerField(_("version"))
    content_hash = models.CharField(_("content hash"), max_length=64)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    last_editor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("last edited by"))
    reason = models.TextField(_("reason"), blank=True)
    amount = models.DecimalField(_("value, EUR net"), max_digits=14, decimal_places=2, null=True, blank=True)
    """What limits are about; empty where the subject has none."""
    case = models.JSONField(_("case"), default=dict)
    """What the rules looked at, and what later rounds are measured by: see registry.Case."""
    compared_with = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("compared with")
    )
    """The last round of this subject, or of a former revision, that somebody looked at."""
    started_at = models.DateTimeField(_("asked"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ["-id"]
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="run_of_subject")]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id"], condition=Q(status=RunStatus.OPEN), name="one_open_run_per_subject"
            ),
            models.CheckConstraint(
                condition=Q(status=RunStatus.OPEN, finished_at=None) | (~Q(status=RunStatus.OPEN) & Q(finished_at__isnull=False)),
                name="run_finished_or_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_type}:{self.subject_id} v{self.subject_version}"


class RequestQuerySet(models.QuerySet["Request"]):
    def visible_to(self, user: User) -> "RequestQuerySet":
        """Those one is asked in, or that belong to a run one asked for; stewards see all, the queue included."""
        if user.may(Perm.STEWARD):
            return self
        return self.filter(Q(approver=user) | Q(run__requested_by=user))

    def waiting_for(self, user: User) -> "RequestQuerySet":
        """What this person should decide; stewards answer the queue as well."""
        mine = Q(approver=user)
        if user.may(Perm.STEWARD):
            mine |= Q(approver=None)
        return self.filter(mine, status=RequestStatus.PENDING, is_open=True)


class Request(RequestWorkflow):
    """One person asked for one or more gates of a run; nobody eligible leaves `approver` empty: the stewards' queue."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    run = models.ForeignKey(Run, models.PROTECT, related_name="requests", verbose_name=_("approval"))
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="approval_requests",
        verbose_name=_("approver"),
    )
    position = models.PositiveIntegerField(_("step"))
    is_open = models.BooleanField(
        _("being asked"), default=False, help_text=_("Later steps wait until the earlier ones are approved.")
    )
    summary = models.JSONField(_("what was asked"), default=dict)
    asked_at = models.DateTimeField(_("asked"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    remind_at = models.DateTimeField(_("reminder"), null=True, blank=True)
    """When whoever is asked is reminded; empty once that is done."""
    escalated_at = models.DateTimeField(_("passed on for want of an answer"), null=True, blank=True)
    escalations = models.PositiveSmallIntegerField(_("how often"), default=0)
    instead_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("stands in for")
    )
    continues = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="continued_by", verbose_name=_("goes on from")
    )
    """The request that this person asked back, and that has come again."""
    spent_working = models.DurationField(_("working time spent before"), default=dt.timedelta(0))
    spent_all = models.DurationField(_("time spent before"), default=dt.timedelta(0))
    """Time that had gone by in requests this one goes on from: their clocks stood still while it was with the requester."""

    objects = RequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval request")
        verbose_name_plural = _("approval requests")
        ordering = ["run", "position"]
        indexes = [
            models.Index(
                fields=["approver", "due_at"], name="requests_waiting", condition=Q(status=RequestStatus.PENDING, is_open=True)
            ),
            models.Index(fields=["due_at"], name="requests_to_pass_on", condition=Q(status=RequestStatus.PENDING, is_open=True)),
            models.Index(fields=["remind_at"], name="requests_to_remind", condition=Q(remind_at__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["run", "approver"], name="one_request_per_approver_and_run"),
            models.CheckConstraint(
                condition=Q(is_open=False) | Q(asked_at__isnull=False, due_at__isnull=False),
                name="an_open_request_has_a_deadline",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run} → {self.approver or _('stewards')}"

    @property
    def decision_or_none(self) -> "Decision | None":
        """The answer, once there is one."""
        return getattr(self, "decision", None)


class RunGate(models.Model):
    """A step of a gate of a run as put to one request, with a copy of its definition; or that nobody had to be asked."""

    run = models.ForeignKey(Run, models.PROTECT, related_name="gates", verbose_name=_("approval"))
    request = models.ForeignKey(Request, models.PROTECT, null=True, blank=True, related_name="gates", verbose_name=_("request"))
    settled = models.CharField(_("how"), max_length=10, choices=Settled, default=Settled.ASKED)
    carried_from = models.ForeignKey(
        "Decision", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("still approved by")
    )
    step = models.PositiveSmallIntegerField(_("step"), default=1)
    gate = models.CharField(_("gate"), max_length=40)
    permission = models.CharField(_("who may decide"), max_length=40)
    position = models.PositiveIntegerField(_("order"))
    definition = models.JSONField(_("definition then"), default=dict)

    class Meta:
        verbose_name = _("gate of an approval")
        verbose_name_plural = _("gates of an approval")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["request", "gate", "step"], name="one_row_per_request_gate_and_step"),
            models.CheckConstraint(
                condition=Q(settled=Settled.ASKED, request__isnull=False, carried_from=None)
                | Q(settled=Settled.AUTOMATIC, request=None, carried_from=None)
                | Q(settled=Settled.CARRIED, request=None, carried_from__isnull=False),
                name="a_gate_is_asked_or_settled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run}: {self.gate}"

    @property
    def label(self) -> str:
        """In the active language, as it was then."""
        return str(self.definition.get("label", {}).get(active()) or self.gate)


class Decision(Added):
    """The answer to a request. Append-only; carries copies, so that the database itself refuses self-approval."""

    request = models.OneToOneField(Request, models.PROTECT, related_name="decision", verbose_name=_("request"))
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict)
    comment = models.TextField(_("comment"), blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("decided by"))
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    last_editor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("last edited by"))
    subject_version = models.PositiveIntegerField(_("version"))
    content_hash = models.CharField(_("content hash"), max_length=64)
    via = models.CharField(_("by way of"), max_length=10, choices=Via)
    ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(decided_by=F("requested_by")), name="nobody_approves_their_own_request"),
            models.CheckConstraint(condition=~Q(decided_by=F("last_editor")), name="nobody_approves_their_own_edit"),
            models.CheckConstraint(condition=~Q(verdict=Verdict.REJECT, comment=""), name="a_rejection_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.request_id}: {self.verdict}"


class Remark(Added):
    """What somebody said about a round: a comment, or the question with which it went back. Append-only."""

    run = models.ForeignKey(Run, models.PROTECT, related_name="remarks", verbose_name=_("approval"))
    request = models.ForeignKey(Request, models.PROTECT, related_name="remarks", verbose_name=_("request"))
    kind = models.CharField(_("kind"), max_length=10, choices=RemarkKind, default=RemarkKind.COMMENT)
    text = models.TextField(_("comment"))
    lines = models.JSONField(_("lines meant"), default=list, blank=True)
    """Positions of lines in the version that was asked about."""
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    via = models.CharField(_("by way of"), max_length=10, choices=Via)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("remark")
        verbose_name_plural = _("remarks")
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="a_remark_says_something")]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.text[:40]}"

    @property
    def lines_named(self) -> str:
        return ", ".join(map(str, self.lines))
