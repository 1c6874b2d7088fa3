"""Background work of quotes."""

import datetime as dt

import structlog
from celery import shared_task

from quotes import document_selectors, documents, selectors
from quotes.models import QuoteSettings
from quotes.services import quote_expire, quote_remind

log = structlog.get_logger(__name__)


@shared_task(name="quotes.render_pdf")
def render_pdf(*, document_id: int) -> None:
    documents.store_pdfs(document_id)


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


@shared_task(name="quotes.remind")
def remind() -> int:
    """Tell owners, and customers where the settings say so, of quotes that expire soon; the number of quotes."""
    settings = document_selectors.settings_in_force()
    if not settings.remind_days:
        return 0
    within = dt.timedelta(days=settings.remind_days)
    return sum(_remind(quote_id, settings) for quote_id in document_selectors.quotes_to_remind(within))


def _remind(quote_id: int, settings: QuoteSettings) -> bool:
    """One that fails is logged and does not keep the others."""
    try:
        return quote_remind(quote_id=quote_id, settings=settings)
    except Exception:
        log.exception("nobody could be reminded of a quote", quote=quote_id)
        return False
