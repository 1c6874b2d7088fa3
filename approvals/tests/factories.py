"""A small subject of approval over a `JobRun` row, so that the engine is tested without any app that uses it."""

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from approvals import services, summary
from approvals.choices import FieldKind
from approvals.models import Condition, Gate, Rule, Run, Step
from approvals.registry import Case, Field, Fingerprint, GateDefault
from core import clock, events, links
from core.models import JobRun, Link
from users.models import User
from users.roles import Perm

FACTS: dict[str, Any] = {
    "title": {"en": "Probe P-1", "fi": "Koe P-1"},
    "customer": "Äyräs & Pojat Oy",
    "sentences": {"en": ["Line 4 is below its floor."], "fi": ["Rivi 4 alittaa pohjahinnan."]},
    "facts": [
        {"label": {"en": "Net total", "fi": "Netto"}, "value": {"en": "€1,234.50", "fi": "1 234,50 €"}, "margin": False},
        {"label": {"en": "Margin", "fi": "Kate"}, "value": {"en": "12.3%", "fi": "12,3 %"}, "margin": True},
    ],
    "limits": [
        {
            "gate": "probe_first",
            "what": {"en": "Floor of line 4", "fi": "Rivin 4 pohja"},
            "limit": {"en": "€10.00", "fi": "10,00 €"},
            "actual": {"en": "€9.50", "fi": "9,50 €"},
            "margin": False,
        },
        {
            "gate": "probe_second",
            "what": {"en": "Margin of the quote", "fi": "Tarjouksen kate"},
            "limit": {"en": "17.7%", "fi": "17,7 %"},
            "actual": {"en": "12.3%", "fi": "12,3 %"},
            "margin": True,
        },
    ],
    "flagged": [4],
    "url": "/approvals/",
}
LINES: list[dict[str, Any]] = [
    {
        "position": 4,
        "sku": "JUUSTO-1",
        "name": {"en": "Cheese", "fi": "Juusto"},
        "quantity": "5.000",
        "list_price": "12.0000",
        "discount_percent": "20.83",
        "net_price": "9.5000",
        "line_net": "47.50",
        "marks": {"en": ["Option, chosen"], "fi": ["Optio, valittu"]},
        "details": {"en": ["Ripened_for_two_years" * 8, "Contains:"], "fi": ["Kypsytetty"]},
    }
]


FACTS["brief"] = summary.brief(FACTS["limits"], FACTS["facts"][1]["value"])


class Probe:
    """`phase` is the status, `source_hash` the content hash, `counts` holds version and unit."""

    type = "probe"
    label = "Probe"
    gates: Sequence[GateDefault] = (
        GateDefault("probe_first", Perm.APPROVE_FLOOR, 10, {"en": "First", "fi": "Ensimmäinen"}),
        GateDefault("probe_second", Perm.APPROVE_MARGIN, 20, {"en": "Second", "fi": "Toinen"}),
        GateDefault("probe_beside", Perm.APPROVE_CATALOGUE, 20, {"en": "Beside", "fi": "Rinnalla"}),
    )
    fields: Sequence[Field] = (
        Field("amount", "Amount", FieldKind.MONEY),
        Field("kind", "Kind", FieldKind.CODE),
        Field("is_new", "New", FieldKind.FLAG),
    )

    def lock(self, subject_id: int) -> JobRun:
        return JobRun.objects.select_for_update().get(pk=subject_id)

    def read(self, subject_id: int) -> JobRun:
        return JobRun.objects.get(pk=subject_id)

    def fingerprint(self, subject: JobRun) -> Fingerprint:
        return Fingerprint(subject.counts["version"], subject.source_hash)

    def lines(self, subject_id: int, version: int) -> list[dict[str, Any]]:
        return LINES

    def summary(self, subject_id: int) -> str:
        return f"P-{subject_id}, Äyräs & Pojat Oy"

    def url(self, subject_id: int) -> str:
        return f"/probe/{subject_id}/"

    def difference_url(self, now: tuple[int, int], before: tuple[int, int]) -> str:
        return f"/probe/{now}/{before}/"

    def eligible(self, subject: JobRun, candidates: Sequence[User]) -> list[User]:
        return [user for user in candidates if user.sees_all_units or user.unit_id == subject.counts["unit"]]

    def approved(self, subject: JobRun, *, by: User | None) -> None:
        self._move(subject, "approved", by)

    def rejected(self, subject: JobRun, *, by: User, comment: str) -> None:
        self._move(subject, "rejected", by)

    def returned(self, subject: JobRun, *, by: User, comment: str) -> None:
        self._move(subject, "returned", by)

    def recalled(self, subject: JobRun, *, by: User) -> None:
        self._move(subject, "recalled", by)

    def _move(self, subject: JobRun, phase: str, by: User | None) -> None:
        subject.phase = phase
        subject.save(update_fields=["phase"])
        events.record(subject, phase, by=by)


