"""Why a row was left out, how a feed came, what may be done with it and what it did."""

from django.db import models
from django.utils.translation import gettext_lazy as _, pgettext_lazy

UNSHOWN = "\ufffd"
"""In the place of what cannot be printed."""


class Rule(models.TextChoices):
    """The rule that a quarantined row broke, the most basic one first."""

    CUT_OFF = "cut_off", _("Cut off")
    CELL_COUNT = "cell_count", _("Wrong number of cells")
    CONTROL_CHARACTER = "control_character", _("Control character")
    REQUIRED = "required", _("Missing value")
    TOO_LONG = "too_long", _("Too long")
    NOT_A_NUMBER = "not_a_number", _("Not a number")
    TOO_MANY_DECIMALS = "too_many_decimals", _("Too many decimals")
    TOO_LARGE = "too_large", _("Number too large")
    NEGATIVE = "negative", _("Negative number")
    NOT_A_DATE = "not_a_date", _("Not a date")
    DATES_OUT_OF_ORDER = "dates_out_of_order", _("Dates out of order")
    NOT_A_FLAG = "not_a_flag", _("Neither yes nor no")
    NOT_A_COUNTRY = "not_a_country", _("Not a country code")
    NOT_A_BUSINESS_ID = "not_a_business_id", _("Not a business ID")
    DUPLICATE = "duplicate", _("Duplicate with other values")
    TWO_PARENTS = "two_parents", _("Two parents")
    CYCLE = "cycle", _("Parents in a circle")
    TOTAL_TOO_LARGE = "total_too_large", _("Sum of the parent too large")
    REUSED_ID = "reused_id", _("Number of another company")


class Origin(models.TextChoices):
    """How a feed came."""

    HTTP = "http", _("Price Manager")
    FOLDER = "folder", _("Watched folder")
    UPLOAD = "upload", _("Upload")
    COMMAND = "command", _("Command line")


class Mode(models.TextChoices):
    """What a run may do with what it finds."""

    APPLY = "apply", _("Apply")
    TRY = "try", _("Only try")
    ASK = "ask", _("Apply unless there is something to look at first")


class Handling(models.TextChoices):
    """What became of a quarantined row."""

    OPEN = "open", pgettext_lazy("rows", "Open")
    FIXED = "fixed", _("Fixed here")
    MAPPED = "mapped", _("Mapped to a parent")
    IGNORED = "ignored", _("Ignored")
    SETTLED = "settled", _("Came right later")
    SUPERSEDED = "superseded", _("Left out again later")


class What(models.TextChoices):
    """What a run does to an account."""

    CREATED = "created", _("Created")
    UPDATED = "updated", _("Updated")
    RENAMED = "renamed", _("Renamed")
    MOVED = "moved", _("Sites moved")
    DEACTIVATED = "deactivated", _("Made inactive")
    REACTIVATED = "reactivated", _("Made active again")
