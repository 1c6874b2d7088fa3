"""The frozen content of a quote: what approvers, document and customer see, and the hashes that decisions bind to."""

import hashlib
from collections.abc import Iterable
from decimal import Decimal
from operator import itemgetter
from typing import Any

import orjson

from accounts.models import Account
from catalog.usage import table
from core import db, money
from core.languages import texts_of
from quotes import selectors
from quotes.attachment_selectors import committed_attachments
from quotes.line_texts import Extras, ProductTexts, Sold
from quotes.models import Quote, QuoteAttachment, QuoteLine, QuoteSnapshot
from quotes.pricing import PricedLine, Totals
from quotes.sections import Block, subtotals
from quotes.selectors import Quoted

Json = dict[str, Any]


def content_of(quote: Quote, quoted: Quoted, files: Iterable[QuoteAttachment] | None = None) -> Json:
    """Lines, prices, terms and validity in both languages; numbers as plain strings, no cost and no margin. `files`: all of its
    attachments, where they have been read."""
    lines = [_line(position, row, quoted.texts[row.line.id]) for position, row in enumerate(quoted.priced.lines, 1)]
    content = _content(quote, quoted.priced.totals, lines)
    content["texts"] = _texts(quoted)
    content["attachments"] = committed_attachments(quote, files)
    content["header"] = {
        "kind": quote.header_discount_kind,
        "value": plain(money.quantize(Decimal(quote.header_discount_value), 4)),
    }
    return content


def _texts(quoted: Quoted) -> list[Json]:
    """Headings and notes: each stands before the line of this position; after all lines it is one more than there are."""
    sums = subtotals(quoted.blocks, quoted.priced.lines)
    return [_text(block) | ({"subtotal": plain(sums[block.id])} if block.id in sums else {}) for block in quoted.blocks]


def _text(block: Block) -> Json:
    return {"kind": block.kind, "text": block.text, "before": block.before + 1}


def _content(quote: Quote, totals: Totals, lines: list[Json]) -> Json:
    return {
        "number": quote.number,
        "revision": quote.revision,
        "currency": money.CURRENCY,
        "price_date": quote.price_date.isoformat(),
        "valid_until": quote.valid_until.isoformat(),
        "account": {"id": quote.account_id, "name": quote.account.name, "number": quote.account.parent_customer_id or ""},
        "lines": lines,
        "totals": {
            "list_total": plain(totals.list_total),
            "line_total": plain(totals.line_total),
            "header_discount": plain(totals.header_discount),
            "discount_total": plain(totals.discount_total),
            "net_total": plain(totals.net_total),
            "vat": [{"rate": plain(row.rate), "base": plain(row.base), "amount": plain(row.amount)} for row in totals.vat],
            "vat_total": plain(totals.vat_total),
            "gross_total": plain(totals.gross_total),
        },
        "payment_term": _labelled(quote.payment_term, days=quote.payment_term.days if quote.payment_term else None),
        "payment_type": _labelled(quote.payment_type),
        "customer_note": quote.customer_note,
    }


def _line(position: int, row: PricedLine, texts: ProductTexts) -> Json:
    discount = row.discount_percent
    line = _commercial_line(position, row, texts.sold)
    line["name"], line["description"], line["unit"] = texts.name, texts.description, texts.unit
    line["discount_percent"] = None if discount is None else plain(discount)
    line["included"] = row.is_included
    line["kind"], line["price_unit"] = row.line.kind, texts.price_unit
    return line if texts.extras is None else line | _extras(texts.extras)


def _extras(extras: Extras) -> Json:
    """What only some lines have: parts of a bundle, prices by use, the months within which a service is to be used."""
    return {
        "use_within_months": extras.use_within_months,
        "parts": [
            {"sku": part.sku, "name": part.name, "quantity": plain(part.quantity), "unit": part.unit}
            | ({"use_within_months": part.use_within_months} if part.use_within_months else {})
            for part in extras.parts
        ],
        "usage": [
            {
                "metric": dict(used.label),
                "from": plain(step.above),
                "to": None if step.up_to is None else plain(step.up_to),
                "price": plain(step.price),
            }
            for used in extras.usage
            for step in table(used.steps)
        ],
    }


_UNUSUAL = ("mark", "alternative_to", "units", "composition", "steps")
"""What is hashed of a line only where it is not the plain product in its own unit."""


def _commercial_line(position: int, row: PricedLine, sold: Sold) -> Json:
    """What of a line is hashed: what it sells and at which price, not how it reads."""
    line = row.line
    shown: Json = {
        "id": line.id,
        "position": position,
        "sku": sold.sku,
        "quantity": plain(line.quantity),
        "list_price": plain(line.list_price),
        "net_price": plain(row.net_price),
        "line_list": plain(row.line_list),
        "line_net": plain(row.line_net),
        "share": plain(row.share),
        "vat_percent": plain(line.vat_percent),
        "optional": line.optional,
        "selected": row.counts,
    }
    if sold.mark != sold.sku:
        shown["mark"] = sold.mark
    if line.alternative_to is not None:
        shown["alternative_to"] = line.alternative_to
    if line.numerator != line.denominator:
        shown["units"] = [line.numerator, line.denominator]
    if sold.parts:
        shown["composition"] = list(sold.parts)
    if sold.usage:
        shown["steps"] = [
            {
                "product": used["product"],
                "metric": used["metric"],
                "steps": [[start, price] for start, price, _cost in used["steps"]],
            }
            for used in sold.usage
        ]
    return shown


