"""What the list of accounts can be narrowed by: as on the page, with values by code, and the customer number exactly."""

import django_filters

from accounts.filters import AccountFilter
from accounts.models import CategoryTma2
from core.api.filters import Named


class AccountApiFilter(AccountFilter):
    parent_customer_id = Named(max_length=40, help_text="The customer number of the master, exactly.")
    tma2 = django_filters.ModelChoiceFilter(queryset=CategoryTma2.objects.all(), to_field_name="code", help_text="A code.")
