"""Files of drafts: added, meant for the customer or not, removed. What is submitted keeps the files that it has."""

import uuid
from typing import IO

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import clock, events, uploads
from core.errors import Invalid, NotFound
from quotes import attachment_selectors
from quotes.models import Quote, QuoteAttachment
from quotes.services.pricing_lines import draft_for_update, saved
from users.models import User


@transaction.atomic
def attachment_add(
    *, quote_id: int, by: User, file: IO[bytes], name: str, size: int, for_customer: bool = False
) -> QuoteAttachment:
    """The file at the draft. `size` in bytes. Raises: NotFound, NotAllowed, WrongState; Invalid naming `file` for one of a kind
    that is not taken, that is too large or there already, and for one too many."""
    quote = draft_for_update(quote_id, by, None)
    kept = uploads.checked(name, file, size)
    others = attachment_selectors.attachments_of(quote)
    if len(others) >= attachment_selectors.MOST_FILES:
        _refuse(_("A quote has at most %(most)s files.") % {"most": attachment_selectors.MOST_FILES})
    if any(other.content_hash == kept.content_hash for other in others):
        _refuse(_("This file is there already."))
    attachment = QuoteAttachment(
        quote=quote,
        name=kept.name,
        content_type=kept.content_type,
        size=kept.size,
        content_hash=kept.content_hash,
        for_customer=for_customer,
        by=by,
        at=clock.now(),
    )
    attachment.file.save(uuid.uuid4().hex, file if isinstance(file, File) else File(file), save=False)
    attachment.save(force_insert=True)
    _noted(attachment, by, "file added")
    return attachment


def _refuse(problem: object) -> None:
    raise Invalid(str(problem), fields={"file": str(problem)})


@transaction.atomic
def attachment_change(*, quote_id: int, attachment_id: int, by: User, for_customer: bool) -> QuoteAttachment:
    """The file goes to the customer, or stays in the house. Raises: NotFound, NotAllowed, WrongState."""
    attachment = _of_draft(quote_id, attachment_id, by)
    if attachment.for_customer != for_customer:
        attachment.for_customer = for_customer
        attachment.save(update_fields=["for_customer"])
        _noted(attachment, by, "file for the customer" if for_customer else "file kept in the house")
    return attachment


@transaction.atomic
def attachment_remove(*, quote_id: int, attachment_id: int, by: User) -> Quote:
    """The draft without the file, which is deleted unless another revision has it. Raises: NotFound, NotAllowed, WrongState."""
    attachment = _of_draft(quote_id, attachment_id, by)
    storage, path = attachment.file.storage, str(attachment.file.name)
    attachment.delete()
    if not QuoteAttachment.objects.filter(file=path).exists():
        transaction.on_commit(lambda: storage.delete(path))
    _noted(attachment, by, "file removed")
    return attachment.quote


def _of_draft(quote_id: int, attachment_id: int, by: User) -> QuoteAttachment:
    quote = draft_for_update(quote_id, by, None)
    attachment = QuoteAttachment.objects.filter(pk=attachment_id, quote=quote).first()
    if attachment is None:
        raise NotFound(_("This file is no longer there."))
    attachment.quote = quote
    return attachment


def _noted(attachment: QuoteAttachment, by: User, verb: str) -> None:
    saved(attachment.quote, by, None)
    events.record(attachment.quote, verb, by=by, reason=attachment.name, hash=attachment.content_hash)


def attachments_carry_over(old: Quote, new: Quote) -> None:
    """The files of a revision at the one that follows it."""
    files = attachment_selectors.attachments_of(old)
    for attachment in files:
        attachment.pk, attachment.quote = None, new
    QuoteAttachment.objects.bulk_create(files)
