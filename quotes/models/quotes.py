"""Quotes: a row per revision, its lines, the frozen snapshots, what was sent, and what the customer asked and answered."""

import uuid
from functools import cached_property
from typing import Any

import orjson
from django.core.validators import URLValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, CategoryTma2, Channel, Contact, PaymentTerm, PaymentType, of_accounts_in_sight
from catalog.models import PriceList, Product, UnitOfMeasure
from core.histories import FieldHistory
from core.models import Added, Link, LookUp, OutboxMessage, Versioned
from opportunities.models import Opportunity
from quotes import company
from quotes.choices import PRICED_KINDS, Answer, DiscountKind, HeaderDiscountKind, LineKind, MailKind, QuoteStatus
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


class CompanyDetails(models.Model):
    """Who we are on documents and on the customer's page, and the texts that stand on every quote. One row."""

    name = models.CharField(_("name"), max_length=120, default="Tukku Oy")
    street = models.CharField(_("street"), max_length=120, blank=True, default="Teollisuuskatu 12")
    postcode = models.CharField(_("postcode"), max_length=20, blank=True, default="00510")
    city = models.CharField(_("city"), max_length=100, blank=True, default="Helsinki")
    business_id = models.CharField(
        _("business ID"), max_length=20, blank=True, default="2345678-0", validators=[company.require_business_id]
    )
    vat_number = models.CharField(
        _("VAT number"), max_length=20, blank=True, default="FI23456780", validators=[company.require_vat_number]
    )
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    website = models.CharField(_("website"), max_length=200, blank=True, validators=[URLValidator(["https", "http"])])
    logo = models.FileField(
        _("logo"),
        upload_to=company.logo_path,
        blank=True,
        validators=[company.require_picture],
        help_text=_("PNG or JPEG, at most 500 kB. Documents that were sent keep the one they were sent with."),
    )
    introduction = models.TextField(_("introduction"), blank=True, max_length=2000, help_text=_("Above the lines."))
    delivery = models.TextField(_("delivery"), blank=True, max_length=2000, help_text=_("How and when is delivered."))
    closing = models.TextField(_("closing"), blank=True, max_length=2000, help_text=_("Below the terms."))
    terms = models.TextField(
        _("general terms"),
        blank=True,
        max_length=40_000,
        help_text=_("The appendix of each document. An empty line begins a new paragraph."),
    )

    class Meta:
        verbose_name = _("company details")
        verbose_name_plural = _("company details")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_row_of_company_details")]

    def __str__(self) -> str:
        return self.name


class QuoteSettings(models.Model):
    """What is done about quotes by itself. One row."""

    remind_days = models.PositiveSmallIntegerField(
        _("reminder before the last valid day, days"), default=3, help_text=_("0: nobody is reminded.")
    )
    reminds_customer = models.BooleanField(_("the customer is reminded, too"), default=False)
    tells_opened = models.BooleanField(_("owners get a mail when a customer has opened a quote"), default=True)

    class Meta:
        verbose_name = _("quote settings")
        verbose_name_plural = _("quote settings")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="one_row_of_quote_settings"),
            models.CheckConstraint(condition=Q(remind_days__lte=60), name="reminder_days_in_range"),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


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
    once_approved = models.JSONField(_("sent once approved"), null=True, blank=True, editable=False)
    """How the quote goes out by itself with its last approval: `{"by": user id, "to": recipients, "language"}`."""

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
    usage = models.JSONField(_("prices by use"), null=True, blank=True)
    """Copies of the steps in force on the price date, as `catalog.offers.usage_as_stored`; None: there are none."""
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
        content: dict[str, Any] = orjson.loads(self.text)
        return content


