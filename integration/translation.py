"""Reasons are kept in every language: whoever reads the quarantine was not there when the file was read."""

from modeltranslation.translator import TranslationOptions, register

from integration.models import QuarantinedRow


@register(QuarantinedRow)
class QuarantinedRowTranslation(TranslationOptions):
    fields = ("reason",)
