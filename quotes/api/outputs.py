"""What programs get to see of quotes: plain dicts made in one pass, and their shapes for the description.

Numbers are strings: amounts with 2 places, unit prices with 4, quantities and typed percents as short as they can be. Costs and
margins are left out for those who may not see them.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from rest_framework import serializers

from approvals.api import approvers
from catalog.api.outputs import UsageOut, usage_out
from catalog.models import Product
from catalog.selectors import products_inside
from core import money
from core.api.fields import Exact, Output
from core.api.values import Json, day, instant, number, short
from core.prepared import Prepared
from quotes import approval_facts, line_texts, policies, pricing, selectors
from quotes.choices import PRICED_KINDS, TEXT_KINDS, DiscountKind, HeaderDiscountKind, LineKind, QuoteStatus, Sharing, Trigger
from quotes.line_texts import Sold
from quotes.models import Quote, QuoteAttachment, QuoteLine, QuoteTemplate, QuoteTemplateLine
from quotes.pricing import PricedLine, PricedQuote, Totals
from quotes.sections import Block
from quotes.services import LineDraft
from quotes.triggers import Breach, Reason
from users.models import Language, User


# --- Shapes -----------------------------------------------------------------------------------------------------------
class StepOut(Output):
    step = serializers.ChoiceField(["list_price", "account_discount", "line_discount", "header_discount", "net"])
    unit_price = Exact(allow_null=True)
    amount = Exact()


class LinePartOut(Output):
    """What one bundle of a line consists of: so many pricing units of a product."""

    sku = serializers.CharField()
    name = serializers.CharField()
    quantity = Exact()


class LineOut(Output):
    id = serializers.IntegerField()
    position = serializers.IntegerField()
    kind = serializers.ChoiceField([kind.value for kind in PRICED_KINDS])
    sku = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    quantity = Exact()
    unit = serializers.CharField()
    list_price = Exact()
    discount_percent = Exact(allow_null=True)
    discount_amount = Exact()
    net_price = Exact()
    line_net = Exact()
    vat_rate = Exact()
    margin_percent = Exact(allow_null=True, required=False)
    included = serializers.BooleanField()
    optional = serializers.BooleanField()
    selected = serializers.BooleanField()
    alternative_to = serializers.IntegerField(allow_null=True, help_text="The line whose place it takes when it is chosen.")
    waterfall = StepOut(many=True)
    yearly_volume = Exact(allow_null=True)
    use_within_months = serializers.IntegerField(allow_null=True, help_text="Of a service: months from the order.")
    options = serializers.ListField(
        child=serializers.CharField(), help_text="Of a bundle: codes of the options that come with it."
    )
    parts = LinePartOut(many=True)
    usage = UsageOut(many=True)


class TextOut(Output):
    """A heading or a note between the lines."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField([kind.value for kind in TEXT_KINDS])
    text = serializers.CharField()
    before = serializers.IntegerField(
        help_text="The position of the line that comes next; after all lines one more than the last."
    )


class VatOut(Output):
    rate = Exact()
    base = Exact()
    amount = Exact()


class TotalsOut(Output):
    list_total = Exact()
    discount_total = Exact()
    net_total = Exact()
    vat = VatOut(many=True)
    vat_total = Exact()
    gross_total = Exact()
    cost_total = Exact(allow_null=True, required=False)
    margin_amount = Exact(allow_null=True, required=False)
    margin_percent = Exact(allow_null=True, required=False)


class TriggerOut(Output):
    trigger = serializers.ChoiceField(Trigger.choices)
    reason = serializers.ChoiceField([reason.value for reason in Reason])
    line = serializers.IntegerField(allow_null=True)
    limit = Exact(allow_null=True)
    actual = Exact(allow_null=True)
    detail = serializers.CharField()
    avoid = serializers.CharField(allow_blank=True)


