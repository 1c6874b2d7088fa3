"""Refusals with a stable code. Pages show the sentence, programs read the code; none of them is ever a 500."""

from collections.abc import Mapping
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


class DomainError(Exception):
    """A refusal: nothing was changed. `fields` names what is to blame, where something is."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422
    message: Text = _("This cannot be done.")

    def __init__(self, message: Text | None = None, *, fields: Mapping[str, Text] | None = None) -> None:
        self.detail = message or self.message
        self.fields: dict[str, Text] = dict(fields or {})
        super().__init__(str(self.detail))

    def __str__(self) -> str:
        return str(self.detail)

    @property
    def sentence(self) -> str:
        """What to say where no field is marked: what there is to say of each, else the whole."""
        return " ".join(dict.fromkeys(str(text) for text in self.fields.values())) or str(self)


class Invalid(DomainError):
    """A value that cannot be used; `fields` says which."""

    code = "invalid"
    message = _("Check the marked fields.")


class TooManyRows(DomainError):
    """More rows than one file may hold."""

    code = "too_many_rows"


class NotAllowed(DomainError):
    """The person lacks the right."""

    code = "not_allowed"
    status = 403
    message = _("You may not do this.")


class NotFound(DomainError):
    """There is no such thing in sight of this person."""

    code = "not_found"
    status = 404
    message = _("There is no such record.")


class WrongState(DomainError):
    """The move is not open from the present state."""

    code = "wrong_state"
    status = 409
    message = _("This has changed in the meantime. Reload the page to see how it stands now.")


class StaleVersion(DomainError):
    """Somebody else saved first."""

    code = "stale_version"
    status = 409
    message = _("Someone else has changed this since you opened it. Reload the page; your change was not saved.")


class TooMany(DomainError):
    """Tried too often; there is room again after `retry_after` seconds."""

    code = "too_many_requests"
    status = 429
    message = _("Wait a few minutes and try again.")

    def __init__(self, message: Text | None = None, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def require(allowed: bool) -> None:
    """Raises NotAllowed unless `allowed`, which a policy answers."""
    if not allowed:
        raise NotAllowed
