"""Several quotes changed in one go: each by the service for one of them, or refused and left as it was."""

import datetime as dt
from collections.abc import Callable, Sequence, Sized
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from core.errors import DomainError, Invalid
from quotes.services.drafting import quote_change
from quotes.services.owning import quote_change_owner
from quotes.services.sending import quote_cancel
from users.models import User

MOST = 100
"""In one go."""


class Seen(NamedTuple):
    """A quote as the person had it before them."""

    quote_id: int
    version: int


class Outcome(NamedTuple):
    """What became of it: changed, or refused with this error and left as it was."""

    quote_id: int
    error: DomainError | None


def quotes_change_owner(*, seen: Sequence[Seen], by: User, owner_id: int | None) -> list[Outcome]:
    """Each belongs to a colleague, or is refused. Raises: Invalid, as `_each`, and where nobody is named."""
    if owner_id is None:
        raise Invalid(fields={"owner": _("Choose an owner.")})
    return _each(seen, lambda **one: quote_change_owner(by=by, owner_id=owner_id, **one))


def quotes_set_valid_until(*, seen: Sequence[Seen], by: User, day: dt.date | None) -> list[Outcome]:
    """Each draft has this last valid day, or is refused. Raises: Invalid, as `_each`, and where no day is named."""
    if day is None:
        raise Invalid(fields={"valid_until": _("Give a date.")})
    return _each(seen, lambda **one: quote_change(by=by, valid_until=day, **one))


def quotes_cancel(*, seen: Sequence[Seen], by: User, reason: str = "") -> list[Outcome]:
    """Each is cancelled, or refused. Raises: Invalid, as `_each`."""
    return _each(seen, lambda **one: quote_cancel(by=by, reason=reason, **one))


def _each(seen: Sequence[Seen], change: Callable[..., Any]) -> list[Outcome]:
    """Each in a transaction of its own, in the order of their keys; refusing one holds up none of the others.

    Raises: Invalid for none, for too many, for one that is named twice, and where what was typed fits none of them.
    """
    _require_a_few(seen)
    outcomes = [Outcome(one.quote_id, _refusal(change, one)) for one in sorted(seen)]
    errors = [outcome.error for outcome in outcomes]
    if all(isinstance(error, Invalid) and error.fields for error in errors) and errors[0]:
        raise errors[0]
    return outcomes


def _refusal(change: Callable[..., Any], one: Seen) -> DomainError | None:
    try:
        change(quote_id=one.quote_id, version=one.version)
    except DomainError as error:
        return error
    return None


def require_no_more(quotes: Sized) -> None:
    """Raises Invalid for more than go in one go."""
    if len(quotes) > MOST:
        raise Invalid(_("At most %(most)s quotes are changed in one go.") % {"most": MOST})


def _require_a_few(seen: Sequence[Seen]) -> None:
    if not seen:
        raise Invalid(_("Choose at least one quote."))
    require_no_more(seen)
    if len({one.quote_id for one in seen}) < len(seen):
        raise Invalid(_("One quote is named twice."))
