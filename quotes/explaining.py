"""How the price of a line comes about: each step of the waterfall with its rule, its source and its amount."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from catalog import bundles, selectors as catalog, usage
from catalog.models import Product
from core import money
from core.languages import active
from core.templatetags.ui import notation
from quotes import line_texts, policies, pricing, selectors
from quotes.choices import DiscountKind, HeaderDiscountKind
from quotes.line_texts import Extras
from quotes.models import Quote, QuoteLine
from quotes.pricing import PricedLine
from users.models import User


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it is, where it comes from, the price per unit after it ("" where there is none) and its part of the
    line's amount, as text."""

    name: str
    source: str
    unit_price: str
    amount: str


def explained(user: User, quote: Quote, line: QuoteLine) -> dict[str, Any]:
    """`steps`, `row` (the priced line), `texts`, `position`, `sees_margin` and `yearly` of a line."""
    quoted = selectors.quoted(quote)
    position, row = next((number, row) for number, row in enumerate(quoted.priced.lines, 1) if row.line.id == line.pk)
    margin = policies.may_see_margin(user)
    others = [
        (other.line.id, number, quoted.texts[other.line.id])
        for number, other in enumerate(quoted.priced.lines, 1)
        if other.line.id != line.pk and other.line.alternative_to is None
    ]
    return {
        "steps": steps_of(quote, line, row),
        "row": row,
        "texts": quoted.texts[line.pk],
        "position": position,
        "others": others,
        "sees_margin": margin,
        "yearly": yearly_of(line, row, quoted.texts[line.pk].extras) if margin else None,
        **_catalogued(line),
    }


def steps_of(quote: Quote, line: QuoteLine, row: PricedLine) -> list[Step]:
    """From the list price to the net, in the active language."""
    shown = notation()
    words: dict[str, tuple[str, Callable[[], str]]] = {
        "list_price": (_("List price"), lambda: _source_of_list_price(quote, line)),
        "account_discount": (_("Account discount"), lambda: _source_of_account_discount(quote)),
        "line_discount": (_("Line discount"), lambda: _typed(line)),
        "header_discount": (_("Share of the discount on the whole quote"), lambda: _header(quote)),
        "net": (_("Net"), str),
    }
    steps = []
    for step in pricing.waterfall(row):
        name, source = words[step.name]
        unit_price = "" if step.unit_price is None else shown.unit_price(step.unit_price)
        steps.append(Step(name, source(), unit_price, shown.money(step.amount)))
    return steps


def _source_of_account_discount(quote: Quote) -> str:
    percent = notation().percent(quote.account_discount or money.ZERO)
    return _("%(percent)s for every deal with %(account)s") % {"percent": percent, "account": quote.account.name}


def _source_of_list_price(quote: Quote, line: QuoteLine) -> str:
    if line.product_id is None:
        return _("as pre-sales wrote it")
    day = date_format(quote.price_date, "SHORT_DATE_FORMAT")
    if line.price_list is None:
        return _("standard price list on %(day)s") % {"day": day}
    return _("price list %(name)s on %(day)s") % {"name": line.price_list.label, "day": day}


def _typed(line: QuoteLine) -> str:
    shown = notation()
    if line.discount_kind == DiscountKind.PERCENT:
        return _("%(value)s typed") % {"value": shown.percent(line.discount_value)}
    if line.discount_kind == DiscountKind.AMOUNT:
        return _("%(value)s per unit typed") % {"value": shown.unit_price(line.discount_value)}
    return _("net price %(value)s typed") % {"value": shown.unit_price(line.discount_value)}


def _header(quote: Quote) -> str:
    shown, value = notation(), quote.header_discount_value
    return shown.percent(value) if quote.header_discount_kind == HeaderDiscountKind.PERCENT else shown.money(value)


def _catalogued(line: QuoteLine) -> dict[str, Any]:
    """`units` in which the product can be ordered where there are several, and `options` of a bundle with what is chosen."""
    product = line.product
    if product is None:
        return {"units": [], "options": []}
    units = catalog.units_of([product.pk])[product.pk]
    shown = [(unit.unit_id, unit.label[active()], unit.unit_id == (line.unit_id or product.unit_id)) for unit in units]
    options = bundles.options(product.pk, catalog.bundle_parts_of([product.pk])) if product.is_bundle else []
    names = {found.pk: found for found in Product.objects.filter(pk__in=[option.part for option in options])}
    chosen = line_texts.options_of(line.parts)
    return {
        "units": shown if len(shown) > 1 else [],
        "options": [(option.part, names[option.part], option.part in chosen) for option in options],
    }


@dataclass(frozen=True, slots=True)
class Yearly:
    """What a line is expected to come to in a year, EUR; None where the cost is unknown."""

    net: Decimal
    margin: Decimal | None
    percent: Decimal | None


def yearly_of(line: QuoteLine, row: PricedLine, extras: Extras | None = None) -> Yearly | None:
    """At the expected yearly volume: of what is priced by use, if the product is, else of the quantity. None: none was given."""
    if line.yearly_volume is None:
        return None
    if extras and extras.usage:
        charges = [usage.yearly(used.steps, line.yearly_volume) for used in extras.usage]
        net = row.net + money.total(charge.price for charge in charges)
        costs = [row.cost, *(charge.cost for charge in charges)]
        known = [cost for cost in costs if cost is not None]
        cost = money.total(known) if len(known) == len(costs) else None
    else:
        net = money.cents(row.net * line.yearly_volume / row.line.quantity)
        cost = None if row.cost is None else money.cents(row.cost * line.yearly_volume / row.line.quantity)
    margin = None if cost is None else net - cost
    return Yearly(net, margin, None if margin is None else money.percent_of(margin, net))
