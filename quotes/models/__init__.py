"""Quotes and what belongs to them; templates and starter packs; attachments."""

from quotes.models.attachments import QuoteAttachment
from quotes.models.quotes import (
    MOST_TEXT,
    CompanyDetails,
    DeclineReason,
    MarginTarget,
    Quote,
    QuoteAnswer,
    QuoteDocument,
    QuoteFile,
    QuoteLine,
    QuoteMail,
    QuotePresence,
    QuoteQuerySet,
    QuoteQuestion,
    QuoteSettings,
    QuoteSnapshot,
)
from quotes.models.templates import QuoteTemplate, QuoteTemplateLine, StarterPackAnswer, StarterPackSettings, TemplateQuerySet

__all__ = [
    "MOST_TEXT",
    "CompanyDetails",
    "DeclineReason",
    "MarginTarget",
    "Quote",
    "QuoteAnswer",
    "QuoteAttachment",
    "QuoteDocument",
    "QuoteFile",
    "QuoteLine",
    "QuoteMail",
    "QuotePresence",
    "QuoteQuerySet",
    "QuoteQuestion",
    "QuoteSettings",
    "QuoteSnapshot",
    "QuoteTemplate",
    "QuoteTemplateLine",
    "StarterPackAnswer",
    "StarterPackSettings",
    "TemplateQuerySet",
]
