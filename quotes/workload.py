"""What quotes ask of customer success: whether it was found feasible, and how much work it is beside what is sold already."""

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from core import clock, money
from quotes.choices import QuoteStatus
from quotes.models import Quote, QuoteLine

LOOKED_BACK = dt.timedelta(days=90)


class Load(NamedTuple):
    """Working days: of what was sold in the last 90 days, and of what was sent then and is not answered yet."""

    sold: Decimal
    offered: Decimal


def load() -> Load:
    """One query."""
    rows = Quote.objects.filter(
        work_days__isnull=False,
        status__in=[QuoteStatus.SENT, QuoteStatus.ACCEPTED, QuoteStatus.ORDERED],
        sent_at__gte=clock.now() - LOOKED_BACK,
    )
    found = list(rows.order_by().values_list("status", "work_days"))
    offered = [days for status, days in found if status == QuoteStatus.SENT and days]
    return Load(money.total(days for _status, days in found if days) - money.total(offered), money.total(offered))


class Feasibility(NamedTuple):
    """What pre-sales wrote about a line."""

    specialist: str
    text: str


def feasibility_of(quote: Quote) -> list[Feasibility]:
    """Of each line of which it was asked, statements of work mostly, in the order of the quote: one query."""
    lines = QuoteLine.objects.filter(quote=quote).exclude(feasibility="").order_by("position", "id")
    return [Feasibility(*row) for row in lines.values_list("specialist", "feasibility")]
