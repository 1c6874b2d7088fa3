"""Translated labels, and their field history."""

from modeltranslation.translator import TranslationOptions, register
from simple_history import register as with_history

from core.histories import FieldHistory
from quotes.models import CompanyDetails, DeclineReason, QuoteSettings


@register(DeclineReason)
class DeclineReasonTranslation(TranslationOptions):
    fields = ("label",)


@register(CompanyDetails)
class CompanyDetailsTranslation(TranslationOptions):
    fields = ("introduction", "delivery", "closing", "terms")


for model in (CompanyDetails, DeclineReason, QuoteSettings):
    with_history(model, app="quotes", records_class=FieldHistory)
