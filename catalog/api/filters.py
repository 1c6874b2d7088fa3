"""What the list of products can be narrowed by: as on the page, with values by code, and the code of the product exactly."""

import django_filters

from catalog.filters import ProductFilter
from catalog.models import ProductGroup
from core.api.filters import Flag, Named


class ProductApiFilter(ProductFilter):
    sku = Named(max_length=40, help_text="The code, exactly.")
    group = django_filters.ModelChoiceFilter(queryset=ProductGroup.objects.all(), to_field_name="code", help_text="A code.")
    is_active = Flag(help_text="In use.")
