"""The document of a quote: PDF and preview pages by Typst, always from frozen content, in the quote's language."""

import datetime as dt
import functools
import hashlib
import json
import threading
from decimal import Decimal
from typing import Any

import structlog
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.templatetags.ui import money, percent, quantity, unit_price
from quotes import selectors, snapshots
from quotes.choices import QuoteStatus
from quotes.models import Quote, QuoteDocument
from quotes.snapshots import Json

log = structlog.get_logger(__name__)

_one_at_a_time = threading.Lock()  # the compiler refuses a second thread
_TEMPLATES = settings.BASE_DIR / "templates" / "quotes"
SELLER = {
    "name": "Tukku Oy",
    "street": "Teollisuuskatu 12",
    "city": "00510 Helsinki",
    "business_id": "2345678-6",
    "vat_number": "FI23456786",
}


def pdf_of(content: Json, parties: Json, language: str, *, draft: bool = False) -> bytes:
    """The document as PDF: tagged, fonts embedded, the same bytes for the same content."""
    return _compile(_data(content, parties, language, draft=draft), "pdf")[0]


def preview_of(content: Json, parties: Json, language: str) -> tuple[bytes, ...]:
    """The pages of the document as PNG pictures, marked as a draft."""
    return _compile(_data(content, parties, language, draft=True), "png")


def draft_of(quote: Quote, quoted: selectors.Quoted | None = None) -> tuple[Json, Json]:
    """`(content, parties)` of a quote as it stands: the latest snapshot once it was submitted, else of the lines as they are,
    which the caller may have read."""
    snapshot = None if quote.status == QuoteStatus.DRAFT else selectors.latest_snapshot(quote)
    content = snapshot.content if snapshot else snapshots.content_of(quote, quoted or selectors.quoted(quote))
    return content, snapshots.parties_of(quote, quote.contact)


def pdf_of_document(document: QuoteDocument) -> bytes:
    """The sent PDF: as stored when its hash is right, else rendered again from the snapshot. Saves nothing."""
    stored = _stored(document)
    if stored is not None and hashlib.sha256(stored).hexdigest() == document.pdf_hash:
        return stored
    if document.pdf:
        log.error("stored PDF is missing or does not match its hash", document=document.pk)
    return pdf_of(document.snapshot.content, document.parties, document.language)


def _stored(document: QuoteDocument) -> bytes | None:
    if not document.pdf:
        return None
    try:
        with document.pdf.open("rb") as file:
            return bytes(file.read())
    except OSError:
        return None


def store_pdf(document_id: int) -> None:
    """The PDF is stored with its hash; a second call changes nothing."""
    document = QuoteDocument.objects.select_related("snapshot").get(pk=document_id)
    if document.pdf:
        return
    pdf = pdf_of(document.snapshot.content, document.parties, document.language)
    with transaction.atomic():
        document = QuoteDocument.objects.select_for_update().get(pk=document_id)
        if not document.pdf:
            document.pdf_hash = hashlib.sha256(pdf).hexdigest()
            document.pdf.save(f"{document.uuid}.pdf", ContentFile(pdf), save=False)
            document.save(update_fields=["pdf", "pdf_hash"])


def file_name(content: Json) -> str:
    """What the PDF is called when it is saved."""
    return f"{content['number']}-{content['revision']}.pdf"


def _compile(data: Json, output: str) -> tuple[bytes, ...]:
    return _compiled(json.dumps(data, ensure_ascii=False), output)


@functools.lru_cache(maxsize=16)
def _compiled(data: str, output: str) -> tuple[bytes, ...]:
    """The pages of a document. Kept for a moment: a preview asks for its pages one by one."""
    import typst

    with _one_at_a_time:
        made = _compiler(typst).compile(
            input=str(_TEMPLATES / "document.typ"), format=output, ppi=110 if output == "png" else None, sys_inputs={"data": data}
        )
    return (made,) if isinstance(made, bytes) else tuple(made)


@functools.cache
def _compiler(typst: Any) -> Any:
    return typst.Compiler(root=str(_TEMPLATES), ignore_system_fonts=True)


def _data(content: Json, parties: Json, language: str, *, draft: bool) -> Json:
    """Everything the template prints, formatted in the language of the document."""
    with translation.override(language):
        totals = content["totals"]
        return {
            "language": language,
            "draft": draft,
            "seller": {**SELLER, "contact": parties["seller"]},
            "buyer": parties["buyer"],
            "invoice": parties["invoice"],
            "number": content["number"],
            "revision": str(content["revision"]),
            "date": _date(content["price_date"]),
            "valid_until": _date(content["valid_until"]),
            "lines": [_line(line, language) for line in content["lines"]],
            "totals": [
                (_("At list price"), money(totals["list_total"])),
                (_("Discounts"), money(-Decimal(totals["discount_total"]))),
                (_("Net"), money(totals["net_total"])),
                *(
                    (
                        _("VAT %(rate)s of %(base)s") % {"rate": percent(row["rate"]), "base": money(row["base"])},
                        money(row["amount"]),
                    )
                    for row in totals["vat"]
                ),
            ],
            "total": [_("Total with VAT"), money(totals["gross_total"])],
            "terms": _terms(content, language),
            "note": content["customer_note"],
            "words": _words(),
        }


def _line(line: Json, language: str) -> list[str]:
    discount = line["discount_percent"]
    included = _("included")
    name = line["name"][language] or line["name"]["en"]
    if line["optional"]:
        name = f"{name} ({_('chosen option') if line['selected'] else _('option, not in the total')})"
    return [
        str(line["position"]),
        line["sku"],
        name,
        line["description"][language],
        quantity(line["quantity"]),
        line["unit"][language],
        unit_price(line["list_price"]),
        percent(discount) if discount and Decimal(discount) else "–",
        included if line["included"] else unit_price(line["net_price"]),
        included if line["included"] else money(line["line_net"]),
        percent(line["vat_percent"]),
    ]


def _terms(content: Json, language: str) -> list[tuple[str, str]]:
    terms = []
    if content["payment_term"]:
        terms.append((_("Payment term"), content["payment_term"]["label"][language]))
    if content["payment_type"]:
        terms.append((_("Payment type"), content["payment_type"]["label"][language]))
    terms.append((_("Valid until"), _date(content["valid_until"])))
    return terms


def _date(iso: str) -> str:
    return date_format(dt.date.fromisoformat(iso), "SHORT_DATE_FORMAT")


def _words() -> Json:
    return {
        "quote": _("Quote"),
        "revision": _("revision"),
        "date": _("Date"),
        "valid_until": _("Valid until"),
        "buyer": _("To"),
        "invoice": _("Invoice to"),
        "contact": _("Your contact"),
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
        "note": _("Note"),
        "business_id": _("Business ID"),
        "vat_number": _("VAT number"),
        "page": _("Page"),
        "draft": _("DRAFT"),
        "prices": _("Prices are in euros and without value added tax unless stated otherwise."),
        "accept": _("You can accept or decline this quote on the page that the link in our e-mail opens."),
    }
