"""Files of a quote, for people of the house and, where they are meant for it, for the customer with the quote's link."""

import uuid as uuids

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import link_pages, uploads
from core.errors import DomainError, Invalid, NotFound
from quotes import attachment_selectors, selectors, services
from quotes.models import Quote, QuoteAttachment
from quotes.views.customer import sent_document
from users.access import by_link, requires, user_of
from users.roles import Perm

PART = "quote-attachments"
"""The element that lists the files, in the editor, on the page of a quote and on the page of its files."""


@requires(Perm.QUOTE_VIEW)
@require_http_methods(["GET", "HEAD"])
def quote_attachments(request: HttpRequest, pk: int) -> HttpResponse:
    """The files on a page of their own."""
    return _files(request, selectors.quote_for(user_of(request), pk, related=("account",)))


@requires(Perm.QUOTE_EDIT)
@require_POST
def attachment_add(request: HttpRequest, pk: int) -> HttpResponse:
    user = user_of(request)
    quote = selectors.quote_for(user, pk, related=("account",))
    file = request.FILES.get("file")
    try:
        if uploads.was_too_large(request, "file"):
            raise Invalid(uploads.too_large(), fields={"file": uploads.too_large()})
        if file is None:
            raise Invalid(_("Choose a file."), fields={"file": _("Choose a file.")})
        for_customer = bool(request.POST.get("for_customer"))
        services.attachment_add(
            quote_id=pk, by=user, file=file, name=file.name or "", size=file.size or 0, for_customer=for_customer
        )
    except Invalid as error:
        return _files(request, quote, error=error)
    return _changed(request, quote)


@requires(Perm.QUOTE_EDIT)
@require_POST
def attachment_change(request: HttpRequest, pk: int, attachment_pk: int) -> HttpResponse:
    """Whether the customer gets the file."""
    for_customer = bool(request.POST.get("for_customer"))
    changed = services.attachment_change(quote_id=pk, attachment_id=attachment_pk, by=user_of(request), for_customer=for_customer)
    return _changed(request, changed.quote)


@requires(Perm.QUOTE_EDIT)
@require_POST
def attachment_remove(request: HttpRequest, pk: int, attachment_pk: int) -> HttpResponse:
    quote = services.attachment_remove(quote_id=pk, attachment_id=attachment_pk, by=user_of(request))
    return _changed(request, quote)


def _changed(request: HttpRequest, quote: Quote) -> HttpResponse:
    if not _is_part(request):
        return redirect("quote_attachments", quote.pk)
    return _files(request, selectors.quote_for(user_of(request), quote.pk, related=("account",)))


def _is_part(request: HttpRequest) -> bool:
    asked = getattr(request, "htmx", None)
    return bool(asked and asked.target == PART)


def _files(request: HttpRequest, quote: Quote, *, error: DomainError | None = None) -> HttpResponse:
    context = attachment_selectors.shown(user_of(request), quote, str(error or ""), is_changed=_is_part(request))
    template = "quotes/_attachments.html" if _is_part(request) else "quotes/attachments.html"
    return render(request, template, context | {"quote": quote}, status=error.status if error else 200)


@requires(Perm.QUOTE_VIEW)
@require_GET
def attachment_file(request: HttpRequest, pk: int, attachment_pk: int) -> HttpResponse:
    return to_save(attachment_selectors.attachment_for(user_of(request), pk, attachment_pk))


def to_save(attachment: QuoteAttachment) -> HttpResponse:
    content = attachment_selectors.content_of(attachment)
    return uploads.to_save(content, name=attachment.name, content_type=attachment.content_type)


@by_link
@require_GET
def customer_attachment(request: HttpRequest, uuid: uuids.UUID, attachment_pk: int) -> HttpResponse:
    """A file that belongs to what the customer was sent."""
    files = attachment_selectors.attachments_for_customer(sent_document(request, uuid).quote)
    attachment = next((file for file in files if file.pk == attachment_pk), None)
    if attachment is None:
        raise NotFound
    return link_pages.quiet(to_save(attachment))
