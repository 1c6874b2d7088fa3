"""A house as large as real ones are: customers, products, deals and quotes in every state, for a look at how it feels and for
`make bench`. Written past the services, by COPY, so this package keeps the same promises itself: totals come from
`quotes.pricing`, states are reached along legal moves, what was submitted has its snapshot, every move its event and history.

The same sizes give the same data, but for keys, numbers and dates, which count back from today.
"""

from dataclasses import dataclass

from django.db import transaction

from core.db import bulk
from crm import demo
from crm.demo_large import cases, customers, deals, people, products


@dataclass(frozen=True)
class Sizes:
    """How much of everything; opportunities follow the quotes."""

    accounts: int = 100_000
    products: int = 100_000
    quotes: int = 20_000
    cases: int = 100_000


def load(sizes: Sizes | None = None) -> None:
    """The small demo, and on top of it what `sizes` says. A part that is already there is left alone. Idempotent."""
    sizes = sizes or Sizes()
    demo.load()
    with transaction.atomic():
        people.load()
        customers.load(sizes.accounts)
        products.load(sizes.products)
    with transaction.atomic():
        deals.load(sizes.quotes)
    with transaction.atomic():
        cases.load(sizes.cases)
    bulk.refresh_statistics()
