"""What the page of a product shows, as ready values. Constant queries, whatever the product has."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from catalog import explaining, selectors, usage
from catalog.choices import STANDARD
from catalog.models import BundlePart, ConfigurationRule, Price, PriceList, Product
from core.languages import active
from core.templatetags.ui import quantity
from users.models import User
from users.roles import Perm


@dataclass(frozen=True)
class ListPrices:
    """The prices of the product on one list; `in_force`: keys of those that hold today."""

    price_list: PriceList
    prices: list[Price]
    in_force: frozenset[int]

    @property
    def is_standard(self) -> bool:
        return self.price_list.code == STANDARD


@dataclass(frozen=True)
class UsageTable:
    """What use costs today by one measure, on the lists that say nothing of their own."""

    label: str
    rows: list[usage.Row]


def facts_of(product: Product, user: User, today: dt.date) -> dict[str, Any]:
    """The variables of the page."""
    rules = ConfigurationRule.objects.filter(_naming(product), is_active=True).select_related(
        "subject_product", "subject_group", "object_product", "object_group"
    )
    return {
        "product": product,
        "lists": prices_by_list(list(product.prices.select_related("price_list")), today),
        "units": _units(product),
        "parts": _parts(product),
        "bundles": list(BundlePart.objects.filter(part=product).select_related("bundle").order_by("bundle__sku")),
        "usage": _usage(product, today),
        "rules": [explaining.rule_words(rule.plain) for rule in rules],
        "merged": list(product.merged.order_by("sku")),
        "may_see_cost": user.may(Perm.MARGIN_VIEW),
    }


def _naming(product: Product) -> Q:
    """The condition of rules that name the product or its group."""
    named = Q(subject_product=product) | Q(object_product=product)
    return named | Q(subject_group=product.group) | Q(object_group=product.group) if product.group_id else named


def prices_by_list(prices: Sequence[Price], today: dt.date) -> list[ListPrices]:
    """The standard list first; within a list by quantity, then by days."""
    by_list: dict[PriceList, list[Price]] = {}
    for price in sorted(prices, key=lambda price: (price.min_quantity, price.valid_from or dt.date.min)):
        by_list.setdefault(price.price_list, []).append(price)
    found = [ListPrices(key, rows, _in_force(key, rows, today)) for key, rows in by_list.items()]
    return sorted(found, key=lambda one: (not one.is_standard, one.price_list.position, one.price_list.code))


def _in_force(price_list: PriceList, prices: Sequence[Price], today: dt.date) -> frozenset[int]:
    if not _holds(price_list, today) or not (price_list.is_active or price_list.code == STANDARD):
        return frozenset()
    latest: dict[Any, Price] = {}
    for price in sorted(prices, key=lambda price: price.valid_from or dt.date.min):
        if _holds(price, today):
            latest[price.min_quantity] = price
    return frozenset(price.pk for price in latest.values())


def _holds(row: Price | PriceList, today: dt.date) -> bool:
    return (row.valid_from or today) <= today <= (row.valid_to or today)


def _units(product: Product) -> list[str]:
    """The further units in words: "1 g = 0.001 kg"."""
    own, *further = selectors.units_of([product.pk])[product.pk]
    words = []
    for unit in further:
        numerator, denominator = map(quantity, unit.factor)
        factor = numerator if denominator == "1" else f"{numerator}/{denominator}"
        words.append(f"1 {unit.label[active()]} = {factor} {own.label[active()]}")
    return words


def _parts(product: Product) -> list[BundlePart]:
    return list(product.parts.select_related("part", "part__unit")) if product.is_bundle else []


def _usage(product: Product, today: dt.date) -> list[UsageTable]:
    found = selectors.usage_on([product.pk] if product.has_usage else [], today)
    return [UsageTable(one.label[active()], usage.table(one.steps)) for one in found.get(product.pk, ())]