class QuoteDocument(Added):
    """What was sent: a snapshot with language and parties; acceptance binds to its hash.

    `recipients` is `[{"address", "language", "name"}]`. The PDFs are stored in both languages once they are rendered.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    quote = models.ForeignKey(Quote, models.PROTECT, related_name="documents", verbose_name=_("quote"))
    snapshot = models.ForeignKey(QuoteSnapshot, models.PROTECT, related_name="documents", verbose_name=_("snapshot"))
    language = models.CharField(_("language"), max_length=2, choices=Language)
    parties = models.JSONField(_("parties"))
    recipients = models.JSONField(_("recipients"), default=list)
    document_hash = models.CharField(_("hash"), max_length=64)
    link = models.OneToOneField(Link, models.PROTECT, related_name="quote_document", verbose_name=_("link"))
    code_hash = models.CharField(_("hash of the printed code"), max_length=64, unique=True, null=True, blank=True, editable=False)
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)
    reminded_at = models.DateTimeField(_("reminded"), null=True, blank=True)
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


class QuoteFile(Added):
    """The PDF of a document in one language, rendered once and kept as it is. Append-only."""

    document = models.ForeignKey(QuoteDocument, models.PROTECT, related_name="files", verbose_name=_("document"))
    language = models.CharField(_("language"), max_length=2, choices=Language)
    pdf = models.FileField(_("PDF"), upload_to="quotes/%Y/%m/")
    pdf_hash = models.CharField(_("hash of the PDF"), max_length=64)

    class Meta:
        verbose_name = _("stored PDF")
        verbose_name_plural = _("stored PDFs")
        constraints = [models.UniqueConstraint(fields=["document", "language"], name="one_file_per_document_and_language")]

    def __str__(self) -> str:
        return f"{self.document_id} {self.language}"


class QuoteMail(models.Model):
    """A mail to the customer about a document, one for each language.

    `recipients` is `[{"address", "name"}]`; `bounces` is `{address: what the mail server said}` of those it was refused for.
    """

    document = models.ForeignKey(QuoteDocument, models.PROTECT, related_name="mails", verbose_name=_("document"))
    kind = models.CharField(_("kind"), max_length=10, choices=MailKind)
    language = models.CharField(_("language"), max_length=2, choices=Language)
    recipients = models.JSONField(_("recipients"))
    message = models.OneToOneField(
        OutboxMessage, models.SET_NULL, null=True, blank=True, related_name="quote_mail", verbose_name=_("mail")
    )
    uuid = models.UUIDField(_("Message-ID"), unique=True)
    bounces = models.JSONField(_("refused"), default=dict, blank=True)

    class Meta:
        verbose_name = _("mail to a customer")
        verbose_name_plural = _("mails to customers")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.document_id} {self.kind} {self.language}"


class QuoteQuestion(Added):
    """What a customer asked on the page of a quote. Append-only."""

    document = models.ForeignKey(QuoteDocument, models.PROTECT, related_name="questions", verbose_name=_("document"))
    name = models.CharField(_("name"), max_length=150)
    text = models.TextField(_("question"))
    ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    agent = models.CharField(_("browser"), max_length=300, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("customer's question")
        verbose_name_plural = _("customers' questions")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.document_id}: {self.name}"


class QuoteAnswer(Added):
    """What the customer answered, or what a rep recorded with evidence. One per revision, append-only.

    `chosen` is the ids of the optional lines that were taken, and the totals those that were shown with them; `line_reasons` is
    `[{"line": id, "reason": code}]` of a decline.
    """

    quote = models.OneToOneField(Quote, models.PROTECT, related_name="answer", verbose_name=_("quote"))
    document = models.ForeignKey(QuoteDocument, models.PROTECT, related_name="+", verbose_name=_("document"))
    document_hash = models.CharField(_("hash"), max_length=64)
    answer = models.CharField(_("answer"), max_length=10, choices=Answer)
    name = models.CharField(_("name"), max_length=150)
    role = models.CharField(_("role"), max_length=100, blank=True)
    purchase_order = models.CharField(_("purchase order number"), max_length=60, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=Language, blank=True)
    chosen = models.JSONField(_("chosen options"), default=list, blank=True)
    net_total = models.DecimalField(_("net"), max_digits=14, decimal_places=2, null=True, blank=True)
    gross_total = models.DecimalField(_("total with VAT"), max_digits=14, decimal_places=2, null=True, blank=True)
    reason = models.ForeignKey(DeclineReason, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("reason"))
    line_reasons = models.JSONField(_("reasons by line"), default=list, blank=True)
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
            models.CheckConstraint(
                condition=Q(answer=Answer.DECLINED) | Q(net_total__isnull=False, gross_total__isnull=False),
                name="an_acceptance_has_its_totals",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quote_id}: {self.answer}"
