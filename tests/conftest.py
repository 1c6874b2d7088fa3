"""The world of the access tests, made once for each module that asks for it."""

import gc
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from tests.access_world import World, make_world


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Everybody and their records, in a transaction around all tests of the module; each test undoes what it did."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture
def undisturbed() -> Iterator[None]:
    """Refusals by the thousand are not logged, and nobody looks for rubbish among them: that would take much of the time."""
    logging.disable(logging.CRITICAL)
    gc.disable()
    yield
    gc.enable()
    logging.disable(logging.NOTSET)
