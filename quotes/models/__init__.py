"""Quotes and what belongs to them; templates and starter packs; attachments."""

from quotes.models.attachments import QuoteAttachment
from quotes.models.quotes import (
    MOST_TEXT,
    DeclineReason,
    MarginTarget,
    Quote,
    QuoteAnswer,
    QuoteDocument,
    QuoteLine,
    QuotePresence,
    QuoteQuerySet,
    QuoteSnapshot,
)
from quotes.models.templates import QuoteTemplate, QuoteTemplateLine, StarterPackAnswer, StarterPackSettings, TemplateQuerySet

__all__ = [
    "MOST_TEXT",
    "DeclineReason",
    "MarginTarget",
    "Quote",
    "QuoteAnswer",
    "QuoteAttachment",
    "QuoteDocument",
    "QuoteLine",
    "QuotePresence",
    "QuoteQuerySet",
    "QuoteSnapshot",
    "QuoteTemplate",
    "QuoteTemplateLine",
    "StarterPackAnswer",
    "StarterPackSettings",
    "TemplateQuerySet",
]
