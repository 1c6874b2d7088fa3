"""Background work of quotes."""

import structlog
from celery import shared_task

from quotes import documents, selectors
from quotes.services import quote_expire

log = structlog.get_logger(__name__)


@shared_task(name="quotes.render_pdf")
def render_pdf(*, document_id: int) -> None:
    documents.store_pdf(document_id)


@shared_task(name="quotes.expire")
def expire() -> int:
    """Expire every quote whose last valid day is over; the number expired."""
    return sum(_expire(quote_id) for quote_id in selectors.quotes_to_expire())


def _expire(quote_id: int) -> bool:
    """One that fails is logged and does not keep the others."""
    try:
        return quote_expire(quote_id=quote_id)
    except Exception:
        log.exception("quote could not expire", quote=quote_id)
        return False
