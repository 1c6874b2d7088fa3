"""Optimistic locking: a save names the version it started from, and a stale one is refused."""

from core.errors import StaleVersion
from core.models import Versioned


def require(record: Versioned, version: int | None) -> None:
    """Refuse when `version` is given and is not the present one. Raises: StaleVersion."""
    if version is not None and record.version != version:
        raise StaleVersion


def bump(record: Versioned) -> None:
    """Count one save, in memory; `version` must be among the saved fields."""
    record.version += 1
