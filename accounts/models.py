"""Customers: parent accounts, their sites (child customers) and contacts, and the look-ups that describe them."""

from typing import Any, TypeVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from accounts.fields import Compact, MatchKeyField
from accounts.price_lists import Rule as PriceRule
from accounts.survivorship import COLUMNS, DEFAULTS, ConflictKind, FieldRule, Rule
from catalog.models import PriceList
from core.db import searching
from core.models import JobRun, LookUp, Versioned
from core.money import CURRENCY
from users.models import BusinessUnit, Language, User
from users.roles import Perm, Scope


class CategoryTma1(LookUp):
    class Meta(LookUp.Meta):
        verbose_name = _("category TMA1")
        verbose_name_plural = _("categories TMA1")


class CategoryTma2(LookUp):
    class Meta(LookUp.Meta):
        verbose_name = _("category TMA2")
        verbose_name_plural = _("categories TMA2")


class Industry(LookUp):
    class Meta(LookUp.Meta):
        verbose_name = _("industry")
        verbose_name_plural = _("industries")


class BusinessSize(LookUp):
    class Meta(LookUp.Meta):
        verbose_name = _("business size")
        verbose_name_plural = _("business sizes")


class Classification(LookUp):
    """The customer type."""

    class Meta(LookUp.Meta):
        verbose_name = _("customer classification")
        verbose_name_plural = _("customer classifications")


class Channel(LookUp):
    class Meta(LookUp.Meta):
        verbose_name = _("distribution channel")
        verbose_name_plural = _("distribution channels")


class Region(LookUp):
    class Meta(LookUp.Meta):
        verbose_name = _("region")
        verbose_name_plural = _("regions")


class Territory(LookUp):
    """Where the customer may use what it buys."""

    class Meta(LookUp.Meta):
        verbose_name = _("territory")
        verbose_name_plural = _("territories")


class PaymentTerm(LookUp):
    """Days from the invoice to the due date."""

    days = models.PositiveIntegerField(_("days"))

    class Meta(LookUp.Meta):
        verbose_name = _("payment term")
        verbose_name_plural = _("payment terms")


class PaymentType(LookUp):
    needs_signature = models.BooleanField(
        _("signed on paper"), default=False, help_text=_("Documents of quotes end with lines for signatures.")
    )

    class Meta(LookUp.Meta):
        verbose_name = _("payment type")
        verbose_name_plural = _("payment types")


class AccountStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    INACTIVE = "inactive", _("Inactive")
    MERGED = "merged", _("Merged into another account")


Rows = TypeVar("Rows", bound="models.QuerySet[Any]")


def of_accounts_in_sight(rows: Rows, user: User, path: str = "account__") -> Rows:
    """The rows whose account this person sees: reps and support those of their team, managers of their unit, others all.

    `path` leads from a row to its account. Source: users.roles.
    """
    if not user.may(Perm.ACCOUNT_VIEW):
        return rows.none()
    return rows if user.scope == Scope.ALL else rows.filter(in_sight_of(user, path))


def in_sight_of(user: User, path: str = "account__") -> Q:
    """The same as a condition, for somebody who sees only some accounts."""
    seen = Q(**{f"{path}owner": user.pk}) | Q(**{f"{path}pk__in": AccountTeamMember.objects.filter(user=user).values("account")})
    if user.scope == Scope.UNIT and user.unit_id is not None:
        seen |= Q(**{f"{path}unit": user.unit_id})
    elif user.team_id is not None:
        seen |= Q(**{f"{path}owner__team": user.team_id})
    return seen


SEARCHED = ("name", "parent_customer_id", "business_id")


class AccountQuerySet(models.QuerySet["Account"]):
    def visible_to(self, user: User) -> "AccountQuerySet":
        """Those in sight. What was merged is none of them: the account that it became stands in its place."""
        return of_accounts_in_sight(self.exclude(status=AccountStatus.MERGED), user, path="")

    def with_merged_visible_to(self, user: User) -> "AccountQuerySet":
        """The same, with those that were merged."""
        return of_accounts_in_sight(self, user, path="")

    def prospects(self) -> "AccountQuerySet":
        """Prospects that are still accounts of their own."""
        return self.filter(is_prospect=True, status__in=[AccountStatus.ACTIVE, AccountStatus.INACTIVE])

    def matching(self, text: str) -> "AccountQuerySet":
        """Accounts whose name, customer number or business ID contains every word of `text`."""
        return searching.contains(self, SEARCHED, text, index="accounts_account_search")  # type: ignore[return-value]


