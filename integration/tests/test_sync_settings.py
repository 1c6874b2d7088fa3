"""What the settings of a sync can be."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from integration.models import SYNC_PERCENTS, SyncSettings

pytestmark = pytest.mark.once

NONSENSE = [
    *((name, Decimal("-0.01")) for name in SYNC_PERCENTS),
    *((name, Decimal("100.01")) for name in SYNC_PERCENTS),
    ("runs_until_gone", 0),
    ("runs_until_gone", 1),
    ("spared", -1),
]
EXTREMES = [*((name, value) for name in SYNC_PERCENTS for value in (0, 100)), ("runs_until_gone", 2), ("spared", 0)]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "value"), NONSENSE)
def test_a_setting_that_means_nothing_is_refused_by_form_and_database(name: str, value: Any) -> None:
    settings = SyncSettings(pk=1, **{name: value})
    with pytest.raises(ValidationError) as refusal:
        settings.full_clean(validate_constraints=False)
    assert list(refusal.value.message_dict) == [name]
    with pytest.raises(IntegrityError), transaction.atomic():
        settings.save(force_insert=True)
    assert SyncSettings.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "value"), EXTREMES)
def test_a_setting_may_be_at_its_bounds(name: str, value: Any) -> None:
    settings = SyncSettings(pk=1, **{name: value})
    settings.full_clean()
    settings.save(force_insert=True)
