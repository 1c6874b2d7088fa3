"""Adding up in parts: the parents are dealt out by their number, and whoever has time works out a part.

A part is a row of the database; a worker holds it for a while, and one that dies leaves it to the others. Whoever asked for the
whole works along and puts the parts together, so it comes to the same with one worker and with many.
"""

import datetime as dt
import io
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

import polars as pl
from django.conf import settings
from django.db.models import Q

from accounts.survivorship import FieldRule, Rule
from core import clock, jobs
from integration.aggregation import aggregate
from integration.errors import LeaseLost
from integration.models import StagedPart
from integration.spool import as_bytes

LEASE = dt.timedelta(seconds=60)
_LOOK_EVERY = 0.05
_RULES = "rules"


def aggregate_in_parts(
    run_id: int, rows: pl.DataFrame, rules: Sequence[FieldRule], *, tell: Callable[[int, int], None] | None = None
) -> pl.DataFrame:
    """As `aggregation.aggregate`; many rows are shared with other workers. `tell` hears how many parts of how many are done.

    Raises: LeaseLost when somebody else who took the run for theirs has taken parts away.
    """
    count = len(rows) // max(settings.SYNC_ROWS_PER_PART, 1)
    if count < 2:
        return aggregate(rows, rules)
    _stage(run_id, rows, rules, count)
    for _worker in range(count - 1):
        jobs.enqueue("integration.aggregate", run_id=run_id)
    while True:
        worked = part_work(run_id)
        left = StagedPart.objects.filter(run=run_id, result=None).count()
        if tell:
            tell(count - left, count)
        if not left:
            break
        if not worked:
            time.sleep(_LOOK_EVERY)
    results = StagedPart.objects.filter(run=run_id, result__isnull=False).values_list("result", flat=True)
    parents = [pl.read_parquet(io.BytesIO(bytes(result or b""))) for result in results.iterator(chunk_size=1)]
    if len(parents) < count:
        raise LeaseLost
    StagedPart.objects.filter(run=run_id).delete()
    return pl.concat(parents).sort("parent_id")


def _stage(run_id: int, rows: pl.DataFrame, rules: Sequence[FieldRule], count: int) -> None:
    StagedPart.objects.filter(run=run_id).delete()
    number = rows["parent_id"].hash(seed=0) % count
    metadata = {_RULES: json.dumps([asdict(rule) for rule in rules])}
    for at in range(count):
        StagedPart.objects.create(run_id=run_id, number=at, rows=as_bytes(rows.filter(number == at), metadata))


def parts_work(run_id: int) -> int:
    """Work out parts as long as there are any that nobody works on; their number."""
    done = 0
    while part_work(run_id):
        done += 1
    return done


def part_work(run_id: int) -> bool:
    """Work out one part; False when none is free."""
    part = _claimed(run_id)
    if part is None:
        return False
    content = bytes(part.rows)
    rules = json.loads(pl.read_parquet_metadata(io.BytesIO(content))[_RULES])
    known = [FieldRule(rule["field"], Rule(rule["rule"]), rule["column"], rule["must_agree"]) for rule in rules]
    result = aggregate(pl.read_parquet(io.BytesIO(content)), known)
    StagedPart.objects.filter(pk=part.pk).update(result=as_bytes(result), claimed_until=None)
    return True


def _claimed(run_id: int) -> StagedPart | None:
    now = clock.now()
    free = StagedPart.objects.filter(Q(claimed_until=None) | Q(claimed_until__lt=now), run=run_id, result=None)
    for pk in free.order_by("number").values_list("pk", flat=True):
        if free.filter(pk=pk).update(claimed_until=now + LEASE):
            return StagedPart.objects.defer("result").get(pk=pk)
    return None
