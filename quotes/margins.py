"""The margin of a quote beside what its account has accepted."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from django.db.models import OuterRef, Subquery

from core import clock, money
from core.prepared import Prepared
from quotes.choices import QuoteStatus
from quotes.models import Quote, QuoteAnswer

LOOKED_BACK = dt.timedelta(days=365)
NEWEST = 100
"""So many quotes of an account are looked at."""

_ANSWERED = QuoteAnswer.objects.filter(quote=OuterRef("pk")).order_by().values("at")

_accepted = Prepared(
    lambda account_id: (
        Quote.objects.filter(
            account=account_id, status__in=[QuoteStatus.ACCEPTED, QuoteStatus.ORDERED], margin_percent__isnull=False
        )
        .order_by("-pk")
        .values_list("pk", "number", "revision", "net_total", "margin_percent", Subquery(_ANSWERED[:1]), "sent_at")[:NEWEST]
    )
)


class Accepted(NamedTuple):
    """A quote that was accepted `at` a moment. Net in EUR, margin in percent."""

    pk: int
    name: str
    net: Decimal
    margin: Decimal
    at: dt.datetime


class MarginContext(NamedTuple):
    """`average`: of what was accepted in the last twelve months, by value, in percent; None without any. `last`: accepted last,
    whenever that was; both among the `NEWEST`. The differences are in percentage points; None where there is nothing to compare.
    """

    margin: Decimal | None
    average: Decimal | None
    quotes: int
    last: Accepted | None

    @property
    def to_average(self) -> Decimal | None:
        return None if self.margin is None or self.average is None else self.margin - self.average

    @property
    def to_last(self) -> Decimal | None:
        return None if self.margin is None or self.last is None else self.margin - self.last.margin


def context_of(quote: Quote) -> MarginContext | None:
    """The quote beside the accepted ones of its account, its own number left out; None where there are none. One query.

    For those who may see margins.
    """
    rows = _accepted.rows(quote.account_id)
    accepted = [
        Accepted(pk, f"{number}/{revision}", net, margin, answered or sent)
        for pk, number, revision, net, margin, answered, sent in rows
        if number != quote.number and (answered or sent)
    ]
    if not accepted:
        return None
    recent = [one for one in accepted if one.at >= clock.now() - LOOKED_BACK]
    return MarginContext(quote.margin_percent, average(recent), len(recent), max(accepted, key=lambda one: (one.at, one.pk)))


def average(accepted: Sequence[Accepted]) -> Decimal | None:
    """By value, 2 places; None where nothing was paid."""
    net = money.total(one.net for one in accepted)
    return None if net == 0 else money.quantize(sum(one.net * one.margin for one in accepted) / net, 2)
