"""What the customer's page shows of a document, as ready texts in the active language: rows with their choices, and totals."""

import datetime as dt
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core import clock, money as exact
from core.templatetags.ui import money
from quotes import documents, options, paper, parties as frozen
from quotes.models import QuoteDocument
from quotes.pricing import Totals
from quotes.snapshots import plain

Json = dict[str, Any]


def page_of(
    document: QuoteDocument, language: str, chosen: Collection[int] | None = None, ordered: dt.date | None = None
) -> Json:
    """The variables of the page with these options (None: those it was sent with). `ordered`: the day on which it was accepted.
    Raises: Invalid, as `options.choose`."""
    parties = frozen.complete(document.parties)
    content = paper.with_requirements(documents.content_of(document), parties)
    taken = set(options.chosen_in(content) if chosen is None else chosen)
    totals = options.choose(content, taken)
    return {
        "content": content,
        "parties": parties,
        "company": parties["company"],
        "rows": _rows(content, language, taken, ordered),
        "has_options": any(line["optional"] for line in content["lines"]),
        **totals_of(content, language, totals),
        "payment_term": paper.payment_term_in_words(content, language),
        "payment_type": paper.said((content["payment_type"] or {}).get("label"), language),
        "valid_until": paper.date_of(content["valid_until"]),
        "days_left": (document.quote.valid_until - clock.today()).days,
        "notes": paper.paragraphs_of(content["customer_note"]),
        "general_terms": paper.paragraphs_of(paper.said(parties["terms"], language)),
        **{name: paper.paragraphs_of(paper.said(parties["texts"][name], language)) for name in frozen.TEXTS},
    }


def totals_of(content: Json, language: str, totals: Totals) -> Json:
    """The totals as rows, the last of them, and the plain number that is shown."""
    shown = {
        **{name: plain(getattr(totals, name)) for name in ("list_total", "line_total", "header_discount", "net_total")},
        "vat": [{"rate": plain(row.rate), "base": plain(row.base), "amount": plain(row.amount)} for row in totals.vat],
    }
    return {
        "totals": paper.totals_of(shown, content["header"]),
        "total": money(totals.gross_total),
        "plain_total": plain(totals.gross_total),
    }


def _rows(content: Json, language: str, taken: set[int], ordered: dt.date | None) -> list[Json]:
    """Lines, with the headings and notes before them and what each section comes to."""
    lines, counts = content["lines"], options.counted(content, taken)
    sums = options.subtotals(content, taken)
    groups, places = _alternatives(content), {line["id"]: line["position"] for line in lines}
    before: dict[int, list[Json]] = {}
    for text in content.get("texts") or ():
        before.setdefault(text["before"], []).append(text)
    rows: list[Json] = []
    section: Json | None = None
    for place in range(1, len(lines) + 2):
        for text in before.get(place, ()):
            if text["kind"] == "section":
                rows += _subtotal(section, sums, language)
                section = text
            rows.append({"kind": text["kind"], "text": paper.said(text["text"], language)})
        if place <= len(lines):
            made = _line(lines[place - 1], language, taken, counts, groups, places)
            rows.append({**made, "details": paper.details_of(lines[place - 1], language, ordered)})
    return rows + _subtotal(section, sums, language)


def _subtotal(section: Json | None, sums: Mapping[int, Decimal], language: str) -> list[Json]:
    if section is None:
        return []
    place = section["before"]
    words = _("Subtotal, %(section)s") % {"section": paper.said(section["text"], language)}
    return [{"kind": "subtotal", "id": place, "text": words, "amount": money(sums.get(place, exact.NO_CENTS))}]


def _alternatives(content: Json) -> dict[int, int]:
    """The line that each alternative stands for, and that line itself, by their ids."""
    bases = {line["id"]: line["alternative_to"] for line in content["lines"] if line.get("alternative_to")}
    known = {line["id"] for line in content["lines"]}
    bases = {key: base for key, base in bases.items() if base in known}
    return bases | {base: base for base in bases.values()}


def _line(
    line: Json, language: str, taken: set[int], counts: set[int], groups: Mapping[int, int], places: Mapping[int, int]
) -> Json:
    position, _sku, quantity, unit, list_price, discount, net_price, line_net, vat = paper.cells_of(line, language)
    return {
        "kind": "line",
        "id": line["id"],
        "position": position[0],
        "sku": line["sku"],
        "name": paper.said(line["name"], language),
        "usage": [paper.usage_of(threshold, language) for threshold in line.get("usage") or ()],
        "quantity": f"{quantity[0]} {unit[0]}",
        "list_price": list_price[0],
        "discount": discount,
        "net_price": net_price[0],
        "line_net": line_net[0],
        "vat": vat[0],
        "counts": line["id"] in counts,
        "choices": _choices(line, taken, counts, groups, places),
    }


def _choices(line: Json, taken: set[int], counts: set[int], groups: Mapping[int, int], places: Mapping[int, int]) -> list[Json]:
    """The ticks of a line: alternatives are chosen one of a group, other options by themselves; a plain line has none."""
    key, base = line["id"], groups.get(line["id"])
    if base is None:
        if not line["optional"]:
            return []
        return [{"type": "checkbox", "name": "option", "value": key, "is_on": key in taken, "label": _("Take this option")}]
    name = f"alternative-{base}"
    is_on = key in counts
    if not line["optional"]:
        return [{"type": "radio", "name": name, "value": "", "is_on": is_on, "label": _("Take this one")}]
    instead = _("Take this one instead of line %(position)s") % {"position": places[base]}
    choices = [
        {"type": "radio", "name": name, "value": key, "is_on": is_on, "label": _("Take this one") if key == base else instead}
    ]
    if key == base:
        is_none = not any(counted in counts for counted, of in groups.items() if of == base)
        choices.append({"type": "radio", "name": name, "value": "", "is_on": is_none, "label": _("None of these")})
    return choices
