"""What programs send about quotes. The services decide who may change what, and in which state."""

import functools
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import Contact, PaymentTerm, PaymentType
from catalog.models import Product
from catalog.selectors import products_by_sku
from core import db
from core.api.fields import Amount, Bytes, Input, Key, Number, Percent, Quantity, Text, UnitPrice
from core.api.lookups import by_code, only
from core.errors import Invalid
from core.money import ZERO
from core.prepared import Prepared
from core.uploads import MEGABYTE, MOST_BYTES
from opportunities.models import Opportunity
from quotes.choices import TEXT_KINDS, DiscountKind, HeaderDiscountKind, Sharing
from quotes.models import MOST_TEXT, DeclineReason
from quotes.services import Discount, LineDraft
from quotes.services.pricing_lines import MOST_LINES
from users.models import Language, User

LINE_DISCOUNTS = {
    "discount_percent": DiscountKind.PERCENT,
    "discount_amount": DiscountKind.AMOUNT,
    "net_price": DiscountKind.NET_PRICE,
}
HEADER_DISCOUNTS = {
    "header_discount_percent": HeaderDiscountKind.PERCENT,
    "header_discount_amount": HeaderDiscountKind.AMOUNT,
}


def _above_zero(value: Decimal) -> Decimal:
    if value <= 0:
        raise serializers.ValidationError(_("The quantity must be above 0."))
    return value


class OneDiscount(Input):
    """At most one way of saying a discount; null takes it away."""

    ways: Mapping[str, str] = {}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        named = [name for name in self.ways if attrs.get(name) is not None]
        if len(named) > 1:
            raise serializers.ValidationError({name: [_("Give one kind of discount.")] for name in named})
        return attrs


class LineChange(OneDiscount):
    """What can change of a line."""

    ways = LINE_DISCOUNTS
    quantity = Quantity(required=False)
    discount_percent = Percent(required=False, allow_null=True)
    discount_amount = UnitPrice(required=False, allow_null=True)
    net_price = UnitPrice(required=False, allow_null=True, min_value=0)
    optional = serializers.BooleanField(required=False)

    validate_quantity = staticmethod(_above_zero)


class NewLine(LineChange):
    """A line to add."""

    sku = Text(max_length=40)
    quantity = Quantity()


class TextChange(Input):
    """What can change of a heading or a note."""

    text = Text(max_length=MOST_TEXT)


class NewText(TextChange):
    """A heading (`section`) or a note."""

    kind = serializers.ChoiceField([kind.value for kind in TEXT_KINDS])
    before = Key(required=False, help_text="The line, heading or note that it stands before; without, it is the last one.")


class StatementChange(Input):
    """What can change of a statement of work. Prices per unit, EUR; `cost` null: unknown."""

    text = Text(required=False, max_length=MOST_TEXT)
    quantity = Quantity(required=False)
    list_price = UnitPrice(required=False, min_value=0)
    cost = UnitPrice(required=False, allow_null=True, min_value=0)
    effort_days = Number(7, 2, required=False, allow_null=True, min_value=0, help_text="Working days of customer success.")
    specialist = Text(required=False, max_length=150)
    feasibility = Text(required=False, max_length=2000)

    validate_quantity = staticmethod(_above_zero)


class NewStatement(StatementChange):
    """A statement of work, made together with a specialist."""

    text = Text(max_length=MOST_TEXT)
    list_price = UnitPrice(min_value=0)
    specialist = Text(max_length=150)
    feasibility = Text(max_length=2000)


class NewAttachment(Input):
    """A file, and whether the customer gets it."""

    name = Text(max_length=255, help_text="With the ending that says what it is.")
    file = Bytes(help_text=f"Its content in base64, at most {MOST_BYTES // MEGABYTE} MB of it.")
    for_customer = serializers.BooleanField(required=False)


class AttachmentChange(Input):
    for_customer = serializers.BooleanField()


