"""What goes together on a quote."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.choices import LIMITS, RuleKind
from catalog.configuration import Rule, Thing
from catalog.models.products import Product, ProductGroup
from core import languages

_LIMITS = sorted(kind.value for kind in LIMITS)


class ConfigurationRule(models.Model):
    """What the lines of a quote must be like while it has one of the subject: a product, or any product of a group."""

    kind = models.CharField(_("kind"), max_length=12, choices=RuleKind)
    subject_product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="rules_about", verbose_name=_("product")
    )
    subject_group = models.ForeignKey(
        ProductGroup, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("or product group")
    )
    object_product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="rules_naming", verbose_name=_("other product")
    )
    object_group = models.ForeignKey(
        ProductGroup, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("or other product group")
    )
    quantity = models.DecimalField(
        _("quantity"),
        max_digits=12,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.001"))],
        help_text=_("Of “at most” and “at least” only: in all lines together, in pricing units."),
    )
    message = models.CharField(
        _("message"), max_length=300, blank=True, help_text=_("What the sales rep reads; empty: a sentence made of the rule.")
    )
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("configuration rule")
        verbose_name_plural = _("configuration rules")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(subject_product=None, subject_group__isnull=False)
                | Q(subject_product__isnull=False, subject_group=None),
                name="rule_has_one_subject",
                violation_error_message=_("Name either a product or a product group that the rule is about."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=_LIMITS, object_product=None, object_group=None, quantity__isnull=False, quantity__gt=0)
                | ~Q(kind__in=_LIMITS)
                & Q(quantity=None)
                & (Q(object_product=None, object_group__isnull=False) | Q(object_product__isnull=False, object_group=None)),
                name="rule_has_an_object_or_a_quantity",
                violation_error_message=_(
                    "“At most” and “at least” need a quantity and nothing else; the other kinds need another product or group."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(subject_product=F("object_product")) & ~Q(subject_group=F("object_group")),
                name="rule_is_not_about_itself",
                violation_error_message=_("A rule cannot name the same product or group twice."),
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_from__lte=F("valid_to")),
                name="rule_validity_in_order",
                violation_error_message=_("The last day is before the first."),
            ),
        ]

    def __str__(self) -> str:
        """Where lists show many of them, they come with the products and groups they name."""
        from catalog.explaining import rule_words  # words of the models

        return rule_words(self.plain)

    @property
    def plain(self) -> Rule:
        """As `catalog.configuration` takes it."""
        return Rule(
            pk=self.pk or 0,
            kind=RuleKind(self.kind),
            subject=Thing(self.subject_product_id, self.subject_group_id),
            object=None if self.kind in LIMITS else Thing(self.object_product_id, self.object_group_id),
            quantity=self.quantity,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            message=tuple(languages.texts_of(self, "message").values()),
            subject_name=_names(self.subject_product, self.subject_group),
            object_name=_names(self.object_product, self.object_group),
        )


def _names(product: Product | None, group: ProductGroup | None) -> tuple[str, ...]:
    if product is not None:
        return tuple(f"{product.sku} {name}".rstrip() for name in languages.texts_of(product, "name").values())
    return tuple(languages.texts_of(group, "label").values()) if group is not None else ()
