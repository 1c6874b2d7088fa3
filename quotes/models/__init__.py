"""Quotes and what belongs to them; templates and starter packs; attachments."""

from quotes.models.quotes import (
    MOST_TEXT,
    DeclineReason,
    MarginTarget,
    Quote,
    QuoteAnswer,
    QuoteDocument,
    QuoteLine,
    QuoteQuerySet,
    QuoteSnapshot,
)

__all__ = [
    "MOST_TEXT",
    "DeclineReason",
    "MarginTarget",
    "Quote",
    "QuoteAnswer",
    "QuoteDocument",
    "QuoteLine",
    "QuoteQuerySet",
    "QuoteSnapshot",
]
