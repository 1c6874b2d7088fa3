"""Reads of the rules that give accounts their price lists."""

import datetime as dt
from typing import Any

from django.db.models import QuerySet

from accounts import price_lists
from accounts.models import Account, PriceListRule
from accounts.price_lists import Rule
from core.set_up import kept


def _plain(rules: QuerySet[PriceListRule]) -> QuerySet[PriceListRule, tuple[Any, ...]]:
    columns = ("id", "price_list", "priority", "tma2", "channel", "territory", "valid_from", "valid_to")
    return rules.filter(is_active=True).order_by().values_list(*columns)


@kept("accounts_pricelistrule", "catalog_pricelist")
def _giving() -> tuple[Rule, ...]:
    """Those that give a list in use."""
    return tuple(Rule(*row) for row in _plain(PriceListRule.objects.filter(price_list__is_active=True)))


def price_lists_for(account: Account, day: dt.date) -> tuple[int, ...]:
    """Keys of the price lists that hold for this account on that day, as `catalog.selectors.prices_on` takes them. One query."""
    return price_lists.lists_in_order(
        _giving(), tma2=account.tma2_id, channel=account.channel_id, territory=account.territory_id, day=day
    )


def rules_in_use() -> list[Rule]:
    """All of them."""
    return [Rule(*row) for row in _plain(PriceListRule.objects.all())]
