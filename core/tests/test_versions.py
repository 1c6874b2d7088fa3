"""Optimistic locking."""

import pytest

from core import versions
from core.errors import StaleVersion
from core.models import Versioned


class Record(Versioned):
    class Meta:
        app_label = "core"
        managed = False


def test_the_present_version_and_none_pass() -> None:
    for version in (7, None):
        versions.require(Record(version=7), version)


@pytest.mark.parametrize("version", [6, 8, 0, -1])
def test_another_version_is_refused_as_a_conflict(version: int) -> None:
    with pytest.raises(StaleVersion) as refusal:
        versions.require(Record(version=7), version)
    assert (refusal.value.status, refusal.value.code) == (409, "stale_version")


def test_a_save_counts_one() -> None:
    record = Record(version=7)
    versions.bump(record)
    assert record.version == 8
