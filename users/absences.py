"""Who stands in for whom: plain values, no database."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple


class Away(NamedTuple):
    """Somebody who is away, up to and including a day."""

    until: dt.date
    substitute_id: int | None


class Stretch(NamedTuple):
    """An absence from its first to its last day."""

    person_id: int
    starts_on: dt.date
    ends_on: dt.date
    substitute_id: int | None


def stand_in(person_id: int, absences: Mapping[int, Away]) -> int | None:
    """The first along the chain of substitutes who is there.

    None when somebody in it has no substitute, when it leads into a circle, and for a person who is not away.
    """
    return next((substitute for substitute in _substitutes(person_id, absences) if substitute not in absences), None)


def closes_a_circle(new: Stretch, others: Sequence[Stretch]) -> bool:
    """Whether on some day of the new absence its substitute is away and the chain from there leads back to the person.

    Circles begin with one of their absences, so the days on which one begins are all that has to be looked at.
    """
    days = {max(new.starts_on, other.starts_on) for other in others if other.starts_on <= new.ends_on}
    return any(new.person_id in _substitutes(new.person_id, _away_on(day, [*others, new])) for day in days)


def _away_on(day: dt.date, stretches: Sequence[Stretch]) -> dict[int, Away]:
    held = (stretch for stretch in stretches if stretch.starts_on <= day <= stretch.ends_on)
    return {stretch.person_id: Away(stretch.ends_on, stretch.substitute_id) for stretch in held}


def _substitutes(person_id: int, absences: Mapping[int, Away]) -> Iterator[int]:
    """The chain from the person on; a circle ends with the first who comes up again."""
    met: set[int] = set()
    away = absences.get(person_id)
    while away is not None and away.substitute_id is not None:
        yield away.substitute_id
        if away.substitute_id in met:
            return
        met.add(away.substitute_id)
        away = absences.get(away.substitute_id)
