"""Translated labels, and field history (registered after the translation, which adds columns)."""

from modeltranslation.translator import TranslationOptions, register
from simple_history import register as with_history

from accounts.models import LOOK_UPS, Account, AccountTeamMember, Contact, FieldOverride, PaymentTermRule, PriceListRule
from core.histories import FieldHistory


@register(LOOK_UPS)
class LabelTranslation(TranslationOptions):
    fields = ("label",)


with_history(Account, app="accounts", records_class=FieldHistory, excluded_fields=["match_key"])
for model in (*LOOK_UPS, AccountTeamMember, Contact, FieldOverride, PaymentTermRule, PriceListRule):
    with_history(model, app="accounts", records_class=FieldHistory)
