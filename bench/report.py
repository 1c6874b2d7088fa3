"""Results as a table, as JSON, and as the exit code."""

from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

from bench.budgets import BY_WORK, FLOOR, TOLERANCE, is_missed


@dataclass
class Result:
    """One measured work. `value` is the judged figure, in the unit of its budget; for a ratio to the floor it is made here."""

    work: str
    ours_ms: list[float] = field(default_factory=list)
    floor_ms: list[float] = field(default_factory=list)
    value: float | None = None
    sql: int | None = None
    cpu_ms: float | None = None
    floor_cpu_ms: float | None = None
    peak_mib: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return median(self.ours_ms) / median(self.floor_ms) if self.ours_ms and self.floor_ms else None

    @property
    def judged(self) -> float | None:
        if self.value is not None:
            return self.value
        return self.ratio if BY_WORK[self.work].unit == FLOOR else (median(self.ours_ms) if self.ours_ms else None)

    @property
    def goal(self) -> float | None:
        budget = BY_WORK[self.work]
        if budget.goal_of_floor is not None and self.floor_ms:
            return budget.goal_of_floor * median(self.floor_ms)
        return budget.goal

    def misses(self, tolerance: float = 1.0) -> bool:
        """Whether a must of its budget is missed, by more than `tolerance` allows."""
        budget, judged = BY_WORK[self.work], self.judged
        too_slow = budget.must is not None and judged is not None and is_missed(judged, budget.must, budget.unit, tolerance)
        too_many = budget.sql is not None and self.sql is not None and self.sql > budget.sql * tolerance
        return too_slow or too_many

    def verdict(self) -> str:
        """In a word: missed (by more than the tolerance), short (by less), must, goal, or nothing to judge by."""
        budget, judged, goal = BY_WORK[self.work], self.judged, self.goal
        if self.misses(TOLERANCE):
            return "MISSED"
        if self.misses():
            return "short"
        if goal is not None and judged is not None and not is_missed(judged, goal, budget.unit):
            return "goal"
        return "must" if budget.must is not None or budget.sql is not None else ""

    def as_json(self) -> dict[str, Any]:
        budget = BY_WORK[self.work]
        return {
            "work": self.work,
            "ours_ms": _rounded(median(self.ours_ms)) if self.ours_ms else None,
            "floor_ms": _rounded(median(self.floor_ms)) if self.floor_ms else None,
            "ratio": _rounded(self.ratio),
            "must": budget.must,
            "goal": _rounded(self.goal),
            "sql": self.sql,
            "peak_mib": _rounded(self.peak_mib),
            "unit": budget.unit,
            "value": _rounded(self.judged),
            "ours_p95_ms": _rounded(p95(self.ours_ms)) if self.ours_ms else None,
            "floor_p95_ms": _rounded(p95(self.floor_ms)) if self.floor_ms else None,
            "cpu_ms": _rounded(self.cpu_ms),
            "floor_cpu_ms": _rounded(self.floor_cpu_ms),
            "sql_must": budget.sql,
            "verdict": self.verdict(),
            "note": self.note,
        }


def p95(values: list[float]) -> float:
    """The time that one call in twenty exceeds."""
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


_COLUMNS = ("work", "ours ms", "p95", "floor ms", "ratio", "value", "unit", "must", "goal", "sql", "cpu ms", "floor", "MiB", "")


def table(results: list[Result]) -> str:
    """Everything at a glance, in fixed columns."""
    rows = [_COLUMNS, *(_cells(result.as_json()) for result in results)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(_COLUMNS))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if index in (0, 6, 13) else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    notes = [f"  {result.work}: {result.note}" for result in results if result.note]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:], *notes])


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    names = ("ours_ms", "ours_p95_ms", "floor_ms", "ratio", "value")
    sql = f"{_text(row['sql'])}{'/' + str(row['sql_must']) if row['sql_must'] else ''}"
    return (
        row["work"], *(_text(row[name]) for name in names), row["unit"], _text(row["must"]), _text(row["goal"]), sql,
        _text(row["cpu_ms"]), _text(row["floor_cpu_ms"]), _text(row["peak_mib"]), row["verdict"],
    )  # fmt: skip


def _text(value: float | None) -> str:
    if value is None:
        return ""
    return (
        f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.2f}" if abs(value) < 10 else f"{value:,.1f}"
    )


def exit_code(results: list[Result]) -> int:
    """1 when a must is missed by more than a quarter."""
    return int(any(result.misses(TOLERANCE) for result in results))
