"""A quote as the rules of approval look at it, and by what later rounds are measured. Shape: see approvals.registry.Case."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Exists
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from accounts.selectors import advised_payment_term
from approvals import routing
from approvals.choices import FieldKind, Outcome
from approvals.registry import Case, Field
from approvals.rules import Condition, Rule, Value, best
from core import money
from core.prepared import Prepared
from quotes.choices import Trigger
from quotes.models import Quote, StarterPackAnswer
from quotes.pricing import PricedLine, PricedQuote
from quotes.triggers import OUTSIDE, Breach, Reason, lacking

_CODES = ("tma1", "tma2", "channel", "industry", "business_size", "classification", "region", "territory")
FIELDS = (
    Field("amount", _("Net total"), FieldKind.MONEY),
    Field("discount_percent", _("Discount of the quote"), FieldKind.PERCENT),
    Field("line_discount_percent", _("Greatest discount of a line"), FieldKind.PERCENT),
    Field("margin_percent", _("Margin"), FieldKind.PERCENT),
    Field("margin_gap", _("Margin below its target, points"), FieldKind.PERCENT),
    Field("lines_below_floor", _("Lines below their floor price"), FieldKind.NUMBER),
    Field("lines_outside", _("Lines outside the catalogue"), FieldKind.NUMBER),
    Field("payment_days", _("Days of the payment term"), FieldKind.NUMBER),
    Field("term_changed", _("Another payment term than advised"), FieldKind.FLAG),
    Field("is_prospect", _("The customer is a prospect"), FieldKind.FLAG),
    Field("has_starter_pack", _("A starter pack was added"), FieldKind.FLAG),
    Field("tma1", _("Category TMA1"), FieldKind.CODE),
    Field("tma2", _("Category TMA2"), FieldKind.CODE),
    Field("channel", _("Distribution channel"), FieldKind.CODE),
    Field("industry", _("Industry"), FieldKind.CODE),
    Field("business_size", _("Business size"), FieldKind.CODE),
    Field("classification", _("Customer classification"), FieldKind.CODE),
    Field("region", _("Region"), FieldKind.CODE),
    Field("territory", _("Territory"), FieldKind.CODE),
)


def case_of(quote: Quote, priced: PricedQuote, found: Sequence[Breach], marks: Mapping[int, str]) -> Case:
    """The case of a quote with these breaches; `marks`: what is sold by line, see `line_texts.Sold`. Two queries, one more for a
    former revision."""
    return Case(
        unit=quote.account.unit_id,
        amount=priced.totals.net_total,
        values=values_of(quote, priced, found),
        measures=_measures(quote, priced, found, marks),
        earlier=_former_revisions(quote),
    )


def _former_revisions(quote: Quote) -> list[int]:
    if quote.revision == 1:
        return []
    former = Quote.objects.filter(number=quote.number, revision__lt=quote.revision)
    return list(former.order_by("-revision").values_list("pk", flat=True))


_customers = Prepared(
    lambda pk, number: (
        Account.objects.filter(pk=pk)
        .order_by()
        .values_list(
            "is_prospect",
            Exists(StarterPackAnswer.objects.filter(quote__number=number, is_taken=True)),
            *(f"{name}__code" for name in _CODES),
        )
    )
)


# --- What conditions compare ------------------------------------------------------------------------------------------
class Fixed(NamedTuple):
    """What no price changes: the values of the customer and of what the quote began with, by the codes of FIELDS, and the payment
    term that is advised for an amount, by its key."""

    customer: Mapping[str, Value]
    advised: Callable[[Decimal], int | None]


def fixed_of(quote: Quote) -> Fixed:
    """What no price of this quote changes. One query for the customer; one more each time a term is asked for."""
    return Fixed(customer_of(quote), lambda amount: advised_payment_term(quote.account, amount))


def customer_of(quote: Quote) -> dict[str, Value]:
    """The values of the customer, and whether a starter pack was added for them, by the codes of FIELDS. One query."""
    is_prospect, has_starter_pack, *codes = _customers.rows(quote.account_id, quote.number)[0]
    return {"is_prospect": is_prospect, "has_starter_pack": has_starter_pack, **dict(zip(_CODES, codes, strict=True))}


def values_of(quote: Quote, priced: PricedQuote, found: Sequence[Breach], fixed: Fixed | None = None) -> dict[str, Value]:
    """By the codes of FIELDS. One query for the customer; one more where the payment term is not the customer's own; none where
    what is `fixed` is known."""
    totals = priced.totals
    fixed = fixed or fixed_of(quote)
    return {
        "amount": totals.net_total,
        "discount_percent": totals.discount_percent,
        "line_discount_percent": _greatest_discount(priced.lines),
        "margin_percent": totals.margin_percent,
        "margin_gap": _margin_gap(found),
        "lines_below_floor": Decimal(len({breach.line_id for breach in found if breach.reason == Reason.BELOW_FLOOR})),
        "lines_outside": Decimal(sum(breach.reason in OUTSIDE for breach in found)),
        "payment_days": _payment_days(quote),
        "term_changed": _is_other_term(quote, totals.net_total, fixed.advised),
        **fixed.customer,
    }


def _greatest_discount(lines: Sequence[PricedLine]) -> Decimal | None:
    """Of any line, in percent; None without a line that has a list price."""
    priced = [row for row in lines if row.line.list_price]
    deepest = min(priced, key=lambda row: row.exact_price / row.line.list_price, default=None)
    return deepest.discount_percent if deepest else None


def _margin_gap(found: Sequence[Breach]) -> Decimal | None:
    """With the options that leave the least, where there are any."""
    return max((lacking(breach) for breach in found if breach.reason == Reason.MARGIN_BELOW_TARGET), default=None)


def _payment_days(quote: Quote) -> Decimal | None:
    return Decimal(quote.payment_term.days) if quote.payment_term else None


def overrides_payment_term(quote: Quote, net_total: Decimal) -> bool:
    """Whether the payment term is another one than advised for this deal."""
    return _is_other_term(quote, net_total, lambda amount: advised_payment_term(quote.account, amount))


def _is_other_term(quote: Quote, net_total: Decimal, advised: Callable[[Decimal], int | None]) -> bool:
    if quote.payment_term_id in (None, quote.account.payment_term_id):
        return False
    return advised(net_total) not in (None, quote.payment_term_id)


# --- What only rules ask about ----------------------------------------------------------------------------------------
BY_RULE = {Trigger.DISCOUNT: Reason.DISCOUNT, Trigger.PAYMENT_TERM: Reason.PAYMENT_TERM}


def breaches_by_rule(
    quote: Quote, priced: PricedQuote, found: Sequence[Breach], in_use: routing.Rules | None = None, fixed: Fixed | None = None
) -> list[Breach]:
    """What asks for approval only because a rule of the admin says so: one query while there is no such rule; none where the
    rules are known, and what is `fixed`."""
    in_use = routing.rules_in_use() if in_use is None else in_use
    if not any(gate.value in in_use for gate in BY_RULE) or not priced.lines:
        return []
    values = values_of(quote, priced, found, fixed)
    more = []
    for gate, reason in BY_RULE.items():
        rule = best(in_use.get(gate.value, ()), values, quote.account.unit_id)
        if rule is None or rule.outcome != Outcome.ASK or (gate == Trigger.PAYMENT_TERM and not values["term_changed"]):
            continue
        more.append(_breach(reason, rule, values))
    return more


def _breach(reason: Reason, rule: Rule, values: Mapping[str, Value]) -> Breach:
    """With the number that the rule compares, where it compares a discount or the days."""
    names = ("payment_days",) if reason == Reason.PAYMENT_TERM else ("discount_percent", "line_discount_percent")
    compared: Condition | None = next((condition for condition in rule.conditions if condition.field in names), None)
    actual = values.get(compared.field if compared else names[0])
    return Breach(
        reason,
        limit=compared.value if compared and isinstance(compared.value, Decimal) else None,
        actual=actual if isinstance(actual, Decimal) else None,
    )


# --- What must not get worse ------------------------------------------------------------------------------------------
def _measures(
    quote: Quote, priced: PricedQuote, found: Sequence[Breach], marks: Mapping[int, str]
) -> dict[str, dict[str, Decimal]]:
    """For each gate what was put before the approver, as numbers of which more is better: a line's price and what it lacks, the
    quote's value, margin and days to pay."""
    lines = {row.line.id: row for row in priced.lines}
    measures: dict[str, dict[str, Decimal]] = {}
    for breach in found:
        own = measures.setdefault(breach.gate.value, {})
        row = lines.get(breach.line_id or 0)
        if row is None:
            own |= _of_quote(quote, priced)
            if breach.by_choice:
                own[f"{breach.reason.value} with options"] = -lacking(breach)
            continue
        for name, number in _of_line(breach, row, marks[row.line.id]).items():
            own[name] = min(number, own[name]) if name.endswith("price") and name in own else own.get(name, Decimal(0)) + number
    return measures


def _of_line(breach: Breach, row: PricedLine, mark: str) -> dict[str, Decimal]:
    if breach.reason == Reason.BELOW_FLOOR and breach.limit is not None:
        lacks = "lacks with options" if breach.by_choice else "lacks"
        return {f"{mark} price": row.net_price, f"{mark} {lacks}": -lacking(breach)}
    numbers = {f"{mark} {breach.reason.value}": -row.line.quantity}
    return numbers if breach.reason != Reason.STATEMENT_OF_WORK else {**numbers, f"{mark} price": row.net_price}


def _of_quote(quote: Quote, priced: PricedQuote) -> dict[str, Decimal]:
    totals = priced.totals
    numbers = {
        "value": totals.net_total,
        "margin": totals.margin_percent,
        "discount": -(totals.discount_percent or money.ZERO),
        "days": -(_payment_days(quote) or Decimal(0)),
    }
    return {name: number for name, number in numbers.items() if number is not None}
