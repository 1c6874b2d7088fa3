"""Pasted rows as lines to add: the product that each means, its numbers, and what is wrong with which cell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

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


class Edit(NamedTuple):
    """What somebody made of a row in the sheet. `product`: the key of the one that was picked; `is_out`: nobody wants it."""

    row: Row
    product: int | None = None
    is_out: bool = False


@dataclass(slots=True)
class PastedLine:
    """A row and what it comes to. `wrong`: by cell, of `CELLS`, a sentence; a line without any can be added.

    `is_edited`: the row is not as it was pasted, but as somebody put it right.
    """

    row: Row
    product: Product | None = None
    by_name: bool = False
    quantity: Decimal = Decimal(1)
    discount: Discount = NOTHING_OFF
    wrong: dict[str, str] = field(default_factory=dict)
    is_edited: bool = False
    is_out: bool = False

    @property
    def draft(self) -> LineDraft:
        return LineDraft(product=self.product, quantity=self.quantity, discount=self.discount)


def lines_of(quote: Quote, by: User, rows: Sequence[Row], edits: Mapping[int, Edit]) -> list[PastedLine]:
    """Every row as a line of this draft. `edits`: by the row's number, what was made of it in the sheet. Two queries."""
    meant = [edits.get(row.number, Edit(row)) for row in rows]
    texts = {text for edit in meant for text in (edit.row.code, edit.row.name)}
    catalogue = products_called(by, texts, {edit.product for edit in meant if edit.product is not None})
    lines = [_line_of(edit, catalogue) for edit in meant]
    for line in lines:
        line.is_edited = line.row.number in edits
    fine = [line for line in lines if not line.wrong]
    for index, problem in problems_of(quote, by, [line.draft for line in fine]).items():
        cell = next((name for name in CELLS if name in problem.fields), "product")
        fine[index].wrong[cell] = str(problem.fields.get(cell, problem))
    return lines


def _line_of(edit: Edit, catalogue: Catalogue) -> PastedLine:
    row = edit.row
    line = PastedLine(row, is_out=edit.is_out)
    picked = catalogue.by_key.get(edit.product or 0)
    if picked is not None:
        line.product = picked
    elif meant := _tried(line, lambda: catalogue.meant(row.code, row.name)):
        line.product, line.by_name = meant
    fixed = line.product.fixed_quantity if line.product else None
    if fixed is not None and row.quantity in ("", "1"):
        line.quantity = fixed  # of one such package, which is what the code stands for
    else:
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
