"""Several quotes beside each other: pure functions over priced lines."""

from collections.abc import Sequence
from typing import NamedTuple

from quotes.pricing import PricedLine


class Offer(NamedTuple):
    """The lines of a quote in their order, each with the code of its product."""

    lines: Sequence[tuple[str, PricedLine]]


class Cell(NamedTuple):
    """The line of one of the quotes, if it has it. `differs`: it is another than that of the first quote."""

    line: PricedLine | None
    differs: bool


class Row(NamedTuple):
    """A product, with a cell for each quote. A product that a quote has twice takes two rows."""

    code: str
    cells: tuple[Cell, ...]

    @property
    def differs(self) -> bool:
        return any(cell.differs for cell in self.cells)


def rows_of(offers: Sequence[Offer]) -> list[Row]:
    """The products of all quotes, in the order in which the first that has them names them."""
    found: dict[tuple[str, int], list[PricedLine | None]] = {}
    for column, offer in enumerate(offers):
        times: dict[str, int] = {}
        for code, line in offer.lines:
            times[code] = times.get(code, 0) + 1
            found.setdefault((code, times[code]), [None] * len(offers))[column] = line
    return [
        Row(code, tuple(Cell(line, _sold(line) != _sold(lines[0])) for line in lines)) for (code, _time), lines in found.items()
    ]


def _sold(line: PricedLine | None) -> tuple[object, ...] | None:
    return None if line is None else (line.line.quantity, line.net_price, line.line_net, line.counts)
