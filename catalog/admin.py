"""Products, prices, bundles, rules and their look-ups. Names and descriptions change here and nowhere else."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from modeltranslation.admin import TranslationAdmin

from catalog import configuration, explaining, selectors
from catalog.admin_forms import (
    BundlePartFormSet,
    CaseForm,
    ConfigurationRuleForm,
    PriceFormSet,
    ProductForm,
    ProductUnitFormSet,
    UsageStepFormSet,
)
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
from catalog.services import LOCK, usage_note
from core.admin import EXACT, LookUpAdmin, OneAtATimeAdmin
from users.access import user_of

admin.site.register([ProductGroup, UnitOfMeasure, UsageMetric], LookUpAdmin)


@admin.register(VatRate)
class VatRateAdmin(LookUpAdmin):
    list_display = ("code", "rate", "label_en", "label_fi", "position", "is_active")


@admin.register(PriceList)
class PriceListAdmin(LookUpAdmin):
    list_display = ("code", "label_en", "label_fi", "valid_from", "valid_to", "position", "is_active")


class PriceInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Price
    formset = PriceFormSet
    extra = 0
    formfield_overrides = EXACT


class ProductUnitInline(admin.TabularInline):  # type: ignore[type-arg]
    model = ProductUnit
    formset = ProductUnitFormSet
    extra = 0
    formfield_overrides = EXACT


class UsageStepInline(admin.TabularInline):  # type: ignore[type-arg]
    model = UsageStep
    formset = UsageStepFormSet
    extra = 0
    formfield_overrides = EXACT


class BundlePartInline(admin.TabularInline):  # type: ignore[type-arg]
    model = BundlePart
    formset = BundlePartFormSet
    fk_name = "bundle"
    autocomplete_fields = ("part",)
    extra = 0
    formfield_overrides = EXACT


@admin.register(Product)
class ProductAdmin(OneAtATimeAdmin, TranslationAdmin):  # type: ignore[type-arg]
    lock = LOCK
    form = ProductForm
    list_display = ("sku", "name_en", "name_fi", "group", "unit", "is_active")
    list_filter = ("is_active", "outside_catalogue", "bundle_pricing", "group")
    list_select_related = ("group", "unit")
    search_fields = ("sku", "name_en", "name_fi")
    inlines = (PriceInline, ProductUnitInline, BundlePartInline, UsageStepInline)
    show_full_result_count = False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        usage_note(form.instance)


@admin.register(ConfigurationRule)
class ConfigurationRuleAdmin(OneAtATimeAdmin, TranslationAdmin):  # type: ignore[type-arg]
    """Rules that can all be kept. What has come to contradict since, as when a product went to another group, is told above the
    list."""

    lock = LOCK
    form = ConfigurationRuleForm
    list_display = ("__str__", "kind", "valid_from", "valid_to", "is_active")
    list_filter = ("kind", "is_active", "subject_group")
    list_select_related = ("subject_product", "subject_group", "object_product", "object_group")
    search_fields = ("subject_product__sku", "object_product__sku", "message_en", "message_fi")
    autocomplete_fields = ("subject_product", "object_product")
    change_list_template = "admin/catalog/configurationrule/list.html"
    fieldsets = (
        (None, {"fields": ("kind", ("subject_product", "subject_group"), ("object_product", "object_group"), "quantity")}),
        (None, {"fields": ("message", ("valid_from", "valid_to"), "is_active")}),
    )

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rules = selectors.rules_in_use()
        found = configuration.contradictions(rules, selectors.groups_of(rules), {rule.pk for rule in rules})
        said = dict.fromkeys(explaining.contradiction_words(one) for one in found)
        answer: HttpResponse = super().changelist_view(request, extra_context={"contradictions": list(said)})
        return answer

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.try_view)
        view.model_admin = self  # type: ignore[attr-defined]
        return [path("test/", view, name="catalog_configurationrule_test"), *super().get_urls()]

    def try_view(self, request: HttpRequest) -> HttpResponse:
        """Lines that somebody typed, and what the rules make of them; nothing is written."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = CaseForm(user_of(request), request.POST if request.method == "POST" else None)
        tried = None
        if form.is_valid():
            day = form.cleaned_data["day"]
            rules = selectors.rules_on(day)
            tried = explaining.trial(form.lines, form.skus, rules, configuration.check(form.lines, rules, day))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Test a case"),
            "opts": self.opts,
            "form": form,
            "tried": tried,
            "broken": [row for row in tried or () if row.is_broken],
        }
        return render(request, "admin/catalog/configurationrule/test.html", context)
