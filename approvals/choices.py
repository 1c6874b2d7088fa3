"""States and verdicts of approvals."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RunStatus(models.TextChoices):
    OPEN = "open", _("In progress")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    RECALLED = "recalled", _("Recalled")


class RequestStatus(models.TextChoices):
    PENDING = "pending", _("Waiting")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    CANCELLED = "cancelled", _("Cancelled")


class Verdict(models.TextChoices):
    APPROVE = "approve", _("Approve")
    REJECT = "reject", _("Reject")


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
