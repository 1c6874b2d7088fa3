"""What a customer requires of products, as an app above this one knows it: shown with lines, printed, held against quantities.

Whoever keeps requirements registers a source in `AppConfig.ready`; without any there are none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from core.templatetags.ui import quantity as shown
from quotes.pricing import PricedQuote
from quotes.selectors import Quoted


class Requirement(NamedTuple):
    """One that is in force for a product of the account. Quantities are in pricing units; None: any. `printed`: what the
    customer's document says of it; empty: nothing."""

    sku: str
    number: str
    title: str
    url: str
    printed: str = ""
    is_excluded: bool = False
    min_quantity: Decimal | None = None
    max_quantity: Decimal | None = None
    multiple_of: Decimal | None = None


BySku = dict[str, list[Requirement]]
Source = Callable[[int], Sequence[Requirement]]
"""Answers what is in force for an account, by its key: one query."""
_sources: list[Source] = []


def register(source: Source) -> None:
    if source not in _sources:
        _sources.append(source)


def of_account(account_id: int) -> BySku:
    """What is in force for the account, by product. One query for each source."""
    found: BySku = {}
    for source in _sources:
        for requirement in source(account_id):
            found.setdefault(requirement.sku, []).append(requirement)
    return found


def contradiction(requirement: Requirement, quantity: Decimal) -> str:
    """How a line of so many contradicts it, in a sentence of the active language; empty where it does not."""
    if requirement.is_excluded:
        return _("This customer does not get this product.")
    if requirement.min_quantity is not None and quantity < requirement.min_quantity:
        return _("At least %(number)s are required.") % {"number": shown(requirement.min_quantity)}
    if requirement.max_quantity is not None and quantity > requirement.max_quantity:
        return _("At most %(number)s are allowed.") % {"number": shown(requirement.max_quantity)}
    if requirement.multiple_of and quantity % requirement.multiple_of:
        return _("Only in multiples of %(number)s.") % {"number": shown(requirement.multiple_of)}
    return ""


def note(requirements: Iterable[Requirement], quantity: Decimal) -> str:
    """What the row of a line says of them."""
    return " ".join(" ".join(filter(None, (f"{one.number} {one.title}.", contradiction(one, quantity)))) for one in requirements)


def notes(quoted: Quoted, by_sku: BySku) -> dict[int, str]:
    """What the rows say, by the ids of their lines; lines without a requirement are left out."""
    if not by_sku:
        return {}
    found = {row.line.id: (by_sku.get(quoted.texts[row.line.id].sku), row.line.priced_quantity) for row in quoted.priced.lines}
    return {line_id: note(ones, quantity) for line_id, (ones, quantity) in found.items() if ones}


class Contradiction(NamedTuple):
    """A line that contradicts a requirement, and how."""

    line_id: int
    position: int
    sku: str
    requirement: Requirement
    what: str


def contradictions(priced: PricedQuote, skus: Mapping[int, str], by_sku: BySku) -> list[Contradiction]:
    """Of all lines, in their order. `skus`: the codes by line."""
    return [
        Contradiction(row.line.id, place, sku, one, what)
        for place, row in enumerate(priced.lines, 1)
        if (sku := skus.get(row.line.id, ""))
        for one in by_sku.get(sku, ())
        if (what := contradiction(one, row.line.priced_quantity))
    ]


def printed(lines: Iterable[tuple[int, str]], by_sku: BySku) -> dict[str, list[str]]:
    """What documents say under lines, by their ids as texts. `lines`: (id, code)."""
    if not by_sku:
        return {}
    said = {str(pk): [f"{one.printed} ({one.number})" for one in by_sku.get(sku, ()) if one.printed] for pk, sku in lines}
    return {key: texts for key, texts in said.items() if texts}
