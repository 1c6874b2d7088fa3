"""What programs send about quotes. The services decide who may change what, and in which state."""

import functools
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Contact, PaymentTerm, PaymentType
from catalog import bundles
from catalog.models import Product, UnitOfMeasure
from catalog.selectors import bundle_parts_of, products_by_sku, units_of
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
from quotes.services import Discount, LineDraft, Recipient
from quotes.services.mailing import MOST_RECIPIENTS
from quotes.services.pricing_lines import MOST_LINES, Measure
from users.models import Language, User

LINE_DISCOUNTS = {
    "discount_percent": DiscountKind.PERCENT,
    "discount_amount": DiscountKind.AMOUNT,
    "net_price": DiscountKind.NET_PRICE,
}
MOST_OPTIONS = 200
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


class _Line(OneDiscount):
    ways = LINE_DISCOUNTS
    quantity = Quantity(required=False)
    unit = Text(
        required=False, allow_null=True, max_length=40, help_text="The code of one it is sold in; null: the pricing unit."
    )
    options = serializers.ListField(
        child=Text(max_length=40),
        required=False,
        max_length=MOST_OPTIONS,
        help_text="Of a bundle: the codes of the options that come with it, all of them.",
    )
    discount_percent = Percent(required=False, allow_null=True)
    discount_amount = UnitPrice(required=False, allow_null=True)
    net_price = UnitPrice(required=False, allow_null=True, min_value=0)
    optional = serializers.BooleanField(required=False)
    yearly_volume = Number(14, 3, required=False, allow_null=True, help_text="What is expected in a year; null: not known.")

    validate_quantity = staticmethod(_above_zero)

    def validate_yearly_volume(self, value: Decimal | None) -> Decimal | None:
        return None if value is None else _above_zero(value)


class LineChange(_Line):
    """What can change of a line."""

    alternative_to = Key(required=False, allow_null=True, help_text="The line whose place it takes when it is chosen.")


class NewLine(_Line):
    """A line to add."""

    sku = Text(max_length=40)
    quantity = Quantity()


class PlacedLine(NewLine):
    """A line to add to a draft, in its place."""

    alternative_to = Key(required=False, allow_null=True, help_text="The line whose place it takes when it is chosen.")
    before = Key(required=False, help_text="The line, heading or note that it stands before; without, it is the last one.")


class Place(Input):
    """The line, heading or note that it stands before; null: as the last one."""

    before = Key(allow_null=True)


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


class Addressee(Input):
    """Who gets a mail. `language`: of the mail and the document with it; without, that of the document."""

    address = Text(max_length=254)
    language = serializers.ChoiceField(Language.choices, required=False)
    name = Text(required=False, allow_blank=True, max_length=150)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "maxLength": 254},
            {
                "type": "object",
                "properties": {
                    "address": {"type": "string", "maxLength": 254},
                    "language": {"type": "string", "enum": Language.values},
                    "name": {"type": "string", "maxLength": 150},
                },
                "required": ["address"],
                "additionalProperties": False,
            },
        ]
    }
)
class RecipientField(serializers.Field):  # type: ignore[type-arg]
    """An address alone, or one with its language and name."""

    def to_internal_value(self, data: Any) -> Recipient:
        shape = Addressee(data={"address": data} if isinstance(data, str) else data)
        shape.is_valid(raise_exception=True)
        return Recipient(**shape.validated_data)


class Submission(Input):
    """Who is asked per trigger; without, the default approver."""

    approvers = serializers.DictField(child=Key(allow_null=True), required=False)
    reason = Text(required=False, allow_blank=True, max_length=2000)
    send_to = serializers.ListField(
        child=RecipientField(),
        required=False,
        max_length=MOST_RECIPIENTS,
        help_text="To whom the quote goes out by itself once it is approved.",
    )


class Sending(Input):
    """`language`: of the document, and of recipients who have none of their own."""

    to = serializers.ListField(child=RecipientField(), allow_empty=False, max_length=MOST_RECIPIENTS)
    language = serializers.ChoiceField(Language.choices, required=False)


class Resending(Input):
    """To whom the same document goes out once more."""

    to = serializers.ListField(child=RecipientField(), allow_empty=False, max_length=MOST_RECIPIENTS)


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


def line_changes_of(user: User, given: Mapping[str, Any]) -> dict[str, Any]:
    """What `line_change` takes: only what was said, with ids for codes. Raises: Invalid naming what there is not."""
    changes = {name: value for name, value in given.items() if name not in LINE_DISCOUNTS}
    if changes.get("unit") is not None:
        changes["unit"] = by_code("unit", UnitOfMeasure, changes["unit"]).pk
    if "options" in changes:
        wanted = changes["options"]
        known = {product.sku: product.pk for product in _products_called(user, set(wanted))} if wanted else {}
        changes["options"] = _found_options("options", wanted, known)
    discount = discount_of(given, LINE_DISCOUNTS)
    return changes if discount is None else {**changes, "discount": discount}


def _found_options(name: str, wanted: Sequence[str], known: Mapping[str, int]) -> list[int]:
    """The products with these codes, each once. Raises: Invalid naming those that are not among the `known` ones."""
    wrong = {
        f"{name}.{index}": _("This is no option of the bundle: %(option)s.") % {"option": sku}
        for index, sku in enumerate(wanted)
        if sku not in known
    }
    if wrong:
        raise Invalid(fields=wrong)
    return list(dict.fromkeys(known[sku] for sku in wanted))


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
    measures, chosen = _measures_of(rows, by_sku), _options_of(rows, by_sku)
    return [
        LineDraft(
            product=by_sku[row["sku"]],
            quantity=row["quantity"],
            discount=discount_of(row, LINE_DISCOUNTS) or Discount(),
            optional=row.get("optional", False),
            measure=measures.get(index, Measure()),
            options=chosen.get(index, ()),
            more={"yearly_volume": row.get("yearly_volume")},
        )
        for index, row in enumerate(rows)
    ]


def _measures_of(rows: Sequence[Mapping[str, Any]], by_sku: Mapping[str, Product]) -> dict[int, Measure]:
    """The units that were named, by the index of the row: no query where there are none, three otherwise. Raises: Invalid."""
    wanted = {index: (by_sku[row["sku"]].pk, row["unit"]) for index, row in enumerate(rows) if row.get("unit")}
    if not wanted:
        return {}
    sold = units_of({product for product, _code in wanted.values()})
    found = {index: next((one for one in sold[product] if one.code == code), None) for index, (product, code) in wanted.items()}
    units = UnitOfMeasure.objects.in_bulk([one.unit_id for one in found.values() if one])
    wrong = {f"lines.{index}.unit": _("This product is not sold in that unit.") for index, one in found.items() if one is None}
    if wrong:
        raise Invalid(fields=wrong)
    return {
        index: Measure(units[one.unit_id], one.factor.numerator, one.factor.denominator)
        for index, one in found.items()
        if one is not None and one != sold[wanted[index][0]][0]
    }


def _options_of(rows: Sequence[Mapping[str, Any]], by_sku: Mapping[str, Product]) -> dict[int, tuple[int, ...]]:
    """The options that were chosen, by the index of the row: no query where there are none. Raises: Invalid."""
    wanted = {index: (by_sku[row["sku"]].pk, row["options"]) for index, row in enumerate(rows) if row.get("options")}
    if not wanted:
        return {}
    parts = bundle_parts_of({product for product, _skus in wanted.values()})
    found = {}
    for index, (product, skus) in wanted.items():
        known = {part.sku: part.part for part in bundles.options(product, parts)}
        found[index] = tuple(_found_options(f"lines.{index}.options", skus, known))
    return found


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
