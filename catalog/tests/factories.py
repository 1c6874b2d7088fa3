"""The smallest valid objects of this app."""

from decimal import Decimal
from typing import Any

import factory
from factory.django import DjangoModelFactory

from catalog.choices import STANDARD, BundlePricing
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
from catalog.services import usage_note


class UnitOfMeasureFactory(DjangoModelFactory[UnitOfMeasure]):
    class Meta:
        model = UnitOfMeasure
        django_get_or_create = ("code",)

    code = "pcs"
    label_en = "pcs"
    label_fi = "kpl"


class ProductGroupFactory(DjangoModelFactory[ProductGroup]):
    class Meta:
        model = ProductGroup

    code = factory.Sequence(lambda n: f"group{n}")
    label_en = factory.LazyAttribute(lambda group: f"Group {group.code}")
    label_fi = factory.LazyAttribute(lambda group: f"Ryhmä {group.code}")


class VatRateFactory(DjangoModelFactory[VatRate]):
    class Meta:
        model = VatRate
        django_get_or_create = ("code",)

    rate = Decimal("25.5")
    code = factory.LazyAttribute(lambda vat: f"{vat.rate}")
    label_en = factory.LazyAttribute(lambda vat: f"VAT {vat.rate}%")
    label_fi = factory.LazyAttribute(lambda vat: f"ALV {vat.rate} %")


class PriceListFactory(DjangoModelFactory[PriceList]):
    class Meta:
        model = PriceList
        django_get_or_create = ("code",)

    code = STANDARD
    label_en = "Standard prices"
    label_fi = "Vakiohinnat"


class ProductFactory(DjangoModelFactory[Product]):
    """A product with one standard price: `list_price`, `cost`, `floor_price`, `target_price`, `start_price` as text or None;
    `vat` in percent.

    `list_price=None` leaves the product without a price.
    """

    class Meta:
        model = Product

    class Params:
        vat = "25.5"

    sku = factory.Sequence(lambda n: f"SKU-{n:05d}")
    name_en = factory.LazyAttribute(lambda product: f"Product {product.sku}")
    name_fi = factory.LazyAttribute(lambda product: f"Tuote {product.sku}")
    unit = factory.SubFactory(UnitOfMeasureFactory)
    vat_rate = factory.LazyAttribute(lambda product: VatRateFactory(rate=Decimal(product.vat)))

    @classmethod
    def _create(cls, model_class: type[Product], *args: Any, **kwargs: Any) -> Product:
        prices = {
            name: kwargs.pop(name, default)
            for name, default in (
                ("list_price", "10"),
                ("cost", "6"),
                ("floor_price", "8"),
                ("target_price", None),
                ("start_price", None),
            )
        }
        product = super()._create(model_class, *args, **kwargs)
        if prices["list_price"] is not None:
            PriceFactory(product=product, **{name: None if price is None else Decimal(price) for name, price in prices.items()})
        return product


class PriceFactory(DjangoModelFactory[Price]):
    class Meta:
        model = Price

    price_list = factory.SubFactory(PriceListFactory)
    product = factory.SubFactory(ProductFactory, list_price=None)
    list_price = Decimal("10")


class ProductUnitFactory(DjangoModelFactory[ProductUnit]):
    class Meta:
        model = ProductUnit

    product = factory.SubFactory(ProductFactory)
    unit = factory.SubFactory(UnitOfMeasureFactory, code="box", label_en="box", label_fi="ltk")


class UsageMetricFactory(DjangoModelFactory[UsageMetric]):
    class Meta:
        model = UsageMetric
        django_get_or_create = ("code",)

    code = "views"
    label_en = "Page views"
    label_fi = "Sivun katselut"


class UsageStepFactory(DjangoModelFactory[UsageStep]):
    """A step of a product, which then says that it has some."""

    class Meta:
        model = UsageStep

    product = factory.SubFactory(ProductFactory)
    metric = factory.SubFactory(UsageMetricFactory)
    price = Decimal("0.02")

    @classmethod
    def _create(cls, model_class: type[UsageStep], *args: Any, **kwargs: Any) -> UsageStep:
        step = super()._create(model_class, *args, **kwargs)
        usage_note(step.product)
        return step


class BundleFactory(ProductFactory):
    """A bundle priced by its parts: `parts` are products, each once, or `(product, quantity)`; `options` likewise."""

    bundle_pricing = BundlePricing.PARTS

    @classmethod
    def _create(cls, model_class: type[Product], *args: Any, **kwargs: Any) -> Product:
        rows = [(part, False) for part in kwargs.pop("parts", ())] + [(part, True) for part in kwargs.pop("options", ())]
        if kwargs["bundle_pricing"] == BundlePricing.PARTS:
            kwargs.setdefault("list_price", None)
        bundle = super()._create(model_class, *args, **kwargs)
        for position, (row, is_option) in enumerate(rows):
            part, quantity = row if isinstance(row, tuple) else (row, "1")
            values = {"quantity": Decimal(quantity), "is_option": is_option, "position": position}
            BundlePart.objects.create(bundle=bundle, part=part, **values)
        return bundle


class ConfigurationRuleFactory(DjangoModelFactory[ConfigurationRule]):
    class Meta:
        model = ConfigurationRule
