"""What products cost: by list, by quantity, by use."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from catalog.choices import STANDARD
from catalog.models.products import Product
from core.models import LookUp

_ALWAYS = models.Value("0001-01-01", output_field=models.DateField())
_IN_ORDER = Q(valid_from=None) | Q(valid_to=None) | Q(valid_from__lte=F("valid_to"))
_DAYS = _("The last day is before the first.")


def _not_below(higher: str, lower: str) -> Q:
    """`higher` is at least `lower`, where both are known."""
    return Q(**{higher: None}) | Q(**{lower: None}) | Q(**{f"{higher}__gte": F(lower)})


class PriceList(LookUp):
    """A list of prices; the one of code `STANDARD` is what every quote falls back to. Outside its days a list has no price."""

    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)

    class Meta(LookUp.Meta):
        verbose_name = _("price list")
        verbose_name_plural = _("price lists")
        constraints = [
            models.CheckConstraint(condition=_IN_ORDER, name="price_list_validity_in_order", violation_error_message=_DAYS),
            models.CheckConstraint(
                condition=~Q(code=STANDARD) | Q(valid_from=None, valid_to=None),
                name="standard_list_is_always_valid",
                violation_error_message=_("The standard list is always valid: every quote falls back to it."),
            ),
        ]


class Price(models.Model):
    """What a product costs from a quantity on, while the price is valid. EUR per pricing unit, 4 places.

    Start, target and floor are guidance for who sells: begin here, aim there, not below that. An unknown cost is empty, not 0.
    """

    price_list = models.ForeignKey(PriceList, models.PROTECT, related_name="prices", verbose_name=_("price list"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="prices", verbose_name=_("product"))
    min_quantity = models.DecimalField(_("from quantity"), max_digits=12, decimal_places=3, default=0)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    list_price = models.DecimalField(_("list price"), max_digits=12, decimal_places=4)
    cost = models.DecimalField(_("cost"), max_digits=12, decimal_places=4, null=True, blank=True)
    start_price = models.DecimalField(_("start price"), max_digits=12, decimal_places=4, null=True, blank=True)
    target_price = models.DecimalField(_("target price"), max_digits=12, decimal_places=4, null=True, blank=True)
    floor_price = models.DecimalField(_("floor price"), max_digits=12, decimal_places=4, null=True, blank=True)

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ["product", "min_quantity", "valid_from"]
        indexes = [models.Index(fields=["product", "price_list", "min_quantity"], name="price_of_product")]
        constraints = [
            models.UniqueConstraint(
                "price_list", "product", "min_quantity", Coalesce("valid_from", _ALWAYS), name="one_price_per_start"
            ),
            models.CheckConstraint(
                condition=models.Q(list_price__gte=0, min_quantity__gte=0)
                & (models.Q(cost=None) | models.Q(cost__gte=0))
                & (models.Q(floor_price=None) | models.Q(floor_price__gte=0))
                & (models.Q(target_price=None) | models.Q(target_price__gte=0)),
                name="prices_are_not_negative",
            ),
            models.CheckConstraint(condition=_IN_ORDER, name="price_validity_in_order"),
            models.CheckConstraint(
                condition=_not_below("start_price", "target_price")
                & _not_below("target_price", "floor_price")
                & _not_below("start_price", "floor_price")
                & (Q(start_price=None) | Q(start_price__gte=0)),
                name="price_guidance_in_order",
                violation_error_message=_(
                    "The start price must be at least the target price, and the target price at least the floor price."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.list_price}"


class UsageMetric(LookUp):
    """What is counted of a product that is priced by use: page views, gigabytes."""

    class Meta(LookUp.Meta):
        verbose_name = _("measure of use")
        verbose_name_plural = _("measures of use")


class UsageStep(models.Model):
    """The price of each unit used in a year beyond `from_quantity`, up to the next step. EUR per unit, 4 places.

    Steps without a price list hold for every list that has none of its own for this measure. An unknown cost is empty, not 0.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="usage_steps", verbose_name=_("product"))
    price_list = models.ForeignKey(
        PriceList, models.PROTECT, null=True, blank=True, related_name="usage_steps", verbose_name=_("price list")
    )
    metric = models.ForeignKey(UsageMetric, models.PROTECT, related_name="steps", verbose_name=_("measure of use"))
    from_quantity = models.DecimalField(
        _("beyond so many a year"), max_digits=15, decimal_places=3, default=0, validators=[MinValueValidator(0)]
    )
    price = models.DecimalField(_("price each"), max_digits=12, decimal_places=4, validators=[MinValueValidator(0)])
    cost = models.DecimalField(
        _("cost each"), max_digits=12, decimal_places=4, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)

    class Meta:
        verbose_name = _("usage step")
        verbose_name_plural = _("usage steps")
        ordering = ["metric", "from_quantity", "valid_from"]
        constraints = [
            models.UniqueConstraint(
                "product",
                "metric",
                Coalesce("price_list", models.Value(0)),
                "from_quantity",
                Coalesce("valid_from", _ALWAYS),
                name="one_usage_step_per_start",
            ),
            models.CheckConstraint(
                condition=Q(from_quantity__gte=0, price__gte=0) & (Q(cost=None) | Q(cost__gte=0)),
                name="usage_steps_are_not_negative",
            ),
            models.CheckConstraint(condition=_IN_ORDER, name="usage_validity_in_order", violation_error_message=_DAYS),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.from_quantity} {self.price}"
