"""Products (SKUs) and the look-ups that describe them."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.choices import BundlePricing
from catalog.fields import ProductKeyField
from core.db import searching
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


SEARCHED = ("sku", "name_en", "name_fi")


class ProductQuerySet(models.QuerySet["Product"]):
    def visible_to(self, user: User) -> "ProductQuerySet":
        """The catalogue is open to everyone with the right to see products."""
        return self if user.may(Perm.PRODUCT_VIEW) else self.none()

    def sellable(self) -> "ProductQuerySet":
        return self.filter(is_active=True)

    def matching(self, text: str) -> "ProductQuerySet":
        """Products whose code or name, in either language, contains every word of `text`."""
        return searching.contains(self, SEARCHED, text, index="catalog_product_search")  # type: ignore[return-value]

    def suggested(self, text: str) -> "ProductQuerySet":
        """The same for what somebody is still typing (`core.db.searching.suggests`)."""
        return searching.suggests(self, SEARCHED, text, index="catalog_product_search")  # type: ignore[return-value]

    def containing(self, text: str) -> "ProductQuerySet":
        """As `matching`, of rows that another condition makes few: no index is asked."""
        return searching.contains(self.annotate(_whole=searching.whole(SEARCHED)), ["_whole"], text)  # type: ignore[return-value]


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
    use_within_months = models.PositiveSmallIntegerField(
        _("use within, months"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Consumption period: a service must be used within so many months of the order."),
    )
    fixed_quantity = models.DecimalField(
        _("fixed quantity"),
        max_digits=12,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.001"))],
        help_text=_("This code sells exactly so much, such as 3 workshops; nobody changes it on a quote."),
    )
    cs_days = models.DecimalField(
        _("effort of customer success, days"),
        max_digits=9,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Working days for each unit sold."),
    )
    bundle_pricing = models.CharField(
        _("bundle, priced by"),
        max_length=10,
        choices=BundlePricing,
        blank=True,
        help_text=_("Empty: the product is no bundle, and parts below do not count."),
    )
    bundle_shows_parts = models.BooleanField(
        _("the customer sees the parts"), default=True, help_text=_("Of a bundle only: its parts stand on the quote and the PDF.")
    )
    has_usage = models.BooleanField(_("priced by use"), default=False, editable=False)
    """Whether there are `usage_steps`: kept by whoever writes them, so that products without any cost no look-up."""
    match_key = ProductKeyField(_("name to match by"), max_length=240, blank=True, default="", editable=False)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", editable=False, verbose_name=_("merged into")
    )

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["sku"]
        indexes = [
            models.Index(fields=["match_key", "id"], name="product_by_match_key", condition=Q(merged_into=None)),
            models.Index(fields=["name_en"], name="product_by_english_name", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["name_fi"], name="product_by_finnish_name", opclasses=["varchar_pattern_ops"]),
        ]
        constraints = [
            models.CheckConstraint(
                condition=(Q(use_within_months=None) | Q(use_within_months__gte=1))
                & (Q(fixed_quantity=None) | Q(fixed_quantity__gt=0))
                & (Q(cs_days=None) | Q(cs_days__gte=0)),
                name="product_measures_make_sense",
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | Q(is_active=False) & ~Q(merged_into=F("id")),
                name="merged_products_are_not_in_use",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"

    @property
    def is_bundle(self) -> bool:
        return bool(self.bundle_pricing)


class ProductUnit(models.Model):
    """A unit in which a product can be ordered besides its pricing unit, with the exact factor: one of it is
    `numerator` / `denominator` pricing units. Of a product priced per kg, 1 g is 1/1000."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="units", verbose_name=_("product"))
    unit = models.ForeignKey(UnitOfMeasure, models.PROTECT, related_name="+", verbose_name=_("unit"))
    numerator = models.PositiveIntegerField(_("is so many pricing units"), default=1, validators=[MinValueValidator(1)])
    denominator = models.PositiveIntegerField(_("divided by"), default=1, validators=[MinValueValidator(1)])

    class Meta:
        verbose_name = _("further unit")
        verbose_name_plural = _("further units")
        ordering = ["unit__position", "unit__code"]
        constraints = [
            models.UniqueConstraint(fields=["product", "unit"], name="one_factor_per_unit"),
            models.CheckConstraint(condition=Q(numerator__gte=1, denominator__gte=1), name="factor_is_positive"),
        ]

    def __str__(self) -> str:
        return f"1 {self.unit_id} = {self.numerator}/{self.denominator}"


class ProductMerge(models.Model):
    """That a product was merged into another one. `moved`: `{label of model: {field: [keys that were made to follow]}}`."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="merges", verbose_name=_("product"))
    into = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=_("merged into"))
    moved = models.JSONField(_("what followed"), default=dict)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("undone by"))
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    class Meta:
        verbose_name = _("merge of products")
        verbose_name_plural = _("merges of products")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["product"], condition=Q(undone_at=None), name="merged_once"),
            models.CheckConstraint(
                condition=Q(undone_at=None, undone_by=None) | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="product_merge_undone_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} → {self.into_id}"
