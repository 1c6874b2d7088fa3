"""How good the data are, noted once a day."""

from core import clock, db
from integration import quality
from integration.models import QualityFigure

LOCK = 7303
"""The figures of a day are noted by one at a time."""


def quality_note() -> int:
    """Today's figures of how good the data are, instead of those noted earlier today; how many rows that makes."""
    with db.advisory_lock(LOCK):
        QualityFigure.objects.filter(day=clock.today()).delete()
        return len(QualityFigure.objects.bulk_create(quality.figures_now()))