class NewTemplate(Input):
    """The lines of a quote, or of one of its sections, under a name."""

    quote = Key()
    name = Text(max_length=120)
    shared_with = serializers.ChoiceField(Sharing.choices, required=False)
    section = Key(required=False, allow_null=True, help_text="The id of a heading of the quote; without, all lines.")


class FromTemplate(Input):
    """Whom the quote is for. `leave_out`: without the lines that cannot be sold any more."""

    account = Key()
    opportunity = Key(required=False, allow_null=True)
    leave_out = serializers.BooleanField(required=False)


class _Header(OneDiscount):
    ways = HEADER_DISCOUNTS
    header_discount_percent = Percent(required=False, allow_null=True)
    header_discount_amount = Amount(required=False, allow_null=True)


class NewQuote(_Header):
    """A draft for an account, with its lines at once."""

    account = Key()
    opportunity = Key(required=False, allow_null=True)
    language = serializers.ChoiceField(Language.choices, required=False)
    lines = NewLine(many=True, required=False, max_length=MOST_LINES)  # type: ignore[call-arg]


class QuoteChange(_Header):
    """What can change of the head of a draft."""

    opportunity = Key(required=False, allow_null=True)
    contact = Key(required=False, allow_null=True)
    language = serializers.ChoiceField(Language.choices, required=False)
    valid_until = serializers.DateField(required=False)
    payment_term = Text(required=False, max_length=40)
    payment_term_reason = Text(required=False, allow_blank=True, max_length=300)
    payment_type = Text(required=False, max_length=40)
    customer_note = Text(required=False, allow_blank=True, max_length=4000)
    internal_note = Text(required=False, allow_blank=True, max_length=4000)


class Submission(Input):
    """Who is asked per trigger; without, the default approver."""

    approvers = serializers.DictField(child=Key(allow_null=True), required=False)
    reason = Text(required=False, allow_blank=True, max_length=2000)
    send_to = serializers.ListField(
        child=Text(max_length=254),
        required=False,
        max_length=10,
        help_text="Addresses to which the quote goes out by itself once it is approved.",
    )


class Sending(Input):
    to = serializers.ListField(child=Text(max_length=254), allow_empty=False, max_length=10)
    language = serializers.ChoiceField(Language.choices, required=False)


class Resending(Input):
    """To whom the same document goes out once more."""

    to = serializers.ListField(child=Text(max_length=254), allow_empty=False, max_length=10)


class Reason(Input):
    reason = Text(required=False, allow_blank=True, max_length=2000)


class Copying(Input):
    """The account that the copy is for; without, the same."""

    account = Key(required=False)


class Acceptance(Input):
    """The customer's yes, which somebody has in writing."""

    name = Text(max_length=150)
    role = Text(max_length=100)
    purchase_order = Text(required=False, allow_blank=True, max_length=60)
    options = serializers.ListField(
        child=Key(),
        required=False,
        max_length=1000,
        help_text="Ids of the optional lines that were taken; without, those it was sent with.",
    )
    evidence = Text(max_length=2000)


class LineReason(Input):
    """What the customer said of a line."""

    line = Key()
    reason = Text(max_length=40)


class Refusal(Input):
    """The customer's no, which somebody has in writing."""

    name = Text(max_length=150)
    reason = Text(max_length=40)
    comment = Text(required=False, allow_blank=True, max_length=2000)
    line_reasons = LineReason(many=True, required=False, max_length=MOST_LINES)  # type: ignore[call-arg]
    evidence = Text(max_length=2000)


class DocumentQuery(Input):
    language = serializers.ChoiceField(Language.choices, required=False, help_text="Of a document that is not sent yet.")


def discount_of(given: Mapping[str, Any], ways: Mapping[str, str]) -> Discount | None:
    """The discount that was sent; an empty one where null was, None where nothing was said."""
    said = [name for name in ways if name in given]
    for name in said:
        if given[name] is not None:
            return Discount(ways[name], given[name])
    return Discount("", ZERO) if said else None


