"""Reads of the rules that give accounts their price lists."""

import datetime as dt
from typing import Any

from django.db.models import Q, QuerySet

from accounts import price_lists
from accounts.models import Account, PriceListRule
from accounts.price_lists import Rule
from core.prepared import Prepared

_UNKNOWN = 0
"""No key of ours: what an account does not have fits rules that do not ask for it."""


def _plain(rules: QuerySet[PriceListRule]) -> QuerySet[PriceListRule, tuple[Any, ...]]:
    columns = ("id", "price_list", "priority", "tma2", "channel", "territory", "valid_from", "valid_to")
    return rules.filter(is_active=True).order_by().values_list(*columns)


_fitting = Prepared(
    lambda tma2, channel, territory: _plain(
        PriceListRule.objects.filter(
            Q(tma2=None) | Q(tma2=tma2),
            Q(channel=None) | Q(channel=channel),
            Q(territory=None) | Q(territory=territory),
            price_list__is_active=True,
        )
    )
)


def price_lists_for(account: Account, day: dt.date) -> tuple[int, ...]:
    """Keys of the price lists that hold for this account on that day, as `catalog.selectors.prices_on` takes them. One query,
    none where the account came with the news that there are no rules (`accounts.selectors.accounts_to_quote`)."""
    if not getattr(account, "has_rules", True):
        return ()
    facts = (account.tma2_id, account.channel_id, account.territory_id)
    rules = [Rule(*row) for row in _fitting.rows(*(fact or _UNKNOWN for fact in facts))]
    return price_lists.lists_in_order(rules, tma2=facts[0], channel=facts[1], territory=facts[2], day=day)


def rules_in_use() -> list[Rule]:
    """All of them."""
    return [Rule(*row) for row in _plain(PriceListRule.objects.all())]
