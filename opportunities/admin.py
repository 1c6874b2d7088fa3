"""Opportunities, to look at: services change them."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from opportunities.models import Opportunity


@admin.register(Opportunity)
class OpportunityAdmin(ReadOnlyAdmin):
    list_display = ("name", "account", "owner", "status", "value", "close_date")
    list_filter = ("status",)
    list_select_related = ("account", "owner")
    search_fields = ("name", "account__name")
