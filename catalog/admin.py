"""Products, prices and their look-ups. Names and descriptions change here and nowhere else."""

from django.contrib import admin
from modeltranslation.admin import TranslationAdmin

from catalog.models import Price, PriceList, Product, ProductGroup, UnitOfMeasure, VatRate
from core.admin import LookUpAdmin

admin.site.register([ProductGroup, UnitOfMeasure, PriceList], LookUpAdmin)


@admin.register(VatRate)
class VatRateAdmin(LookUpAdmin):
    list_display = ("code", "rate", "label_en", "label_fi", "position", "is_active")


class PriceInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Price
    extra = 0


@admin.register(Product)
class ProductAdmin(TranslationAdmin):  # type: ignore[type-arg]
    list_display = ("sku", "name_en", "name_fi", "group", "unit", "is_active")
    list_filter = ("is_active", "outside_catalogue", "group")
    list_select_related = ("group", "unit")
    search_fields = ("sku", "name_en", "name_fi")
    inlines = (PriceInline,)
    show_full_result_count = False
