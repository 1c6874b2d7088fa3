"""What products, bundles and rules of configuration can be."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class BundlePricing(models.TextChoices):
    """Where the price of a bundle comes from. A product without one is no bundle."""

    PARTS = "parts", _("the prices of its parts")
    FIXED = "fixed", _("a price of its own")


class RuleKind(models.TextChoices):
    """What a rule of configuration says about its subject."""

    REQUIRES = "requires", _("requires")
    EXCLUDES = "excludes", _("excludes")
    RECOMMENDS = "recommends", _("recommends")
    AT_MOST = "at_most", _("at most")
    AT_LEAST = "at_least", _("at least")


LIMITS = frozenset({RuleKind.AT_MOST, RuleKind.AT_LEAST})
"""Kinds that name a quantity; the others name another product or group."""

STANDARD = "STANDARD"
"""The code of the price list that every quote falls back to."""
