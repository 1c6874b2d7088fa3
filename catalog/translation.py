"""Translated fields, and field history (registered after the translation, which adds columns)."""

from modeltranslation.translator import TranslationOptions, register
from simple_history import register as with_history

from catalog.models import Price, PriceList, Product, ProductGroup, UnitOfMeasure, VatRate
from core.histories import FieldHistory


@register([ProductGroup, UnitOfMeasure, VatRate, PriceList])
class LabelTranslation(TranslationOptions):
    fields = ("label",)


@register(Product)
class ProductTranslation(TranslationOptions):
    fields = ("name", "description")


for model in (ProductGroup, UnitOfMeasure, VatRate, PriceList, Product, Price):
    with_history(model, app="catalog", records_class=FieldHistory)
