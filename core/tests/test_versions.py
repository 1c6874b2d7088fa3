"""Optimistic locking."""

from types import SimpleNamespace
from typing import cast

import pytest

from core import versions
from core.errors import StaleVersion
from core.models import Versioned


def record_at(*, version: int) -> Versioned:
    """Anything with a version; a model of its own would need a table."""
    return cast(Versioned, SimpleNamespace(version=version))


def test_the_present_version_and_none_pass() -> None:
    for version in (7, None):
        versions.require(record_at(version=7), version)


@pytest.mark.parametrize("version", [6, 8, 0, -1])
def test_another_version_is_refused_as_a_conflict(version: int) -> None:
    with pytest.raises(StaleVersion) as refusal:
        versions.require(record_at(version=7), version)
    assert (refusal.value.status, refusal.value.code) == (409, "stale_version")


def test_a_save_counts_one() -> None:
    record = record_at(version=7)
    versions.bump(record)
    assert record.version == 8
