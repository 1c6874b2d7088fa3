"""How much of what is quoted comes from the catalogue, for those who keep it."""

import datetime as dt
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, F

from catalog.models import Product
from core import clock, money
from quotes.choices import PRICED_KINDS, LineKind, QuoteStatus
from quotes.models import QuoteLine
from users.models import User

DAYS = 365
GOAL = 90
"""Percent of the lines that the catalogue is to cover. Source: docs/requirements.md S1.20."""
MOST = 10
_NEVER_LEFT = (QuoteStatus.DRAFT, QuoteStatus.IN_REVIEW, QuoteStatus.APPROVED, QuoteStatus.CANCELLED)


class Coverage(NamedTuple):
    """Of quotes made in the last year that left the house. `percent`: with 1 place, None where there is no line; `outside`: the
    products outside the catalogue that were quoted most, each with its number of lines."""

    lines: int
    covered: int
    statements: int
    percent: Decimal | None
    outside: list[tuple[Product, int]]


def coverage(today: dt.date) -> Coverage:
    """A line is covered when it is of a product that is not outside the catalogue. Three queries."""
    since = clock.end_of_day(today - dt.timedelta(days=DAYS))
    lines = QuoteLine.objects.filter(kind__in=PRICED_KINDS, quote__created_at__gt=since).exclude(quote__status__in=_NEVER_LEFT)
    counted = lines.order_by().values_list("kind", "product__outside_catalogue").annotate(number=Count("pk"))
    total = covered = statements = 0
    for kind, is_outside, number in counted:
        total += number
        covered += number if kind == LineKind.PRODUCT and not is_outside else 0
        statements += number if kind == LineKind.SOW else 0
    outside = lines.filter(product__outside_catalogue=True).order_by().values("product").annotate(number=Count("pk"))
    most = list(outside.order_by(F("number").desc(), "product").values_list("product", "number")[:MOST])
    products = Product.objects.in_bulk([key for key, _number in most])
    percent = money.quantize(Decimal(covered) * 100 / total, 1) if total else None
    return Coverage(total, covered, statements, percent, [(products[key], number) for key, number in most])


def panel(_subject: Any, _user: User) -> dict[str, Any]:
    """For the page that cleans up products."""
    found = coverage(clock.today())
    return {"coverage": found, "goal": GOAL, "is_short": found.percent is not None and found.percent < GOAL}