def make_probe(unit_id: int | None, content: str = "40 %") -> JobRun:
    counts = {"version": 1, "unit": unit_id}
    return JobRun.objects.create(
        kind="probe",
        status=JobRun.Status.APPLIED,
        phase="in_review",
        source_hash=hash_of(content),
        counts=counts,
        started_at=clock.now(),
    )


def change(probe: JobRun, content: str) -> None:
    """Edit the probe past everything, as nobody should."""
    probe.counts = {**probe.counts, "version": probe.counts["version"] + 1}
    probe.source_hash = hash_of(content)
    probe.save(update_fields=["counts", "source_hash"])


def hash_of(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def make_gates() -> None:
    Gate.objects.filter(code__startswith="probe").delete()
    for code, permission, position in (
        ("probe_first", Perm.APPROVE_FLOOR, 10),
        ("probe_second", Perm.APPROVE_MARGIN, 20),
        ("probe_beside", Perm.APPROVE_CATALOGUE, 20),
    ):
        labels = {"label_en": code.replace("_", " ").capitalize(), "label_fi": f"Portti {code}"}
        gate = Gate.objects.create(code=code, permission=permission, position=position, sla_hours=48, clock="calendar", **labels)
        services.usual_rule_make(gate)


def make_rule(
    gate: str,
    *conditions: tuple[str, str, str],
    steps: Sequence[Mapping[str, Any]] = ({},),
    name: str = "",
    **values: Any,
) -> Rule:
    """A rule with conditions `(field, operator, value)` and steps, which may name `people`."""
    rule = Rule.objects.create(gate=Gate.objects.get(code=gate), name=name or f"{gate} {conditions}", **values)
    for field, operator, value in conditions:
        Condition.objects.create(rule=rule, field=field, operator=operator, value=value)
    for position, step in enumerate(steps, 1):
        own = {key: value for key, value in step.items() if key != "people"}
        Step.objects.create(rule=rule, position=position, **own).people.set(step.get("people", ()))
    return rule


def ask(
    probe: JobRun,
    *,
    by: User,
    gates: Mapping[str, int | None] | None = None,
    last_editor: User | None = None,
    reason: str = "",
    amount: str | None = None,
    case: Case | None = None,
) -> Run:
    """`gates`: by the key of a step, the chosen approver's key or None."""
    approvers = gates if gates is not None else {"probe_first": None}
    with transaction.atomic():
        return services.run_start(
            subject_type="probe",
            subject=Probe().lock(probe.pk),
            gates=list(dict.fromkeys(key.partition(":")[0] for key in approvers)),
            approvers=approvers,
            by=by,
            last_editor_id=(last_editor or by).pk,
            fingerprint=Probe().fingerprint(probe),
            facts=FACTS,
            case=case or Case(unit=probe.counts["unit"], amount=Decimal(amount) if amount else None),
            reason=reason,
        )


def token_for(request_id: int, person: User) -> str:
    """The token in the mail to this person."""
    return links.token_of(Link.objects.get(purpose=Link.Purpose.APPROVAL, subject_id=request_id, person=person))
