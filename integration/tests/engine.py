"""A stand-in for what works on tables: it does as it is told, and leaves accounts alone."""

from collections.abc import Callable
from typing import Any

from core import clock
from core.models import JobRun
from integration.choices import Origin, Rule
from integration.models import QuarantinedRow
from integration.services import runs


class Engine:
    """`meanwhile` is called while a run is worked on; rows with a cell "bad" are left out."""

    def __init__(self) -> None:
        self.worked: list[int] = []
        self.rows: list[list[dict[str, str]]] = []
        self.ends = JobRun.Status.APPLIED
        self.meanwhile: Callable[[int], Any] = lambda run_id: None

    def work(self, run_id: int) -> JobRun:
        self.worked.append(run_id)
        self.meanwhile(run_id)
        run = runs.run_held(run_id)
        return self.ended(run, self.ends)

    def ended(self, run: JobRun, status: JobRun.Status) -> JobRun:
        run.status, run.phase, run.lease_until, run.finished_at = status, "", None, clock.now()
        run.save()
        runs.run_ended(run)
        return run

    def apply_rows(self, *, of: JobRun, rows: list[dict[str, str]], by: Any) -> JobRun:
        self.rows.append(rows)
        run = runs.run_start(kind=of.kind, origin=Origin.UPLOAD, by=by, name=of.source, of=of)
        left = [
            QuarantinedRow(run=run, row_number=number, key=key_of(row), code=Rule.REQUIRED, **reasons("still bad"), raw=row)
            for number, row in enumerate(rows, 2)
            if "bad" in row.values()
        ]
        QuarantinedRow.objects.bulk_create(left)
        return self.ended(run, JobRun.Status.QUARANTINED if len(left) == len(rows) else self.ends)


def key_of(row: dict[str, str]) -> str:
    return next(iter(row.values()), "")


def reasons(text: str) -> dict[str, str]:
    return {"reason_en": text, "reason_fi": f"{text} (fi)"}
