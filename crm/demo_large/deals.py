"""Opportunities, and under them quotes in every state: which ones there are. How they are written is in `quotes.py`."""

import datetime as dt
import random
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import F

from accounts.models import Account
from core import clock
from core.db import bulk
from core.models import NumberSeries
from crm.demo_large import customers, people
from crm.demo_large.orders import Ordered
from crm.demo_large.quotes import Writer
from crm.demo_large.rows import CHANGED, by_nobody, remember, store
from crm.demo_large.stock import Item, items
from crm.demo_large.words import DEALS
from opportunities.choices import OpportunityStatus
from opportunities.models import Opportunity
from quotes.choices import QuoteStatus
from quotes.services.drafting import SERIES

AT_ONCE = 2_000
"""Quotes in memory at a time."""
_OPPORTUNITY = ("id", "account_id", "name", "owner_id", "value", "close_date", "created_at", "status", "version")

# How many of a thousand quotes are in this state, and how old the oldest of them are, in days. What waits for somebody must
# still be valid today.
STATES: dict[QuoteStatus, tuple[int, int]] = {
    QuoteStatus.DRAFT: (130, 25),
    QuoteStatus.IN_REVIEW: (20, 10),
    QuoteStatus.APPROVED: (40, 20),
    QuoteStatus.SENT: (130, 25),
    QuoteStatus.ACCEPTED: (270, 700),
    QuoteStatus.DECLINED: (160, 700),
    QuoteStatus.EXPIRED: (180, 700),
    QuoteStatus.CANCELLED: (40, 700),
    QuoteStatus.ORDERED: (30, 700),
}
REVISED = 0.06
"""How many quotes that were sent have replaced an earlier revision."""
STAGE_OF = {
    QuoteStatus.DRAFT: OpportunityStatus.QUOTING,
    QuoteStatus.IN_REVIEW: OpportunityStatus.QUOTING,
    QuoteStatus.APPROVED: OpportunityStatus.QUOTING,
    QuoteStatus.SENT: OpportunityStatus.NEGOTIATION,
    QuoteStatus.ACCEPTED: OpportunityStatus.ORDERED,
    QuoteStatus.ORDERED: OpportunityStatus.ORDERED,
    QuoteStatus.DECLINED: OpportunityStatus.LOST,
    QuoteStatus.EXPIRED: OpportunityStatus.LOST,
    QuoteStatus.CANCELLED: OpportunityStatus.LOST,
}


