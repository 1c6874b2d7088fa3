"""Subjects of approval register here; news travels to them as data, so this app knows none of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from users.models import User


class Fingerprint(NamedTuple):
    """What a decision is bound to."""

    version: int
    content_hash: str


class Subject(Protocol):
    """What an app answers about the things of its own that can be approved. Called inside the deciding transaction."""

    type: str

    def lock(self, subject_id: int) -> Any:
        """The subject, its row locked. First in the lock order: subject → request → link."""

    def fingerprint(self, subject: Any) -> Fingerprint:
        """Version and content hash as they are now."""

    def facts(self, subject: Any, gates: Sequence[str]) -> dict[str, Any]:
        """What the approver needs to see of the frozen snapshot; JSON, stored with the request.

        `{"title", "customer", "sentence_<lang>", "rows": [{"label_<lang>", "value_<lang>"}], "limits": [...], "lines": [...]}`,
        see docs/adr/0002-approvals.md.
        """

    def summary(self, subject_id: int) -> str:
        """One line for lists and mail subjects, in the active language."""

    def url(self, subject_id: int) -> str:
        """Path of its page."""

    def eligible(self, subject: Any, candidates: Sequence["User"]) -> Sequence["User"]:
        """Those of the candidates whose business unit covers the subject."""

    def approved(self, subject: Any, *, by: "User") -> None:
        """The last gate was approved."""

    def rejected(self, subject: Any, *, by: "User", comment: str) -> None:
        """Somebody said no."""

    def recalled(self, subject: Any, *, by: "User") -> None:
        """The requester took it back."""


_subjects: dict[str, Subject] = {}


def register(subject: Subject) -> None:
    """Make a kind of thing approvable; called in `AppConfig.ready`."""
    _subjects[subject.type] = subject


def subject_for(subject_type: str) -> Subject:
    """The registered subject of this type. Raises KeyError for an unknown one."""
    return _subjects[subject_type]


def subject_types() -> list[str]:
    """All kinds that can be approved."""
    return sorted(_subjects)
