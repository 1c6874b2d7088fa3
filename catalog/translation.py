"""Translated fields, and field history (registered after the translation, which adds columns)."""

from modeltranslation.translator import TranslationOptions, register
from simple_history import register as with_history

from catalog.models import (
    BundlePart,
    ConfigurationRule,
    Price,
    PriceList,
    Product,
    ProductGroup,
    ProductUnit,
    UnitOfMeasure,
    UsageMetric,
    UsageStep,
    VatRate,
)  # fmt: skip
from core.histories import FieldHistory

LOOK_UPS = (ProductGroup, UnitOfMeasure, VatRate, PriceList, UsageMetric)


@register(LOOK_UPS)
class LabelTranslation(TranslationOptions):
    fields = ("label",)


@register(Product)
class ProductTranslation(TranslationOptions):
    fields = ("name", "description")


@register(ConfigurationRule)
class ConfigurationRuleTranslation(TranslationOptions):
    fields = ("message",)


with_history(Product, app="catalog", records_class=FieldHistory, excluded_fields=["match_key", "has_usage"])
for model in (*LOOK_UPS, ProductUnit, Price, UsageStep, BundlePart, ConfigurationRule):
    with_history(model, app="catalog", records_class=FieldHistory)
