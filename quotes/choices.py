"""States and kinds of quotes."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class QuoteStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In approval")
    APPROVED = "approved", _("Approved")
    SENT = "sent", _("Sent")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Expired")
    SUPERSEDED = "superseded", _("Superseded")
    CANCELLED = "cancelled", _("Cancelled")
    ORDERED = "ordered", _("Ordered")


class DiscountKind(models.TextChoices):
    """What was typed; the others are derived from it."""

    NONE = "", _("No discount")
    PERCENT = "percent", _("Percent")
    AMOUNT = "amount", _("Amount per unit")
    NET_PRICE = "net_price", _("Net price")


class LineKind(models.TextChoices):
    """What a line of a quote is. Sections and notes have no price; a statement of work is written by pre-sales."""

    PRODUCT = "product", _("Product")
    SOW = "sow", _("Statement of work")
    SECTION = "section", _("Section")
    NOTE = "note", _("Note")


PRICED_KINDS = (LineKind.PRODUCT, LineKind.SOW)
TEXT_KINDS = (LineKind.SECTION, LineKind.NOTE)


class HeaderDiscountKind(models.TextChoices):
    NONE = "", _("No discount")
    PERCENT = "percent", _("Percent")
    AMOUNT = "amount", _("Amount")


class Trigger(models.TextChoices):
    """Why a quote needs somebody's yes; the values are codes of approval gates."""

    FLOOR = "quote_floor", _("Below the floor price")
    MARGIN = "quote_margin", _("Margin below the target")
    MARGIN_UNKNOWN = "quote_margin_unknown", _("No margin target for this quote")
    CATALOGUE = "quote_catalogue", _("Outside the catalogue")
    DISCOUNT = "quote_discount", _("Deep discount")
    PAYMENT_TERM = "quote_payment_term", _("Payment term")


class Answer(models.TextChoices):
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")


class Sharing(models.TextChoices):
    """Who else sees a template."""

    ME = "me", _("Only me")
    UNIT = "unit", _("My unit")
    ALL = "all", _("Everyone")


class StarterPackMode(models.TextChoices):
    """How a new account's first quote comes to its starter pack."""

    OFFER = "offer", _("It is offered in the editor")
    ITSELF = "itself", _("It is added by itself")


class MailKind(models.TextChoices):
    """Why a customer got a mail."""

    SENT = "sent", _("Sent")
    RESENT = "resent", _("Sent again")
    REMINDER = "reminder", _("Reminder")
