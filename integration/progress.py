"""How far a running run is, from what it last said: one bar over all phases, speed, time left."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

SHARES: dict[str, tuple[int, int]] = {
    "waiting": (0, 0),
    "claimed": (0, 0),
    "fetch": (0, 30),
    "validate": (30, 50),
    "aggregate": (50, 65),
    "diff": (65, 75),
    "apply": (75, 100),
}
"""Where each phase begins and ends, percent of the whole; by experience with large files."""


@dataclass(frozen=True)
class Progress:
    """`percent` is None for a phase that nobody knows; `rate` is rows a second, `left` seconds, of this phase."""

    phase: str
    percent: int | None
    done: int | None
    total: int | None
    rate: int | None
    left: int | None


def progress_of(phase: str, counts: dict[str, Any], now: dt.datetime) -> Progress:
    done, total = _number(counts.get("rows_done")), _number(counts.get("rows_total"))
    if total is None or done is None or done > total:
        return Progress(phase, _percent(phase, 0.0), done, None, None, None)
    rate = _rate(done, counts.get("phase_since"), now)
    left = round((total - done) / rate) if rate else None
    return Progress(phase, _percent(phase, done / total if total else 0.0), done, total, round(rate) if rate else None, left)


def _percent(phase: str, part: float) -> int | None:
    share = SHARES.get(phase)
    return None if share is None else int(share[0] + (share[1] - share[0]) * part)


def _rate(done: int, since: Any, now: dt.datetime) -> float | None:
    """Rows a second since the phase began; None in its first second, when it says nothing."""
    if not isinstance(since, str):
        return None
    seconds = (now - dt.datetime.fromisoformat(since)).total_seconds()
    return done / seconds if seconds >= 1 and done else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