class QuoteRowOut(Output):
    """A quote as lists show it."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    revision = serializers.IntegerField()
    status = serializers.ChoiceField(QuoteStatus.choices)
    version = serializers.IntegerField()
    account = serializers.IntegerField()
    account_name = serializers.CharField()
    opportunity = serializers.IntegerField(allow_null=True)
    owner = serializers.IntegerField()
    language = serializers.ChoiceField(Language.choices)
    valid_until = serializers.DateField()
    net_total = Exact()
    gross_total = Exact()
    margin_percent = Exact(allow_null=True, required=False)
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)


class QuoteOut(Output):
    """A quote with its lines, totals and what needs somebody's yes."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    revision = serializers.IntegerField()
    status = serializers.ChoiceField(QuoteStatus.choices)
    version = serializers.IntegerField()
    account = serializers.IntegerField()
    account_name = serializers.CharField()
    opportunity = serializers.IntegerField(allow_null=True)
    contact = serializers.IntegerField(allow_null=True)
    owner = serializers.IntegerField()
    currency = serializers.CharField()
    language = serializers.ChoiceField(Language.choices)
    valid_until = serializers.DateField()
    price_date = serializers.DateField()
    payment_term = serializers.CharField(allow_null=True)
    payment_term_reason = serializers.CharField(allow_blank=True)
    payment_type = serializers.CharField(allow_null=True)
    customer_note = serializers.CharField(allow_blank=True)
    internal_note = serializers.CharField(allow_blank=True)
    account_discount = Exact(allow_null=True)
    header_discount_percent = Exact(allow_null=True)
    header_discount_amount = Exact(allow_null=True)
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    lines = LineOut(many=True)
    texts = TextOut(many=True)
    totals = TotalsOut()
    approval_triggers = TriggerOut(many=True)


class ChangedOut(Output):
    """What a change of a line touches: the line or, where it is a heading or a note, the text; neither where it is removed."""

    version = serializers.IntegerField()
    line = LineOut(allow_null=True)
    text = TextOut(allow_null=True)
    totals = TotalsOut()


class ChangedTextOut(Output):
    """A heading or a note as it stands now."""

    version = serializers.IntegerField()
    text = TextOut()


class AttachmentOut(Output):
    """A file of a quote. `hash`: SHA-256 of its bytes, in hexadecimal."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField()
    hash = serializers.CharField()
    for_customer = serializers.BooleanField()
    added_by = serializers.IntegerField()
    added_at = serializers.DateTimeField()


class TemplateRowOut(Output):
    """A template as lists show it."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    owner = serializers.IntegerField()
    shared_with = serializers.ChoiceField(Sharing.choices)
    version = serializers.IntegerField()
    line_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class TemplateLineOut(Output):
    """A line of a template: a product without its price, or a heading or a note."""

    position = serializers.IntegerField()
    kind = serializers.ChoiceField([LineKind.PRODUCT.value, *(kind.value for kind in TEXT_KINDS)])
    sku = serializers.CharField(allow_null=True)
    text = serializers.CharField(allow_blank=True)
    quantity = Exact(allow_null=True)
    unit = serializers.CharField(allow_null=True)
    discount_percent = Exact(allow_null=True)
    discount_amount = Exact(allow_null=True)
    net_price = Exact(allow_null=True)
    optional = serializers.BooleanField()
    yearly_volume = Exact(allow_null=True)
    alternative_to = serializers.IntegerField(allow_null=True, help_text="The position of the line whose place it takes.")


class TemplateOut(TemplateRowOut):
    """A template with its lines."""

    lines = TemplateLineOut(many=True)


class GateOut(approvers.StepOut):
    trigger = serializers.ChoiceField(Trigger.choices)


# --- Values -----------------------------------------------------------------------------------------------------------
class Texts(NamedTuple):
    """Of what a line sells, in the language of the quote. `details`: what is not part of every line, as it is shown."""

    sku: str
    name: str
    description: str
    unit: str
    details: Json


class _Details(NamedTuple):
    """`options`: the products that were chosen of a bundle; `months`: within which it is to be used."""

    yearly_volume: Decimal | None
    options: Sequence[int]
    sold: Sold
    months: int | None


def _plain_details(yearly_volume: Decimal | None) -> Json:
    return {"yearly_volume": short(yearly_volume), "use_within_months": None, "options": [], "parts": [], "usage": []}