class Account(Versioned):
    """A parent account. Fields that the customer master feeds are listed in `MASTER_FIELDS`; the others are filled by hand."""

    MASTER_FIELDS = (
        "name", "business_id", "vat_number", "tma1", "tma2", "industry", "business_size", "classification", "channel",
        "region", "owner", "sap_codes", "street", "postcode", "city", "country", "yearly_revenue", "yearly_volume",
    )  # fmt: skip
    MANUAL_FIELDS = (
        "territory", "payment_term", "payment_type", "language", "default_discount",
        "invoice_name", "invoice_email", "invoice_street", "invoice_postcode", "invoice_city", "invoice_country", "notes",
    )  # fmt: skip

    parent_customer_id = models.CharField(_("customer number"), max_length=40, unique=True, null=True, blank=True)
    name = models.CharField(_("name"), max_length=200)
    business_id = models.CharField(_("business ID"), max_length=20, blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=20, blank=True)
    tma1 = models.ForeignKey(CategoryTma1, models.PROTECT, null=True, blank=True, verbose_name=_("category TMA1"))
    tma2 = models.ForeignKey(CategoryTma2, models.PROTECT, null=True, blank=True, verbose_name=_("category TMA2"))
    industry = models.ForeignKey(Industry, models.PROTECT, null=True, blank=True, verbose_name=_("industry"))
    business_size = models.ForeignKey(BusinessSize, models.PROTECT, null=True, blank=True, verbose_name=_("business size"))
    classification = models.ForeignKey(
        Classification, models.PROTECT, null=True, blank=True, verbose_name=_("customer classification")
    )
    channel = models.ForeignKey(Channel, models.PROTECT, null=True, blank=True, verbose_name=_("distribution channel"))
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, verbose_name=_("region"))
    owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="accounts", verbose_name=_("owner"))
    unit = models.ForeignKey(
        BusinessUnit, models.PROTECT, null=True, blank=True, verbose_name=_("business unit"), help_text=_("That of the owner.")
    )
    sap_codes = models.CharField(_("SAP codes"), max_length=500, blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    yearly_revenue = models.DecimalField(_("yearly revenue, EUR"), max_digits=16, decimal_places=2, default=0)
    yearly_volume = models.DecimalField(_("yearly volume"), max_digits=18, decimal_places=3, default=0)

    territory = models.ForeignKey(Territory, models.PROTECT, null=True, blank=True, verbose_name=_("territory"))
    payment_term = models.ForeignKey(PaymentTerm, models.PROTECT, null=True, blank=True, verbose_name=_("payment term"))
    payment_type = models.ForeignKey(PaymentType, models.PROTECT, null=True, blank=True, verbose_name=_("payment type"))
    language = models.CharField(_("language"), max_length=2, choices=Language, blank=True)
    default_discount = models.DecimalField(
        _("default discount, %"),
        max_digits=7,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    invoice_name = models.CharField(_("invoice recipient"), max_length=200, blank=True)
    invoice_email = models.EmailField(_("invoice e-mail"), blank=True)
    invoice_street = models.CharField(_("invoice street"), max_length=200, blank=True)
    invoice_postcode = models.CharField(_("invoice postcode"), max_length=20, blank=True)
    invoice_city = models.CharField(_("invoice city"), max_length=100, blank=True)
    invoice_country = models.CharField(_("invoice country"), max_length=2, blank=True)
    notes = models.TextField(_("notes"), blank=True)

    status = models.CharField(_("status"), max_length=10, choices=AccountStatus, default=AccountStatus.ACTIVE)
    is_prospect = models.BooleanField(_("prospect"), default=False, editable=False)
    match_key = MatchKeyField(_("name to match by"), max_length=200, blank=True, default="", editable=False)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", editable=False, verbose_name=_("merged into")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["name", "pk"]
        indexes = [
            models.Index(fields=["name", "id"], name="account_by_name"),
            models.Index(fields=["owner", "name", "id"], name="account_by_owner"),
            models.Index(fields=["owner", "unit"], name="account_by_owner_and_unit"),
            models.Index(fields=["match_key"], name="account_by_match_key", opclasses=["varchar_pattern_ops"]),
            models.Index(Compact("business_id"), name="account_by_business_key"),
            models.Index(Compact("vat_number"), name="account_by_vat_key"),
            models.Index(fields=["status"], name="prospect_by_status", condition=Q(is_prospect=True)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(default_discount=None) | Q(default_discount__gte=0, default_discount__lte=100),
                name="account_discount_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(is_prospect=True) | Q(parent_customer_id__isnull=False), name="only_prospects_lack_a_number"
            ),
            models.CheckConstraint(
                condition=Q(status="merged", merged_into__isnull=False) | (~Q(status="merged") & Q(merged_into=None)),
                name="merged_accounts_say_into_which",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def currency(self) -> str:
        return CURRENCY


class AccountTeamMember(models.Model):
    """Somebody besides the owner who manages the account."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="team_members", verbose_name=_("account"))
    user = models.ForeignKey(User, models.CASCADE, related_name="account_memberships", verbose_name=_("user"))

    class Meta:
        verbose_name = _("account team member")
        verbose_name_plural = _("account team")
        constraints = [models.UniqueConstraint(fields=["account", "user"], name="once_on_an_account_team")]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.user_id}"


class MasterRecord(models.Model):
    """What the customer master says of an account, also of fields that are overridden.

    `values` is `{field: value}`: texts, codes of look-ups, the salesperson's id as the owner, amounts as plain decimals; the
    salesperson's name is under `owner_name`. `runs` is `{field: id of the run that brought the value}` where that was not
    `first_run`, the one the account came with. Why it is this value is worked out from the sites (`accounts.survivorship`).
    """

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="master", verbose_name=_("account"))
    values = models.JSONField(_("values"), default=dict)
    runs = models.JSONField(_("runs by field"), default=dict)
    first_run = models.ForeignKey(JobRun, models.PROTECT, related_name="+", verbose_name=_("brought by run"))
    run = models.ForeignKey(JobRun, models.PROTECT, related_name="+", verbose_name=_("last changed by run"))
    switched_off = models.BooleanField(_("made inactive by a sync"), default=False)

    class Meta:
        verbose_name = _("master record")
        verbose_name_plural = _("master records")

    def __str__(self) -> str:
        return f"master of {self.account_id}"

    def run_of(self, field: str) -> int | None:
        """The run that brought the value of `field`; None when none has brought one."""
        return self.runs.get(field, self.first_run_id) if field in self.values else None


class SurvivorshipRule(models.Model):
    """How a master-fed field comes from the children, where that is not as in `accounts.survivorship.DEFAULTS`."""

    field = models.CharField(_("field"), max_length=40, unique=True, choices=[(name, name) for name in DEFAULTS])
    rule = models.CharField(_("rule"), max_length=20, choices=Rule)
    column = models.CharField(_("source column"), max_length=40, choices=[(name, name) for name in COLUMNS])
    must_agree = models.BooleanField(_("sites must agree"), default=False)

    class Meta:
        verbose_name = _("survivorship rule")
        verbose_name_plural = _("survivorship rules")
        ordering = ["pk"]

    def __str__(self) -> str:
        from accounts.explanations import column_words, rule_words  # words of the models

        return f"{capfirst(column_words(self.field))}: {rule_words(self.plain)}"

    @property
    def plain(self) -> FieldRule:
        return FieldRule(self.field, Rule(self.rule), self.column, self.must_agree)


class FieldOverride(models.Model):
    """A master-fed field that somebody set by hand: it survives syncs until lifted."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="overrides", verbose_name=_("account"))
    field = models.CharField(_("field"), max_length=40)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("override")
        verbose_name_plural = _("overrides")
        constraints = [models.UniqueConstraint(fields=["account", "field"], name="one_override_per_field")]

    def __str__(self) -> str:
        return f"{self.account_id}.{self.field}"


class ConflictQuerySet(models.QuerySet["MasterConflict"]):
    def visible_to(self, user: User) -> "ConflictQuerySet":
        return of_accounts_in_sight(self, user)


class MasterConflict(models.Model):
    """A master-fed field on which the master could not decide; open until somebody or a later run settles it.

    `candidates` is `[{"value", "label", "revenue"}]`, amounts as plain decimals; revenue only where it tells them apart.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="conflicts", verbose_name=_("account"))
    field = models.CharField(_("field"), max_length=40)
    kind = models.CharField(_("kind"), max_length=20, choices=ConflictKind)
    candidates = models.JSONField(_("candidates"), default=list)
    run = models.ForeignKey(JobRun, models.PROTECT, related_name="+", verbose_name=_("run"))
    assigned_to = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("in the hands of")
    )
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    resolved_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("resolved by"))
    resolution = models.CharField(_("resolution"), max_length=300, blank=True)

    objects = ConflictQuerySet.as_manager()

    class Meta:
        verbose_name = _("conflict")
        verbose_name_plural = _("conflicts")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "field"], condition=Q(resolved_at=None), name="one_open_conflict_per_field"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id}.{self.field}: {self.kind}"


class LinkProposalQuerySet(models.QuerySet["LinkProposal"]):
    def visible_to(self, user: User) -> "LinkProposalQuerySet":
        return of_accounts_in_sight(self, user, path="prospect__")


class LinkProposal(models.Model):
    """A prospect and an account of the master that seem to be one company; its owner says whether they are."""

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("proposal", "Open")
        ACCEPTED = "accepted", _("Merged")
        DECLINED = "declined", _("Not the same")

    class Match(models.TextChoices):
        BUSINESS_ID = "business_id", _("same business ID")
        VAT_NUMBER = "vat_number", _("same VAT number")
        NAME = "name", _("same name")

    prospect = models.ForeignKey(Account, models.CASCADE, related_name="link_proposals", verbose_name=_("prospect"))
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", verbose_name=_("account"))
    match = models.CharField(_("matched by"), max_length=20, choices=Match)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    made_at = models.DateTimeField(_("made"))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by"))

    objects = LinkProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("link proposal")
        verbose_name_plural = _("link proposals")
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["prospect", "account"], name="one_proposal_per_pair")]

    def __str__(self) -> str:
        return f"{self.prospect_id} = {self.account_id}?"


class AccountMerge(models.Model):
    """Two accounts became one. `moved` is `{model label: {field: [keys]}}` of what followed, so that it can be undone."""

    loser = models.ForeignKey(Account, models.PROTECT, related_name="merges_lost", verbose_name=_("merged account"))
    survivor = models.ForeignKey(Account, models.PROTECT, related_name="merges_won", verbose_name=_("into"))
    moved = models.JSONField(_("what followed"), default=dict)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("undone by"))

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.loser_id} → {self.survivor_id}"


class SiteQuerySet(models.QuerySet["Site"]):
    def visible_to(self, user: User) -> "SiteQuerySet":
        return of_accounts_in_sight(self, user)


class Site(models.Model):
    """A child customer: a ship-to or bill-to address of the account, as the master has it."""

    child_id = models.CharField(_("site number"), max_length=40, unique=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="sites", verbose_name=_("account"))
    name = models.CharField(_("name"), max_length=200, blank=True)
    sap_code = models.CharField(_("SAP code"), max_length=40, blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    revenue = models.DecimalField(_("revenue, EUR"), max_digits=16, decimal_places=2, default=0)
    volume = models.DecimalField(_("volume"), max_digits=18, decimal_places=3, default=0)
    row = models.JSONField(_("further cells"), default=dict)
    """The cells of its row that have no column here, by our names; blank ones are left out."""
    row_hash = models.BigIntegerField(_("hash"), default=0)
    missed = models.PositiveSmallIntegerField(_("complete runs without it"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    objects = SiteQuerySet.as_manager()

    class Meta:
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        ordering = ["child_id"]

    def __str__(self) -> str:
        return f"{self.child_id} {self.name}"


class ContactQuerySet(models.QuerySet["Contact"]):
    def visible_to(self, user: User) -> "ContactQuerySet":
        return of_accounts_in_sight(self, user)


class Contact(models.Model):
    """A person at the customer."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="contacts", verbose_name=_("account"))
    name = models.CharField(_("name"), max_length=150)
    title = models.CharField(_("title"), max_length=100, blank=True)
    email = models.EmailField(_("e-mail"))
    language = models.CharField(_("language"), max_length=2, choices=Language, default=Language.FINNISH)
    is_default = models.BooleanField(_("default recipient"), default=False)
    bounced_at = models.DateTimeField(_("mail refused"), null=True, blank=True, editable=False)
    bounce_reason = models.CharField(_("why mail was refused"), max_length=300, blank=True, editable=False)

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["-is_default", "name"]
        constraints = [
            models.UniqueConstraint(fields=["account"], condition=Q(is_default=True), name="one_default_contact_per_account")
        ]

    def __str__(self) -> str:
        return self.name


class PaymentTermRule(models.Model):
    """Recommends a payment term; an empty criterion fits everything."""

    payment_term = models.ForeignKey(PaymentTerm, models.PROTECT, related_name="rules", verbose_name=_("payment term"))
    tma2 = models.ForeignKey(CategoryTma2, models.CASCADE, null=True, blank=True, verbose_name=_("category TMA2"))
    classification = models.ForeignKey(
        Classification, models.CASCADE, null=True, blank=True, verbose_name=_("customer classification")
    )
    industry = models.ForeignKey(Industry, models.CASCADE, null=True, blank=True, verbose_name=_("industry"))
    business_size = models.ForeignKey(BusinessSize, models.CASCADE, null=True, blank=True, verbose_name=_("business size"))
    min_amount = models.DecimalField(_("deal from, EUR"), max_digits=14, decimal_places=2, null=True, blank=True)
    max_amount = models.DecimalField(
        _("deal below, EUR"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("This amount itself no longer fits."),
    )
    priority = models.PositiveIntegerField(
        _("priority"), default=100, help_text=_("Of equally specific rules the smaller number wins.")
    )
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("payment-term rule")
        verbose_name_plural = _("payment-term rules")
        ordering = ["priority", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(min_amount=None) | Q(max_amount=None) | Q(min_amount__lt=F("max_amount")), name="deal_range_in_order"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.payment_term}"


class PriceListRule(models.Model):
    """Gives accounts a price list; an empty criterion fits everything."""

    price_list = models.ForeignKey(PriceList, models.CASCADE, related_name="rules", verbose_name=_("price list"))
    tma2 = models.ForeignKey(CategoryTma2, models.CASCADE, null=True, blank=True, verbose_name=_("category TMA2"))
    channel = models.ForeignKey(Channel, models.CASCADE, null=True, blank=True, verbose_name=_("distribution channel"))
    territory = models.ForeignKey(Territory, models.CASCADE, null=True, blank=True, verbose_name=_("territory"))
    priority = models.PositiveIntegerField(
        _("priority"), default=100, help_text=_("Of equally specific rules the smaller number wins.")
    )
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("price-list rule")
        verbose_name_plural = _("price-list rules")
        ordering = ["priority", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_from__lte=F("valid_to")),
                name="price_list_rule_validity_in_order",
                violation_error_message=_("The last day is before the first."),
            )
        ]

    def __str__(self) -> str:
        named = ", ".join(str(value) for value in (self.tma2, self.channel, self.territory) if value is not None)
        customers = named or _("all customers")
        return f"{self.price_list}: {customers}"

    @property
    def plain(self) -> PriceRule:
        """As `accounts.price_lists` takes it."""
        criteria = (self.tma2_id, self.channel_id, self.territory_id)
        return PriceRule(self.pk or 0, self.price_list_id, self.priority, *criteria, self.valid_from, self.valid_to)


MASTER_LOOK_UPS: dict[str, type[Any]] = {
    "tma1": CategoryTma1, "tma2": CategoryTma2, "industry": Industry, "business_size": BusinessSize,
    "classification": Classification, "channel": Channel, "region": Region,
}  # fmt: skip
"""The master-fed fields whose values are codes."""
LOOK_UPS: tuple[type[Any], ...] = (*MASTER_LOOK_UPS.values(), Territory, PaymentTerm, PaymentType)
