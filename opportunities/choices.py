"""Stages of an opportunity."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class OpportunityStatus(models.TextChoices):
    NEW = "new", _("New")
    QUALIFIED = "qualified", _("Qualified")
    QUOTING = "quoting", _("Quoting")
    NEGOTIATION = "negotiation", _("Negotiation")
    ORDERED = "ordered", _("Ordered")
    LOST = "lost", _("Lost")


CLOSED = (OpportunityStatus.ORDERED, OpportunityStatus.LOST)
"""Where nothing more is offered."""
