"""Quotes: a row per revision, its lines, the frozen snapshots, the sent document and the customer's answer."""

import json
import uuid
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, CategoryTma2, Channel, Contact, PaymentTerm, PaymentType, of_accounts_in_sight
from catalog.models import PriceList, Product, UnitOfMeasure
from core.histories import FieldHistory
from core.models import Added, Link, LookUp, OutboxMessage, Versioned
from opportunities.models import Opportunity
from quotes.choices import PRICED_KINDS, Answer, DiscountKind, HeaderDiscountKind, LineKind, QuoteStatus
from quotes.pricing import PricedQuote
from quotes.workflow import QuoteWorkflow
from users.models import Language, User
from users.roles import Perm


class DeclineReason(LookUp):
    class Meta(LookUp.Meta):
        verbose_name = _("decline reason")
        verbose_name_plural = _("decline reasons")


class MarginTarget(models.Model):
    """The margin that a quote of this kind should reach. The row with the most named criteria wins, then the largest amount."""

    tma2 = models.ForeignKey(CategoryTma2, models.CASCADE, null=True, blank=True, verbose_name=_("category TMA2"))
    channel = models.ForeignKey(Channel, models.CASCADE, null=True, blank=True, verbose_name=_("distribution channel"))
    min_amount = models.DecimalField(_("deal from, EUR"), max_digits=14, decimal_places=2, default=0)
    target_percent = models.DecimalField(_("target margin, %"), max_digits=7, decimal_places=4)
    history = FieldHistory()

    class Meta:
        verbose_name = _("margin target")
        verbose_name_plural = _("margin targets")
        ordering = ["tma2", "channel", "min_amount"]
        constraints = [
            models.CheckConstraint(
                condition=Q(min_amount__gte=0, target_percent__gte=0, target_percent__lte=100), name="margin_target_in_range"
            )
        ]

    def __str__(self) -> str:
        return f"{self.tma2 or '*'} / {self.channel or '*'}: {self.target_percent} %"


class QuoteQuerySet(models.QuerySet["Quote"]):
    def visible_to(self, user: User) -> "QuoteQuerySet":
        """Those of the accounts in sight."""
        if not user.may(Perm.QUOTE_VIEW):
            return self.none()
        return of_accounts_in_sight(self, user)


