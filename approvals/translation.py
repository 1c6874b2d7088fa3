"""Translated labels, and field history of the definitions."""

from modeltranslation.translator import TranslationOptions, register
from simple_history import register as with_history

from approvals.models import ApprovalSettings, AuthorityLimit, Condition, Gate, Rule, Step
from core.histories import FieldHistory


@register(Gate)
class GateTranslation(TranslationOptions):
    fields = ("label",)


for _kept in (Gate, Rule, Condition, Step, AuthorityLimit, ApprovalSettings):
    with_history(_kept, app="approvals", records_class=FieldHistory)
