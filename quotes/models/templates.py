"""Lines to start from: templates of people and units, and the starter packs of new customers among them."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import CategoryTma2, Channel
from catalog.models import Product, UnitOfMeasure
from core.histories import FieldHistory
from core.models import Added, Versioned
from quotes.choices import TEXT_KINDS, DiscountKind, LineKind, Sharing, StarterPackMode
from quotes.models.quotes import MOST_TEXT, Quote
from users.models import User
from users.roles import Perm


class TemplateQuerySet(models.QuerySet["QuoteTemplate"]):
    def visible_to(self, user: User) -> "TemplateQuerySet":
        """Those in use that are one's own, of everyone, or of one's unit, which is that of their owner."""
        if not user.may(Perm.QUOTE_EDIT):
            return self.none()
        seen = Q(owner=user.pk) | Q(shared_with=Sharing.ALL)
        if user.unit_id is not None:
            seen |= Q(shared_with=Sharing.UNIT, owner__team__unit=user.unit_id)
        return self.filter(seen, is_active=True)


class QuoteTemplate(Versioned):
    """Lines that somebody has kept under a name. Their prices are those of the day on which they get into a quote."""

    name = models.CharField(_("name"), max_length=120)
    owner = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("owner"))
    shared_with = models.CharField(_("who sees it"), max_length=4, choices=Sharing, default=Sharing.ME)
    is_active = models.BooleanField(_("in use"), default=True)
    is_starter_pack = models.BooleanField(
        _("starter pack"), default=False, help_text=_("New customers get it with their first quote, whoever sees the template.")
    )
    tma2 = models.ForeignKey(
        CategoryTma2, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category TMA2"),
        help_text=_("Of a starter pack: empty fits every customer; of several that fit the most specific one is taken."),
    )  # fmt: skip
    channel = models.ForeignKey(
        Channel, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("distribution channel")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = TemplateQuerySet.as_manager()
    history = FieldHistory()

    class Meta:
        verbose_name = _("quote template")
        verbose_name_plural = _("quote templates")
        ordering = ["name", "id"]
        indexes = [
            models.Index(fields=["is_starter_pack"], name="starter_packs", condition=Q(is_starter_pack=True, is_active=True))
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="a_template_has_a_name"),
            models.CheckConstraint(
                condition=Q(is_starter_pack=True) | Q(tma2=None, channel=None),
                name="customers_of_starter_packs_only",
                violation_error_message=_("Category and channel say whose starter pack it is; other templates have none."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class QuoteTemplateLine(models.Model):
    """A line of a template: as of a quote, without prices. Made with its template and never changed."""

    template = models.ForeignKey(QuoteTemplate, models.CASCADE, db_index=False, related_name="lines", verbose_name=_("template"))
    position = models.PositiveIntegerField(_("position"))
    kind = models.CharField(_("kind"), max_length=10, choices=LineKind, default=LineKind.PRODUCT)
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("product"))
    text = models.TextField(_("text"), blank=True, max_length=MOST_TEXT)
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3, default=1)
    unit = models.ForeignKey(UnitOfMeasure, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("unit"))
    numerator = models.PositiveIntegerField(_("pricing units"), default=1)
    denominator = models.PositiveIntegerField(_("in so many units"), default=1)
    discount_kind = models.CharField(
        _("kind of discount"), max_length=10, choices=DiscountKind, default=DiscountKind.NONE, blank=True
    )
    discount_value = models.DecimalField(_("as typed"), max_digits=12, decimal_places=4, default=0)
    optional = models.BooleanField(_("optional"), default=False)
    yearly_volume = models.DecimalField(_("expected yearly volume"), max_digits=14, decimal_places=3, null=True, blank=True)
    options = models.JSONField(_("chosen options of the bundle"), default=list, blank=True)
    """Keys of products."""
    alternative_to = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("alternative to")
    )

    class Meta:
        verbose_name = _("template line")
        verbose_name_plural = _("template lines")
        ordering = ["template", "position"]
        constraints = [
            models.UniqueConstraint(fields=["template", "position"], name="one_template_line_per_position"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, numerator__gt=0, denominator__gt=0), name="template_line_positive"
            ),
            models.CheckConstraint(condition=~Q(alternative_to=F("id")), name="no_template_line_for_itself"),
            models.CheckConstraint(
                condition=Q(kind=LineKind.PRODUCT, product__isnull=False)
                | (Q(kind__in=TEXT_KINDS, product=None, optional=False) & ~Q(text="")),
                name="a_template_line_is_a_product_or_a_text",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template_id}/{self.position}"


class StarterPackSettings(models.Model):
    """What becomes of the starter packs of new customers. One row."""

    mode = models.CharField(
        _("starter pack of a new customer"), max_length=6, choices=StarterPackMode, default=StarterPackMode.OFFER
    )

    class Meta:
        verbose_name = _("starter pack settings")
        verbose_name_plural = _("starter pack settings")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_row_of_starter_pack_settings")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class StarterPackAnswer(Added):
    """That the starter pack got into a quote, or that somebody did not want it there. One per quote, append-only."""

    quote = models.OneToOneField(Quote, models.PROTECT, related_name="starter_pack", verbose_name=_("quote"))
    template = models.ForeignKey(QuoteTemplate, models.PROTECT, related_name="+", verbose_name=_("template"))
    is_taken = models.BooleanField(_("added"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("answer to a starter pack")
        verbose_name_plural = _("answers to starter packs")

    def __str__(self) -> str:
        return f"{self.quote_id}: {self.is_taken}"