class Quote(QuoteWorkflow, Versioned):
    """One revision of a quote. The totals are those of the last pricing, made in `quotes.pricing`; EUR, net of tax."""

    number = models.CharField(_("number"), max_length=20)
    revision = models.PositiveIntegerField(_("revision"), default=1)
    previous = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("previous revision")
    )
    account = models.ForeignKey(Account, models.PROTECT, related_name="quotes", verbose_name=_("account"))
    opportunity = models.ForeignKey(
        Opportunity, models.SET_NULL, null=True, blank=True, related_name="quotes", verbose_name=_("opportunity")
    )
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("contact"))
    owner = models.ForeignKey(User, models.PROTECT, related_name="quotes", verbose_name=_("owner"))
    last_editor = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("last edited by"))
    language = models.CharField(_("language"), max_length=2, choices=Language, default=Language.FINNISH)
    valid_until = models.DateField(_("valid until"))
    price_date = models.DateField(_("prices of"))
    payment_term = models.ForeignKey(
        PaymentTerm, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("payment term")
    )
    payment_term_reason = models.CharField(_("reason for another payment term"), max_length=300, blank=True)
    payment_type = models.ForeignKey(
        PaymentType, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("payment type")
    )
    customer_note = models.TextField(_("note to the customer"), blank=True, max_length=4000)
    internal_note = models.TextField(_("internal note"), blank=True, max_length=4000)
    account_discount = models.DecimalField(_("account discount, %"), max_digits=7, decimal_places=4, null=True, blank=True)
    header_discount_kind = models.CharField(
        _("kind of discount"), max_length=10, choices=HeaderDiscountKind, default=HeaderDiscountKind.NONE, blank=True
    )
    header_discount_value = models.DecimalField(_("discount"), max_digits=14, decimal_places=4, default=0)
    list_total = models.DecimalField(_("at list price"), max_digits=14, decimal_places=2, default=0)
    net_total = models.DecimalField(_("net"), max_digits=14, decimal_places=2, default=0)
    gross_total = models.DecimalField(_("total with VAT"), max_digits=14, decimal_places=2, default=0)
    margin_percent = models.DecimalField(_("margin, %"), max_digits=9, decimal_places=2, null=True, blank=True)
    work_days = models.DecimalField(_("work of customer success, days"), max_digits=9, decimal_places=2, null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    sent_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("sent by"))

    objects = QuoteQuerySet.as_manager()
    history = FieldHistory()

    priced: PricedQuote | None = None
    """What the service that answered this quote has just worked out, so that nobody prices it again; never stored."""

    class Meta:
        verbose_name = _("quote")
        verbose_name_plural = _("quotes")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "-id"], name="quote_of_account"),
            models.Index(fields=["owner", "status"], name="quote_of_owner"),
            models.Index(fields=["status", "id"], name="quotes_by_state"),
            models.Index(fields=["valid_until"], name="quote_to_expire", condition=Q(status__in=["approved", "sent"])),
            models.Index(fields=["status", "sent_at"], name="quote_with_work", condition=Q(work_days__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["number", "revision"], name="one_row_per_revision"),
            models.UniqueConstraint(fields=["number"], condition=Q(status=QuoteStatus.DRAFT), name="one_draft_per_number"),
            models.CheckConstraint(
                condition=Q(list_total__lt=10**12, net_total__lt=10**12, gross_total__lt=10**12), name="quote_totals_in_range"
            ),
            models.CheckConstraint(
                condition=Q(header_discount_kind="", header_discount_value=0) | ~Q(header_discount_kind=""),
                name="header_discount_has_a_kind",
            ),
            models.CheckConstraint(
                condition=~Q(header_discount_kind="percent") | Q(header_discount_value__gte=-100, header_discount_value__lte=100),
                name="header_percent_in_range",
            ),
            models.CheckConstraint(
                condition=Q(sent_at=None, sent_by=None) | Q(sent_at__isnull=False, sent_by__isnull=False),
                name="sent_by_somebody_or_not",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}/{self.revision}"


MOST_TEXT = 4000


class QuoteLine(models.Model):
    """A line of a quote: a product, a statement of work, the heading of a section or a note.

    Unit prices are copies of the price list's on the price date, EUR per pricing unit, 4 places. One `unit` of the quantity is
    `numerator / denominator` pricing units, exactly.
    """

    quote = models.ForeignKey(Quote, models.CASCADE, db_index=False, related_name="lines", verbose_name=_("quote"))
    position = models.PositiveIntegerField(_("position"))
    kind = models.CharField(_("kind"), max_length=10, choices=LineKind, default=LineKind.PRODUCT)
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("product"))
    text = models.TextField(_("text"), blank=True, max_length=MOST_TEXT)
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3)
    unit = models.ForeignKey(
        UnitOfMeasure, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("unit")
    )
    numerator = models.PositiveIntegerField(_("pricing units"), default=1)
    denominator = models.PositiveIntegerField(_("in so many units"), default=1)
    price_list = models.ForeignKey(
        PriceList, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("price list")
    )
    list_price = models.DecimalField(_("list price"), max_digits=12, decimal_places=4)
    cost = models.DecimalField(_("cost"), max_digits=12, decimal_places=4, null=True, blank=True)
    floor_price = models.DecimalField(_("floor price"), max_digits=12, decimal_places=4, null=True, blank=True)
    target_price = models.DecimalField(_("target price"), max_digits=12, decimal_places=4, null=True, blank=True)
    start_price = models.DecimalField(_("start price"), max_digits=12, decimal_places=4, null=True, blank=True)
    vat_percent = models.DecimalField(_("VAT, %"), max_digits=7, decimal_places=4)
    discount_kind = models.CharField(
        _("kind of discount"), max_length=10, choices=DiscountKind, default=DiscountKind.NONE, blank=True
    )
    discount_value = models.DecimalField(_("as typed"), max_digits=12, decimal_places=4, default=0)
    optional = models.BooleanField(_("optional"), default=False)
    selected = models.BooleanField(_("chosen"), default=False)
    alternative_to = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="alternatives", verbose_name=_("alternative to")
    )
    parts = models.JSONField(_("parts of the bundle"), default=list, blank=True)
    yearly_volume = models.DecimalField(_("expected yearly volume"), max_digits=14, decimal_places=3, null=True, blank=True)
    effort_days = models.DecimalField(_("effort, working days"), max_digits=7, decimal_places=2, null=True, blank=True)
    specialist = models.CharField(_("specialist"), max_length=150, blank=True)
    feasibility = models.TextField(_("feasibility"), blank=True, max_length=2000)
    origin = models.BigIntegerField(_("copy of line"), null=True, blank=True)
    line_list = models.DecimalField(_("at list price"), max_digits=14, decimal_places=2, default=0)
    line_net = models.DecimalField(_("net"), max_digits=14, decimal_places=2, default=0)
    history = FieldHistory()

    class Meta:
        verbose_name = _("quote line")
        verbose_name_plural = _("quote lines")
        ordering = ["quote", "position", "id"]
        indexes = [models.Index(fields=["quote", "position", "id"], name="lines_of_quote")]  # that of the foreign key as well
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="line_quantity_positive"),
            models.CheckConstraint(condition=Q(list_price__gte=0), name="line_list_price_not_negative"),
            models.CheckConstraint(condition=Q(optional=True) | Q(selected=False), name="only_optional_lines_are_chosen"),
            models.CheckConstraint(
                condition=~Q(discount_kind="percent") | Q(discount_value__gte=-100, discount_value__lte=100),
                name="line_percent_in_range",
            ),
            models.CheckConstraint(condition=~Q(alternative_to=F("id")), name="no_alternative_to_itself"),
            models.CheckConstraint(
                condition=Q(kind=LineKind.PRODUCT, product__isnull=False)
                | (~Q(kind=LineKind.PRODUCT) & Q(product=None) & ~Q(text="")),
                name="a_line_is_a_product_or_a_text",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=PRICED_KINDS) | Q(list_price=0, line_list=0, line_net=0, optional=False),
                name="headings_and_notes_cost_nothing",
            ),
            models.CheckConstraint(condition=Q(numerator__gt=0, denominator__gt=0), name="line_units_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quote_id}/{self.position}"

    @property
    def is_priced(self) -> bool:
        return self.kind in PRICED_KINDS


class QuotePresence(models.Model):
    """Somebody who has the editor of the quote open, since when and seen last."""

    quote = models.ForeignKey(Quote, models.CASCADE, db_index=False, related_name="+", verbose_name=_("quote"))
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("user"))
    opened_at = models.DateTimeField(_("since"))
    seen_at = models.DateTimeField(_("seen"))

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")
        constraints = [models.UniqueConstraint(fields=["quote", "user"], name="one_presence_per_person")]

    def __str__(self) -> str:
        return f"{self.quote_id}: {self.user_id}"


