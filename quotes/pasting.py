"""What somebody pasted from a spreadsheet, read as rows: which cell names the product, which is quantity, discount or price.

Pure functions over text. Whether there is such a product and whether a number is one is up to `quotes.pasted_lines`.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from core import money
from core.errors import Invalid

MOST_ROWS = 1000
MOST_CHARACTERS = 200_000
MOST_OF_A_CELL = 200
MOST_COLUMNS = 40

Cells = list[str]


class Role(StrEnum):
    """What a column holds. A `WEAK_PRICE` is a net price only where there is no discount beside it; the mark at a `THIRD` number
    says what it is."""

    CODE = "code"
    NAME = "name"
    QUANTITY = "quantity"
    DISCOUNT = "discount"
    AMOUNT = "amount"
    NET_PRICE = "net price"
    WEAK_PRICE = "price"
    THIRD = "third"


class Row(NamedTuple):
    """A row with something in it, each cell as it was typed. `number`: which row of the spreadsheet it was, from 1.

    `code` and `name` both may name the product. A discount "10" is a percentage, with "€" an amount per unit.
    """

    number: int
    code: str = ""
    name: str = ""
    quantity: str = "1"
    discount: str = ""
    net_price: str = ""


class Pasted(NamedTuple):
    """`unread`: columns that have something in them which nobody asks for, by their headings, else by their numbers."""

    rows: tuple[Row, ...]
    unread: tuple[str, ...] = ()


HEADINGS: Mapping[str, Role] = {
    heading: role
    for role, headings in {
        Role.CODE: "sku|code|item code|product code|product number|article|article number|part number|item|product|koodi|"
        "tuotekoodi|tuotenumero|tuotenro|nimikekoodi|nimike|artikkeli|artikkelinumero|tuote",
        Role.NAME: "name|product name|item name|description|nimi|tuotenimi|tuotteen nimi|nimitys|kuvaus",
        Role.QUANTITY: "quantity|qty|pcs|units|määrä|maara|kpl|kpl määrä|lkm|kappalemäärä",
        Role.DISCOUNT: "discount|disc|alennus|ale|alennusprosentti",
        Role.NET_PRICE: "net price|net|net unit price|nettohinta|netto|nettohinta kpl|net price pcs",
        Role.WEAK_PRICE: "price|unit price|hinta|yksikköhinta|á hinta|a hinta|kappalehinta|hinta kpl|price pcs",
    }.items()
    for heading in headings.split("|")
}
_DRESSING = re.compile(r"\([^)]*\)|\b(eur|euro|euroa|prosentti|percent)\b|[^\w]|_")
_LINES = re.compile(r"\r\n|\r|\n")
_EURO = re.compile(r"(?i)\s*\b(eur|euro|euroa)\.?$")
_NOTHING = frozenset("-–—")


def read(text: str) -> Pasted:
    """The rows of a pasted text, blank ones left out. Raises: Invalid for nothing, for too many rows and for too much text."""
    text = text.replace("\x00", "").removeprefix("\ufeff")
    if len(text) > MOST_CHARACTERS:
        _refuse(_("This is too much to paste at once. Paste it in parts."))
    table = [(number, cells) for number, cells in enumerate(_cells(text), 1) if any(cells)]
    heads = _headings(table[0][1]) if table else None
    body = table[1:] if heads else table
    if not body:
        _refuse(_("There is no row in it."))
    if len(body) > MOST_ROWS:
        _refuse(_("At most %(most)s rows fit in at once. Paste them in parts.") % {"most": MOST_ROWS})
    roles = heads or _usual([cells for _number, cells in body])
    names = table[0][1] if heads else []
    rows = tuple(row for number, cells in body if any((row := _row(number, cells, roles))[1:]))
    if not rows:
        _refuse(_("There is no row in it."))
    return Pasted(rows, _unread(body, roles, names))


def _refuse(problem: object) -> None:
    raise Invalid(str(problem), fields={"text": str(problem)})


# --- Cells ------------------------------------------------------------------------------------------------------------
def _cells(text: str) -> list[Cells]:
    delimiter = next((mark for mark in "\t;" if mark in text), "")
    if delimiter:
        return _split(text, delimiter)
    by_comma = _split(text, ",")
    return by_comma if _is_table(by_comma) else [[_cell(line)] for line in _LINES.split(text)]


def _split(text: str, delimiter: str) -> list[Cells]:
    """Quoted cells may hold the delimiter and ends of lines; where quotes are not in pairs they are ordinary letters."""
    try:
        rows: list[list[str]] = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        rows = [line.split(delimiter) for line in _LINES.split(text)]
    return [[_cell(cell) for cell in row[:MOST_COLUMNS]] for row in rows]


def _cell(text: str) -> str:
    return " ".join(text.split())[:MOST_OF_A_CELL]


def _is_table(rows: Sequence[Cells]) -> bool:
    """Whether commas part cells: the decimal comma of a name or of a number does not."""
    filled = [row for row in rows if any(row)]
    if filled and len(filled[0]) > 1 and _headings(filled[0]):
        return True
    return sum(len(row) > 1 and _is_number(row[1]) for row in filled) * 2 >= len(filled) > 0


def _is_number(text: str) -> bool:
    return money.parse(text) is not None


# --- Columns ----------------------------------------------------------------------------------------------------------
def _headings(cells: Cells) -> dict[Role, int] | None:
    """What the columns hold by their headings; None where the row holds numbers, or no heading that is known."""
    if any(map(_is_number, cells)):
        return None
    roles: dict[Role, int] = {}
    for place, text in enumerate(cells):
        role = _role(text)
        if role is Role.CODE and role in roles:
            role = Role.NAME
        if role:
            roles.setdefault(role, place)
    if not roles:
        return None
    if not {Role.CODE, Role.NAME} & roles.keys():
        named = set(roles.values())
        roles[Role.CODE] = next((place for place in range(len(cells)) if place not in named), 0)
    if {Role.DISCOUNT, Role.AMOUNT} & roles.keys():
        roles.pop(Role.WEAK_PRICE, None)
    return roles


def _role(heading: str) -> Role | None:
    folded = unicodedata.normalize("NFC", heading).casefold()
    role = HEADINGS.get(" ".join(_DRESSING.sub(" ", folded).split()))
    return Role.AMOUNT if role is Role.DISCOUNT and ("€" in folded or "eur" in folded) else role


def _usual(rows: Sequence[Cells]) -> dict[Role, int]:
    """Without headings: code, name (if there is one), quantity, and what a third number means by the mark that stands at it."""
    width = max(map(len, rows))
    quantity = next((place for place in range(1, width) if _are_numbers(rows, place)), 1)
    roles = {Role.CODE: 0, Role.QUANTITY: quantity, Role.THIRD: quantity + 1}
    if quantity > 1:
        roles[Role.NAME] = 1
    return {role: place for role, place in roles.items() if place < width}


def _are_numbers(rows: Sequence[Cells], place: int) -> bool:
    filled = [row[place] for row in rows if len(row) > place and row[place]]
    return sum(map(_is_number, filled)) * 2 > len(filled)


def _unread(body: Sequence[tuple[int, Cells]], roles: Mapping[Role, int], names: Cells) -> tuple[str, ...]:
    filled = {place for _number, cells in body for place, cell in enumerate(cells) if cell}
    left_out = sorted(filled - set(roles.values()))
    return tuple(names[place] if place < len(names) and names[place] else str(place + 1) for place in left_out)


# --- Rows -------------------------------------------------------------------------------------------------------------
def _row(number: int, cells: Cells, roles: Mapping[Role, int]) -> Row:
    def cell(role: Role, missing: str = "") -> str:
        place = roles.get(role)
        return missing if place is None else cells[place] if place < len(cells) else ""

    amount, third = _marked(cell(Role.AMOUNT)), _marked(cell(Role.THIRD))
    is_price = third.endswith("€")
    discount = _marked(cell(Role.DISCOUNT)) or _in_euros(amount) or ("" if is_price else third)
    net_price = _marked(cell(Role.NET_PRICE) or cell(Role.WEAK_PRICE)) or (third if is_price else "")
    return Row(number, cell(Role.CODE), cell(Role.NAME), cell(Role.QUANTITY, "1"), discount, net_price)


def _in_euros(text: str) -> str:
    return text if not text or text[-1] in "€%" else f"{text} €"


def _marked(text: str) -> str:
    """A number with its mark; the dash by which spreadsheets say "nothing" is nothing."""
    return "" if text in _NOTHING else _EURO.sub(" €", text).strip()
