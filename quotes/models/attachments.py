"""Files that belong to a quote."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.uploads import MOST_BYTES
from quotes.models.quotes import Quote
from users.models import User


class QuoteAttachment(models.Model):
    """A file of a quote, as it was uploaded. Revisions share the stored file, whose name says nothing of the file; what its bytes
    must hash to stands here.

    Rows change with their quote only while it is a draft. `for_customer`: it belongs to what the customer accepts.
    """

    quote = models.ForeignKey(Quote, models.PROTECT, related_name="attachments", verbose_name=_("quote"))
    file = models.FileField(_("file"), upload_to="quotes/attachments/%Y/%m/")
    name = models.CharField(_("name"), max_length=120)
    content_type = models.CharField(_("kind"), max_length=100)
    size = models.PositiveIntegerField(_("size, bytes"))
    content_hash = models.CharField(_("hash"), max_length=64)
    for_customer = models.BooleanField(_("for the customer"), default=False)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("added by"))
    at = models.DateTimeField(_("added"))

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(size__gt=0, size__lte=MOST_BYTES), name="attachment_size_in_range"),
            models.CheckConstraint(condition=~Q(name=""), name="an_attachment_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
