"""Which products stand on quotes, for those who clear up the catalogue."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.db.models import Max, OuterRef, QuerySet
from django.utils import timezone

from quotes.models import QuoteLine


def since(day: dt.date) -> QuerySet[Any]:
    """Lines with the product `OuterRef("pk")` of quotes made on that day or later."""
    start = timezone.make_aware(dt.datetime.combine(day, dt.time.min))
    return QuoteLine.objects.filter(product=OuterRef("pk"), quote__created_at__gte=start)


def last(keys: Collection[int]) -> dict[int, dt.date]:
    """When the last quote with each of these products was made. One query."""
    lines = QuoteLine.objects.filter(product__in=keys).order_by().values_list("product")
    return {key: timezone.localdate(at) for key, at in lines.annotate(Max("quote__created_at"))}
