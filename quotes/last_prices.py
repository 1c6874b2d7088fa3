"""What an account was last offered products for."""

import datetime as dt
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet

from core import clock, db, money
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
    wanted = None if product_ids is None else db.together(product_ids)
    rows = _offered(user, account_id) if wanted is None else _offered_of.rows(user, account_id, wanted)
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


_offered_of = Prepared(lambda user, account_id, keys: _offered(user, account_id).filter(product__one_of=keys))
