"""The shape of what people type into a quote. Numbers in Finnish or English notation; every refusal names the field."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Contact, PaymentTerm, PaymentType
from accounts.selectors import payment_terms_in_use, payment_types_in_use
from catalog.models import Product
from catalog.selectors import product_by_sku
from core import money
from core.choices import AtOnce
from core.errors import Invalid, Text
from core.forms import typed, whole
from core.money import ZERO
from core.prepared import Prepared
from opportunities.choices import CLOSED
from opportunities.models import Opportunity
from quotes.choices import DiscountKind, HeaderDiscountKind
from quotes.models import DeclineReason, Quote
from quotes.services import Discount, LineDraft
from users.models import User
from users.roles import Perm

MOST_QUANTITY = Decimal(10) ** 9
MOST_PRICE = Decimal(10) ** 8


def number(text: str, field: str, *, places: int, most: Decimal, signs: str = "") -> Decimal:
    """The number meant by `text`, with at most `places` decimals and below `most`; one of `signs` ("%€") may stand at it.

    Raises: Invalid naming `field`.
    """
    value = money.parse(text)
    problem: Text
    if not text.strip():
        problem = _("Give a number.")
    elif value is None or any(sign in text and sign not in signs for sign in "%€"):
        problem = _("“%(text)s” is not a number.") % {"text": text[:40]}
    elif abs(value) >= most:
        problem = _("The number is too large.")
    elif value != money.quantize(value, places):
        problem = _("At most %(places)s decimals fit here.") % {"places": places}
    else:
        return value
    raise Invalid(problem, fields={field: problem})


def quantity(text: str) -> Decimal:
    """A quantity: above 0, at most 3 decimals. Raises Invalid."""
    value = number(text, "quantity", places=3, most=MOST_QUANTITY)
    if value <= 0:
        problem = _("The quantity must be above 0.")
        raise Invalid(problem, fields={"quantity": problem})
    return value


def line_discount(text: str) -> Discount:
    """ "10" or "10 %" is a percentage, "1,50 €" an amount per unit, nothing is no discount. Raises Invalid."""
    text = text.strip()
    if not text:
        return Discount()
    value = number(text, "discount", places=4, most=MOST_PRICE, signs="€" if "€" in text else "%")
    if "€" in text:
        return Discount(DiscountKind.AMOUNT, value)
    if not -100 <= value <= 100:
        problem = _("The discount must be between 0 and 100 %.")
        raise Invalid(problem, fields={"discount": problem})
    return Discount(DiscountKind.PERCENT, value)


def net_price(text: str) -> Discount:
    """A typed net unit price; nothing takes the discount away. Raises Invalid."""
    if not text.strip():
        return Discount()
    value = number(text, "net_price", places=4, most=MOST_PRICE, signs="€")
    if value < 0:
        problem = _("The price cannot be negative.")
        raise Invalid(problem, fields={"net_price": problem})
    return Discount(DiscountKind.NET_PRICE, value)


def header_discount(text: str) -> Discount:
    """As `line_discount`, but the amount is off the whole quote. Raises Invalid."""
    text = text.strip()
    if not text:
        return Discount(HeaderDiscountKind.NONE, ZERO)
    amount = "€" in text
    value = number(text, "header_discount", places=2 if amount else 4, most=Decimal(10) ** 10, signs="€" if amount else "%")
    if not amount and not -100 <= value <= 100:
        problem = _("The discount must be between 0 and 100 %.")
        raise Invalid(problem, fields={"header_discount": problem})
    return Discount(HeaderDiscountKind.AMOUNT if amount else HeaderDiscountKind.PERCENT, value)


def amount(text: str, field: str) -> Decimal:
    """An amount in EUR, at least 0. Raises Invalid naming `field`."""
    value = number(text, field, places=2, most=Decimal(10) ** 10, signs="€")
    if value < 0:
        problem = _("The price cannot be negative.")
        raise Invalid(problem, fields={field: problem})
    return value


def yearly_volume(text: str) -> Decimal | None:
    """How much is expected in a year; nothing: not known. Raises Invalid."""
    if not text.strip():
        return None
    value = number(text, "yearly_volume", places=3, most=Decimal(10) ** 11)
    if value <= 0:
        problem = _("The quantity must be above 0.")
        raise Invalid(problem, fields={"yearly_volume": problem})
    return value


def effort_days(text: str) -> Decimal | None:
    """Working days of customer success; nothing: none of its own. Raises Invalid."""
    if not text.strip():
        return None
    value = number(text, "effort_days", places=2, most=Decimal(10) ** 5)
    if value < 0:
        problem = _("The number cannot be negative.")
        raise Invalid(problem, fields={"effort_days": problem})
    return value


_OF_LINE: dict[str, tuple[str, Callable[[str], Any]]] = {
    "quantity": ("quantity", quantity),
    "discount": ("discount", line_discount),
    "net_price": ("discount", net_price),
    "optional": ("optional", lambda text: text in ("1", "on", "true")),
    "alternative_to": ("alternative_to", whole),
    "yearly_volume": ("yearly_volume", yearly_volume),
    "unit": ("unit", whole),
    "options": ("options", lambda text: [key for part in text.split(",") if (key := whole(part)) is not None]),
    "text": ("text", str),
    "effort_days": ("effort_days", effort_days),
    "specialist": ("specialist", str),
    "feasibility": ("feasibility", str),
}


def line_change(field: str, text: str) -> dict[str, Any]:
    """What `services.line_change` takes for one field as it was typed. Raises Invalid."""
    if field not in _OF_LINE:
        problem = _("This cannot be changed.")
        raise Invalid(problem, fields={field[:40]: problem})
    name, read = _OF_LINE[field]
    return {name: read(text)}


def line_draft(user: User, data: Any) -> LineDraft:
    """A line to add from the empty row: a product of the catalogue by id or code. Raises Invalid."""
    chosen, text = data.get("product", ""), typed(data, "product_text").strip()
    products = Product.objects.visible_to(user).select_related("vat_rate")
    product = None
    product_id = whole(chosen)
    if product_id is not None:
        product = products.filter(pk=product_id).first()
    elif text:
        product = product_by_sku(user, text)
    if product is None:
        problem = _("There is no product “%(text)s” in the catalogue.") % {"text": (text or chosen)[:40]}
        raise Invalid(problem, fields={"product": problem})
    if product.fixed_quantity is not None:
        return LineDraft(product=product, quantity=product.fixed_quantity)
    return LineDraft(product=product, quantity=quantity(data.get("quantity") or "1"))


_deals = Prepared(lambda account_id, chosen: Opportunity.objects.filter(~Q(status__in=CLOSED) | Q(pk=chosen), account=account_id))
_contacts = Prepared(lambda account_id: Contact.objects.filter(account=account_id))


class HeadForm(forms.ModelForm):  # type: ignore[type-arg]
    """The head of a draft; only the fields that were posted are read."""

    class Meta:
        model = Quote
        fields = (
            "opportunity", "contact", "language", "valid_until", "payment_term", "payment_term_reason", "payment_type",
            "customer_note", "internal_note",
        )  # fmt: skip
        widgets = {
            "valid_until": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "customer_note": forms.Textarea(attrs={"rows": 2}),
            "internal_note": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            select = isinstance(field.widget, forms.Select)
            field.widget.attrs["class"] = "form-select" if select else "form-control"
        account = self.instance.account
        # opportunities are in sight as the account of a quote in sight is
        of_account = account.pk if user.may(Perm.OPPORTUNITY_VIEW) else 0
        self._choices("opportunity", _deals, of_account, self.instance.opportunity_id or 0, empty=_("None"))
        self._choices("contact", _contacts, account.pk, empty=_("None"))
        self._read_by("payment_term", payment_terms_in_use, PaymentTerm.objects.filter(is_active=True))
        self._read_by("payment_type", payment_types_in_use, PaymentType.objects.filter(is_active=True))

    def _choices(self, name: str, look_up: Prepared, *arguments: Any, empty: Any) -> None:
        self._read_by(name, lambda: look_up.rows(*arguments), look_up.build(*arguments))
        self.fields[name].empty_label = empty  # type: ignore[attr-defined]

    def _read_by(self, name: str, read: Callable[[], Iterable[Any]], rows: Any) -> None:
        """`read` answers what the queryset `rows` would."""
        field: Any = self.fields[name]
        field.iterator, field.read, field.queryset = AtOnce, read, rows

    def only(self, name: str) -> Any:
        """The cleaned value of one posted field. Raises Invalid."""
        if name not in self.fields:
            problem = _("This cannot be changed.")
            raise Invalid(problem, fields={name: problem})
        for other in list(self.fields):
            if other != name:
                del self.fields[other]
        if not self.is_valid():
            sentence = " ".join(str(error) for error in self.errors.get(name, []))
            raise Invalid(sentence, fields={name: sentence})
        return self.cleaned_data[name]

    def _post_clean(self) -> None:  # the service changes the instance, not the form
        pass


class AnswerForm(forms.Form):
    """What a customer answers on the page of a quote."""

    document_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)
    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))


class AcceptForm(AnswerForm):
    role = forms.CharField(
        label=_("Your role"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "organization-title"})
    )
    purchase_order = forms.CharField(label=_("Your purchase order number (optional)"), max_length=60, required=False)
    total = forms.DecimalField(required=False, max_digits=14, decimal_places=2, widget=forms.HiddenInput)
    agree = forms.BooleanField(label=_("I may accept this quote on behalf of the buyer."))


class DeclineForm(AnswerForm):
    reason: Any = forms.ModelChoiceField(
        label=_("Reason"), queryset=DeclineReason.objects.filter(is_active=True), empty_label=_("Choose a reason")
    )
    comment = forms.CharField(
        label=_("Comment (optional)"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


_OF_LINE_REASONS = "decline-line-"


class LineToJudge(NamedTuple):
    """A line for which a reason can be chosen. `chosen`: the key of the reason as it was posted, empty for none."""

    id: int
    label: str
    chosen: str


def lines_to_judge(lines: Iterable[tuple[int, str]], posted: Mapping[str, Any]) -> list[LineToJudge]:
    """The lines, `(id, label)`, with what was chosen for them."""
    return [LineToJudge(key, label, str(posted.get(f"{_OF_LINE_REASONS}{key}", ""))) for key, label in lines]


def line_reasons(posted: Mapping[str, Any]) -> dict[int, DeclineReason]:
    """The reasons that were chosen for single lines, by the ids of these. Raises: Invalid for what is no line or reason."""
    given = {name.removeprefix(_OF_LINE_REASONS): value for name, value in posted.items() if name.startswith(_OF_LINE_REASONS)}
    given = {line: str(value) for line, value in given.items() if value}
    reasons = {str(reason.pk): reason for reason in DeclineReason.objects.filter(is_active=True)} if given else {}
    chosen = {line: (whole(line), reasons.get(value)) for line, value in given.items()}
    if any(line is None or reason is None for line, reason in chosen.values()):
        text = _("Choose one of the reasons for each line.")
        raise Invalid(text, fields={"line_reasons": text})
    return {line: reason for line, reason in chosen.values() if line is not None and reason is not None}


class AskForm(forms.Form):
    """A question about a quote."""

    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    text = forms.CharField(label=_("Your question"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class EvidenceForm(forms.Form):
    """An answer that a rep has in writing."""

    answer = forms.ChoiceField(label=_("Answer"), choices=[("accepted", _("Accepted")), ("declined", _("Declined"))])
    name = forms.CharField(label=_("Who answered"), max_length=150)
    role = forms.CharField(label=_("Role, when accepted"), max_length=100, required=False)
    purchase_order = forms.CharField(label=_("Purchase order number, when accepted"), max_length=60, required=False)
    reason: Any = forms.ModelChoiceField(
        label=_("Reason, when declined"), queryset=DeclineReason.objects.filter(is_active=True), required=False
    )
    comment = forms.CharField(
        label=_("Comment, when declined"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    evidence = forms.CharField(
        label=_("Evidence"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For example the date and subject of the customer's e-mail."),
    )  # fmt: skip


class StatementForm(forms.Form):
    """A statement of work as pre-sales writes it. Numbers in Finnish or English notation."""

    text = forms.CharField(label=_("What is done"), max_length=4000, widget=forms.Textarea(attrs={"rows": 6}))
    quantity = forms.CharField(label=_("Quantity"), initial="1", max_length=20)
    list_price = forms.CharField(label=_("Price, €"), max_length=20)
    cost = forms.CharField(label=_("Cost, € (empty: unknown)"), max_length=20, required=False)
    effort_days = forms.CharField(label=_("Work of customer success, working days"), max_length=20, required=False)
    specialist = forms.CharField(label=_("Specialist it was made with"), max_length=150)
    feasibility = forms.CharField(
        label=_("Feasibility"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("How it was checked that this can be delivered, and on what conditions."),
    )  # fmt: skip

    def clean_quantity(self) -> Decimal:
        return self._read("quantity", quantity)

    def clean_list_price(self) -> Decimal:
        return self._read("list_price", lambda text: number(text, "list_price", places=4, most=MOST_PRICE, signs="€"))

    def clean_cost(self) -> Decimal | None:
        return self._known("cost", 4, MOST_PRICE)

    def clean_effort_days(self) -> Decimal | None:
        return self._known("effort_days", 2, Decimal(10) ** 5)

    def _known(self, name: str, places: int, most: Decimal) -> Decimal | None:
        if not self.cleaned_data[name].strip():
            return None
        return self._read(name, lambda text: number(text, name, places=places, most=most, signs="€"))

    def _read(self, name: str, read: Callable[[str], Decimal]) -> Decimal:
        try:
            value = read(self.cleaned_data[name])
        except Invalid as error:
            raise forms.ValidationError(str(error)) from error
        if value < 0:
            raise forms.ValidationError(_("The price cannot be negative."))
        return value


class WishForm(forms.Form):
    """What a rep asks pre-sales for."""

    wish = forms.CharField(label=_("What the customer wants"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))