def _details_of(rows: Mapping[int, _Details], language: str) -> dict[int, Json]:
    """By line. One query where there is a bundle."""
    chosen = {product for row in rows.values() for product in row.options}
    inside = products_inside(line_texts.keys_in(row.sold.parts for row in rows.values()) | chosen)
    shown = {}
    for key, row in rows.items():
        shown[key] = _plain_details(row.yearly_volume)
        if row.options:
            shown[key]["options"] = [inside[product].sku for product in row.options if product in inside]
        extras = line_texts.extras_of(row.sold, row.months, False, True, inside)
        if extras:
            shown[key] |= {
                "use_within_months": extras.use_within_months,
                "parts": [{"sku": one.sku, "name": one.name[language], "quantity": short(one.quantity)} for one in extras.parts],
                "usage": usage_out([(one["metric"], line_texts.steps_of(one)) for one in row.sold.usage], margin=False),
            }
    return shown


def row_out(quote: Quote, *, margin: bool) -> Json:
    shown = {
        "id": quote.pk,
        "number": quote.number,
        "revision": quote.revision,
        "status": quote.status,
        "version": quote.version,
        "account": quote.account_id,
        "account_name": quote.account.name,
        "opportunity": quote.opportunity_id,
        "owner": quote.owner_id,
        "language": quote.language,
        "valid_until": day(quote.valid_until),
        "net_total": number(quote.net_total),
        "gross_total": number(quote.gross_total),
        "created_at": instant(quote.created_at),
        "sent_at": instant(quote.sent_at),
    }
    if margin:
        shown["margin_percent"] = number(quote.margin_percent)
    return shown


def quote_out(quote: Quote, user: User, *, products: Mapping[int, Texts] | None = None) -> Json:
    """The whole quote. What is known of it already (`quote.priced`, the texts of its `products` by line) is not read again, and
    then there are no headings and notes.

    At most two queries: the lines with their products, and the margin table of a draft.
    """
    margin = policies.may_see_margin(user)
    texts: list[Block] = []
    if products is None or quote.priced is None:
        products, priced, texts = priced_lines(quote)
    else:
        priced = quote.priced
    found = selectors.breaches_of(quote, priced) if quote.status == QuoteStatus.DRAFT else []
    kind, value = quote.header_discount_kind, quote.header_discount_value
    return {
        "id": quote.pk,
        "number": quote.number,
        "revision": quote.revision,
        "status": quote.status,
        "version": quote.version,
        "account": quote.account_id,
        "account_name": quote.account.name,
        "opportunity": quote.opportunity_id,
        "contact": quote.contact_id,
        "owner": quote.owner_id,
        "currency": money.CURRENCY,
        "language": quote.language,
        "valid_until": day(quote.valid_until),
        "price_date": day(quote.price_date),
        "payment_term": quote.payment_term.code if quote.payment_term else None,
        "payment_term_reason": quote.payment_term_reason,
        "payment_type": quote.payment_type.code if quote.payment_type else None,
        "customer_note": quote.customer_note,
        "internal_note": quote.internal_note,
        "account_discount": short(quote.account_discount),
        "header_discount_percent": short(value) if kind == HeaderDiscountKind.PERCENT else None,
        "header_discount_amount": number(money.cents(value)) if kind == HeaderDiscountKind.AMOUNT else None,
        "created_at": instant(quote.created_at),
        "sent_at": instant(quote.sent_at),
        "lines": [line_out(place, row, products[row.line.id], margin=margin) for place, row in enumerate(priced.lines, 1)],
        "texts": [text_out(block) for block in texts],
        "totals": totals_out(priced.totals, margin=margin),
        "approval_triggers": triggers_out(priced, found, products, margin=margin),
    }


@functools.cache
def _lines_in(language: str) -> Prepared:
    """All lines of a quote as `selectors.apart` takes them, with their texts in a language."""
    columns = (
        *selectors.PRICING_FIELDS,
        "text", "product__sku", f"product__name_{language}", "product__name_en",
        f"product__description_{language}", "product__description_en", "product__unit__code", "unit__code",
        "yearly_volume", "product__use_within_months", line_texts.PARTS, line_texts.USAGE,
    )  # fmt: skip
    lines = QuoteLine.objects.order_by("position", "id")
    return Prepared(lambda quote_id: lines.filter(quote_id=quote_id).values_list(*columns))


