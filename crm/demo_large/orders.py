"""A quote to be written, and the same in memory with its prices. Nothing here touches the database."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.models import Account
from core import clock
from crm.demo_large.stock import Item
from quotes.choices import QuoteStatus as S
from quotes.models import Quote
from quotes.pricing import PricedQuote
from quotes.services.drafting import VALID_DAYS
from users.models import User

PATHS: dict[str, tuple[S, ...]] = {
    S.DRAFT: (),
    S.IN_REVIEW: (S.IN_REVIEW,),
    S.APPROVED: (S.APPROVED,),
    S.SENT: (S.APPROVED, S.SENT),
    S.ACCEPTED: (S.APPROVED, S.SENT, S.ACCEPTED),
    S.ORDERED: (S.APPROVED, S.SENT, S.ACCEPTED, S.ORDERED),
    S.DECLINED: (S.APPROVED, S.SENT, S.DECLINED),
    S.EXPIRED: (S.APPROVED, S.SENT, S.EXPIRED),
    S.SUPERSEDED: (S.APPROVED, S.SENT, S.SUPERSEDED),
    S.CANCELLED: (S.CANCELLED,),
}
"""How a quote came to its state, from draft; one that needs a yes was in review before it was approved."""
AFTER = {
    S.IN_REVIEW: dt.timedelta(hours=2), S.APPROVED: dt.timedelta(hours=5), S.SENT: dt.timedelta(hours=6),
    S.ACCEPTED: dt.timedelta(days=5), S.DECLINED: dt.timedelta(days=6), S.EXPIRED: dt.timedelta(days=VALID_DAYS + 1),
    S.SUPERSEDED: dt.timedelta(days=12), S.CANCELLED: dt.timedelta(days=3), S.ORDERED: dt.timedelta(days=7),
}  # fmt: skip
"""When it came there, counted from its beginning."""
COLUMNS = tuple(column.attname for column in Quote._meta.concrete_fields)


@dataclass(eq=False)
class Ordered:
    """A quote to be written: for whom, of what, and the state it has reached. `needs_yes`: a line is below its floor price."""

    account: Account
    status: S
    day: dt.date
    number: str
    items: Sequence[Item]
    needs_yes: bool = False
    revision: int = 1
    previous: "Ordered | None" = None
    opportunity_id: int | None = None
    pk: int = 0

    @property
    def path(self) -> tuple[S, ...]:
        path = PATHS[self.status]
        return (S.IN_REVIEW, *path) if self.needs_yes and path[:1] == (S.APPROVED,) else path

    @property
    def began(self) -> dt.datetime:
        return min(dt.datetime.combine(self.day, dt.time(6, 30), tzinfo=dt.UTC), clock.now())

    def at(self, step: S) -> dt.datetime:
        """When it came to this state; never in the future."""
        return min(self.began + AFTER[step], clock.now())


@dataclass(eq=False)
class Made:
    """A quote in memory, as it was before its first move, with its prices and, once it was submitted, its frozen content."""

    order: Ordered
    quote: Quote
    priced: PricedQuote
    snapshot_id: int = 0
    content: dict[str, Any] = field(default_factory=dict)
    commercial_hash: str = ""

    @property
    def by(self) -> User:
        return self.quote.owner

    def reached(self, *steps: S) -> bool:
        return any(step in self.order.path for step in steps)

    def version(self, step: S) -> int:
        """The version of the quote once it had come to this state: every move counts."""
        return 2 + self.order.path.index(step)

    def row(self, step: S | None = None) -> list[Any]:
        """The columns of the quote after this step; None: as it was made."""
        values = {name: getattr(self.quote, name) for name in COLUMNS}
        if step is not None:
            values |= {"status": step, "version": self.version(step)}
            if S.SENT in self.order.path[: self.order.path.index(step) + 1]:
                values |= {"sent_at": self.order.at(S.SENT), "sent_by_id": self.by.pk}
        return list(values.values())
