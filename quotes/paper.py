"""What the document of a quote prints: frozen content and parties as ready texts in one language. Pure, but for the language."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _, ngettext

from core.templatetags.ui import money, percent, quantity, unit_price
from quotes import typesetting
from quotes.choices import HeaderDiscountKind
from quotes.line_texts import use_within

Json = dict[str, Any]
LONG = 1_500
"""Characters after which a row may break over pages: it could be taller than one."""
_MANY = 40
"""Lines of text, likewise."""
_MANY_THRESHOLDS = 12
_LONG_CODE = 12


def paper_of(content: Json, parties: Json, language: str, *, draft: bool, url: str = "", logo: str = "") -> Json:
    """Everything the template prints. `url`: where the customer answers, for which a draft keeps the room; `logo`: an SVG."""
    with translation.override(language):
        return {
            "language": language,
            "draft": draft,
            "title": title_of(content),
            "day": [int(part) for part in _day_of(content, parties).split("-")],
            "company": _company(parties, logo),
            "buyer": _buyer(parties["buyer"]),
            "facts": _facts(content, parties),
            "introduction": paragraphs_of(said(parties["texts"]["introduction"], language)),
            "rows": _rows(with_requirements(content, parties), language),
            "terms": _terms(content, parties, language),
            "notes": paragraphs_of(content["customer_note"]),
            "attachments": [file["name"] for file in content.get("attachments") or ()],
            "closing": paragraphs_of(said(parties["texts"]["closing"], language)),
            "accept": _accept(url),
            "signatures": [parties["company"]["name"], parties["buyer"]["name"]] if parties["signature"] else [],
            "general_terms": paragraphs_of(said(parties["terms"], language)),
            "words": _words(),
        }


def with_requirements(content: Json, parties: Json) -> Json:
    """The content, its lines with what the customer requires of them, as it was when the document was sent."""
    required = parties.get("requirements")
    if not required:
        return content
    return {**content, "lines": [{**line, "required": required.get(str(line["id"]), [])} for line in content["lines"]]}


def title_of(content: Json) -> str:
    """ "Quote Q-2026-00042, revision 2" in the active language."""
    return _("Quote %(number)s, revision %(revision)s") % {"number": content["number"], "revision": content["revision"]}


def said(texts: Any, language: str) -> str:
    """What a text says in the language; one text for all languages is taken as it is."""
    return str(texts.get(language) or texts.get("en") or "") if isinstance(texts, dict) else str(texts or "")


def date_of(iso: str) -> str:
    return date_format(dt.date.fromisoformat(iso), "SHORT_DATE_FORMAT")


def payment_term_in_words(content: Json, language: str) -> str:
    """The payment term, and what it means for the invoice; empty without one."""
    term = content["payment_term"]
    if not term:
        return ""
    label, days = said(term["label"], language), term.get("days")
    if not days:
        return label
    due = ngettext(
        "the invoice falls due %(days)s day after its date.", "the invoice falls due %(days)s days after its date.", days
    )
    return f"{label}: {due % {'days': days}}"


def _day_of(content: Json, parties: Json) -> str:
    return str(parties.get("date") or content["price_date"])


def paragraphs_of(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]


def _filled(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if text]


# --- Who ----------------------------------------------------------------------------------------------------------------
def _company(parties: Json, logo: str) -> Json:
    company = parties["company"]
    numbers = [
        (_("Business ID"), company["business_id"]),
        (_("VAT number"), company["vat_number"]),
    ]
    return {
        "name": company["name"],
        "logo": logo,
        "address": _filled(
            [
                company["street"],
                f"{company['postcode']} {company['city']}".strip(),
                " · ".join(_filled([company["phone"], company["email"], company["website"]])),
            ]
        ),
        "footer": " · ".join([company["name"], *(f"{label} {number}" for label, number in numbers if number)]),
    }


def _buyer(buyer: Json) -> list[str]:
    return _filled([buyer["name"], buyer["contact"], buyer["street"], f"{buyer['postcode']} {buyer['city']}".strip()])


def _facts(content: Json, parties: Json) -> list[tuple[str, list[str]]]:
    seller, buyer, invoice = parties["seller"], parties["buyer"], parties["invoice"]
    address = [invoice["name"], invoice["street"], f"{invoice['postcode']} {invoice['city']}".strip(), invoice["email"]]
    facts = [
        (_("Date"), [date_of(_day_of(content, parties))]),
        (_("Valid until"), [date_of(content["valid_until"])]),
        (_("Your reference"), [buyer["contact"]]),
        (_("Your business ID"), [buyer["business_id"]]),
        (_("Our contact"), [seller["name"], seller["email"]]),
        (_("Invoice to"), address),
    ]
    return [(label, texts) for label, given in facts if (texts := _filled(given))]


# --- Lines --------------------------------------------------------------------------------------------------------------
def _rows(content: Json, language: str) -> list[Json]:
    """Lines with the sections and notes before them, subtotals, and the totals; `span`: how many rows stay on one page."""
    lines = content["lines"]
    places = {line["id"]: line["position"] for line in lines}
    replaced = {line["alternative_to"] for line in lines if line.get("alternative_to") and line["selected"]}
    before: dict[int, list[Json]] = {}
    for text in content.get("texts") or ():
        before.setdefault(text["before"], []).append(text)
    rows: list[Json] = []
    section: Json | None = None
    for place in range(1, len(lines) + 2):
        for text in before.get(place, ()):
            if text["kind"] == "section":
                rows += _subtotal(section, language)
                section = text
            rows.append(_text_row(text, language))
        if place <= len(lines):
            rows += _line(lines[place - 1], language, places, replaced)
    rows += _subtotal(section, language)
    return _held_together([*rows, *_totals(content)])


def _text_row(text: Json, language: str) -> Json:
    words = said(text["text"], language)
    if text["kind"] == "section":
        return {"kind": "section", "text": words}
    return {"kind": "note", "lines": words.splitlines(), "long": len(words) > LONG}


def _subtotal(section: Json | None, language: str) -> list[Json]:
    if section is None or section.get("subtotal") is None:
        return []
    words = _("Subtotal, %(section)s") % {"section": said(section["text"], language)}
    return [{"kind": "subtotal", "text": words, "amount": money(section["subtotal"])}]


_FOLLOWING = frozenset({"usage", "subtotal", "total"})
"""What stays on the page of the row before it."""


def _held_together(rows: list[Json]) -> list[Json]:
    """With `span`: 0 alone, n the first of n rows that stay together, -1 one of them. Headings stay with their first row."""
    first = 0
    for place, row in enumerate(rows):
        row["span"] = 0
        before = rows[place - 1] if place else None
        is_long = row.get("long") or (before or {}).get("long")
        if before and row["kind"] in _FOLLOWING and not is_long and before["kind"] != "section":
            row["span"] = -1
            rows[first]["span"] = place - first + 1
        else:
            first = place
    return rows


def _line(line: Json, language: str, places: dict[int, int], replaced: set[int]) -> list[Json]:
    """The row of a line, and one for its thresholds of use, if it has any."""
    name, details = said(line["name"], language), details_of(line, language)
    row = {
        "kind": "line",
        "name": name,
        "marks": marks_of(line, places, replaced),
        "details": details,
        "counts": line["selected"],
        "long": len(name) + sum(map(len, details)) > LONG or len(details) > _MANY,
        "cells": cells_of(line, language),
    }
    usage = [usage_of(threshold, language) for threshold in line.get("usage") or ()]
    return [row, {"kind": "usage", "thresholds": usage, "long": len(usage) > _MANY_THRESHOLDS}] if usage else [row]


def cells_of(line: Json, language: str) -> list[list[str]]:
    """What stands in the columns but the description: each a list of lines."""
    included = [_("included")] if line["included"] else None
    return [
        [str(line["position"])],
        [_breakable(line["sku"])],
        [quantity(line["quantity"])],
        [said(line["unit"], language)],
        [_price(line, "list_price", language)],
        discount_of(line) or ["–"],
        included or [_price(line, "net_price", language)],
        included or [money(line["line_net"])],
        [percent(line["vat_percent"])],
    ]


def discount_of(line: Json) -> list[str]:
    """The discount of a line in percent and per unit; nothing where there is none."""
    amount = Decimal(line["list_price"]) - Decimal(line["net_price"])
    if not amount:
        return []
    return _filled([percent(line["discount_percent"]) if line["discount_percent"] else "", unit_price(-amount)])


def _price(line: Json, name: str, language: str) -> str:
    unit = said(line.get("price_unit"), language)
    return f"{unit_price(line[name])} / {unit}" if unit else unit_price(line[name])


def _breakable(code: str) -> str:
    """A long code may break behind its strokes."""
    return code if len(code) <= _LONG_CODE else code.replace("-", "-\u200b").replace("_", "_\u200b").replace(".", ".\u200b")


def marks_of(line: Json, places: dict[int, int], replaced: set[int]) -> list[str]:
    """What a line is, when it is no plain one."""
    base = places.get(line.get("alternative_to") or 0)
    if base is not None:
        chosen, open_ = _("Alternative to line %(position)s, chosen"), _("Alternative to line %(position)s, not in the total")
        return [(chosen if line["selected"] else open_) % {"position": base}]
    if line["id"] in replaced:
        return [_("Replaced by the alternative that is chosen, not in the total")]
    if line["optional"]:
        return [_("Option, chosen") if line["selected"] else _("Option, not in the total")]
    return []


def details_of(line: Json, language: str, ordered: dt.date | None = None) -> list[str]:
    """Description, what a bundle contains, and by when a service has to be used. `ordered`: the day of the order, once there is
    one."""
    details = said(line["description"], language).splitlines()
    parts = [part_of(part, language, ordered) for part in line.get("parts") or ()]
    if parts:
        details += [_("Contains:"), *parts]
    if line.get("use_within_months"):
        details.append(use_within(line["use_within_months"], ordered))
    return [*details, *line.get("required", ())]


def part_of(part: Json, language: str, ordered: dt.date | None = None) -> str:
    """A part of a bundle: how much of what, and by when it has to be used."""
    amount = " ".join(_filled([quantity(part["quantity"]), said(part.get("unit"), language)]))
    words = f"{amount} {said(part['name'], language)}" + (f" ({part['sku']})" if part.get("sku") else "")
    months = part.get("use_within_months")
    return f"{words}. {use_within(months, ordered)}" if months else words


def usage_of(row: Json, language: str) -> list[str]:
    """A threshold of use: what is counted, beyond how many, up to how many, the price of each."""
    up_to = _("no end") if row["to"] is None else quantity(str(row["to"]))
    price = unit_price(row["price"]) if Decimal(row["price"]) else _("included")
    return [said(row["metric"], language), quantity(str(row["from"])), up_to, price]


# --- Totals and terms ---------------------------------------------------------------------------------------------------
def totals_of(totals: Json, header: Json | None) -> list[tuple[str, str, str]]:
    """`(label, amount, VAT rate)` of each total but the last one; a discount that there is not is left out."""
    on_lines = Decimal(totals["list_total"]) - Decimal(totals["line_total"])
    on_all = Decimal(totals["header_discount"])
    return [
        (_("At list price"), money(totals["list_total"]), ""),
        *([(_("Discounts on lines"), money(-on_lines), "")] if on_lines else []),
        *([(_header_words(header), money(-on_all), "")] if on_all else []),
        (_("Net"), money(totals["net_total"]), ""),
        *(_vat(row) for row in totals["vat"]),
    ]


def _vat(row: Json) -> tuple[str, str, str]:
    return _("VAT on %(base)s") % {"base": money(row["base"])}, money(row["amount"]), percent(row["rate"])


def _header_words(header: Json | None) -> str:
    if header and header["kind"] == HeaderDiscountKind.PERCENT:
        return _("Discount on the whole quote, %(percent)s") % {"percent": percent(header["value"])}
    return _("Discount on the whole quote")


def _totals(content: Json) -> list[Json]:
    totals = content["totals"]
    rows = totals_of(totals, content.get("header"))
    rows.append((_("Total with VAT"), money(totals["gross_total"]), ""))
    last = len(rows) - 1
    return [
        {"kind": "total", "text": label, "amount": amount, "rate": rate, "strong": place == last}
        for place, (label, amount, rate) in enumerate(rows)
    ]


def _terms(content: Json, parties: Json, language: str) -> list[tuple[str, list[str]]]:
    payment_type = content["payment_type"]
    terms = [
        (_("Payment term"), [payment_term_in_words(content, language)]),
        (_("Payment type"), [said(payment_type["label"], language)] if payment_type else []),
        (_("Delivery"), said(parties["texts"]["delivery"], language).splitlines()),
        (_("Prices"), [_("Prices are in euros and without value added tax unless stated otherwise.")]),
    ]
    return [(label, texts) for label, given in terms if (texts := _filled(given))]


def _accept(url: str) -> Json:
    if not url:
        return {
            "text": _("The address of the page where you accept or decline is printed here when the quote is sent."),
            "url": "",
        }
    text = _("Accept, decline or ask on this page:")
    return {"text": text, "url": url, "qr": typesetting.qr_svg(url), "alt": _("QR code of the address %(url)s") % {"url": url}}


def _words() -> Json:
    return {
        "columns": [
            "#",
            _("Code"),
            _("Description"),
            _("Quantity"),
            _("Unit"),
            _("List price"),
            _("Discount"),
            _("Net price"),
            _("Line net"),
            _("VAT"),
        ],
        "usage": [_("Use"), _("Beyond so many a year"), _("Up to"), _("Price each")],
        "terms": _("Terms of this quote"),
        "note": _("Note"),
        "attachments": _("Attachments"),
        "answer": _("Your answer"),
        "signatures": _("Signatures"),
        "signature": [_("Place and date"), _("Signature and name in print")],
        "general_terms": _("General terms"),
        "page": _("Page"),
        "draft": _("DRAFT"),
    }
