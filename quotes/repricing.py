"""What the prices of another day would change of a draft: pure functions over plain values.

A price change in the catalogue never touches a quote by itself (docs/pricing.md): this says what would change, and
`quotes.services.quote_reprice` changes it once somebody wants that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol

from core.errors import Invalid
from quotes import pricing
from quotes.pricing import Header, Line, PricedLine, PricedQuote

PRICES = ("list_price", "cost", "floor_price")
"""What a line copies from the price list."""


class Prices(Protocol):
    """A row of the price list, EUR per unit; None: unknown."""

    @property
    def list_price(self) -> Decimal: ...
    @property
    def cost(self) -> Decimal | None: ...
    @property
    def floor_price(self) -> Decimal | None: ...


class Today(NamedTuple):
    """What the catalogue says of the product of a line: the price for its quantity, if it has one, whether it is sold, and what
    else a line keeps that is different today, by its name: equal as long as it is the same.

    What is no product costs today what it costs on the line.
    """

    price: Prices | None
    is_sold: bool
    others: Mapping[str, str] = {}


class Trouble(StrEnum):
    """Why a line cannot simply follow: the first two keep the quote from being repriced."""

    NO_PRICE = "no_price"
    DISCOUNT_TOO_LARGE = "discount_too_large"
    NOT_SOLD = "not_sold"


_STUCK = {Trouble.NO_PRICE, Trouble.DISCOUNT_TOO_LARGE}


@dataclass(frozen=True, slots=True)
class LineOffer:
    """A line that would not stay as it is: `today` is the line at today's price, `after` what that comes to, None if nothing.

    `fields` are those of `PRICES` that differ, `others` what else does (`Today.others`).
    """

    before: PricedLine
    today: Line
    after: PricedLine | None
    fields: tuple[str, ...]
    troubles: tuple[Trouble, ...]
    others: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """The lines that differ, and the whole quote before and after; `after` is None when it cannot be repriced."""

    lines: tuple[LineOffer, ...]
    before: PricedQuote
    after: PricedQuote | None

    @property
    def is_possible(self) -> bool:
        return self.after is not None

    @property
    def is_header_too_large(self) -> bool:
        """Whether what stands in the way is the discount on the whole quote: it would be larger than the lines."""
        return self.after is None and not any(_STUCK & set(row.troubles) for row in self.lines)

    @property
    def content(self) -> str:
        """What is offered, as text: equal as long as the same would change to the same."""
        rows = [
            (row.today.id, *(str(getattr(row.today, name)) for name in PRICES), *row.troubles, *row.others.items())
            for row in self.lines
        ]
        return "\n".join(map(str, rows))


def offer(lines: Sequence[Line], header: Header, today: Sequence[Today]) -> Offer:
    """What `today`, one for each line, would change. What was typed as a discount or a net price stays as typed."""
    fresh = [_with(line, now.price) for line, now in zip(lines, today, strict=True)]
    before = pricing.price_quote(lines, header)
    after = _priced(fresh, header)
    troubles = [_troubles(line, now, header, fits=after is not None) for line, now in zip(fresh, today, strict=True)]
    is_stuck = any(_STUCK & set(found) for found in troubles)
    changed = []
    for place, (old, new) in enumerate(zip(lines, fresh, strict=True)):
        fields = tuple(name for name in PRICES if getattr(old, name) != getattr(new, name))
        if fields or troubles[place] or today[place].others:
            priced = after.lines[place] if after and Trouble.NO_PRICE not in troubles[place] else None
            changed.append(LineOffer(before.lines[place], new, priced, fields, troubles[place], today[place].others))
    return Offer(tuple(changed), before, None if is_stuck else after)


def _with(line: Line, price: Prices | None) -> Line:
    """The line at this price; without one as it is."""
    if price is None:
        return line
    return line._replace(list_price=price.list_price, cost=price.cost, floor_price=price.floor_price)


def _priced(lines: Sequence[Line], header: Header) -> PricedQuote | None:
    try:
        return pricing.price_quote(lines, header)
    except Invalid:
        return None


def _troubles(line: Line, today: Today, header: Header, *, fits: bool) -> tuple[Trouble, ...]:
    found = []
    if today.price is None:
        found.append(Trouble.NO_PRICE)
    elif not fits and _priced([line], Header(header.account_discount)) is None:
        found.append(Trouble.DISCOUNT_TOO_LARGE)
    if not today.is_sold:
        found.append(Trouble.NOT_SOLD)
    return tuple(found)