def priced_lines(quote: Quote) -> tuple[dict[int, Texts], PricedQuote, list[Block]]:
    """The products of the lines by line, the priced quote, and the headings and notes. One query."""
    language = quote.language
    lines, blocks, columns = selectors.apart(_lines_in(language).rows(quote.pk))
    said: dict[int, tuple[str, str, str, str]] = {}
    details: dict[int, _Details] = {}
    for line, row in zip(lines, columns, strict=True):
        text, sku, name, english, description, english_description, unit, ordered, volume, months, parts, usage = row
        if sku is None:
            said[line.id] = _statement(text, language)
        else:
            said[line.id] = (sku, name or english or "", description or english_description or "", ordered or unit)
        bundled = json.loads(parts) if parts else None
        sold = Sold(sku or "", "", line_texts.parts_of(bundled), line_texts.usage_in(usage))
        details[line.id] = _Details(volume, line_texts.options_of(bundled), sold, months)
    known = _details_of(details, language)
    texts = {key: Texts(*words, known[key]) for key, words in said.items()}
    return texts, pricing.price_quote(lines, selectors.header_of(quote)), blocks


def _statement(text: str, language: str) -> tuple[str, str, str, str]:
    found = line_texts.statement_texts(text)
    return found.sku, found.name[language], text, ""


def texts_of(line: QuoteLine, language: str) -> Texts:
    """The same of a line whose product has been read. Queries as `_details_of`."""
    product = line.product
    words = _statement(line.text, language) if product is None else _words_of(product, line.unit, language)
    sold = Sold("", "", line_texts.parts_of(line.parts), tuple(line.usage or ()))
    months = product.use_within_months if product else None
    details = _Details(line.yearly_volume, line_texts.options_of(line.parts), sold, months)
    return Texts(*words, _details_of({line.pk: details}, language)[line.pk])


def texts_of_draft(draft: LineDraft, language: str) -> Texts | None:
    """The same of what was added just now; None where only the stored line can tell. No query."""
    product = draft.product
    if product is None or product.is_bundle or product.has_usage or product.use_within_months:
        return None
    return Texts(*_words_of(product, draft.measure.unit, language), _plain_details(draft.more.get("yearly_volume")))


def _words_of(product: Product, unit: Any, language: str) -> tuple[str, str, str, str]:
    name = getattr(product, f"name_{language}") or product.name_en  # type: ignore[attr-defined]  # of modeltranslation
    description = getattr(product, f"description_{language}") or product.description_en  # type: ignore[attr-defined]
    return product.sku, name or "", description or "", (unit or product.unit).code


def line_out(position: int, row: PricedLine, texts: Texts, *, margin: bool) -> Json:
    line = row.line
    sku, name, description, unit, details = texts
    typed = line.discount_kind == DiscountKind.PERCENT and row.base_price == line.list_price
    percent = row.discount_percent
    shown: Json = {
        "id": line.id,
        "position": position,
        "kind": line.kind,
        "sku": sku,
        "name": name,
        "description": description,
        "quantity": money.plain(line.quantity),
        "unit": unit,
        "list_price": number(line.list_price),
        "discount_percent": short(percent) if typed else number(percent),
        "discount_amount": number(row.discount_amount),
        "net_price": number(row.net_price),
        "line_net": number(row.line_net),
        "vat_rate": money.plain(line.vat_percent),
        "included": row.is_included,
        "optional": line.optional,
        "selected": row.counts,
        "alternative_to": line.alternative_to,
        "waterfall": [
            {"step": step.name, "unit_price": number(step.unit_price), "amount": number(step.amount)}
            for step in pricing.waterfall(row)
        ],
        **details,
    }
    if margin:
        shown["margin_percent"] = number(row.margin_percent)
    return shown


def totals_out(totals: Totals, *, margin: bool) -> Json:
    shown: Json = {
        "list_total": number(totals.list_total),
        "discount_total": number(totals.discount_total),
        "net_total": number(totals.net_total),
        "vat": [{"rate": short(vat.rate), "base": number(vat.base), "amount": number(vat.amount)} for vat in totals.vat],
        "vat_total": number(totals.vat_total),
        "gross_total": number(totals.gross_total),
    }
    if margin:
        shown["cost_total"] = number(totals.cost_total)
        shown["margin_amount"] = number(totals.margin_amount)
        shown["margin_percent"] = number(totals.margin_percent)
    return shown


