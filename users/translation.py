"""Translated labels of this app's look-ups."""

from modeltranslation.translator import TranslationOptions, register

from users.models import BusinessUnit


@register(BusinessUnit)
class BusinessUnitTranslation(TranslationOptions):
    fields = ("label",)
