"""States, phases and answers of cases. The names of the states are those of the field."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class CaseStatus(models.TextChoices):
    REGISTRATION = "registration", _("Registration")
    PENDING_PRE_APPROVAL = "pending_pre_approval", _("Pending Pre-Approval")
    UNDER_ASSESSMENT = "under_assessment", _("Under Assessment")
    APPROVAL_PENDING = "approval_pending", _("Approval Pending")
    UNDER_IMPLEMENTATION = "under_implementation", _("Under Implementation")
    IMPLEMENTED = "implemented", _("Implemented")
    INACTIVE = "inactive", _("Inactive")
    CLOSED_REJECTED = "closed_rejected", _("Closed - Rejected")


PENDING = frozenset({CaseStatus.PENDING_PRE_APPROVAL, CaseStatus.APPROVAL_PENDING})
"""Somebody decides: nothing of the case can change, but comments and files may be added."""
OPEN = frozenset(CaseStatus) - {CaseStatus.IMPLEMENTED, CaseStatus.INACTIVE, CaseStatus.CLOSED_REJECTED}
"""On the way: "Close Case" leads to Closed - Rejected."""
ENDED = frozenset({CaseStatus.INACTIVE, CaseStatus.CLOSED_REJECTED})


class Phase(models.TextChoices):
    REGISTRATION = "registration", _("Registration")
    ASSESSMENT = "assessment", _("Assessment")
    IMPLEMENTATION = "implementation", _("Implementation")
    LIVE = "live", _("Live")
    ENDED = "ended", _("Ended")


PHASES: dict[str, Phase] = {
    CaseStatus.REGISTRATION: Phase.REGISTRATION,
    CaseStatus.PENDING_PRE_APPROVAL: Phase.REGISTRATION,
    CaseStatus.UNDER_ASSESSMENT: Phase.ASSESSMENT,
    CaseStatus.APPROVAL_PENDING: Phase.ASSESSMENT,
    CaseStatus.UNDER_IMPLEMENTATION: Phase.IMPLEMENTATION,
    CaseStatus.IMPLEMENTED: Phase.LIVE,
    CaseStatus.INACTIVE: Phase.ENDED,
    CaseStatus.CLOSED_REJECTED: Phase.ENDED,
}


class Priority(models.IntegerChoices):
    LOW = 1, _("Low")
    NORMAL = 2, _("Normal")
    HIGH = 3, _("High")
    URGENT = 4, _("Urgent")


class TaskPhase(models.TextChoices):
    """What a part belongs to."""

    ASSESSMENT = "assessment", _("Assessment")
    IMPLEMENTATION = "implementation", _("Implementation")


WITH_TASKS = {TaskPhase.ASSESSMENT: CaseStatus.UNDER_ASSESSMENT, TaskPhase.IMPLEMENTATION: CaseStatus.UNDER_IMPLEMENTATION}
"""Where parts are answered and tasks done, by what they belong to."""


class Feasibility(models.TextChoices):
    """The answer to a part of an assessment, and what the assessor concludes."""

    FEASIBLE = "feasible", _("Feasible")
    CONDITIONS = "conditions", _("Feasible with conditions")
    NOT_FEASIBLE = "not_feasible", _("Not feasible")


class Gate(models.TextChoices):
    """What approvals are asked for."""

    PRE = "csr_pre", _("Pre-approval of a CSR")
    FINAL = "csr_final", _("Final approval of a CSR")


class Score(models.IntegerChoices):
    """How satisfied the customer is."""

    VERY_DISSATISFIED = 1, _("1, very dissatisfied")
    DISSATISFIED = 2, _("2, dissatisfied")
    NEUTRAL = 3, _("3, neither nor")
    SATISFIED = 4, _("4, satisfied")
    VERY_SATISFIED = 5, _("5, very satisfied")
