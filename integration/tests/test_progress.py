"""How far a run is, from what it says."""

import datetime as dt
from itertools import pairwise
from typing import Any

import pytest

from integration.progress import SHARES, Progress, progress_of
from integration.words import PHASES

NOW = dt.datetime(2026, 11, 20, 9, 0, 10, tzinfo=dt.UTC)
SINCE = "2026-11-20T09:00:00+00:00"


@pytest.mark.parametrize(
    ("phase", "counts", "expected"),
    [
        ("waiting", {"rows_read": 9}, Progress("waiting", 0, None, None, None, None)),
        ("fetch", {}, Progress("fetch", 0, None, None, None, None)),
        ("fetch", {"rows_done": 50}, Progress("fetch", 0, 50, None, None, None)),
        ("fetch", {"rows_done": 50, "rows_total": 100, "phase_since": SINCE}, Progress("fetch", 15, 50, 100, 5, 10)),
        ("validate", {"rows_done": 100, "rows_total": 100, "phase_since": SINCE}, Progress("validate", 50, 100, 100, 10, 0)),
        ("apply", {"rows_done": 0, "rows_total": 100, "phase_since": SINCE}, Progress("apply", 75, 0, 100, None, None)),
        ("apply", {"rows_done": 1, "rows_total": 0}, Progress("apply", 75, 1, None, None, None)),
        ("apply", {"rows_done": 0, "rows_total": 0}, Progress("apply", 75, 0, 0, None, None)),
        ("apply", {"rows_done": 5, "rows_total": 9, "phase_since": NOW.isoformat()}, Progress("apply", 88, 5, 9, None, None)),
        ("distil", {"rows_done": 5, "rows_total": 10}, Progress("distil", None, 5, 10, None, None)),
        ("fetch", {"rows_done": "5", "rows_total": True, "phase_since": 7}, Progress("fetch", 0, None, None, None, None)),
    ],
)
def test_the_bar_follows_what_the_run_says(phase: str, counts: dict[str, Any], expected: Progress) -> None:
    assert progress_of(phase, counts, NOW) == expected


def test_the_bar_never_goes_back() -> None:
    ends = [share for phase, share in SHARES.items() if phase in PHASES]
    assert set(SHARES) == set(PHASES)
    assert all(before[1] <= after[0] or before == after for before, after in pairwise(ends))
    assert (ends[0], ends[-1][1]) == ((0, 0), 100)
