"""Translated labels, and field history of the definitions."""

from modeltranslation.translator import TranslationOptions, register
from simple_history import register as with_history

from approvals.models import Gate
from core.histories import FieldHistory


@register(Gate)
class GateTranslation(TranslationOptions):
    fields = ("label",)


with_history(Gate, app="approvals", records_class=FieldHistory)
