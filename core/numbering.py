"""Numbers people see, one locked counter per series and year. Never reused; gaps are possible."""

from django.db import transaction

from core import clock
from core.models import NumberSeries


@transaction.atomic
def next_number(series: str) -> str:
    """The next number of `series` in the seller's present year: "Q-2026-00042". Holds the counter until commit."""
    year = clock.today().year
    NumberSeries.objects.get_or_create(series=series, year=year)
    counter = NumberSeries.objects.select_for_update().get(series=series, year=year)
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"{series}-{year}-{counter.last:05d}"