def _labelled(look_up: Any, **more: Any) -> Json | None:
    return None if look_up is None else {"code": look_up.code, "label": texts_of(look_up, "label"), **more}


def plain(value: Decimal) -> str:
    """A number as text, with the decimals it has."""
    text = str(value)
    return format(value, "f") if "E" in text else text  # `format` takes three times as long


_COMMERCIAL = ("number", "revision", "currency", "price_date", "valid_until", "totals", "customer_note")
_COMMERCIAL_LINE = (
    "id", "position", "sku", "quantity", "list_price", "net_price", "line_list", "line_net", "share", "vat_percent",
    "optional", "selected",
)  # fmt: skip
_of_line = itemgetter(*_COMMERCIAL_LINE)


def commercial_hash(content: Json) -> str:
    """The hash that approval binds to: lines, prices, terms and validity, not names, which the master may change meanwhile."""
    return _commercial_hash(content, [_commercial_of(line) for line in content["lines"]])


def _commercial_of(line: Json) -> Json:
    found = dict(zip(_COMMERCIAL_LINE, _of_line(line), strict=True))
    return found | {name: line[name] for name in _UNUSUAL if name in line}


def _commercial_hash(content: Json, lines: list[Json]) -> str:
    return _hash_for(content, lines, content["account"]["id"])


def _hash_for(content: Json, lines: list[Json], account_id: int) -> str:
    terms = {name: (content[name] or {}).get("code") for name in ("payment_term", "payment_type")}
    head = {name: content[name] for name in _COMMERCIAL}
    if content.get("attachments"):
        head["attachments"] = [file["hash"] for file in content["attachments"]]
    if content.get("texts"):
        head["texts"] = [[row["kind"], row["text"], row["before"]] for row in content["texts"]]
    return _digest(canonical({**head, **terms, "account": account_id, "lines": lines}))


def present_hash(quote: Quote) -> str:
    """The commercial hash of the quote as it stands, its lines read and priced now: one query."""
    content, lines = _present(quote)
    return _commercial_hash(content, lines)


def _present(quote: Quote) -> tuple[Json, list[Json]]:
    """The quote as it stands, without its lines, and what of them is hashed."""
    priced, sold, blocks = selectors.committed(quote)
    lines = [_commercial_line(position, row, sold[row.line.id]) for position, row in enumerate(priced.lines, 1)]
    content = _content(quote, priced.totals, [])
    content["texts"], content["attachments"] = [_text(block) for block in blocks], committed_attachments(quote)
    return content, lines


_TERMS = (
    "number", "revision", "price_date", "valid_until", "account_id", "payment_term_id", "payment_type_id", "customer_note",
    "account_discount", "header_discount_kind", "header_discount_value", "list_total", "net_total", "gross_total",
)  # fmt: skip


def stored_digest(quote: Quote, attachments: list[Json] | None = None) -> str:
    """A digest of the rows behind the commercial content, made where they are: the database reads 200 lines in no time.

    `attachments`: as the content has them, where that is known.
    """
    lines = db.digest(QuoteLine, "quote_id", quote.pk)
    files = committed_attachments(quote) if attachments is None else attachments
    return _digest(canonical([lines, files, *(str(getattr(quote, name)) for name in _TERMS)]))


def hash_now(quote: Quote, frozen: QuoteSnapshot | None) -> str:
    """The commercial hash of the quote as it stands: that of `frozen` while its rows are the same, else of what they come to.

    A customer that was a prospect when it was frozen, and has been merged into its account since, is still the same customer.
    """
    if frozen is not None and frozen.stored_digest == stored_digest(quote):
        return frozen.commercial_hash
    content, lines = _present(quote)
    present = _commercial_hash(content, lines)
    if frozen is not None and frozen.commercial_hash != present:
        for account_id in _merged_keys(quote.account_id):
            if _hash_for(content, lines, account_id) == frozen.commercial_hash:
                return frozen.commercial_hash
    return present


def _merged_keys(account_id: int) -> set[int]:
    """The keys of the accounts that have been merged into this one, over any number of merges."""
    keys: set[int] = set()
    new = {account_id}
    while new:
        new = set(Account.objects.filter(merged_into__in=new).values_list("pk", flat=True)) - keys
        keys |= new
    return keys


def document_hash(text: str, language: str, parties: Json) -> str:
    """The hash that acceptance binds to: the commercial content with its names, the language and the parties.

    `text`: the canonical JSON of the content.
    """
    return _digest(f'{{"content":{text},"language":{canonical(language)},"parties":{canonical(parties)}}}')


def canonical(content: Any) -> str:
    """The one JSON text of it: keys sorted, no white space; days as 2026-01-31. Raises: TypeError for what has no such text."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode()


def _digest(text: str) -> str:
    """SHA-256 of the text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()