class QuoteSnapshot(Added):
    """What was submitted: lines, prices, terms and validity, in both languages. Append-only; approval binds to the hash.

    `text` is canonical JSON (quotes.snapshots), kept as it is hashed; `content` is what it says.
    """

    quote = models.ForeignKey(Quote, models.PROTECT, related_name="snapshots", verbose_name=_("quote"))
    version = models.PositiveIntegerField(_("version"))
    text = models.TextField(_("content"))
    commercial_hash = models.CharField(_("hash"), max_length=64)
    stored_digest = models.CharField(_("digest of the rows"), max_length=64, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("submitted by"))
    at = models.DateTimeField(_("submitted"))

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["quote", "version"], name="one_snapshot_per_version")]

    def __str__(self) -> str:
        return f"{self.quote_id} v{self.version}"

    @cached_property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.text)
        return content


class QuoteDocument(Added):
    """What was sent: a snapshot with language and parties; acceptance binds to its hash.

    The PDF is stored once it is rendered.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    quote = models.ForeignKey(Quote, models.PROTECT, related_name="documents", verbose_name=_("quote"))
    snapshot = models.ForeignKey(QuoteSnapshot, models.PROTECT, related_name="documents", verbose_name=_("snapshot"))
    language = models.CharField(_("language"), max_length=2, choices=Language)
    parties = models.JSONField(_("parties"))
    recipients = models.JSONField(_("recipients"), default=list)
    document_hash = models.CharField(_("hash"), max_length=64)
    pdf = models.FileField(_("PDF"), upload_to="quotes/%Y/%m/", blank=True)
    pdf_hash = models.CharField(_("hash of the PDF"), max_length=64, blank=True)
    link = models.OneToOneField(Link, models.PROTECT, related_name="quote_document", verbose_name=_("link"))
    mail = models.ForeignKey(OutboxMessage, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("mail"))
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("sent by"))
    sent_at = models.DateTimeField(_("sent"))

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["quote"], condition=Q(withdrawn_at=None), name="one_live_document_per_quote")
        ]

    def __str__(self) -> str:
        return f"{self.quote_id} {self.language}"


class QuoteAnswer(Added):
    """What the customer answered, or what a rep recorded with evidence. One per revision, append-only."""

    quote = models.OneToOneField(Quote, models.PROTECT, related_name="answer", verbose_name=_("quote"))
    document = models.ForeignKey(QuoteDocument, models.PROTECT, related_name="+", verbose_name=_("document"))
    document_hash = models.CharField(_("hash"), max_length=64)
    answer = models.CharField(_("answer"), max_length=10, choices=Answer)
    name = models.CharField(_("name"), max_length=150)
    role = models.CharField(_("role"), max_length=100, blank=True)
    purchase_order = models.CharField(_("purchase order number"), max_length=60, blank=True)
    reason = models.ForeignKey(DeclineReason, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("reason"))
    comment = models.TextField(_("comment"), blank=True)
    evidence = models.TextField(_("evidence"), blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("recorded by"))
    ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    agent = models.CharField(_("browser"), max_length=300, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("customer's answer")
        verbose_name_plural = _("customers' answers")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(answer=Answer.ACCEPTED) | Q(reason__isnull=False), name="a_decline_has_a_reason"),
            models.CheckConstraint(condition=Q(recorded_by=None) | ~Q(evidence=""), name="a_recorded_answer_has_evidence"),
        ]

    def __str__(self) -> str:
        return f"{self.quote_id}: {self.answer}"
