"""Pasted rows as lines to add: the product that each means, its numbers, and what is wrong with which cell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from core.errors import Invalid
from quotes import forms
from quotes.models import Quote
from quotes.paste_selectors import Catalogue, products_called
from quotes.pasting import Row
from quotes.services import Discount, LineDraft, problems_of
from users.models import User

NOTHING_OFF = Discount()
CELLS = ("product", "quantity", "discount", "net_price")


@dataclass(slots=True)
class PastedLine:
    """A row and what it comes to. `wrong`: by cell, of `CELLS`, a sentence; a line without any can be added."""

    row: Row
    product: Product | None = None
    by_name: bool = False
    quantity: Decimal = Decimal(1)
    discount: Discount = NOTHING_OFF
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def draft(self) -> LineDraft:
        return LineDraft(product=self.product, quantity=self.quantity, discount=self.discount)


def lines_of(quote: Quote, by: User, rows: Sequence[Row], chosen: Mapping[int, int]) -> list[PastedLine]:
    """Every row as a line of this draft. `chosen`: products that somebody picked, key by the row's number. Two queries."""
    texts = {text for row in rows for text in (row.code, row.name)}
    catalogue = products_called(by, texts, chosen.values())
    lines = [_line_of(row, catalogue, chosen.get(row.number)) for row in rows]
    fine = [line for line in lines if not line.wrong]
    for index, problem in problems_of(quote, by, [line.draft for line in fine]).items():
        cell = next((name for name in CELLS if name in problem.fields), "product")
        fine[index].wrong[cell] = str(problem.fields.get(cell, problem))
    return lines


def _line_of(row: Row, catalogue: Catalogue, key: int | None) -> PastedLine:
    line = PastedLine(row)
    picked = catalogue.by_key.get(key or 0)
    if picked is not None:
        line.product = picked
    elif meant := _tried(line, lambda: catalogue.meant(row.code, row.name)):
        line.product, line.by_name = meant
    line.quantity = _tried(line, lambda: forms.quantity(row.quantity)) or line.quantity
    discount = _tried(line, lambda: forms.line_discount(row.discount))
    price = _tried(line, lambda: forms.net_price(row.net_price))
    line.discount = price if row.net_price and price else discount or line.discount
    if row.discount and row.net_price:
        line.wrong.setdefault("net_price", str(_("Give a discount or a net price, not both.")))
    return line


def _tried(line: PastedLine, reading: Callable[[], Any]) -> Any:
    """What the reading answers; None, and the cell marked, where it refuses."""
    try:
        return reading()
    except Invalid as problem:
        line.wrong |= {name: str(text) for name, text in problem.fields.items()}
        return None
