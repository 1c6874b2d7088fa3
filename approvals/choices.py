"""States and verdicts of approvals."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RunStatus(models.TextChoices):
    OPEN = "open", _("In progress")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    RECALLED = "recalled", _("Recalled")
    RETURNED = "returned", _("Asked back")


class RequestStatus(models.TextChoices):
    PENDING = "pending", _("Waiting")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    CANCELLED = "cancelled", _("Cancelled")
    RETURNED = "returned", _("Asked back")


class Verdict(models.TextChoices):
    APPROVE = "approve", _("Approve")
    REJECT = "reject", _("Reject")


class Settled(models.TextChoices):
    """How a gate of a run is dealt with."""

    ASKED = "asked", _("Somebody is asked")
    AUTOMATIC = "automatic", _("Approved by a rule")
    CARRIED = "carried", _("Still approved")


class RemarkKind(models.TextChoices):
    COMMENT = "comment", _("Comment")
    QUESTION = "question", _("Question")


class Outcome(models.TextChoices):
    """What a rule leads to."""

    ASK = "ask", _("Somebody is asked")
    APPROVE = "approve", _("Approved without asking")
    INFORM = "inform", _("Somebody is told, nobody is asked")


class Who(models.TextChoices):
    """Whom a step is put to."""

    RIGHT = "right", _("Whoever holds the right of the gate")
    ROLE = "role", _("A role")
    PEOPLE = "people", _("Named people")
    MANAGER = "manager", _("The manager of who asks")
    MANAGERS = "managers", _("All managers above who asks")
    STEWARDS = "stewards", _("The data stewards")


class Quorum(models.TextChoices):
    """How many of them answer."""

    ONE = "one", _("One, whom the requester picks")
    ANY = "any", _("All are asked, the first yes is enough")
    ALL = "all", _("All of them")
    NUMBER = "number", _("All are asked, so many must say yes")


class FieldKind(models.TextChoices):
    """What a condition compares."""

    NUMBER = "number", _("Number")
    MONEY = "money", _("EUR")
    PERCENT = "percent", _("Percent")
    CODE = "code", _("Code")
    FLAG = "flag", _("Yes or no")


class Operator(models.TextChoices):
    EQ = "eq", _("is")
    NE = "ne", _("is not")
    LT = "lt", _("below")
    LE = "le", _("at most")
    GT = "gt", _("above")
    GE = "ge", _("at least")
    IN = "in", _("one of")


class Clock(models.TextChoices):
    """Which hours count until an answer is due."""

    WORKING = "working", _("Working hours")
    CALENDAR = "calendar", _("All hours")


class LinkPower(models.TextChoices):
    """Whether the link in a mail decides, or only opens the page."""

    OFF = "off", _("Never: the approver signs in")
    LIMIT = "limit", _("Up to the limit")
    ALWAYS = "always", _("Always")


class Via(models.TextChoices):
    PAGE = "page", _("Page")
    LINK = "link", _("Link in a mail")
    API = "api", _("API")
