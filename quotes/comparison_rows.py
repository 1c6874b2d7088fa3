"""What a comparison of two revisions shows, as ready text in the active language. What differs is said in words as well."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy

from core.languages import active
from core.rows import RowTemplate
from core.templatetags.ui import Notation, notation
from quotes import comparison_selectors
from quotes.comparing import Comparison, Json, Kind, LineChange, Pair
from quotes.models import QuoteDocument

ARROW = " → "
NOTHING = "–"

KINDS = {
    Kind.SAME: "",
    Kind.CHANGED: gettext_lazy("Changed"),
    Kind.MOVED: gettext_lazy("Moved"),
    Kind.ADDED: gettext_lazy("Added"),
    Kind.REMOVED: gettext_lazy("Removed"),
}
_OF_A_LINE = {
    "sku": gettext_lazy("Product"),
    "name": gettext_lazy("Name"),
    "description": gettext_lazy("Description"),
    "quantity": gettext_lazy("Quantity"),
    "unit": gettext_lazy("Unit"),
    "list_price": gettext_lazy("List price"),
    "discount_percent": gettext_lazy("Discount"),
    "net_price": gettext_lazy("Net price"),
    "line_net": gettext_lazy("Line net"),
    "vat_percent": gettext_lazy("VAT"),
    "optional": gettext_lazy("Optional"),
    "selected": gettext_lazy("In the total"),
    "alternative_to": gettext_lazy("Instead of another line"),
    "parts": gettext_lazy("Parts of the bundle"),
    "composition": gettext_lazy("Parts of the bundle"),
    "usage": gettext_lazy("Prices by use"),
    "use_within_months": gettext_lazy("To be used within"),
    "units": gettext_lazy("Unit"),
    "price_unit": gettext_lazy("Unit"),
    "kind": gettext_lazy("Product"),
}
_OF_THE_QUOTE = {
    "valid_until": gettext_lazy("Valid until"),
    "price_date": gettext_lazy("Prices of"),
    "payment_term": gettext_lazy("Payment term"),
    "payment_type": gettext_lazy("Payment type"),
    "customer_note": gettext_lazy("Note to the customer"),
    "internal_note": gettext_lazy("Internal note"),
    "texts": gettext_lazy("Headings and notes"),
    "attachments": gettext_lazy("Files for the customer"),
}
_TOTALS = {
    "list_total": gettext_lazy("At list price"),
    "header_discount": gettext_lazy("Discount on the whole quote"),
    "discount_total": gettext_lazy("Discounts"),
    "net_total": gettext_lazy("Net"),
    "gross_total": gettext_lazy("Total with VAT"),
}


@dataclass(slots=True)
class Row:
    """A line of both. A text of what differs is "before → after", and its `…_css` says so too."""

    css: str
    kind: str
    what: str
    position: str
    sku: str
    name: str
    note: str
    quantity: str
    quantity_css: str
    list_price: str
    list_price_css: str
    discount_percent: str
    discount_percent_css: str
    net_price: str
    net_price_css: str
    line_net: str
    line_net_css: str


ROW = RowTemplate("quotes/_comparison_row.html", Row)


class Shown(NamedTuple):
    """`same`: lines that are left out because nothing of them differs."""

    rows: SafeString
    same: int
    counts: list[str]
    terms: list[dict[str, Any]]
    totals: list[dict[str, Any]]
    differs: bool
    revision: int = 0


def shown(comparison: Comparison, *, whole: bool = False, margins: Pair | None = None) -> Shown:
    """What differs; `whole`: and what does not. `margins`: for those who may see them."""
    rows = [change for change in comparison.lines if whole or change.kind != Kind.SAME]
    return Shown(
        rows=ROW.render(_rows(rows)),
        same=len(comparison.lines) - len(rows),
        counts=list(_counts(comparison)),
        terms=[_term(pair) for pair in comparison.head if pair.differs or (whole and pair.name in _OF_THE_QUOTE)],
        totals=list(_totals(comparison, margins)),
        differs=comparison.differs,
    )


def for_customer(document: QuoteDocument) -> Shown | None:
    """What has changed since the revision that the customer had before; None where there was none. For `_comparison.html`."""
    found = comparison_selectors.since_sent(document)
    return None if found is None else shown(found.comparison)._replace(revision=found.revision)


def _counts(comparison: Comparison) -> Iterator[str]:
    """ "Added: 2", of each kind that there is."""
    for kind, word in KINDS.items():
        number = comparison.number(kind)
        if number and kind != Kind.SAME:
            yield f"{word}: {number}"


# --- Lines ------------------------------------------------------------------------------------------------------------
def _rows(changes: Iterable[LineChange]) -> Iterator[Row]:
    written, language = notation(), active()
    kinds = {kind: str(word) for kind, word in KINDS.items()}
    for change in changes:
        cells = {name: _cell(written, change, name) for name in _WRITTEN}
        css = {f"{name}_css": "is-changed" if name in change.fields else "" for name in _WRITTEN}
        yield Row(
            css=f"is-{change.kind.value}",
            kind=kinds[change.kind],
            what=", ".join(_labels(change)),
            position=_position(change),
            sku=_before_after(change, "sku", lambda value: str(value or "")),
            name=_before_after(change, "name", lambda value: text_of(value, language)),
            note=_note(change.line),
            **cells,
            **css,
        )


def _labels(change: LineChange) -> list[str]:
    labels = [str(label) for name, label in _OF_A_LINE.items() if name in change.fields]
    if any(name not in _OF_A_LINE for name in change.fields):
        labels.append(_("Details"))
    if change.moved and change.fields:
        labels.append(str(KINDS[Kind.MOVED]))
    return list(dict.fromkeys(labels))


def _position(change: LineChange) -> str:
    if change.moved and change.before and change.after:
        return f"{change.before['position']}{ARROW}{change.after['position']}"
    return str(change.line["position"])


def _note(line: Json) -> str:
    if not line.get("optional"):
        return ""
    return _("chosen option") if line["selected"] else _("option, not in the total")


_WRITTEN = {
    "quantity": Notation.quantity,
    "list_price": Notation.unit_price,
    "discount_percent": Notation.percent,
    "net_price": Notation.unit_price,
    "line_net": Notation.money,
}


def _cell(written: Notation, change: LineChange, name: str) -> str:
    def text(value: Any) -> str:
        number = None if value is None else Decimal(value)
        return NOTHING if number is None or (name == "discount_percent" and not number) else _WRITTEN[name](written, number)

    return _before_after(change, name, text)


def _before_after(change: LineChange, name: str, text: Any) -> str:
    if name in change.fields and change.before and change.after:
        return f"{text(change.before.get(name))}{ARROW}{text(change.after.get(name))}"
    return str(text(change.line.get(name)))


def text_of(value: Any, language: str) -> str:
    """A text of a content in this language, where it is kept by language."""
    if isinstance(value, dict):
        return str(value.get(language) or value.get("en") or "")
    return "" if value is None else str(value)


# --- The whole --------------------------------------------------------------------------------------------------------
def _term(pair: Pair) -> dict[str, Any]:
    texts = [_text_of_term(pair.name, value) for value in (pair.before, pair.after)]
    label = _OF_THE_QUOTE.get(pair.name) or _("Other terms")
    return {"label": label, "before": texts[0], "after": texts[1], "differs": pair.differs}


def _text_of_term(name: str, value: Any) -> str:
    if value in (None, "", [], {}):
        return NOTHING
    if isinstance(value, dict):
        return text_of(value.get("label", value), active()) or NOTHING
    if isinstance(value, list):
        return "\n".join(str(one.get("name", "")) if isinstance(one, dict) else str(one) for one in value)
    if name in ("valid_until", "price_date"):
        return date_format(dt.date.fromisoformat(value), "SHORT_DATE_FORMAT")
    return value if isinstance(value, str) else "…"


def _totals(comparison: Comparison, margins: Pair | None) -> Iterator[dict[str, Any]]:
    written = notation()
    for pair in comparison.totals:
        if pair.name == "gross_total":
            for rate in comparison.vat:
                yield _total(_("VAT %(rate)s") % {"rate": written.percent(Decimal(rate.name))}, rate)
        if pair.name in _TOTALS and not (pair.name == "header_discount" and not _is_there(pair)):
            yield _total(_TOTALS[pair.name], pair) | {"is_sum": pair.name in ("net_total", "gross_total")}
    if margins is not None:
        yield _margin(margins)


def _margin(pair: Pair) -> dict[str, Any]:
    written = notation()
    texts = [_("unknown") if value is None else written.percent(value, 1) for value in (pair.before, pair.after)]
    difference = ""
    if pair.differs and pair.before is not None and pair.after is not None:
        difference = _("%(points)s percentage points") % {"points": written.points(pair.after - pair.before)}
    return {
        "label": _("Margin"), "before": texts[0], "after": texts[1], "differs": texts[0] != texts[1], "difference": difference,
        "is_sum": False,
    }  # fmt: skip


def _is_there(pair: Pair) -> bool:
    return any(value and Decimal(value) for value in (pair.before, pair.after))


def _total(label: Any, pair: Pair) -> dict[str, Any]:
    written = notation()
    before, after = (None if value is None else Decimal(value) for value in (pair.before, pair.after))
    difference = (after or Decimal(0)) - (before or Decimal(0))
    return {
        "label": label,
        "before": NOTHING if before is None else written.money(before),
        "after": NOTHING if after is None else written.money(after),
        "differs": bool(difference),
        "difference": f"{'+' if difference > 0 else ''}{written.money(difference)}" if difference else "",
        "is_sum": False,
    }
