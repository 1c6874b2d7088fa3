"""Numbers people see, one locked counter per series and year. Never reused; gaps are possible."""

from django.db import connection

from core import clock
from core.models import NumberSeries

_TABLE = NumberSeries._meta.db_table
_NEXT = (
    f"INSERT INTO {_TABLE} (series, year, last) VALUES (%s, %s, 1) "  # noqa: S608 - the name of our own table
    f"ON CONFLICT (series, year) DO UPDATE SET last = {_TABLE}.last + 1 RETURNING last"
)


def next_number(series: str) -> str:
    """The next number of `series` in the seller's present year: "Q-2026-00042". Holds the counter until commit."""
    year = clock.today().year
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [series, year])
        return f"{series}-{year}-{cursor.fetchone()[0]:05d}"
