"""What bundles consist of."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models.products import Product


class BundlePart(models.Model):
    """So many pricing units of `part` in one `bundle`. Of options a quote takes those that are chosen."""

    bundle = models.ForeignKey(Product, models.CASCADE, related_name="parts", verbose_name=_("bundle"))
    part = models.ForeignKey(Product, models.PROTECT, related_name="part_of", verbose_name=_("part"))
    quantity = models.DecimalField(
        _("quantity"), max_digits=12, decimal_places=3, default=1, validators=[MinValueValidator(Decimal("0.001"))]
    )
    is_option = models.BooleanField(_("option"), default=False)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("bundle part")
        verbose_name_plural = _("bundle parts")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["bundle", "part"], name="one_row_per_bundle_part"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="bundle_part_has_a_quantity"),
            models.CheckConstraint(condition=~Q(bundle=F("part")), name="no_bundle_is_its_own_part"),
        ]

    def __str__(self) -> str:
        return f"{self.bundle_id}: {self.part_id}"
