"""Who deals with whom, frozen on sending: buyer, seller and our company with its texts, as they are at that moment."""

import datetime as dt
import hashlib
from functools import partial
from typing import Any

import structlog
from django.core.files.storage import default_storage

from accounts.models import Contact
from core.languages import texts_of
from quotes import document_selectors as selectors, requirements
from quotes.company import picture_of
from quotes.models import CompanyDetails, Quote
from quotes.typesetting import picture_svg

Json = dict[str, Any]
log = structlog.get_logger(__name__)
TEXTS = ("introduction", "delivery", "closing")


def parties_of(
    quote: Quote, contact: Contact | None, *, on: dt.date, content: Json | None = None, company: CompanyDetails | None = None
) -> Json:
    """Everything a document says besides the content, as it is on that day; texts in both languages. One query for `company`, one
    for what the customer requires of the lines of the `content`."""
    account, company = quote.account, company or selectors.company()
    said = partial(texts_of, company)
    return {
        "date": on.isoformat(),
        "buyer": {
            "name": account.name,
            "business_id": account.business_id,
            "vat_number": account.vat_number,
            "street": account.street,
            "postcode": account.postcode,
            "city": account.city,
            "contact": contact.name if contact else "",
        },
        "invoice": {
            "name": account.invoice_name or account.name,
            "email": account.invoice_email,
            "street": account.invoice_street or account.street,
            "postcode": account.invoice_postcode or account.postcode,
            "city": account.invoice_city or account.city,
        },
        "seller": {"name": quote.owner.display_name, "email": quote.owner.email},
        "company": {**{name: getattr(company, name) for name in _COMPANY}, "logo": _logo(company)},
        "texts": {name: said(name) for name in TEXTS},
        "terms": said("terms"),
        "signature": bool(quote.payment_type and quote.payment_type.needs_signature),
        **_required(quote, content),
    }


def _required(quote: Quote, content: Json | None) -> Json:
    lines = [(line["id"], line["sku"]) for line in content["lines"]] if content else []
    said = requirements.printed(lines, requirements.of_account(quote.account_id)) if lines else {}
    return {"requirements": said} if said else {}


_COMPANY = ("name", "street", "postcode", "city", "business_id", "vat_number", "email", "phone", "website")


def complete(parties: Json) -> Json:
    """Parties of a document as they are frozen; what those of former times do not hold is as it is now, or nothing."""
    if "company" in parties:
        return parties
    company = selectors.company()
    nothing: Json = {name: {} for name in TEXTS}
    details = {**{name: getattr(company, name) for name in _COMPANY}, "logo": _logo(company)}
    return {"company": details, "texts": nothing, "terms": {}, "signature": False, **parties}


def _logo(company: CompanyDetails) -> Json | None:
    """The name of the file and the hash of what is in it."""
    name = company.logo.name
    content = _read(name) if name else None
    return None if content is None else {"file": name, "hash": hashlib.sha256(content).hexdigest()}


def logo_svg(parties: Json) -> str:
    """The logo that the parties were frozen with, as an SVG; empty without one, or when its file is not what it was."""
    frozen = parties["company"]["logo"]
    content = _read(frozen["file"]) if frozen else None
    if content is None:
        return ""
    picture = picture_of(content)
    if picture is None or hashlib.sha256(content).hexdigest() != frozen["hash"]:
        log.error("the logo of a document is not what it was", file=frozen["file"])
        return ""
    return picture_svg(content, picture)


def _read(name: str) -> bytes | None:
    try:
        with default_storage.open(name, "rb") as file:
            return bytes(file.read())
    except OSError:
        log.error("the file of a logo cannot be read", file=name)
        return None