def triggers_out(priced: PricedQuote, found: Sequence[Breach], texts: Mapping[int, Texts], *, margin: bool) -> list[Json]:
    """The limits that the quote passes, in the language of the reader; without the right to margins, without their numbers."""
    if not found:
        return []
    positions = {row.line.id: place for place, row in enumerate(priced.lines, 1)}
    return [_trigger(breach, positions, texts, margin=margin) for breach in found]


def _trigger(breach: Breach, positions: Mapping[int, int], texts: Mapping[int, Texts], *, margin: bool) -> Json:
    hidden = not margin and breach.reason in approval_facts.MARGIN_REASONS
    where = f"{positions[breach.line_id]} ({texts[breach.line_id][0]})" if breach.line_id else ""
    return {
        "trigger": breach.gate.value,
        "reason": breach.reason.value,
        "line": breach.line_id,
        "limit": None if hidden else number(breach.limit),
        "actual": None if hidden else number(breach.actual),
        "detail": approval_facts.what(breach, approval_facts.line_name(where)),
        "avoid": "" if hidden else approval_facts.avoid(breach),
    }


def changed_out(quote: Quote, line: QuoteLine | None, user: User) -> Json:
    """The line with its prices, or the text (None: it is gone), and the totals of the quote, as the service priced them.

    No query for a plain product where the lines were priced just now.
    """
    margin = policies.may_see_margin(user)
    priced = quote.priced or selectors.priced(quote)
    shown = text = None
    if line is not None and not line.is_priced:
        text = _text_of(line)
    if line is not None and line.is_priced:
        place = [row.line.id for row in priced.lines].index(line.pk)
        shown = line_out(place + 1, priced.lines[place], texts_of(line, quote.language), margin=margin)
    return {"version": quote.version, "line": shown, "text": text, "totals": totals_out(priced.totals, margin=margin)}


def text_out(block: Block) -> Json:
    return {"id": block.id, "kind": block.kind, "text": block.text, "before": block.before + 1}


def changed_text_out(line: QuoteLine) -> Json:
    """The heading or note in its place among the lines. One query."""
    return {"version": line.quote.version, "text": _text_of(line)}


def _text_of(line: QuoteLine) -> Json:
    _priced, _sold, blocks = selectors.committed(line.quote)
    return next(text_out(block) for block in blocks if block.id == line.pk)


# --- Attachments and templates ----------------------------------------------------------------------------------------
def attachment_out(attachment: QuoteAttachment) -> Json:
    return {
        "id": attachment.pk,
        "name": attachment.name,
        "content_type": attachment.content_type,
        "size": attachment.size,
        "hash": attachment.content_hash,
        "for_customer": attachment.for_customer,
        "added_by": attachment.by_id,
        "added_at": instant(attachment.at),
    }


def template_row_out(template: QuoteTemplate, count: int) -> Json:
    return {
        "id": template.pk,
        "name": template.name,
        "owner": template.owner_id,
        "shared_with": template.shared_with,
        "version": template.version,
        "line_count": count,
        "created_at": instant(template.created_at),
    }


def template_out(template: QuoteTemplate, lines: Sequence[QuoteTemplateLine]) -> Json:
    places = {line.pk: line.position for line in lines}
    return template_row_out(template, len(lines)) | {"lines": [_template_line(line, places) for line in lines]}


def _template_line(line: QuoteTemplateLine, places: Mapping[int, int]) -> Json:
    product = line.product
    discounts = {kind.value: None for kind in DiscountKind} | {line.discount_kind: line.discount_value}
    return {
        "position": line.position,
        "kind": line.kind,
        "sku": product.sku if product else None,
        "text": line.text,
        "quantity": money.plain(line.quantity) if product else None,
        "unit": (line.unit or product.unit).code if product else None,
        "discount_percent": short(discounts[DiscountKind.PERCENT]),
        "discount_amount": number(discounts[DiscountKind.AMOUNT]),
        "net_price": number(discounts[DiscountKind.NET_PRICE]),
        "optional": line.optional,
        "yearly_volume": short(line.yearly_volume),
        "alternative_to": places.get(line.alternative_to_id or 0),
    }
