"""The smallest valid objects of this app, and files as the sources write them."""

import csv
import io
from collections.abc import Mapping, Sequence

import factory
from factory.django import DjangoModelFactory

from core import clock
from core.models import JobRun
from core.tests.factories import JobRunFactory
from integration.choices import Origin, Rule
from integration.models import CUSTOMER_SYNC, Intake, ProposedChange, QuarantinedRow
from integration.services.runs import LEASE


class RunFactory(JobRunFactory):
    class Meta:
        model = JobRun

    kind = CUSTOMER_SYNC
    source = "asiakkaat.csv"
    counts = factory.LazyFunction(lambda: {"rows_read": 3, "rows_quarantined": 1, "duration_s": 0.1, "header": ["Customer_ID"]})


class RunningFactory(RunFactory):
    """Somebody works on it."""

    status = JobRun.Status.RUNNING
    phase = "validate"
    lease_until = factory.LazyFunction(lambda: clock.now() + LEASE)
    counts = factory.LazyFunction(lambda: {"attempts": 1})


class IntakeFactory(DjangoModelFactory[Intake]):
    """Of a file, for a run that is over."""

    class Meta:
        model = Intake

    run = factory.SubFactory(RunFactory)
    origin = Origin.UPLOAD
    content = b"child_id\n1\n"


GUARDED = {"guards": [{"guard": "deactivated", "number": 31, "of": 400, "allowed": 20}]}


def guarded_run(**values: object) -> JobRun:
    """A run that was stopped and waits, with its file."""
    counts = {"rows_read": 400, "header": ["child_id"], **GUARDED}
    stopped = {"status": JobRun.Status.QUARANTINED, "finished_at": clock.now(), "counts": counts}
    return IntakeFactory(run=RunFactory(**{**stopped, **values})).run


class ProposedChangeFactory(DjangoModelFactory[ProposedChange]):
    class Meta:
        model = ProposedChange

    run = factory.SubFactory(RunFactory)
    number = factory.Sequence(lambda n: f"P{n}")
    name = factory.LazyAttribute(lambda change: f"Ämpäri {change.number} Oy")
    verb = "master_updated"
    changes = factory.LazyFunction(lambda: {"city": ["Turku", "Oulu"]})


class QuarantinedRowFactory(DjangoModelFactory[QuarantinedRow]):
    class Meta:
        model = QuarantinedRow

    run = factory.SubFactory(RunFactory)
    row_number = factory.Sequence(lambda n: n + 2)
    key = factory.LazyAttribute(lambda row: f"{row.row_number:05d}")
    code = Rule.NOT_A_NUMBER
    reason = "Revenue: “abc” is not a number."
    raw = factory.LazyAttribute(lambda row: {"Customer_ID": row.key})


def file_of(rows: Sequence[Mapping[str, object]], delimiter: str = ";", encoding: str = "utf-8") -> bytes:
    """A delimited file with the columns of all rows, in the order of their first appearance."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode(encoding)


def child(child_id: str, parent_id: str = "P1", **cells: object) -> dict[str, object]:
    """A row of a customer master under our own names."""
    return {"child_id": child_id, "parent_id": parent_id, "parent_name": f"Ämpäri {parent_id} Oy"} | cells
