"""When the feeds run by themselves: entries of the timetable, which stewards keep in the admin."""

import json

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from integration.models import CUSTOMER_SYNC, PRODUCT_IMPORT

NIGHTLY: dict[str, tuple[str, str, str]] = {
    "nightly-customers": (CUSTOMER_SYNC, "2", "30"),
    "nightly-products": (PRODUCT_IMPORT, "3", "30"),
}
"""Name → kind of feed, hour and minute by the clock of the house."""


def schedules_make_missing(*, using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Every nightly feed has its entry, switched on if Price Manager's address is known; the names of those that had none.

    What is there already is left as it is: it is the stewards' from then on.
    """
    entries, times = PeriodicTask.objects.using(using), CrontabSchedule.objects.using(using)
    there = set(entries.filter(name__in=NIGHTLY).values_list("name", flat=True))
    missing = [name for name in NIGHTLY if name not in there]
    for name in missing:
        kind, hour, minute = NIGHTLY[name]
        at, _made = times.get_or_create(
            hour=hour, minute=minute, day_of_week="*", day_of_month="*", month_of_year="*", timezone=settings.TIME_ZONE
        )
        entries.create(
            name=name,
            task="integration.pull",
            kwargs=json.dumps({"kind": kind}),
            crontab=at,
            enabled=bool(settings.PRICE_MANAGER_URL),
        )
    return missing
