"""Headings and notes between the lines of a quote: pure functions over plain values."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from core import money
from quotes.choices import LineKind
from quotes.pricing import PricedLine

SECTION, NOTE = LineKind.SECTION.value, LineKind.NOTE.value


class Block(NamedTuple):
    """A heading or a note: it stands after `before` of the lines that have a price."""

    id: int
    kind: str
    text: str
    before: int


def subtotals(blocks: Sequence[Block], lines: Sequence[PricedLine]) -> dict[int, Decimal]:
    """What the lines under each heading come to, by its id: line nets before the header discount, of the lines that count."""
    headings = [block for block in blocks if block.kind == SECTION]
    ends = [*(heading.before for heading in headings[1:]), len(lines)]
    return {
        heading.id: money.total(row.line_net for row in lines[heading.before : end] if row.counts)
        for heading, end in zip(headings, ends, strict=False)
    }
