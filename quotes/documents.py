"""The document of a quote: PDF and preview pages, always from frozen content. What was sent is stored once, in each language."""

import hashlib
from collections.abc import Collection
from typing import Any

import structlog
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core import clock, links
from core.errors import DomainError
from core.languages import CODES
from quotes import document_selectors, options, parties as frozen, selectors, snapshots, typesetting
from quotes.choices import QuoteStatus
from quotes.models import Quote, QuoteDocument, QuoteFile
from quotes.paper import paper_of
from quotes.snapshots import Json

log = structlog.get_logger(__name__)


class FileLost(DomainError):
    """A stored PDF is gone or damaged, and what would be rendered today is not what was sent."""

    code = "file_lost"
    status = 503
    message = _("The document that was sent cannot be read. It has to be restored from a backup.")


def pdf_of(content: Json, parties: Json, language: str, *, draft: bool = False, url: str = "") -> bytes:
    """The document as PDF: tagged, fonts embedded, the same bytes for the same content. `url`: where the customer answers."""
    return typesetting.pdf(paper_of(content, parties, language, draft=draft, url=url, logo=frozen.logo_svg(parties)))


def preview_of(content: Json, parties: Json, language: str) -> tuple[bytes, ...]:
    """The pages of the document as PNG pictures, marked as a draft."""
    return typesetting.pages(paper_of(content, parties, language, draft=True, logo=frozen.logo_svg(parties)))


def draft_of(quote: Quote, quoted: selectors.Quoted | None = None) -> tuple[Json, Json]:
    """`(content, parties)` of a quote as it stands: the latest snapshot once it was submitted, else of the lines as they are,
    which the caller may have read."""
    snapshot = None if quote.status == QuoteStatus.DRAFT else selectors.latest_snapshot(quote)
    content = snapshot.content if snapshot else snapshots.content_of(quote, quoted or selectors.quoted(quote))
    return content, frozen.parties_of(quote, quote.contact, on=clock.today(), content=content)


def pdf_of_document(document: QuoteDocument, language: str = "") -> bytes:
    """The sent PDF, as stored; while it is not stored yet, rendered from what was frozen. Saves nothing.

    `language`: that of the document unless it is given. Raises: FileLost when the stored one is gone and cannot be made again
    byte for byte.
    """
    language = language if language in CODES else document.language
    file = document_selectors.file_of(document, language)
    if file is None:
        return _render(document, language)
    stored = _read(file)
    if stored is None:
        log.error("a stored PDF is missing or does not match its hash", document=document.pk, language=language)
        stored = _render(document, language)
        if _hash(stored) != file.pdf_hash:
            raise FileLost
    return stored


def store_pdfs(document_id: int) -> None:
    """The PDFs are stored with their hashes, one for each language; a second call changes nothing."""
    document = QuoteDocument.objects.select_related("snapshot", "link", "quote").get(pk=document_id)
    for language in CODES:
        if document_selectors.file_of(document, language) is None:
            _store(document, language, _render(document, language))


def _store(document: QuoteDocument, language: str, pdf: bytes) -> None:
    with transaction.atomic():
        QuoteDocument.objects.select_for_update().get(pk=document.pk)
        if document_selectors.file_of(document, language) is None:
            name = default_storage.save(f"quotes/{clock.today():%Y/%m}/{document.uuid}-{language}.pdf", ContentFile(pdf))
            QuoteFile.objects.create(document=document, language=language, pdf=name, pdf_hash=_hash(pdf))


def _render(document: QuoteDocument, language: str) -> bytes:
    return pdf_of(content_of(document), frozen.complete(document.parties), language, url=_printed_address(document))


def content_of(document: QuoteDocument) -> Json:
    """What was frozen; what contents of former times do not hold is taken from the quote, which has not changed since."""
    content, quote = document.snapshot.content, document.quote
    if "header" in content:
        return content
    return {**content, "header": {"kind": quote.header_discount_kind, "value": snapshots.plain(quote.header_discount_value)}}


def taken(document: QuoteDocument, chosen: Collection[int] | None) -> dict[str, Any]:
    """What `quote_accept` takes of the options that a colleague names, with the total they come to. Raises: Invalid."""
    if chosen is None:
        return {}
    return {"chosen": chosen, "shown": options.choose(content_of(document), chosen).gross_total}


def _printed_address(document: QuoteDocument) -> str:
    """The address on paper; nothing for documents that were sent without one, or when its key is gone."""
    if not document.code_hash:
        return ""
    try:
        code = links.code_of(document.link, document.code_hash)
    except LookupError:
        return ""
    return settings.SITE_URL + reverse("customer_link", args=[code]).rstrip("/")


def _read(file: QuoteFile) -> bytes | None:
    """What is stored, if it is what was stored."""
    try:
        with file.pdf.open("rb") as opened:
            content = bytes(opened.read())
    except OSError:
        return None
    return content if _hash(content) == file.pdf_hash else None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def file_name(content: Json) -> str:
    """What the PDF is called when it is saved."""
    return f"{content['number']}-{content['revision']}.pdf"
