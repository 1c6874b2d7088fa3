"""Subjects of approval register here; news travels to them as data, so this app knows none of them.

The facts that a run starts with are stored with each request. With the `lines` that the subject has frozen they are all that the
approver sees. They are JSON of this shape, every text in both languages, every number a string such as "12.34":

    {
        "title": {"en", "fi"},
        "customer": str,
        "sentences": {"en": [str], "fi": [str]},
        "facts": [{"label": {"en", "fi"}, "value": {"en", "fi"}, "margin": bool}],
        "limits": [{"gate": code, "what": {"en", "fi"}, "limit": {"en", "fi"}, "actual": {"en", "fi"}, "margin": bool}],
        "flagged": [position of a line that breaks a limit],
        "line_margins": {position of a line as text: margin in percent},
        "before": {"id", "version", "facts"} | None,
        "url": path,
        "brief": {
            "margin": {"en", "fi"},
            "breaks": {code: {"what": {"en", "fi"}, "limit": {"en", "fi"}, "actual": {"en", "fi"}, "margin": bool, "count": int}},
        },
    }

Lines: [{"position", "sku", "name": {"en", "fi"}, "quantity", "list_price", "discount_percent", "net_price", "line_net",
"marks": {"en": [str], "fi": [str]}, "details": {"en": [str], "fi": [str]}}]: `marks` say what it is when it is no plain line,
`details` what exactly is sold; both may be left out.

Values of facts and limits are formatted already; the numbers of lines are formatted by the page. Entries with `margin` are
kept from people who may not see margins, as are `line_margins`, so `title` and `sentences` must not tell one. `before`: what was
sent last, another version of this subject or of a former one, against which a round is held that no other came before. `brief`
is what lists show (approvals.summary.brief makes it): the margin, and of each gate the first of its limits and how many they are.
Requests from before it was kept lack it.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from django.utils.functional import Promise

from approvals.choices import FieldKind
from approvals.rules import Value
from users.roles import Perm

if TYPE_CHECKING:
    from users.models import User


class Fingerprint(NamedTuple):
    """What a decision is bound to."""

    version: int
    content_hash: str


class Field(NamedTuple):
    """Something of a case that conditions of rules compare."""

    code: str
    label: str | Promise
    kind: FieldKind


class Case(NamedTuple):
    """What rules and limits look at.

    `amount`: the value, EUR net. `values`: by the code of the field. `measures`: by gate and name, numbers of which more is
    better; what was approved stays approved while none of them gets worse. `earlier`: keys of former revisions, whose
    approvals count as well.
    """

    unit: int | None = None
    amount: Decimal | None = None
    values: Mapping[str, Value] = {}
    measures: Mapping[str, Mapping[str, Decimal]] = {}
    earlier: Sequence[int] = ()


class GateDefault(NamedTuple):
    """A gate as it is made when the database has none of this code; stewards change it in the admin from then on."""

    code: str
    permission: Perm
    position: int
    label: Mapping[str, str]
    """By language: {"en": ..., "fi": ...}."""
    sla_hours: int = 48
    by_rule: bool = False
    """Whether nobody is asked unless a rule says so."""


class Subject(Protocol):
    """What an app answers about the things of its own that can be approved.

    `lock`, `fingerprint`, `eligible`, `approved`, `rejected` and `recalled` are called inside the deciding transaction.
    """

    type: str
    label: str | Promise
    """What such a thing is called."""
    gates: Sequence[GateDefault]
    fields: Sequence[Field]
    """What conditions of its rules can compare."""

    def lock(self, subject_id: int) -> Any:
        """The subject, its row locked. First in the lock order: subject → run → requests → link."""

    def read(self, subject_id: int) -> Any:
        """The subject, not locked, with what `eligible` looks at."""

    def fingerprint(self, subject: Any) -> Fingerprint:
        """Version and content hash as they are now."""

    def lines(self, subject_id: int, version: int) -> list[dict[str, Any]]:
        """Its lines as they were in that version, which a request asked about; in the shape above."""

    def summary(self, subject_id: int) -> str:
        """One line for mail subjects and notices, in the active language."""

    def url(self, subject_id: int) -> str:
        """Path of its page."""

    def difference_url(self, now: tuple[int, int], before: tuple[int, int]) -> str:
        """Path of its page that holds two of its versions against each other, each `(key, version)`; "" where it has none."""

    def eligible(self, subject: Any, candidates: Sequence["User"]) -> Sequence["User"]:
        """Those of the candidates whose business unit covers the subject."""

    def approved(self, subject: Any, *, by: "User | None") -> None:
        """The last gate was approved; by nobody where rules and earlier approvals were enough."""

    def rejected(self, subject: Any, *, by: "User", comment: str) -> None:
        """Somebody said no."""

    def returned(self, subject: Any, *, by: "User", comment: str) -> None:
        """Somebody who was asked wants it changed, or explained, and asked again."""

    def recalled(self, subject: Any, *, by: "User") -> None:
        """The requester took it back."""


_subjects: dict[str, Subject] = {}


def register(subject: Subject) -> None:
    """Make a kind of thing approvable; called in `AppConfig.ready`."""
    _subjects[subject.type] = subject


def subject_for(subject_type: str) -> Subject:
    """The registered subject of this type. Raises KeyError for an unknown one."""
    return _subjects[subject_type]


def label_of(subject_type: str) -> str:
    """What a thing of this type is called, in the active language; the type itself when nothing registers it."""
    subject = _subjects.get(subject_type)
    return str(subject.label) if subject else subject_type


def subject_types() -> list[str]:
    """All kinds that can be approved."""
    return sorted(_subjects)


def fields_of(gate: str) -> list[Field]:
    """What conditions of this gate's rules can compare: the fields of the kinds that declare the gate."""
    return [field for subject in _subjects.values() if any(own.code == gate for own in subject.gates) for field in subject.fields]


def is_by_rule(gate: str) -> bool:
    """Whether nobody is asked for this gate unless a rule says so."""
    return any(own.by_rule for subject in _subjects.values() for own in subject.gates if own.code == gate)


def gate_defaults() -> list[GateDefault]:
    """The gates of all kinds, in order."""
    return sorted((gate for subject in _subjects.values() for gate in subject.gates), key=lambda gate: (gate.position, gate.code))
