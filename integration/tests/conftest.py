"""Stand-ins that several test modules use."""

import pytest

from integration.services import runs
from integration.tests.engine import Engine


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """In place of what works on tables."""
    stand_in = Engine()
    monkeypatch.setattr(runs, "engine", lambda: stand_in)
    return stand_in


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, object]]]:
    """Name and ids of every task that was handed over."""
    from core import jobs

    tasks: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(jobs, "hand_over", lambda task: tasks.append((task.name, task.ids)))
    return tasks