def line_changes_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What `line_change` takes: only what was said."""
    changes = {name: given[name] for name in ("quantity", "optional") if name in given}
    discount = discount_of(given, LINE_DISCOUNTS)
    return changes if discount is None else {**changes, "discount": discount}


_SOLD_WITH = ("vat_rate", "unit")
_FEW = 50
"""So many codes are looked up by a statement of their own."""


def _products_called(user: User, skus: Collection[str]) -> list[Product]:
    if len(skus) > _FEW:
        return db.with_look_ups(Product.objects.visible_to(user).filter(sku__in=skus), *_SOLD_WITH)
    return db.records_of(Product, _called(len(skus)).rows(user, *skus), *_SOLD_WITH)


@functools.cache
def _called(_skus: int) -> Prepared:
    """The statement for so many codes; what they are, decides nothing else."""
    return Prepared(
        lambda user, *skus: db.look_up_values(Product.objects.visible_to(user).filter(sku__in=skus), *_SOLD_WITH).order_by()
    )


def drafts_of(user: User, rows: Sequence[Mapping[str, Any]]) -> list[LineDraft]:
    """The lines to add, with their products: one query. Raises: Invalid naming every unknown code."""
    wanted = {row["sku"] for row in rows}
    products = _products_called(user, wanted) if wanted else []
    by_sku = {product.sku: product for product in products}
    by_sku |= products_by_sku(user, [product.sku for product in products if product.merged_into_id])
    unknown = {
        f"lines.{index}.sku": _("There is no product “%(text)s” in the catalogue.") % {"text": row["sku"]}
        for index, row in enumerate(rows)
        if row["sku"] not in by_sku
    }
    if unknown:
        raise Invalid(fields=unknown)
    return [
        LineDraft(
            product=by_sku[row["sku"]],
            quantity=row["quantity"],
            discount=discount_of(row, LINE_DISCOUNTS) or Discount(),
            optional=row.get("optional", False),
        )
        for row in rows
    ]


def changes_of(user: User, given: Mapping[str, Any], account_id: int) -> dict[str, Any]:
    """What `quote_change` takes: ids and codes become records. Raises: Invalid naming what there is not."""
    changes: dict[str, Any] = {name: value for name, value in given.items() if name not in HEADER_DISCOUNTS}
    header = discount_of(given, HEADER_DISCOUNTS)
    if header is not None:
        changes["header_discount"] = header
    for name, found in (
        ("opportunity", Opportunity.objects.visible_to(user).filter(account=account_id)),
        ("contact", Contact.objects.visible_to(user).filter(account=account_id)),
    ):
        if changes.get(name) is not None:
            changes[name] = only(name, found.filter(pk=changes[name]))
    for name, model in (("payment_term", PaymentTerm), ("payment_type", PaymentType)):
        if name in changes:
            changes[name] = by_code(name, model, changes[name])
    return changes


def refusal_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What `quote_decline` takes of a refusal. Raises: Invalid naming every code that is no reason, and a line given twice."""
    reasons = {reason.code: reason for reason in DeclineReason.objects.filter(is_active=True)}
    no_reason, twice = _("There is no such value to choose."), _("This line is given twice.")
    lines: dict[int, DeclineReason] = {}
    wrong = {} if given["reason"] in reasons else {"reason": no_reason}
    for index, row in enumerate(given.get("line_reasons", ())):
        if row["reason"] not in reasons:
            wrong[f"line_reasons.{index}.reason"] = no_reason
        elif row["line"] in lines:
            wrong[f"line_reasons.{index}.line"] = twice
        else:
            lines[row["line"]] = reasons[row["reason"]]
    if wrong:
        raise Invalid(fields=wrong)
    return {"reason": reasons[given["reason"]], "comment": given.get("comment", ""), "line_reasons": lines}
