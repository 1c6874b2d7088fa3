"""What an account was last offered products for."""

import datetime as dt
import functools
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet

from core import clock, money
from core.prepared import Prepared
from quotes import pricing
from quotes.choices import LineKind
from quotes.models import Quote, QuoteLine
from users.models import User


class LastPrice(NamedTuple):
    """What an account was last offered a product for: EUR per pricing unit before the discount on the whole quote."""

    net_price: Decimal
    number: str
    quote_id: int
    day: dt.date


LOOKED_BACK = 200
FEW = 20
"""So many products are asked for by a statement of their own."""


def bought_before(user: User, account_id: int) -> set[int]:
    """The products of the latest quotes that were sent to the account (`LOOKED_BACK` of them): one query."""
    return set(_bought.rows(user, account_id))


def _sent(user: User, account_id: int) -> QuerySet[Quote, int]:
    sent = Quote.objects.visible_to(user).filter(account=account_id, sent_at__isnull=False).order_by("-id")
    return sent.values_list("pk", flat=True)[:LOOKED_BACK]


_bought = Prepared(
    lambda user, account_id: (
        QuoteLine.objects.filter(quote__in=_sent(user, account_id), kind=LineKind.PRODUCT)
        .order_by()
        .values_list("product", flat=True)
        .distinct()
    )
)


def last_prices(user: User, account_id: int, product_ids: Collection[int] | None = None) -> dict[int, LastPrice]:
    """By product, of the latest quotes that were sent to the account (`LOOKED_BACK` of them): one query."""
    rows: Iterable[tuple[Any, ...]]
    if product_ids is not None and len(product_ids) <= FEW:
        rows = _offered_of(len(product_ids)).rows(user, account_id, *product_ids)
    else:
        rows = _offered(user, account_id) if product_ids is None else _offered(user, account_id).filter(product__in=product_ids)
    found: dict[int, LastPrice] = {}
    for product, list_price, kind, value, account_discount, number, quote_id, at in rows:  # each has both
        net = pricing.net_price(pricing.base_price(list_price, account_discount), kind, value)
        found[product] = LastPrice(money.unit_price(net), number, quote_id, clock.day_of(at))
    return found


def _offered(user: User, account_id: int) -> QuerySet[QuoteLine, tuple[Any, ...]]:
    lines = QuoteLine.objects.filter(quote__in=_sent(user, account_id), kind=LineKind.PRODUCT)
    return lines.order_by("quote__sent_at", "id").values_list(
        "product", "list_price", "discount_kind", "discount_value",
        "quote__account_discount", "quote__number", "quote", "quote__sent_at",
    )  # fmt: skip


@functools.cache
def _offered_of(_products: int) -> Prepared:
    """The statement for so many products; what they are, decides nothing else."""
    return Prepared(lambda user, account_id, *keys: _offered(user, account_id).filter(product__in=keys))
