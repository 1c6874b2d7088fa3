"""Background work of quotes."""

from celery import shared_task

from quotes import documents, selectors
from quotes.services import quote_expire


@shared_task(name="quotes.render_pdf")
def render_pdf(*, document_id: int) -> None:
    documents.store_pdf(document_id)


@shared_task(name="quotes.expire")
def expire() -> int:
    """Expire every quote whose last valid day is over; the number expired."""
    return sum(quote_expire(quote_id=quote_id) for quote_id in selectors.quotes_to_expire())