def load(count: int) -> None:
    """`count` quotes and half as many opportunities more. Nothing when quotes of the large demo are there."""
    accounts = sold_to()
    if not count or not accounts or Opportunity.objects.filter(account__in=[account.pk for account in accounts[:500]]).exists():
        return
    rng = random.Random(count)
    writer = Writer(rng)
    stock = items()
    years = Numbers(SERIES)
    orders: list[Ordered] = []
    while (left := count - len(orders)) > 0:
        orders += _deal(rng, accounts, stock, years, may_be_two=left > 1)
    opportunities = _open_opportunities(rng, orders, accounts, count // 2)
    for start in range(0, count, AT_ONCE):
        writer.write(orders[start : start + AT_ONCE])
    _move_opportunities(opportunities)
    years.keep()


def sold_to() -> list[Account]:
    """Active customers of the large demo with their owners, some thousands of them."""
    sellers = {user.pk: user for user in people.sellers()}
    found = Account.objects.filter(master__run__kind=customers.KIND, status="active", owner__in=sellers)
    accounts = list(found.select_related("tma2").order_by("pk")[:20_000])
    for account in accounts:
        account.owner = sellers[account.owner_id or 0]
    return accounts


class Numbers:
    """Numbers of a series by year, after those that are taken."""

    def __init__(self, series: str) -> None:
        self.series = series
        self.last = dict(NumberSeries.objects.select_for_update().filter(series=series).values_list("year", "last"))

    def next(self, year: int) -> str:
        self.last[year] = self.last.get(year, 0) + 1
        return f"{self.series}-{year}-{self.last[year]:05d}"

    def keep(self) -> None:
        for year, last in self.last.items():
            NumberSeries.objects.update_or_create(series=self.series, year=year, defaults={"last": last})


def _deal(
    rng: random.Random, accounts: list[Account], stock: list[Item], numbers: Numbers, *, may_be_two: bool
) -> Iterator[Ordered]:
    """One quote; or two revisions of it, the first one superseded, the second one sent or further."""
    (status,) = rng.choices(list(STATES), [share for share, _days in STATES.values()])
    oldest = STATES[status][1]
    day = clock.today() - dt.timedelta(days=rng.randrange(0 if oldest < 100 else 60, oldest))
    account = rng.choice(accounts)
    order = Ordered(
        account=account,
        status=status,
        day=day,
        number=numbers.next(day.year),
        items=_items(rng, stock, is_draft=status == QuoteStatus.DRAFT),
        needs_yes=status == QuoteStatus.IN_REVIEW or rng.random() < 0.08,
    )
    if may_be_two and status in (QuoteStatus.SENT, QuoteStatus.ACCEPTED, QuoteStatus.DECLINED) and rng.random() < REVISED * 1.6:
        first = Ordered(account, QuoteStatus.SUPERSEDED, day - dt.timedelta(days=12), order.number, order.items)
        order.previous, order.revision = first, 2
        yield first
    yield order


def _items(rng: random.Random, stock: list[Item], *, is_draft: bool) -> list[Item]:
    """What the quote is about: most are short, one in a hundred has 200 lines. Only drafts have what needs a special yes."""
    (low, high) = rng.choices(((1, 8), (9, 30), (31, 80), (81, 199), (200, 200)), (60, 30, 8, 1, 1))[0]
    count = rng.randint(low, high)
    return rng.choices(
        stock if is_draft else [item for item in rng.choices(stock, k=count * 2) if item.is_plain] or stock[:1], k=count
    )


def _open_opportunities(
    rng: random.Random, orders: list[Ordered], accounts: list[Account], more: int
) -> dict[OpportunityStatus, list[tuple[Any, ...]]]:
    """One opportunity per number of a quote and some without, all of them new; answers their rows by the stage to come."""
    leaders: dict[str, Ordered] = {order.number: order for order in orders}
    plans: list[tuple[Ordered | None, Account, dt.date, OpportunityStatus]] = [
        (order, order.account, order.day, STAGE_OF[order.status]) for order in leaders.values()
    ]
    stages = (OpportunityStatus.NEW, OpportunityStatus.QUALIFIED, OpportunityStatus.LOST)
    for _number in range(more):
        day = clock.today() - dt.timedelta(days=rng.randrange(1, 200))
        plans.append((None, rng.choice(accounts), day, rng.choice(stages)))
    keys = bulk.new_keys(Opportunity, len(plans))
    rows: dict[OpportunityStatus, list[tuple[Any, ...]]] = {}
    by_number: dict[str, int] = {}
    for pk, (order, account, day, stage) in zip(keys, plans, strict=True):
        if order:
            by_number[order.number] = pk
        created = dt.datetime.combine(day, dt.time(8), tzinfo=dt.UTC) - dt.timedelta(days=14)
        value = Decimal(rng.randrange(5, 2000) * 100)
        close = day + dt.timedelta(days=rng.randrange(20, 120))
        row = (pk, account.pk, f"{rng.choice(DEALS)} {day.year}", account.owner_id, value, close, created)
        rows.setdefault(stage, []).append(row)
    for order in orders:
        order.opportunity_id = by_number[order.number]
    first = [(*row, OpportunityStatus.NEW, 1) for part in rows.values() for row in part]
    store(Opportunity, _OPPORTUNITY, first, by_nobody(clock.now()))
    return rows


def _move_opportunities(rows: Mapping[OpportunityStatus, list[tuple[Any, ...]]]) -> None:
    """Each to its stage, by one legal move from new."""
    for stage, part in rows.items():
        if stage == OpportunityStatus.NEW:
            continue
        for start in range(0, len(part), AT_ONCE):
            keys = [row[0] for row in part[start : start + AT_ONCE]]
            Opportunity.objects.filter(pk__in=keys).update(status=stage, version=F("version") + 1)
        remember(Opportunity, CHANGED, _OPPORTUNITY, (((*row, stage, 2), (clock.now(), row[3])) for row in part))
