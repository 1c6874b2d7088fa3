"""How the price of a line comes about: each step of the waterfall with its rule, its source and its amount."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.price_list_selectors import price_lists_for
from catalog import bundles, offers, selectors as catalog, usage
from catalog.choices import BundlePricing
from catalog.models import PriceList, Product
from catalog.pages import UsageTable
from core import money
from core.languages import active
from core.templatetags.ui import notation
from quotes import line_texts, policies, pricing, selectors
from quotes.choices import DiscountKind, HeaderDiscountKind
from quotes.line_texts import Extras
from quotes.models import Quote, QuoteLine
from quotes.pricing import PricedLine
from quotes.services.pricing_lines import asked_of
from users.models import User


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it is, where it comes from, the price per unit after it ("" where there is none) and its part of the
    line's amount, as text; `parts`: what the price is made of, each in a sentence."""

    name: str
    source: str
    unit_price: str
    amount: str
    parts: list[str] = field(default_factory=list)


def explained(user: User, quote: Quote, line: QuoteLine) -> dict[str, Any]:
    """`steps`, `row` (the priced line), `texts`, `usage` (prices by use: a table for each measure), `position`, `sees_margin` and
    `yearly` of a line."""
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
        "usage": _usage(quoted.texts[line.pk].extras),
        "position": position,
        "others": others,
        "sees_margin": margin,
        "yearly": yearly_of(line, row, quoted.texts[line.pk].extras) if margin else None,
        **_catalogued(line),
    }


def _usage(extras: Extras | None) -> list[UsageTable]:
    return [UsageTable(used.label[active()], usage.table(used.steps)) for used in extras.usage] if extras else []


def steps_of(quote: Quote, line: QuoteLine, row: PricedLine) -> list[Step]:
    """From the list price to the net, in the active language."""
    shown = notation()
    source_of_list_price, parts = _list_price(quote, line)
    words: dict[str, tuple[str, Callable[[], str]]] = {
        "list_price": (_("List price"), lambda: source_of_list_price),
        "account_discount": (_("Account discount"), lambda: _source_of_account_discount(quote)),
        "line_discount": (_("Line discount"), lambda: _typed(line)),
        "header_discount": (_("Share of the discount on the whole quote"), lambda: _header(quote)),
        "net": (_("Net"), str),
    }
    steps = []
    for step in pricing.waterfall(row):
        name, source = words[step.name]
        unit_price = "" if step.unit_price is None else shown.unit_price(step.unit_price)
        steps.append(Step(name, source(), unit_price, shown.money(step.amount), parts if step.name == "list_price" else []))
    return steps


def _source_of_account_discount(quote: Quote) -> str:
    percent = notation().percent(quote.account_discount or money.ZERO)
    return _("%(percent)s for every deal with %(account)s") % {"percent": percent, "account": quote.account.name}


def _list_price(quote: Quote, line: QuoteLine) -> tuple[str, list[str]]:
    """Where the list price comes from, and the parts of a bundle, with their prices where it costs what they cost. The quantity
    break and the prices of parts are those of the catalogue on the price date, told as long as they come to what the line has."""
    if line.product is None:
        return _("as pre-sales wrote it"), []
    found = offers.explained_on(asked_of(line), quote.price_date, price_lists_for(quote.account, quote.price_date))
    price = found.offer.price
    is_same = price is not None and price.list_price == line.list_price
    day = date_format(quote.price_date, "SHORT_DATE_FORMAT")
    if line.product.bundle_pricing == BundlePricing.PARTS:
        return _("what its parts cost on %(day)s") % {"day": day}, _priced_parts(found.parts) if is_same else _parts(line)
    name = line.price_list.label if line.price_list else ""
    source = _("price list %(name)s on %(day)s") if name else _("standard price list on %(day)s")
    words = source % {"name": name, "day": day}
    if is_same and price is not None and price.min_quantity:
        reached = {"quantity": notation().quantity(price.min_quantity), "unit": line.product.unit.label}
        words = ", ".join([words, _("from %(quantity)s %(unit)s on") % reached])
    return words, _parts(line)


def _parts(line: QuoteLine) -> list[str]:
    """ "2 × PUMP", of each part as the line has it."""
    stored = line_texts.parts_of(line.parts)
    products = catalog.products_inside(line_texts.keys_in([stored]))
    return [f"{notation().quantity(Decimal(part['quantity']))} × {products[part['product']].sku}" for part in stored]


def _priced_parts(parts: Sequence[offers.PricedPart]) -> list[str]:
    """ "2 × PUMP at 100.00 €, Retail", and from which quantity on it costs that."""
    shown, priced = notation(), [(part, part.price) for part in parts if part.price is not None]
    lists = PriceList.objects.in_bulk({price.price_list_id for _part, price in priced if price.price_list_id})
    sentences = []
    for part, price in priced:
        words = {
            "quantity": shown.quantity(part.quantity),
            "sku": part.sku,
            "price": shown.unit_price(price.list_price),
            "list": lists[price.price_list_id].label if price.price_list_id in lists else _("standard price list"),
            "from": shown.quantity(price.min_quantity),
        }
        text = (
            _("%(quantity)s × %(sku)s at %(price)s, %(list)s, from %(from)s on")
            if price.min_quantity
            else _("%(quantity)s × %(sku)s at %(price)s, %(list)s")
        )
        sentences.append(text % words)
    return sentences


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
