"""Fixtures of this app's tests."""

import pytest

from quotes.tests.factories import World, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()
