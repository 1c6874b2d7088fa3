"""What those who keep the catalogue do to products outside of the administration."""

from collections.abc import Collection

from django.db import transaction

from catalog import policies
from catalog.models import Product
from core import db, events
from core.errors import require
from users.models import User

LOCK = 7310
"""Held by whoever changes what must fit together: prices, parts, steps and rules."""


def usage_note(product: Product) -> None:
    """`has_usage` says whether there are steps."""
    has_usage = product.usage_steps.exists()
    Product.objects.filter(pk=product.pk).exclude(has_usage=has_usage).update(has_usage=has_usage)


@transaction.atomic
def products_retire(*, keys: Collection[int], by: User) -> int:
    """These products are no longer in use; answers how many were. Raises: NotAllowed."""
    require(policies.may_keep(by))
    products = Product.objects.select_for_update(**db.lock_options()).filter(pk__in=keys, is_active=True).order_by("pk")
    retired = list(products)
    for product in retired:
        product.is_active = False
        product.save(update_fields=["is_active"])
        events.record(product, "taken out of use", by=by)
    return len(retired)
