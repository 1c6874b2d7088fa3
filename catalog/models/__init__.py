"""Products (SKUs), what they cost, what they consist of, and what goes together."""

from catalog.models.bundles import BundlePart
from catalog.models.configuration import ConfigurationRule
from catalog.models.prices import Price, PriceList, UsageMetric, UsageStep
from catalog.models.products import Product, ProductGroup, ProductMerge, ProductQuerySet, ProductUnit, UnitOfMeasure, VatRate

__all__ = [
    "BundlePart",
    "ConfigurationRule",
    "Price",
    "PriceList",
    "Product",
    "ProductGroup",
    "ProductMerge",
    "ProductQuerySet",
    "ProductUnit",
    "UnitOfMeasure",
    "UsageMetric",
    "UsageStep",
    "VatRate",
]
