"""The app as the admin names it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = _("Products and prices")

    def ready(self) -> None:
        from catalog.filters import ProductFilter
        from core import events  # models are loaded only now
        from users import saved_views

        saved_views.register("product_list", ProductFilter.base_filters)
        events.describe(
            {
                "taken out of use": _("Taken out of use"),
                "code merged into": _("Merged into another product"),
                "code merged with": _("Another product was merged into this one"),
                "code merge undone": _("Merge undone"),
            }
        )
