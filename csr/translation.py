"""Translated labels, and field history (registered after the translation, which adds columns)."""

from modeltranslation.translator import TranslationOptions, register
from simple_history import register as with_history

from core.histories import FieldHistory
from csr.models import LOOK_UPS, CaseType, CsrSettings, HandlingRule


@register([model for model in LOOK_UPS if model is not CaseType])
class LabelTranslation(TranslationOptions):
    fields = ("label",)


@register(CaseType)
class CaseTypeTranslation(TranslationOptions):
    fields = ("label", "description")


for model in (*LOOK_UPS, HandlingRule, CsrSettings):
    with_history(model, app="csr", records_class=FieldHistory)
