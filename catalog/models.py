"""Products (SKUs) and their prices."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from core import db
from core.models import LookUp
from users.models import User
from users.roles import Perm


class ProductGroup(LookUp):
    class Meta(LookUp.Meta):
        verbose_name = _("product group")
        verbose_name_plural = _("product groups")


class UnitOfMeasure(LookUp):
    class Meta(LookUp.Meta):
        verbose_name = _("unit of measure")
        verbose_name_plural = _("units of measure")


class VatRate(LookUp):
    """A rate of value added tax, in percent."""

    rate = models.DecimalField(_("rate, %"), max_digits=7, decimal_places=4, validators=[MinValueValidator(0)])

    class Meta(LookUp.Meta):
        verbose_name = _("VAT rate")
        verbose_name_plural = _("VAT rates")
        constraints = [models.CheckConstraint(condition=models.Q(rate__gte=0, rate__lte=100), name="vat_rate_is_a_share")]


class ProductQuerySet(models.QuerySet["Product"]):
    def visible_to(self, user: User) -> "ProductQuerySet":
        """The catalogue is open to everyone with the right to see products."""
        return self if user.may(Perm.PRODUCT_VIEW) else self.none()

    def sellable(self) -> "ProductQuerySet":
        return self.filter(is_active=True)

    def matching(self, text: str) -> "ProductQuerySet":
        """Products whose code or name, in either language, contains every word of `text`."""
        return db.contains(self, ["sku", "name_en", "name_fi"], text, index="catalog_product_search")  # type: ignore[return-value]


class Product(models.Model):
    """A SKU. Its name and description are the catalogue's: nobody edits them on a quote."""

    sku = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    group = models.ForeignKey(ProductGroup, models.PROTECT, null=True, blank=True, verbose_name=_("product group"))
    unit = models.ForeignKey(UnitOfMeasure, models.PROTECT, verbose_name=_("unit"))
    vat_rate = models.ForeignKey(VatRate, models.PROTECT, verbose_name=_("VAT rate"))
    is_active = models.BooleanField(_("in use"), default=True)
    outside_catalogue = models.BooleanField(
        _("outside the catalogue"), default=False, help_text=_("Customer success must approve a quote that contains it.")
    )

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["sku"]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"


class PriceList(LookUp):
    """A list of prices; "STANDARD" is the one that every quote starts from."""

    class Meta(LookUp.Meta):
        verbose_name = _("price list")
        verbose_name_plural = _("price lists")


class Price(models.Model):
    """What a product costs from a quantity on, while the price is valid. EUR per unit, 4 places.

    An unknown cost is empty, not 0.
    """

    price_list = models.ForeignKey(PriceList, models.PROTECT, related_name="prices", verbose_name=_("price list"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="prices", verbose_name=_("product"))
    min_quantity = models.DecimalField(_("from quantity"), max_digits=12, decimal_places=3, default=0)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    list_price = models.DecimalField(_("list price"), max_digits=12, decimal_places=4)
    cost = models.DecimalField(_("cost"), max_digits=12, decimal_places=4, null=True, blank=True)
    floor_price = models.DecimalField(_("floor price"), max_digits=12, decimal_places=4, null=True, blank=True)
    target_price = models.DecimalField(_("target price"), max_digits=12, decimal_places=4, null=True, blank=True)

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ["product", "min_quantity", "valid_from"]
        indexes = [models.Index(fields=["product", "price_list", "min_quantity"], name="price_of_product")]
        constraints = [
            models.UniqueConstraint(
                "price_list",
                "product",
                "min_quantity",
                Coalesce("valid_from", models.Value("0001-01-01", output_field=models.DateField())),
                name="one_price_per_start",
            ),
            models.CheckConstraint(
                condition=models.Q(list_price__gte=0, min_quantity__gte=0)
                & (models.Q(cost=None) | models.Q(cost__gte=0))
                & (models.Q(floor_price=None) | models.Q(floor_price__gte=0))
                & (models.Q(target_price=None) | models.Q(target_price__gte=0)),
                name="prices_are_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(valid_from=None) | models.Q(valid_to=None) | models.Q(valid_from__lte=models.F("valid_to")),
                name="price_validity_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.list_price}"
