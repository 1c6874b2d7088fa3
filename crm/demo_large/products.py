"""Products with prices: some in quantity breaks, some of unknown cost or without a floor, some no longer sold."""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from catalog.likeness import name_key
from catalog.models import Price, PriceList, Product, ProductGroup, UnitOfMeasure, VatRate
from catalog.selectors import STANDARD
from core import clock, money
from core.db import bulk
from crm.demo_large.rows import by_nobody, store
from crm.demo_large.words import KINDS, VARIANTS

PREFIX = "LRG-"
_PRODUCT = (
    "id", "sku", "name", "name_en", "name_fi", "description", "description_en", "description_fi", "group_id", "unit_id",
    "vat_rate_id", "is_active", "outside_catalogue", "match_key",
)  # fmt: skip
_PRICE = ("id", "price_list_id", "product_id", "min_quantity", "list_price", "cost", "floor_price", "target_price")
BREAKS = ((10, Decimal("0.96")), (100, Decimal("0.9")))


def load(count: int) -> None:
    """`count` products, each with a standard price, every tenth with two breaks. Nothing when they are there."""
    if not count or Product.objects.filter(sku__startswith=PREFIX).exists():
        return
    now = clock.now()
    rng = random.Random(count)
    standard = PriceList.objects.get(code=STANDARD).pk
    keys = bulk.new_keys(Product, count)
    with bulk.indexes_rebuilt(Product):
        for start in range(0, count, 20_000):
            part = keys[start : start + 20_000]
            store(Product, _PRODUCT, _products(rng, part, start), by_nobody(now))
            rows = [row for pk in part for row in _prices(rng, standard, pk)]
            store(
                Price,
                _PRICE,
                ((key, *row) for key, row in zip(bulk.new_keys(Price, len(rows)), rows, strict=True)),
                by_nobody(now),
            )


def _products(rng: random.Random, keys: list[int], start: int) -> Iterator[tuple[Any, ...]]:
    groups, units, rates = (
        list(model.objects.order_by("pk").values_list("pk", flat=True)) for model in (ProductGroup, UnitOfMeasure, VatRate)
    )
    for number, pk in enumerate(keys, start + 1):
        (english, finnish), (kind, laji) = rng.choice(KINDS), rng.choice(VARIANTS)
        size = rng.choice((1, 2, 5, 10, 12, 20, 25))
        name_en, name_fi = f"{english}, {kind}, {size} ({number})", f"{finnish}, {laji}, {size} ({number})"
        texts = (name_en, name_en, name_fi, f"{english}, {kind}.", f"{english}, {kind}.", f"{finnish}, {laji}.")
        kinds = (rng.choice(groups), rng.choice(units), rng.choice(rates))
        yield (pk, f"{PREFIX}{number:06d}", *texts, *kinds, rng.random() < 0.99, rng.random() < 0.02, name_key(name_en))


def _prices(rng: random.Random, standard: int, product: int) -> Iterator[tuple[Any, ...]]:
    """Cost at most 60 % of the list price, floor at 80 %, target at 92 %."""
    list_price = Decimal(int(rng.lognormvariate(2.2, 1.0) * 100) + 20).scaleb(-2)
    cost = None if rng.random() < 0.03 else list_price * rng.randrange(40, 60) / 100
    floor = None if rng.random() < 0.05 else Decimal("0.8")
    for minimum, factor in ((0, Decimal(1)), *(BREAKS if rng.random() < 0.1 else ())):
        price = money.unit_price(list_price * factor)
        yield (
            standard, product, minimum, price, None if cost is None else money.unit_price(cost * factor),
            None if floor is None else money.unit_price(price * floor), money.unit_price(price * Decimal("0.92")),
        )  # fmt: skip
