"""Translated labels, and their field history."""

from modeltranslation.translator import TranslationOptions, register
from simple_history import register as with_history

from core.histories import FieldHistory
from quotes.models import DeclineReason


@register(DeclineReason)
class DeclineReasonTranslation(TranslationOptions):
    fields = ("label",)


with_history(DeclineReason, app="quotes", records_class=FieldHistory)
