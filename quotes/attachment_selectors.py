"""Reads of attachments."""

from collections.abc import Iterable
from typing import Any

from core import uploads
from core.errors import NotFound
from core.prepared import Prepared
from quotes import policies
from quotes.choices import QuoteStatus
from quotes.models import Quote, QuoteAttachment
from users.models import User

_of_quote = Prepared(lambda quote_id: QuoteAttachment.objects.filter(quote=quote_id).select_related("by").order_by("pk"))


def attachments_of(quote: Quote) -> list[QuoteAttachment]:
    """All files of a quote, in the order in which they were added: one query."""
    found: list[QuoteAttachment] = _of_quote.rows(quote.pk)
    return found


def attachments_for_customer(quote: Quote, files: Iterable[QuoteAttachment] | None = None) -> list[QuoteAttachment]:
    """Those that the customer gets with the quote, of its `files` where they are known."""
    return [file for file in (attachments_of(quote) if files is None else files) if file.for_customer]


MOST_FILES = 10


def shown(user: User, quote: Quote, error: str = "", *, is_changed: bool = False) -> dict[str, Any]:
    """What the list of files shows; `is_changed`: it stands in the page of a quote whose version is another one now."""
    return {
        "attachments": attachments_of(quote),
        "may_attach": quote.status == QuoteStatus.DRAFT and policies.may_edit(user, quote),
        "attachment_error": error,
        "attachment_endings": uploads.ENDINGS,
        "most_attachments": MOST_FILES,
        "is_changed": is_changed,
    }


def committed_attachments(quote: Quote, files: Iterable[QuoteAttachment] | None = None) -> list[dict[str, Any]]:
    """What a snapshot says of the files for the customer: `[{"name", "size", "hash"}]`."""
    shown = attachments_for_customer(quote, files)
    return [{"name": file.name, "size": file.size, "hash": file.content_hash} for file in shown]


def attachment_for(user: User, quote_id: int, attachment_id: int) -> QuoteAttachment:
    """A file of a quote in sight of this person. Raises: NotFound."""
    quotes = Quote.objects.visible_to(user).filter(pk=quote_id).order_by().values("pk")
    attachment = QuoteAttachment.objects.filter(pk=attachment_id, quote__in=quotes).first()
    if attachment is None:
        raise NotFound
    return attachment


content_of = uploads.content_of
